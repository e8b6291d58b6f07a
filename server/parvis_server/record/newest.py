"""How far a room was recorded: what its clock must not go back behind.

A machine without a clock of its own may come up with a time that lies hours back. What was recorded
before would then be recorded over: two moments of one recording with the same place. So a hub that
starts asks the newest recording where it ends, torn or not.
"""

import os
from pathlib import Path
from typing import Final

from parvis_server.errors import BadOgg, BadRecording
from parvis_server.record.mend import HEAD_BYTES, TAIL_BYTES
from parvis_server.record.ogg_opus import read_tail, read_tail_of
from parvis_server.record.recording import DESCRIPTION, MIX, Recording

MOST_LOST_SAMPLES: Final = 2 * 48_000
"""What a power cut takes at most: sound that was heard and stands nowhere."""


def newest_clock(folder: Path) -> int:
    """Room clock behind the newest recording of a room's folder; 0 when there is none."""
    newest = max(folder.glob(f"*/{DESCRIPTION}"), key=_written_ns, default=None)
    if newest is None:
        return 0
    try:
        recording = Recording.parse(newest.read_bytes())
        if recording.ended_clock is not None:
            return recording.ended_clock
        return _reached(recording, newest.parent / MIX) + MOST_LOST_SAMPLES
    except (OSError, BadRecording):
        return 0


def _reached(recording: Recording, mix: Path) -> int:
    """Where the sound of one that was not ended stops."""
    if recording.mix_clock is None:
        return recording.begun_clock
    try:
        with mix.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(HEAD_BYTES + TAIL_BYTES)
            if size <= len(head):
                tail = read_tail(head)
            else:
                file.seek(size - TAIL_BYTES)
                tail = read_tail_of(head[:HEAD_BYTES], file.read(), size - TAIL_BYTES)
    except (FileNotFoundError, BadOgg):
        return recording.mix_clock
    return recording.mix_clock + tail.granule - tail.pre_skip


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
