"""Ogg Opus files of a recording: read as far as they are whole, and written anew.

A file that still grows, or that a power cut left, ends in a torn page: reading stops before it.
Positions count the decoder's samples from the file's first one, before pre-skip is taken off.
"""

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
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
from parvis_server.record.ogg_page import Page, PageFlags

Samples = NDArray[np.float32]

PREROLL_SAMPLES: Final = 3_840
"""80 ms: what a decoder needs before it is right (RFC 7845 section 4.6)."""

PAGE_SAMPLES: Final = 48_000
"""A second of sound on a page that is written in one go: few headers, and seeking stays fine."""

MAX_PAGE_SEGMENTS: Final = 200

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

    head: bytes
    """``OpusHead`` (RFC 7845 section 5.1)."""
    tags: bytes
    serial: int
    packets: tuple[TimedPacket, ...]

    @property
    def pre_skip(self) -> int:
        """Samples at the beginning that no player plays."""
        return int.from_bytes(self.head[10:12], "little")

    @property
    def end(self) -> int:
        """Where the last packet ends; 0 when there is none."""
        return self.packets[-1].end if self.packets else 0


def read_opus(path: Path) -> OpusFile:
    """The file's packets, up to a torn end.

    Raises:
        BadRecording: it cannot be read, or is no Ogg Opus.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRecording(f"cannot read {path}: {error.strerror}") from error
    pages = list(_pages(content))
    if len(pages) < 2 or not pages[0].packets or pages[0].packets[0][:8] != b"OpusHead":
        raise BadRecording(f"{path} is no Ogg Opus file of a recording")
    packets = tuple(packet for page in pages[2:] for packet in _timed(page))
    head, tags = pages[0].packets[0], pages[1].packets[0]
    return OpusFile(head, tags, pages[0].serial, packets)


def _pages(content: bytes) -> Iterator[Page]:
    offset = 0
    while offset < len(content):
        try:
            page, offset = Page.parse(content, offset)
        except BadOgg:
            return
        yield page


def _timed(page: Page) -> Iterator[TimedPacket]:
    """The page's packets; its granule position is the end of the last."""
    lengths = [packet_duration_samples(payload) for payload in page.packets]
    begin = page.granule - sum(lengths)
    for payload, samples in zip(page.packets, lengths, strict=True):
        yield TimedPacket(begin, samples, payload)
        begin += samples


def write_opus(path: Path, opus: OpusFile) -> None:
    """Write the file whole or not at all: beside it first, then in its place.

    Raises:
        BadRecording: it cannot be written.
    """
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            for page in _paged(opus):
                file.write(page.serialize())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadRecording(f"cannot write {path}: {error.strerror}") from error


def _paged(opus: OpusFile) -> Iterator[Page]:
    yield Page(opus.serial, 0, 0, (opus.head,), PageFlags.FIRST)
    yield Page(opus.serial, 1, 0, (opus.tags,))
    batches = list(_batches(opus.packets))
    for number, batch in enumerate(batches, start=2):
        last = PageFlags.LAST if number == len(batches) + 1 else PageFlags(0)
        payloads = tuple(packet.payload for packet in batch)
        yield Page(opus.serial, number, batch[-1].end, payloads, last)


def _batches(packets: Iterable[TimedPacket]) -> Iterator[list[TimedPacket]]:
    """Packets of one page: they follow each other, and are about a second."""
    batch: list[TimedPacket] = []
    held = 0
    for packet in packets:
        entries = len(packet.payload) // 255 + 1
        if batch and (
            packet.begin != batch[-1].end
            or packet.end - batch[0].begin > PAGE_SAMPLES
            or held + entries > MAX_PAGE_SEGMENTS
        ):
            yield batch
            batch, held = [], 0
        batch.append(packet)
        held += entries
    if batch:
        yield batch


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
