"""The recorder's tap: every source in one tick, as it went into the mix."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from parvis_server.errors import BadDatagram

TAP_KIND: Final = 10
"""First byte of its datagram."""

_TAP = struct.Struct("!BQf")
_TAP_FRAME = struct.Struct("!I?If")


class TapFrame(NamedTuple):
    """One source in one tick, as it went into the mix."""

    ssrc: int
    timestamp: int | None
    """RTP timestamp of the source's sample that was played first in this tick; None: made up, or
    silence."""
    gain: float
    """Linear gain at the end of the tick, levelling and sharing together."""


@dataclass(frozen=True, slots=True)
class Tap:
    """To the hub, for a recorder: every source in one tick, as it went into the mix.

    With the sources' own packets, which the hub has seen, the mix can be made again without one
    speaker: decode, place the sample of ``timestamp`` at ``room_clock``, apply the gain. One
    datagram for all of them: one for each took engine and hub 1 % of a core with 20 sources.
    """

    room_clock: int
    """Of the tick's first sample, 48 kHz samples."""
    program_gain: float
    """Linear gain of the program's loudness servo at the end of the tick."""
    packed: bytes
    """The sources, 13 bytes each: the hub passes them on without a look."""

    @classmethod
    def of(cls, room_clock: int, program_gain: float, frames: Iterable[TapFrame]) -> Self:
        """The tap of one tick."""
        packed = [
            _TAP_FRAME.pack(ssrc, timestamp is not None, timestamp or 0, gain)
            for ssrc, timestamp, gain in frames
        ]
        return cls(room_clock, program_gain, b"".join(packed))

    @property
    def frames(self) -> tuple[TapFrame, ...]:
        """The sources; read from the bytes each time."""
        return tuple(
            TapFrame(ssrc, timestamp if known else None, gain)
            for ssrc, known, timestamp, gain in _TAP_FRAME.iter_unpack(self.packed)
        )

    def serialize(self) -> bytes:
        """The datagram; ``parse`` gives the same back, gains to 32 bits."""
        return _TAP.pack(TAP_KIND, self.room_clock, self.program_gain) + self.packed

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read a datagram of kind ``TAP``; raises ``BadDatagram``."""
        if len(datagram) < _TAP.size or (len(datagram) - _TAP.size) % _TAP_FRAME.size:
            raise BadDatagram(f"tap of {len(datagram)} bytes is cut off")
        kind, room_clock, program_gain = _TAP.unpack_from(datagram)
        if kind != TAP_KIND:
            raise BadDatagram(f"datagram of kind {kind} is no tap")
        return cls(room_clock, program_gain, datagram[_TAP.size :])
