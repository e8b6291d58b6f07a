"""The program and its libraries as wheels for the emulated machine, and bundles made of them."""

import datetime
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from parvis_firmware.emulation.tools import run
from parvis_firmware.errors import CheckFailed
from parvis_firmware.places import CHECKOUT
from parvis_firmware.wheels import EXCEPTIONS, PLATFORMS, project, requirements

MACHINE: Final = "aarch64"
PROGRAM: Final = "parvis-"
SUPPORTED_DAYS: Final = 400
SOURCES: Final = ("device", "server/parvis_wire", "server/parvis_audio", "firmware/rootfs")
"""What of the checkout a unit runs, besides the manifest and the fragments of config.txt."""


def program_wheel(into: Path) -> Path:
    """This checkout's program; raises ``CheckFailed``."""
    run(sys.executable, "-m", "build", "--wheel", "--outdir", into, CHECKOUT)
    (wheel,) = into.glob(f"{PROGRAM}*.whl")
    return wheel


def library_wheels(extras: Iterable[str], python: str, into: Path) -> None:
    """A wheel of each library, as pinned, for the emulated machine; raises ``CheckFailed``."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    needed = requirements(project(), extras)
    named = {re.split(r"[\[<>=!~ ;]", one)[0] for one in needed_names(extras)}
    for name in sorted(named & EXCEPTIONS.keys()):
        run(*pip, "wheel", "--no-deps", "--wheel-dir", into, *pins(), name)
    run(
        *(*pip, "download", "--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", python, "--dest", str(into), "--find-links", str(into)),
        *(part for name in PLATFORMS for part in ("--platform", name)),
        *pins(),
        *needed,
    )


def needed_names(extras: Iterable[str]) -> list[str]:
    """All that the role asks for, the exceptions too."""
    known = project()
    return [
        *known["dependencies"],
        *(one for extra in extras for one in known["optional-dependencies"][extra]),
    ]


def pins() -> tuple[str, str]:
    """pip's flag for the versions that were tried together."""
    return "--constraint", str(CHECKOUT / "constraints.txt")


def another(wheel: Path, version: str, into: Path, further: Mapping[str, bytes]) -> Path:
    """The same program as another version, with these files in the place of its own."""
    _, old, rest = wheel.name.split("-", 2)
    made = into / f"{PROGRAM}{version}-{rest}"
    before, after = f"{PROGRAM}{old}.dist-info/", f"{PROGRAM}{version}.dist-info/"
    with zipfile.ZipFile(wheel) as read, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as put:
        for member in read.infolist():
            if member.filename in further:
                continue
            content = read.read(member)
            if member.filename == f"{before}METADATA":
                line = rb"(?m)^Version: .*$"
                content = re.sub(line, f"Version: {version}".encode(), content, count=1)
            name = member.filename.replace(before, after, 1)
            put.writestr(name, content)
        for name, content in further.items():
            put.writestr(name, content)
    return made


def bundle(program: Path, libraries: Path, python: str, key: Path, out: Path) -> Path:
    """A signed update of this program with these libraries; raises ``CheckFailed``."""
    shelf = out.with_suffix(".wheels")
    shutil.rmtree(shelf, ignore_errors=True)
    shelf.mkdir()
    for wheel in (program, *libraries.glob("*.whl")):
        (shelf / wheel.name).symlink_to(wheel)
    until = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(SUPPORTED_DAYS)
    tag = "cpython-" + python.replace(".", "")
    parvis = Path(sys.executable).with_name("parvis")
    terms = ("--machine", MACHINE, "--python", tag, "--support-until", str(until))
    run(parvis, "update", "make", "--wheels", shelf, *terms, "--out", out)
    run(parvis, "update", "sign", out, "--key", key)
    shutil.rmtree(shelf)
    return out


def python_of(root: Path) -> str:
    """The version of a root's own Python, such as 3.11; raises ``CheckFailed``."""
    link = root / "usr/bin/python3"
    if not link.is_symlink():
        raise CheckFailed(f"{root} has no python3")
    return link.readlink().name.removeprefix("python")
