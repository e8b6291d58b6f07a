"""One who talks through a server and hears the others, and how long a chirp was under way.

Theory of operation. A packet leaves when its last sample was captured, so the *mouth* said a sample
so much earlier. What came is played afterwards, from the packets and their arrivals, by one and
the same receiver for every server: a remote speaker's jitter buffer, which conceals and corrects.
The *ear* hears a sample when that receiver gives it out. Sound cards are in neither.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from parvis_audio.measure import SAMPLE_RATE_HZ, SAMPLES_PER_MS, find_chirps
from parvis_audio.opus import Decoder
from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_server.listen.voice import Voice
from parvis_wire import serial
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import RtpPacket

Sound = NDArray[np.float32]

PTIME_MS = 20
PTIME_NS = PTIME_MS * 1_000_000
PTIME_SAMPLES = PTIME_MS * SAMPLES_PER_MS
TICK_NS = 10_000_000

CHIRP_EVERY_MS = 1_013.0
"""No multiple of a tick or a packet: chirps meet every phase of both."""
CHIRP_EVERY_SAMPLES = round(CHIRP_EVERY_MS * SAMPLES_PER_MS)
LONGEST_NS = 900_000_000
"""Less than between two chirps."""
LONGEST_SILENCE_SAMPLES = 10 * SAMPLE_RATE_HZ
"""A stream whose time stamps jump further began anew: what came before is another line."""

Send = Callable[[bytes], Awaitable[object] | None]


@dataclass(slots=True)
class Talker:
    """One who sends and hears."""

    voice: Voice
    sent_ns: list[int] = field(default_factory=list)
    """When each packet left."""
    heard: list[tuple[RtpPacket, int]] = field(default_factory=list)
    """Packets and when they came."""

    def hear(self, message: bytes, arrival_ns: int) -> None:
        """Take an RTP packet of any payload type; what is none, is none."""
        try:
            packet = RtpPacket.parse(message)
        except BadPacket:
            return
        self.heard.append((packet, arrival_ns))

    async def speak(self, send: Send, ssrc: int, phase: float) -> None:
        """Send in real time until all is said; ``phase``: how much of a packet's time later."""
        begin_ns = time.monotonic_ns() + round(phase * PTIME_NS)
        number = 0
        while (packet := self.voice.packet(number, ssrc, PTIME_MS)) is not None:
            due_ns = begin_ns + number * PTIME_NS
            await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            self.sent_ns.append(time.monotonic_ns())
            waiting = send(packet)
            if waiting is not None:
                await waiting
            number += 1

    def chirps_sent_ns(self) -> Iterator[int]:
        """When the packet left in which each chirp begins, moved to the chirp's first sample."""
        at = 0
        while at // PTIME_SAMPLES < len(self.sent_ns):
            yield self.sent_ns[at // PTIME_SAMPLES] + _ns(at % PTIME_SAMPLES)
            at += CHIRP_EVERY_SAMPLES

    def mouth_to_ear_ms(self, listener: Talker) -> list[float | None]:
        """For each chirp that this one said, how much later the other's ear hears it."""
        said_ns = [at_ns - PTIME_NS for at_ns in self.chirps_sent_ns()]
        return first_after_ms(said_ns, heard_by_ear_ns(listener.heard))

    def packet_to_packet_ms(self, listener: Talker) -> list[float | None]:
        """The same from packet to packet: what server, network and codecs take."""
        return first_after_ms(list(self.chirps_sent_ns()), came_ns(listener.heard))


def first_after_ms(sent_ns: list[int], found_ns: list[int]) -> list[float | None]:
    """From each moment to the first of the others after it; None when none is near enough."""
    delays: list[float | None] = []
    for at_ns in sent_ns:
        late_ns = [found - at_ns for found in found_ns if 0 < found - at_ns < LONGEST_NS]
        delays.append(min(late_ns) / 1e6 if late_ns else None)
    return delays


def one_stream(heard: list[tuple[RtpPacket, int]]) -> list[tuple[RtpPacket, int]]:
    """The packets of the source that sent the most: a server may change it when it starts."""
    counted = Counter(packet.ssrc for packet, _ in heard)
    if not counted:
        return []
    [(ssrc, _)] = counted.most_common(1)
    return [(packet, at_ns) for packet, at_ns in heard if packet.ssrc == ssrc]


def heard_by_ear_ns(heard: list[tuple[RtpPacket, int]]) -> list[int]:
    """When chirps begin at the ear of one who plays these packets as they came."""
    stream = one_stream(heard)
    if not stream:
        return []
    receiver, pieces = Receiver(Link.REMOTE), []
    begin_ns, end_ns = stream[0][1], stream[-1][1] + LONGEST_NS
    coming = iter(stream)
    following = next(coming, None)
    for now_ns in range(begin_ns, end_ns, TICK_NS):
        while following is not None and following[1] <= now_ns:
            receiver.put(*following)
            following = next(coming, None)
        pieces.append(receiver.frame(now_ns).copy())
    line = np.concatenate(pieces)
    return [begin_ns + _ns(chirp.at_samples) for chirp in find_chirps(line)]


def came_ns(heard: list[tuple[RtpPacket, int]]) -> list[int]:
    """When the packets came in which a chirp begins, moved to the chirp's first sample."""
    decoder, unwrapper = Decoder(), serial.Unwrapper(serial.TIMESTAMP_BITS)
    pieces: list[tuple[int, Sound, int]] = []
    for packet, arrival_ns in one_stream(heard):
        at = unwrapper.unwrap(packet.timestamp)
        if pieces and not 0 < at - pieces[-1][0] < LONGEST_SILENCE_SAMPLES:
            pieces.clear()
        pieces.append((at, decoder.decode(packet.payload), arrival_ns))
    if not pieces:
        return []
    first = pieces[0][0]
    line = np.zeros(pieces[-1][0] - first + pieces[-1][1].size, dtype=np.float32)
    for at, piece, _ in pieces:
        line[at - first : at - first + piece.size] = piece
    begins = np.array([at - first for at, _, _ in pieces])
    found = []
    for chirp in find_chirps(line):
        place = max(0, int(np.searchsorted(begins, chirp.at_samples, side="right")) - 1)
        found.append(pieces[place][2] + _ns(chirp.at_samples - begins[place]))
    return found


def as_opus(message: bytes) -> bytes:
    """An RTP packet with the payload type by which we call Opus."""
    packet = RtpPacket.parse(message[:1] + bytes([message[1] & 0x80 | 111]) + message[2:])
    return replace(packet, csrcs=(), csrc_levels=()).serialize()


def _ns(samples: float) -> int:
    return round(samples * 1e9 / SAMPLE_RATE_HZ)
