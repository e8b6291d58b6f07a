"""Where a track's samples lie on the room clock, and how loud they were: ``tracks/<n>.places``.

The engine's tap tells for each source and tick which sample was played (its RTP timestamp) and at
which gain. Between two ticks both mostly go on as they were: samples one for one, the gain as it
is. So a *record* is written only where the line of samples breaks by a sample or more (5 times a
second where a crystal is 100 ppm off), or the gain has moved by more than 0.1 dB, and once a
second, so that a file that was cut off says how far it goes. ``docs/recordings.md`` has the table
of bytes.
"""

import math
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from parvis_server.errors import BadRecording
from parvis_wire import serial

MAGIC: Final = b"PARVISPL"
VERSION: Final = 1

GAIN_STEP_DB: Final = 0.1
"""A tenth of what an ear can tell: the error of a mix made again is under -38 dB of each voice."""

SILENT_GAIN: Final = 1e-4
"""-80 dB: below it a gain is zero, and its movements are no news."""

BEAT_SAMPLES: Final = 48_000
"""A record at least every second: what a cut-off file does not tell is never more."""

_HEADER: Final = struct.Struct("<8sHHI")
_RECORD: Final = struct.Struct("<QIIf")
_CHECK: Final = struct.Struct("<I")
RECORD_BYTES: Final = _RECORD.size + _CHECK.size
_SOUNDS: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """From this tick on: sample for sample, at this gain, until the next record."""

    room_clock: int
    """Of the tick's first sample, 48 kHz samples."""
    timestamp: int | None
    """RTP timestamp of the source's sample that was played there; None: made up, or silence."""
    gain: float
    """Linear gain at the end of the tick."""

    def serialize(self) -> bytes:
        """The record; ``parse`` gives the same back, but for the gain's rounding to 32 bits."""
        sounds = 0 if self.timestamp is None else _SOUNDS
        body = _RECORD.pack(self.room_clock, self.timestamp or 0, sounds, self.gain)
        return body + _CHECK.pack(zlib.crc32(body))

    @classmethod
    def parse(cls, record: bytes) -> Self:
        """Read one record; raises ``BadRecording``."""
        if len(record) != RECORD_BYTES:
            raise BadRecording(f"a record of {len(record)} bytes, expected {RECORD_BYTES}")
        body = record[: _RECORD.size]
        if zlib.crc32(body) != int.from_bytes(record[_RECORD.size :], "little"):
            raise BadRecording("the checksum of a record is wrong")
        room_clock, timestamp, flags, gain = _RECORD.unpack(body)
        if not math.isfinite(gain) or gain < 0:
            raise BadRecording(f"a gain of {gain}, expected 0 or more")
        return cls(room_clock, timestamp if flags & _SOUNDS else None, gain)

    def __str__(self) -> str:
        """Short form for logs."""
        where = "silent" if self.timestamp is None else f"ts={self.timestamp}"
        return f"{where} at {self.room_clock}, gain {self.gain:.3f}"


class PlacesWriter:
    """Makes the records of one track."""

    def __init__(self, ssrc: int) -> None:
        """``ssrc``: the track's RTP source."""
        self.head = _HEADER.pack(MAGIC, VERSION, 0, ssrc)
        """What the file begins with."""
        self.last: Place | None = None
        """The newest record."""
        self._tick_clock = 0

    def note(self, room_clock: int, timestamp: int | None, gain: float) -> bytes:
        """What one tick adds to the file; mostly nothing."""
        last = self.last
        if last is not None:
            if room_clock <= self._tick_clock:
                return b""  # an engine that was replaced repeats a tick or two
            steps = room_clock - last.room_clock
            expected = None if last.timestamp is None else (last.timestamp + steps) & 0xFFFF_FFFF
            as_before = expected == timestamp and not _moved(last.gain, gain)
            if as_before and steps < BEAT_SAMPLES:
                self._tick_clock = room_clock
                return b""
        self._tick_clock = room_clock
        self.last = Place(room_clock, timestamp, gain)
        return self.last.serialize()

    def end(self, room_clock: int) -> bytes:
        """The source has left the mix at this moment."""
        last = self.last
        if last is None or (last.timestamp is None and last.gain == 0.0):
            return b""
        self.last = Place(max(room_clock, last.room_clock), None, 0.0)
        return self.last.serialize()


def _moved(before: float, now: float) -> bool:
    if before == now:
        return False
    if before < SILENT_GAIN or now < SILENT_GAIN:
        return (before < SILENT_GAIN) != (now < SILENT_GAIN)
    return abs(math.log10(now / before)) > GAIN_STEP_DB / 20


@dataclass(frozen=True, slots=True)
class Places:
    """A file of places, as far as it is whole."""

    ssrc: int
    records: tuple[Place, ...]
    whole_bytes: int
    """Up to the end of the last good record: what lies behind was torn."""

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a file, up to its first damaged record.

        Raises:
            BadRecording: it is no such file, or of a newer Parvis.
        """
        if len(content) < _HEADER.size:
            raise BadRecording(f"a file of places of {len(content)} bytes has no header")
        magic, version, _, ssrc = _HEADER.unpack_from(content)
        if magic != MAGIC:
            raise BadRecording("this is no file of places")
        if version != VERSION:
            raise BadRecording(f"places of version {version}: a newer Parvis reads them")
        records = tuple(_whole(content))
        return cls(ssrc, records, _HEADER.size + RECORD_BYTES * len(records))

    def positions(self, first_timestamp: int) -> Iterator[tuple[int, int | None, float]]:
        """For each record the room clock, the sample of the track's file, and the gain.

        ``first_timestamp``: of the file's first sample (its tag ``PARVIS_TIMESTAMP``).
        """
        line = serial.Unwrapper(serial.TIMESTAMP_BITS)
        line.unwrap(first_timestamp)
        for place in self.records:
            stamp = place.timestamp
            at = None if stamp is None else line.unwrap(stamp) - first_timestamp
            yield place.room_clock, at, place.gain


def _whole(content: bytes) -> Iterable[Place]:
    for begin in range(_HEADER.size, len(content) - RECORD_BYTES + 1, RECORD_BYTES):
        try:
            yield Place.parse(content[begin : begin + RECORD_BYTES])
        except BadRecording:
            return
