"""Bundles for the emulated unit, and what becomes of each on it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from emulated.house import House
from parvis_firmware.emulation.image import Image
from parvis_firmware.emulation.wheels_for import another, bundle

GOOD, BROKEN, TAMPERED = "9.1.0", "9.2.0", "9.3.0"
DEAF = {"parvis_device/unit.py": b"raise RuntimeError('this version was never tried')\n"}
"""It starts and says its version; as a unit it does not."""
SHELF = "updates"


def make(image: Image, version: str, folder: Path) -> Path:
    """A signed bundle of this checkout's program under another version."""
    further = DEAF if version == BROKEN else {}
    program = another(image.program, version, folder, further)
    out = folder / f"{version}.parvis-update"
    made = bundle(program, image.libraries, image.python, image.maker, out)
    if version == TAMPERED:
        content = bytearray(made.read_bytes())
        content[len(content) // 2] ^= 1
        made.write_bytes(content)
    return made


def offer(hub: House, made: Path) -> None:
    """Put it on the hub's shelf; a hub that is honest would find out the tampered one itself."""
    shelf = hub.folder / SHELF
    shelf.mkdir(mode=0o700, exist_ok=True)
    draft = shelf / ".new"
    shutil.copyfile(made, draft)
    draft.replace(shelf / "unit.parvis-update")


def withdraw(hub: House) -> None:
    """Offer none any more."""
    (hub.folder / SHELF / "unit.parvis-update").unlink()


def told(units: Any, version: str) -> tuple[str, str | None] | None:
    """What the hub was told of this version: how it ended, and why. Pure."""
    for one in units["paired"]:
        update = one["update"]
        is_it = update is not None and update["version"] == version
        if is_it and update["step"] in ("done", "undone", "refused"):
            return update["step"], update["fault"]
    return None


def end_of(hub: House, version: str, within_s: float) -> tuple[tuple[str, str | None], float]:
    """How it ended, why, and after how many seconds."""
    began_s = time.monotonic()
    units = hub.until_units(lambda units: told(units, version), within_s, f"the end of {version}")
    found = told(units, version)
    assert found is not None
    return found, time.monotonic() - began_s


def running_version(hub: House) -> str | None:
    """What the paired unit runs."""
    (unit,) = hub.ask("GET", "/units")["paired"]
    version: str | None = unit["version"]
    return version
