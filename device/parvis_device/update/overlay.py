"""The files of an update that are laid over the system, and how they are taken back.

Before the first is replaced, all that they replace is kept in ``before/`` of the new program; the
index, written last, says that this is whole. So both directions can be done again after a power
cut. What lies in ``etc/parvis`` is the host's own settings: only where none is there yet.
"""

import json
import shutil
import stat
from pathlib import Path

from parvis_device.update.disk import Disk

OVERLAY = "overlay"
BEFORE = "before"
INDEX = "index.json"
SETTINGS = "etc/parvis/"


def lay(program: Path, root: Path, disk: Disk) -> None:
    """Put a program's files in their places below ``root``.

    Raises:
        OSError: the card cannot be written.
    """
    files = _files(program / OVERLAY)
    if not files:
        return
    kept = _keep(program / BEFORE, files, root, disk)
    for path in files:
        place, source = root / path, program / OVERLAY / path
        if path.startswith(SETTINGS) and kept[path] is not None:
            continue
        disk.make_folder(place.parent)
        disk.write(place, source.read_bytes(), stat.S_IMODE(source.stat().st_mode))


def take_back(program: Path, root: Path, disk: Disk) -> None:
    """Everything below ``root`` is as it was before ``lay``; nothing, where that did not begin.

    Raises:
        OSError: the card cannot be written.
    """
    before = program / BEFORE
    kept = _index(before)
    for path, mode in (kept or {}).items():
        if mode is None:
            disk.remove(root / path)
        else:
            disk.write(root / path, (before / path).read_bytes(), mode)


def _keep(before: Path, files: list[str], root: Path, disk: Disk) -> dict[str, int | None]:
    """Keep what is there; the mode of each file, None where none is."""
    known = _index(before)
    if known is not None:
        return known
    disk.remove(before)
    before.mkdir()
    kept: dict[str, int | None] = {}
    for path in files:
        place = root / path
        if not place.is_file():
            kept[path] = None
            continue
        copy = before / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place, copy)
        kept[path] = stat.S_IMODE(place.stat().st_mode)
    disk.sync_all()
    disk.write(before / INDEX, json.dumps(kept).encode())
    return kept


def _index(before: Path) -> dict[str, int | None] | None:
    try:
        kept: dict[str, int | None] = json.loads((before / INDEX).read_bytes())
    except FileNotFoundError:
        return None
    return kept


def _files(overlay: Path) -> list[str]:
    found = (path for path in overlay.rglob("*") if path.is_file())
    return sorted(path.relative_to(overlay).as_posix() for path in found)
