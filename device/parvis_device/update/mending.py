"""Which program runs where a link leads nowhere: after a card lost a block, or a slip by hand.

Where one of the two links still leads to a program, the other follows it. Where neither does, the
programs are asked, one after the other: those that may have run here before, then the highest
version, and at last the one that was never tried. Nothing is removed from the card then, until
another program was kept.
"""

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from parvis_device.update.disk import Disk
from parvis_device.update.errors import Refused
from parvis_device.update.lifecycle import State
from parvis_device.update.places import UNPACKING, Places
from parvis_device.update.record import Record
from parvis_device.update.staging import PROGRAM
from parvis_wire.bundle import number

_OF_A_TRIAL = (State.SWITCHING, State.TRIAL, State.COMMITTING, State.ROLLING_BACK)
"""What they begin with brings both links where they belong."""
_VERSION = re.compile(r"\d+(\.\d+)*")

_log = logging.getLogger(__name__)


def mend_links(
    places: Places, record: Record, version_of: Callable[[Path], str], disk: Disk
) -> bool:
    """Let ``current`` and ``good`` lead to programs again; whether neither did.

    Args:
        places: of this unit.
        record: how far an update is.
        version_of: runs a program; raises ``Refused`` when it does not start.
        disk: the card.
    """
    current, good = _whole(places, places.current), _whole(places, places.good)
    if current is None and good is None:
        chosen = _chosen(places, record, version_of)
        if chosen is None:
            _log.error("no program on this card is whole: write the card anew")
        else:
            _log.error("no link led to a program: %s runs", chosen)
            disk.link(places.good, f"versions/{chosen}")
            disk.link(places.current, f"versions/{chosen}")
        return True
    if good is None:
        before = record.before if record.state in _OF_A_TRIAL else None
        known = before is not None and _is_whole(places.program(before))
        disk.link(places.good, f"versions/{before if known else current}")
    elif current is None and record.state not in _OF_A_TRIAL:
        _log.error("%s led to no program: %s runs, which was kept last", places.current, good)
        disk.link(places.current, f"versions/{good}")
    return False


def _chosen(places: Places, record: Record, version_of: Callable[[Path], str]) -> str | None:
    for name in _in_order(places, record):
        with contextlib.suppress(Refused):
            version_of(places.program(name))
            return name
    return None


def _in_order(places: Places, record: Record) -> Iterator[str]:
    """The programs that look whole, the one to trust most first."""
    names = [
        folder.name
        for folder in places.versions.iterdir()
        if folder.name != UNPACKING and _is_whole(folder)
    ]
    yield from sorted(names, key=lambda name: (name != record.folder, _number(name)), reverse=True)


def _whole(places: Places, link: Path) -> str | None:
    """What a link leads to, where the program itself is there, too: a card loses files as well."""
    name = places.led_to(link)
    return name if name is not None and _is_whole(places.program(name)) else None


def _is_whole(program: Path) -> bool:
    return (program / PROGRAM).is_file()


def _number(name: str) -> tuple[int, ...]:
    found = _VERSION.match(name)
    return number(found[0]) if found else ()
