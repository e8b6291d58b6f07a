"""The unit's pulse: a small file in memory, written by the unit and read by its updater."""

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from parvis_device.update.disk import read_some
from parvis_device.update.judgement import Pulse

MAX_PULSE_BYTES = 2000

_pulses: TypeAdapter[Pulse] = TypeAdapter(Pulse)


def beat(path: Path, pulse: Pulse) -> None:
    """Write it; in memory, so that the card is left alone.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")
    said = {
        "program": pulse.program,
        "at_ns": pulse.at_ns,
        "blocks": pulse.blocks,
        "joined": pulse.joined,
        "quiet": pulse.quiet,
    }
    beside.write_text(json.dumps(said), encoding="utf-8")
    beside.replace(path)


def felt(path: Path) -> Pulse | None:
    """The newest one; None: the unit has none."""
    content = read_some(path, MAX_PULSE_BYTES)
    if content is None:
        return None
    try:
        return _pulses.validate_json(content)
    except ValidationError:
        return None
