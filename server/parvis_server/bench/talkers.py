"""Many talkers for an engine: real packets, encoded and framed beforehand, due on their own clocks.

All say the same words, each from another place of them, at another phase of the tick and by a
crystal of its own: what a hall's units are like. Pure: what is due comes out, sending is ``mix``'s.
"""

import heapq
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parvis_audio.level import level_dbfs
from parvis_audio.opus import Encoder
from parvis_server.bench.speech import Sound
from parvis_wire.rtp import AudioLevel, RtpPacket

SAMPLES_PER_MS = 48

FURTHEST_PPM = 50.0
"""Crystals between this and its opposite: what consumer devices are specified for."""

_GOLDEN = 0.618_034
"""Multiples of it spread evenly over a period, whatever their number."""

_NUMBERS = struct.Struct("!HI")
"""Sequence number and timestamp, bytes 2 to 8 of an RTP header (RFC 3550 section 5.1)."""


def framed(sound: Sound, encoder: Encoder, ptime_ms: int) -> tuple[bytes, ...]:
    """RTP packets of the whole sound, without numbers and source: ``Talker`` writes those."""
    step = ptime_ms * SAMPLES_PER_MS
    packets = []
    for begin in range(0, sound.size - step + 1, step):
        frame = sound[begin : begin + step]
        level = AudioLevel(round(level_dbfs(frame)), voice=True)
        packet = RtpPacket(0, 0, 0, encoder.encode(frame), level=level)
        packets.append(packet.serialize())
    return tuple(packets)


@dataclass(frozen=True, slots=True)
class Talker:
    """One source of packets."""

    ssrc: int
    packets: Sequence[bytes]
    """Said over and over."""
    ptime_ms: int
    first: int
    """Where in ``packets`` it begins."""
    begin_ns: float
    period_ns: float

    def due_ns(self, number: int) -> float:
        """When its packet ``number`` leaves."""
        return self.begin_ns + number * self.period_ns

    def packet(self, number: int) -> bytes:
        """The packet, numbered."""
        said = self.packets[(self.first + number) % len(self.packets)]
        timestamp = number * self.ptime_ms * SAMPLES_PER_MS & 0xFFFF_FFFF
        numbers = _NUMBERS.pack(number & 0xFFFF, timestamp)
        return b"".join((said[:2], numbers, self.ssrc.to_bytes(4), said[12:]))


def talkers(
    ssrcs: Sequence[int], packets: Sequence[bytes], ptime_ms: int, begin_ns: float
) -> tuple[Talker, ...]:
    """One talker for each SSRC, their phases and clocks spread evenly."""
    spread = max(len(ssrcs) - 1, 1)
    return tuple(
        Talker(
            ssrc=ssrc,
            packets=packets,
            ptime_ms=ptime_ms,
            first=place * len(packets) // len(ssrcs),
            begin_ns=begin_ns + place * _GOLDEN % 1 * ptime_ms * 1e6,
            period_ns=ptime_ms * 1e6 * (1 + FURTHEST_PPM * (2 * place / spread - 1) / 1e6),
        )
        for place, ssrc in enumerate(ssrcs)
    )


class Departures:
    """The packets of all talkers in the order in which they are due."""

    def __init__(self, speaking: Sequence[Talker]) -> None:
        """Begin with the first packet of each."""
        self._heap = [(talker.due_ns(0), place, 0) for place, talker in enumerate(speaking)]
        self._talkers = speaking
        heapq.heapify(self._heap)

    @property
    def next_ns(self) -> float:
        """When the next packet is due; infinity when nobody talks."""
        return self._heap[0][0] if self._heap else float("inf")

    def take(self, now_ns: float) -> Iterator[tuple[float, bytes]]:
        """Moment and bytes of every packet that is due."""
        while self.next_ns <= now_ns:
            due_ns, place, number = self._heap[0]
            talker = self._talkers[place]
            heapq.heapreplace(self._heap, (talker.due_ns(number + 1), place, number + 1))
            yield due_ns, talker.packet(number)
