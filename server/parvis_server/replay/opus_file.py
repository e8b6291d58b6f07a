"""Ogg Opus files of a recording: read as far as they are whole, and written anew.

A file that still grows, or that a power cut left, ends in a torn page: reading stops before it.
Positions count the decoder's samples from the file's first one, before pre-skip is taken off.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import BadPacket
from parvis_audio.opus import Decoder
from parvis_audio.opus_packet import packet_duration_samples
from parvis_audio.source_decoder import sane
from parvis_server.errors import BadOgg, BadRecording
from parvis_server.record.ogg_opus import (
    GAP_STEP_SAMPLES,
    OpusWriter,
    read_packets,
    read_tail,
)

Samples = NDArray[np.float32]

PREROLL_SAMPLES: Final = 3_840
"""80 ms: what a decoder needs before it is right (RFC 7845 section 4.6)."""

TIMESTAMP_TAG: Final = "PARVIS_TIMESTAMP"

KEPT_BLOCKS: Final = 4
"""Decoded seconds that are kept: the windows of a stretch overlap."""

_BLOCK_SAMPLES: Final = 48_000


@dataclass(frozen=True, slots=True)
class TimedPacket:
    """An Opus packet and where its sound begins."""

    begin: int
    samples: int
    payload: bytes

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.begin + self.samples


@dataclass(frozen=True, slots=True)
class OpusFile:
    """One stream."""

    serial: int
    tags: Mapping[str, str]
    pre_skip: int
    """Samples at the beginning that no player plays."""
    packets: tuple[TimedPacket, ...]

    @property
    def end(self) -> int:
        """Where the last packet ends; 0 when there is none."""
        return self.packets[-1].end if self.packets else 0

    def first_timestamp(self) -> int:
        """RTP timestamp of a track's first sample; raises ``BadRecording`` when it says none."""
        told = self.tags.get(TIMESTAMP_TAG, "")
        if not told.isdecimal():
            raise BadRecording(f"a track has no tag {TIMESTAMP_TAG}")
        return int(told)


def read_opus(path: Path) -> OpusFile:
    """The file's packets, up to a torn end.

    Raises:
        BadRecording: it cannot be read, or is no Ogg Opus of ours.
    """
    try:
        content = path.read_bytes()
        tail = read_tail(content)
    except OSError as error:
        raise BadRecording(f"cannot read {path}: {error.strerror}") from error
    except BadOgg as error:
        raise BadRecording(f"{path} is no Ogg Opus file of a recording: {error}") from error
    packets = tuple(
        TimedPacket(begin, packet_duration_samples(payload), payload)
        for begin, payload in read_packets(content)
    )
    return OpusFile(tail.serial, tail.tags, tail.pre_skip, packets)


def write_opus(path: Path, opus: OpusFile) -> None:
    """Write the file whole or not at all: beside it first, then in its place.

    Raises:
        BadRecording: it cannot be written.
    """
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            for page in pages_of(opus):
                file.write(page)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadRecording(f"cannot write {path}: {error.strerror}") from error


def pages_of(opus: OpusFile) -> Iterator[bytes]:
    """A file's pages; where packets are missing, packets without sound keep the time."""
    writer = OpusWriter(opus.serial, opus.tags, opus.pre_skip)
    yield writer.head
    for packet in opus.packets:
        missing = packet.begin - writer.granule
        if missing >= GAP_STEP_SAMPLES:
            yield writer.add_gap(missing - missing % GAP_STEP_SAMPLES)
        yield writer.add(packet.payload)
    yield writer.end()


class OpusSound:
    """The decoded sound of a file's packets, by position; decodes no more than is asked for.

    Sound is decoded in blocks of a second. A block that follows the last one goes on with the same
    decoder; any other begins 80 ms earlier with a fresh one.
    """

    def __init__(self, packets: Sequence[TimedPacket]) -> None:
        """``packets`` in the order of their beginnings."""
        self._packets = packets
        self._begins = [packet.begin for packet in packets]
        self._decoder = Decoder()
        self._next_packet = 0
        self._follows: int | None = None
        self._blocks: dict[int, Samples] = {}
        self._carried: tuple[int, Samples] | None = None

    def read(self, begin: int, end: int) -> Samples:
        """Samples ``begin`` to ``end``; silence where there are none."""
        sound = np.zeros(max(end - begin, 0), dtype=np.float32)
        for number in range(begin // _BLOCK_SAMPLES, -(-end // _BLOCK_SAMPLES)):
            _lay(sound, begin, number * _BLOCK_SAMPLES, self._block(number))
        return sound

    def _block(self, number: int) -> Samples:
        if number not in self._blocks:
            if len(self._blocks) >= KEPT_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = self._decoded(number)
        return self._blocks[number]

    def _decoded(self, number: int) -> Samples:
        begin, end = number * _BLOCK_SAMPLES, (number + 1) * _BLOCK_SAMPLES
        block = np.zeros(_BLOCK_SAMPLES, dtype=np.float32)
        if self._follows != number:
            self._decoder.reset()
            self._carried = None
            before = bisect_right(self._begins, begin - PREROLL_SAMPLES) - 1
            self._next_packet = max(before, 0)
        if self._carried is not None:
            _lay(block, begin, *self._carried)
        while self._next_packet < len(self._packets) and self._begins[self._next_packet] < end:
            packet = self._packets[self._next_packet]
            self._next_packet += 1
            self._carried = (packet.begin, self._sound(packet))
            _lay(block, begin, *self._carried)
        self._follows = number + 1
        return block

    def _sound(self, packet: TimedPacket) -> Samples:
        try:
            return sane(self._decoder.decode(packet.payload))
        except BadPacket:  # of a foreign sender: what it holds cannot be heard anywhere
            return np.zeros(packet.samples, dtype=np.float32)


def _lay(sound: Samples, begin: int, part_begin: int, part: Samples) -> None:
    """Put ``part``, which begins at ``part_begin``, where it lies in ``sound``."""
    low, high = max(begin, part_begin), min(begin + sound.size, part_begin + part.size)
    if high > low:
        sound[low - begin : high - begin] = part[low - part_begin : high - part_begin]
