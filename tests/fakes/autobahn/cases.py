"""Autobahn's cases of groups 1 to 7 and 10: from the suite's archive to classes of this Python.

The files are converted with the standard fixers of 2to3, which ``fissix`` keeps alive. What these
cannot know is said in ``PATCHES``: a text of the suite is a row of bytes, which Python 3 keeps
as characters 0 to 255 (Latin-1), and so does the peer.
"""

import importlib
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

GROUPS = ("1", "2", "3", "4", "5", "6", "7", "10")
"""9 is about the speed of megabytes, which no endpoint of ours takes; 12 and 13 are about
compression, which is off."""

PACKAGE = "autobahn_cases"

PATCHES = (
    (r"from autobahn\.websocket\.(?:protocol|utf8validator) import", "from .py2 import"),
    (r"^import binascii$", "from . import py2 as binascii"),
    (r"\(object, Case, ?\)", "(Case,)"),
    (r"len\(self\.payload\) / self", "len(self.payload) // self"),
)

PY2 = '''"""What the cases find in Python 2 and in autobahn."""

import binascii
import codecs


class WebSocketProtocol:
    STATE_CLOSED, STATE_CONNECTING, STATE_CLOSING, STATE_OPEN = range(4)


class Utf8Validator:
    def reset(self):
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def validate(self, text):
        self.reset()
        try:
            self._decoder.decode(text.encode("latin-1"))
        except UnicodeDecodeError:
            return False, False, 0, 0
        return True, self._decoder.getstate() == (b"", 0), 0, 0


def b2a_hex(text):
    return binascii.b2a_hex(text if isinstance(text, bytes) else text.encode("latin-1")).decode()
'''


def port(archive: Path, folder: Path) -> None:
    """Write the converted cases of ``archive`` as a package into ``folder``."""
    from fissix.refactor import RefactoringTool, get_fixers_from_package

    package = folder / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("")
    (package / "py2.py").write_text(PY2)
    tool = RefactoringTool(get_fixers_from_package("fissix.fixes"))
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if re.search(r"/case/case\w*\.py$", m.name)]
        (package / "case.py").touch()
        for member in members:
            name = Path(member.name).name
            source = tar.extractfile(member)
            if source is None or not _is_wanted(name):
                continue
            (package / name).touch()  # the fixer of imports looks whether a sibling is there
            # Signs of a text are bytes there.
            text = source.read().decode("latin-1").replace("\r\n", "\n")
            text = text.expandtabs(4) + "\n"
            converted = str(tool.refactor_string(text, str(package / name)))
            for pattern, replacement in PATCHES:
                converted = re.sub(pattern, replacement, converted, flags=re.MULTILINE)
            converted = re.sub(r"^from (case\w*) import", r"from .\1 import", converted, flags=re.M)
            (package / name).write_text(converted)


def _is_wanted(name: str) -> bool:
    if name == "case.py":
        return True
    found = re.match(r"case(\d+)_", name)
    return found is not None and found[1] in GROUPS


def load(folder: Path) -> dict[str, Any]:
    """The case classes by their numbers, ``1.1.1`` first."""
    sys.path.insert(0, str(folder))
    try:
        base = importlib.import_module(f"{PACKAGE}.case").Case
        modules = [
            importlib.import_module(f"{PACKAGE}.{path.stem}")
            for path in sorted((folder / PACKAGE).glob("case?*.py"))
        ]
    finally:
        sys.path.remove(str(folder))
    found: dict[str, Any] = {}
    for module in modules:
        for value in vars(module).values():
            for one in value if isinstance(value, list) else (value,):
                if isinstance(one, type) and issubclass(one, base) and one is not base:
                    number = one.__name__.removeprefix("Case").replace("_", ".")
                    found[number] = one
    base.compare = lambda self, one, other: _plain(one) == _plain(other)
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def _plain(value: Any) -> Any:
    """Without the difference between bytes and the text that stands for them."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list | tuple):
        return tuple(_plain(one) for one in value)
    return value
