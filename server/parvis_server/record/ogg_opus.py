"""An Ogg Opus stream that is written as it comes (RFC 7845), packets as they are, pages short.

A granule position counts samples that a decoder gives, so sound that is missing must be there as
packets all the same (RFC 7845 section 4.1): ``add_gap`` writes packets of one or two bytes, whose
frames are empty and which every decoder conceals. So sample n of the decoded file is n samples
after its first one, whatever was lost, and every player keeps time.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from parvis_audio.opus_packet import MAX_PACKET_SAMPLES, packet_duration_samples
from parvis_server.errors import BadOgg
from parvis_server.record.ogg_page import MAX_SEGMENTS, NO_FLAGS, Page, PageFlags, segments

PAGE_SAMPLES: Final = 24_000
"""500 ms: what a power cut takes at most of what was handed over, and 27 bytes a second more than
pages of a second."""

GAP_STEP_SAMPLES: Final = 120
"""2.5 ms, the shortest Opus frame: a gap that is no multiple of it cannot be written."""

VENDOR: Final = "parvis"

_CELT_FULLBAND_2_5_MS: Final = 28 << 3
"""Configuration 28 of RFC 6716 table 2, for what is left of a gap."""

_HEAD: Final = struct.Struct("<8sBBHIhB")


@dataclass(frozen=True, slots=True)
class OpusHead:
    """RFC 7845 section 5.1; ours are all mono and at the gain at which they were made."""

    pre_skip: int = 0
    """Samples at the beginning that a player throws away: what the encoder looked ahead."""

    def serialize(self) -> bytes:
        """The packet."""
        return _HEAD.pack(b"OpusHead", 1, 1, self.pre_skip, 48_000, 0, 0)

    @classmethod
    def parse(cls, packet: bytes) -> Self:
        """Read it; raises ``BadOgg`` for a file that is not one of ours."""
        if len(packet) != _HEAD.size or packet[:8] != b"OpusHead":
            raise BadOgg("the file does not begin with an Opus head of ours")
        _, version, channels, pre_skip, _, gain, family = _HEAD.unpack(packet)
        if (version, channels, gain, family) != (1, 1, 0, 0):
            raise BadOgg("this Opus file was not made by a recorder of ours")
        return cls(pre_skip)


def serialize_tags(tags: Mapping[str, str]) -> bytes:
    """RFC 7845 section 5.2: the packet of comments."""
    comments = [f"{name}={value}".encode() for name, value in tags.items()]
    parts = [b"OpusTags", _counted(VENDOR.encode()), struct.pack("<I", len(comments))]
    return b"".join((*parts, *map(_counted, comments)))


def parse_tags(packet: bytes) -> dict[str, str]:
    """Read the packet of comments; raises ``BadOgg``."""
    if packet[:8] != b"OpusTags":
        raise BadOgg("the second page holds no Opus tags")
    at, wanted = 8, 1
    texts: list[str] = []
    while len(texts) < wanted:
        text, at = _read_counted(packet, at)
        texts.append(text)
        if len(texts) == 1:
            if len(packet) < at + 4:
                raise BadOgg("the Opus tags are cut off")
            wanted += int.from_bytes(packet[at : at + 4], "little")
            at += 4
    return {name: value for name, _, value in (text.partition("=") for text in texts[1:])}


def _counted(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def _read_counted(packet: bytes, at: int) -> tuple[str, int]:
    begin = at + 4
    end = begin + int.from_bytes(packet[at:begin], "little")
    if not begin <= end <= len(packet):
        raise BadOgg("the Opus tags are cut off")
    try:
        return packet[begin:end].decode(), end
    except UnicodeDecodeError:
        raise BadOgg("the Opus tags are no UTF-8") from None


def gap_packets(toc: int, samples: int) -> Iterator[bytes]:
    """Packets without sound that a decoder conceals for ``samples`` together.

    ``toc``: the first byte of the packet before the gap, whose coding they go on with.

    Raises:
        BadOgg: it is no multiple of ``GAP_STEP_SAMPLES``.
    """
    if samples % GAP_STEP_SAMPLES:
        raise BadOgg(f"a gap of {samples} samples is no multiple of {GAP_STEP_SAMPLES}")
    for coding in (toc, _CELT_FULLBAND_2_5_MS):
        frame = packet_duration_samples(bytes((coding & 0xFC,)))
        most = MAX_PACKET_SAMPLES // frame
        while samples >= frame:
            count = min(most, samples // frame)
            # One frame: code 0. Several of equal length, here 0: code 3 and their number.
            yield bytes((coding & 0xFC,)) if count == 1 else bytes((coding & 0xFC | 3, count))
            samples -= count * frame


class OpusWriter:
    """One stream: packets in, whole pages out."""

    def __init__(self, serial: int, tags: Mapping[str, str], pre_skip: int = 0) -> None:
        """A new stream; ``serial`` is its number in the file."""
        head = Page(serial, 0, 0, (OpusHead(pre_skip).serialize(),), PageFlags.FIRST)
        self.head = head.serialize() + Page(serial, 1, 0, (serialize_tags(tags),)).serialize()
        """What the file begins with; empty for one that goes on."""
        self.granule = 0
        """Samples that were added."""
        self._serial = serial
        self._sequence = 2
        self._waiting: list[bytes] = []
        self._waiting_samples = 0
        self._waiting_segments = 0
        self._written = 0
        self._toc = 0

    @classmethod
    def go_on(cls, serial: int, next_page: int, granule: int, toc: int) -> Self:
        """A stream whose first pages were written before, ``granule`` samples of it."""
        writer = cls(serial, {})
        writer.head = b""
        writer.granule = writer._written = granule
        writer._sequence = next_page
        writer._toc = toc
        return writer

    @property
    def waiting_samples(self) -> int:
        """Samples that are on no page yet."""
        return self._waiting_samples

    def add(self, packet: bytes) -> bytes:
        """Take one packet; gives the page that was full before it, mostly nothing.

        Raises:
            BadPacket: it is no Opus packet.
        """
        samples = packet_duration_samples(packet)
        needed = segments(packet)
        full = (
            self._waiting_samples + samples > PAGE_SAMPLES
            or self._waiting_segments + needed > MAX_SEGMENTS
        )
        page = self._page(len(self._waiting)) if full else b""
        self._waiting.append(packet)
        self._waiting_samples += samples
        self._waiting_segments += needed
        self.granule += samples
        self._toc = packet[0]
        return page

    def add_gap(self, samples: int) -> bytes:
        """Leave ``samples`` without sound; raises ``BadOgg`` as ``gap_packets`` does."""
        return b"".join([self.add(packet) for packet in gap_packets(self._toc, samples)])

    def flush(self) -> bytes:
        """The page of what waits, but for the last packet: the last page must hold one."""
        return self._page(len(self._waiting) - 1)

    def end(self) -> bytes:
        """The last page."""
        return self._page(len(self._waiting), PageFlags.LAST)

    def _page(self, count: int, flags: PageFlags = NO_FLAGS) -> bytes:
        if count <= 0:
            return b""
        packets, self._waiting = tuple(self._waiting[:count]), self._waiting[count:]
        taken = sum(map(packet_duration_samples, packets))
        self._written += taken
        self._waiting_samples -= taken
        self._waiting_segments -= sum(map(segments, packets))
        page = Page(self._serial, self._sequence, self._written, packets, flags)
        self._sequence += 1
        return page.serialize()


@dataclass(frozen=True, slots=True)
class OpusTail:
    """What somebody who goes on with a stream has to know of it."""

    serial: int
    tags: dict[str, str]
    pre_skip: int
    granule: int
    """Samples in it."""
    next_page: int
    toc: int
    """First byte of the last packet; 0 when there is none."""
    whole_bytes: int
    """Up to the end of the last whole page: what lies behind was torn."""
    is_ended: bool
    """Nothing may follow."""

    def go_on(self) -> OpusWriter:
        """A writer for the pages that follow."""
        return OpusWriter.go_on(self.serial, self.next_page, self.granule, self.toc)


def read_pages(content: bytes | memoryview) -> Iterator[tuple[Page, int]]:
    """The whole pages of a file, each with where it ends; a torn tail is left away."""
    offset = 0
    while offset < len(content):
        try:
            page, offset = Page.parse(content, offset)
        except BadOgg:
            return
        yield page, offset


def read_tail(content: bytes | memoryview) -> OpusTail:
    """How far a file is whole; raises ``BadOgg`` when not even its two headers are."""
    return read_tail_of(content, b"", 0)


def read_tail_of(head: bytes | memoryview, tail: bytes, offset: int) -> OpusTail:
    """The same of a long file's beginning and end, ``tail`` from ``offset`` on.

    Raises:
        BadOgg: the headers are not whole, or there is no whole page in ``tail``.
    """
    pages = read_pages(head)
    first, second = next(pages, None), next(pages, None)
    if first is None or second is None:
        raise BadOgg("the file is cut off inside its headers")
    opus_head, tags = OpusHead.parse(first[0].packets[0]), parse_tags(second[0].packets[0])
    serial, last, toc = first[0].serial, second, 0
    for page, end in _pages_behind(tail, serial) if tail else pages:
        last = page, end + offset
        if page.packets and page.packets[-1]:
            toc = page.packets[-1][0]
    page, end = last
    if tail and last is second:
        raise BadOgg("there is no whole page at the end of the file")
    return OpusTail(
        serial=serial,
        tags=tags,
        pre_skip=opus_head.pre_skip,
        granule=page.granule,
        next_page=page.sequence + 1,
        toc=toc,
        whole_bytes=end,
        is_ended=bool(page.flags & PageFlags.LAST),
    )


def _pages_behind(tail: bytes, serial: int) -> Iterator[tuple[Page, int]]:
    """The whole pages of a part that may begin inside of one, up to the first that is torn."""
    at = tail.find(b"OggS")
    while at >= 0:
        try:
            page, _ = Page.parse(tail, at)
        except BadOgg:
            page = None
        if page is not None and page.serial == serial:
            for found, end in read_pages(memoryview(tail)[at:]):
                yield found, end + at
            return
        at = tail.find(b"OggS", at + 1)


def read_packets(content: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Every packet of a file with the number of its first sample, as far as the file is whole."""
    for number, (page, _) in enumerate(read_pages(content)):
        if number < 2:
            continue
        begin = page.granule - sum(map(packet_duration_samples, page.packets))
        for packet in page.packets:
            yield begin, packet
            begin += packet_duration_samples(packet)
