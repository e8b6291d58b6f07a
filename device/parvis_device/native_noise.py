"""Keeps what C libraries write to standard error out of the person's terminal.

PortAudio prints three lines of its own source code for every device that is unplugged or busy, from
its own thread. While the unit runs, file descriptor 2 is a pipe: known noise is dropped, any other
line becomes a log line. Python's own standard error goes where it went before.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Iterator

NOISE = ("Expression '", "ALSA lib ", "Cannot connect to server", "jack server is not running")
"""How the lines of PortAudio and of the host interfaces that it probes begin."""

_STDERR = 2
_READ_BYTES = 65_536
"""A pipe's size in Linux: one reading empties it."""

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def captured() -> Iterator[None]:
    """Read descriptor 2 on the running event loop, until the block ends."""
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # a full pipe must not stop an audio thread
    before = os.dup(_STDERR)
    python_before = sys.stderr
    sys.stderr = os.fdopen(os.dup(before), "w", buffering=1, encoding="utf-8", errors="replace")
    os.dup2(writing, _STDERR)
    os.close(writing)
    loop.add_reader(reading, _read, reading)
    try:
        yield
    finally:
        loop.remove_reader(reading)
        os.dup2(before, _STDERR)
        sys.stderr.close()
        sys.stderr = python_before
        os.close(before)
        os.close(reading)


def _read(reading: int) -> None:
    text = os.read(reading, _READ_BYTES).decode("utf-8", errors="replace")
    for line in told_lines(text):
        _log.warning("a library says: %s", line)


def told_lines(text: str) -> list[str]:
    """The lines that a person should see."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(NOISE)]
