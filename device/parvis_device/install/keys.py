"""What is plugged into this machine that could be a unit's button: whatever acts as keys.

udev names each such device below ``/dev/input`` (60-persistent-input.rules): ``by-id`` what hangs
on USB, the same wherever it is plugged in; ``by-path`` what is built in. What came by Bluetooth has
no name of its own there, so a person has to choose it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from parvis_device.install.button import Keys

INPUTS = Path("/dev/input")
TABLE = Path("/proc/bus/input/devices")

_END = "-event-kbd"
_PART = re.compile(r"-if\d\d$")
"""A further interface of the same thing: a keyboard's volume keys."""
_BLUETOOTH = "0005"
_BUILT_IN = "platform-"


def find_keys(inputs: Path = INPUTS, table: Path = TABLE) -> list[Keys]:
    """Everything here that acts as keys; one for each thing, the sure ones first."""
    names = dict(_names(table))
    found = [
        *(_keys(path, names, is_sure=True) for path in _plugged(inputs / "by-id")),
        *(Keys(inputs / event, name, is_sure=False) for event, name in _of_bluetooth(table)),
        *(
            _keys(path, names, is_sure=False)
            for path in sorted((inputs / "by-path").glob(f"{_BUILT_IN}*{_END}"))
            if "-usb-" not in path.name
        ),
    ]
    return found


def _keys(path: Path, names: dict[str, str], *, is_sure: bool) -> Keys:
    plain = path.name.removesuffix(_END)
    return Keys(path, names.get(path.resolve().name, plain), is_sure)


def _plugged(folder: Path) -> list[Path]:
    """The first interface of each."""
    first: dict[str, Path] = {}
    for path in sorted(folder.glob(f"*{_END}"), key=lambda path: (len(path.name), path.name)):
        first.setdefault(_PART.sub("", path.name.removesuffix(_END)), path)
    return [first[thing] for thing in sorted(first)]


def _entries(table: Path) -> Iterator[dict[str, str]]:
    """Of /proc/bus/input/devices: lines ``H: Handlers=…`` by their first letter."""
    try:
        text = table.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for entry in text.split("\n\n"):
        lines = (line.partition(": ") for line in entry.splitlines())
        yield {letter: rest for letter, _, rest in lines if letter in ("I", "N", "H")}


def _handlers(entry: dict[str, str]) -> list[str]:
    return entry.get("H", "").partition("=")[2].split()


def _names(table: Path) -> Iterator[tuple[str, str]]:
    for entry in _entries(table):
        name = entry.get("N", "").partition("=")[2].strip('"')
        yield from ((one, name) for one in _handlers(entry) if one.startswith("event"))


def _of_bluetooth(table: Path) -> Iterator[tuple[str, str]]:
    for entry in _entries(table):
        is_here = f"Bus={_BLUETOOTH}" in entry.get("I", "") and "kbd" in _handlers(entry)
        name = entry.get("N", "").partition("=")[2].strip('"')
        if is_here:
            yield from ((one, name) for one in _handlers(entry) if one.startswith("event"))
