"""One Ogg page (RFC 3533 section 6), the unit in which a recording survives.

A page carries its own checksum, so a file that was cut off anywhere is good up to its last whole
page. Every packet here ends on the page on which it begins: Opus packets are far shorter than the
64 kB that a page holds, and a page that stands alone needs no other to be read.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Self

from parvis_server.errors import BadOgg

HEADER_BYTES: Final = 27
MAX_SEGMENTS: Final = 255
"""A page's table of segments counts them in one byte."""

_CAPTURE: Final = b"OggS"
_HEADER: Final = struct.Struct("<4sBBqIIIB")
_CHECKSUM_AT: Final = 22
_SEGMENT: Final = 255
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class PageFlags(IntFlag):
    """The header type of a page."""

    CONTINUED = 1
    FIRST = 2
    LAST = 4


NO_FLAGS: Final = PageFlags(0)


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the packets that it holds."""

    serial: int
    """Of the stream."""
    sequence: int
    """Pages of a stream are counted from 0."""
    granule: int
    """Opus: 48 kHz samples up to the end of the last packet here, pre-skip included."""
    packets: tuple[bytes, ...]
    flags: PageFlags = NO_FLAGS

    def serialize(self) -> bytes:
        """The page as bytes; raises ``BadOgg`` when the packets do not fit one."""
        table = b"".join(map(_lacing, self.packets))
        if len(table) > MAX_SEGMENTS:
            raise BadOgg(f"{len(table)} segments do not fit a page, which has {MAX_SEGMENTS}")
        header = _HEADER.pack(
            *(_CAPTURE, 0, int(self.flags), self.granule, self.serial, self.sequence, 0),
            len(table),
        )
        page = bytearray(b"".join((header, table, *self.packets)))
        struct.pack_into("<I", page, _CHECKSUM_AT, checksum(page))
        return bytes(page)

    @classmethod
    def parse(cls, content: bytes | memoryview, offset: int = 0) -> tuple[Self, int]:
        """The page at ``offset`` and where the next one begins.

        Raises:
            BadOgg: no whole page of this kind is there.
        """
        view = memoryview(content)
        if len(view) < offset + HEADER_BYTES:
            raise BadOgg(f"the file ends inside a page's header, at {offset}")
        capture, version, flags, granule, serial, sequence, told, count = _HEADER.unpack_from(
            view, offset
        )
        if capture != _CAPTURE or version != 0:
            raise BadOgg(f"no Ogg page begins at {offset}")
        if flags & PageFlags.CONTINUED:
            raise BadOgg(f"the page at {offset} continues a packet: not a recording of ours")
        begin = offset + HEADER_BYTES + count
        table = bytes(view[offset + HEADER_BYTES : begin])
        end = begin + sum(table)
        if len(table) < count or len(view) < end:
            raise BadOgg(f"the file ends inside the page at {offset}")
        page = bytearray(view[offset:end])
        page[_CHECKSUM_AT : _CHECKSUM_AT + 4] = bytes(4)
        if checksum(page) != told:
            raise BadOgg(f"the checksum of the page at {offset} is wrong")
        packets = _unlaced(table, bytes(view[begin:end]))
        return cls(serial, sequence, granule, packets, PageFlags(flags)), end

    def __str__(self) -> str:
        """Short form for logs."""
        return f"page {self.sequence} of {self.serial:08x}: {len(self.packets)} packets"


def segments(packet: bytes) -> int:
    """How many entries of a page's table this packet takes."""
    return len(packet) // _SEGMENT + 1


def checksum(page: bytes | bytearray) -> int:
    """CRC-32 as Ogg has it: polynomial 0x04c11db7, most significant bit first, nothing inverted.

    zlib's is the same polynomial from the other end, and inverts: so the bits of each byte are
    turned around, the inversions taken back, and the result turned around. A page of 4 kB takes
    6 us so, and 300 us by a table in Python.
    """
    turned = zlib.crc32(page.translate(_REVERSED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int.from_bytes(turned.to_bytes(4).translate(_REVERSED)[::-1])


def _lacing(packet: bytes) -> bytes:
    """RFC 3533 section 5: segments of 255 bytes, and a shorter one, perhaps empty, at the end."""
    whole, rest = divmod(len(packet), _SEGMENT)
    return bytes((_SEGMENT,)) * whole + bytes((rest,))


def _unlaced(table: bytes, body: bytes) -> tuple[bytes, ...]:
    packets, begin, end = [], 0, 0
    for length in table:
        end += length
        if length < _SEGMENT:
            packets.append(body[begin:end])
            begin = end
    if begin != end:
        raise BadOgg("the last packet of a page goes on: not a recording of ours")
    return tuple(packets)
