"""A program of 20 ms packets through a feed to receivers, on a time line that a test moves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from parvis_audio.opus import Samples, program_encoder
from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.net.fanout import Fanout
from parvis_server.net.ladder import Ladder, Step
from parvis_server.net.program_feed import ProgramFeed
from parvis_server.net.receivers import Receiver
from parvis_wire.messages import parse_hub_message
from parvis_wire.packet_time import PacketMs, PacketTime, rise_ms
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket

PACKET_SAMPLES = 960
PACKET_MS = 20
NS_PER_MS = 1_000_000
TONE_HZ = 440.0


def payload_of(frame: bytes) -> bytes:
    """What a server's frame carries (RFC 6455 section 5.2: no mask)."""
    length = frame[1] & 0x7F
    return frame[4:] if length == 126 else frame[2:]


def tone(at: int) -> Samples:
    """20 ms of it, from this sample on."""
    times = (at + np.arange(PACKET_SAMPLES)) / 48_000
    return (0.3 * np.sin(2 * np.pi * TONE_HZ * times)).astype(np.float32)


@functools.cache
def _same() -> bytes:
    return program_encoder().encode(tone(0))


@dataclass
class Ear:
    """A connection: what came over it, packets and messages apart."""

    packets: list[RtpPacket] = field(default_factory=list)
    told: list[PacketTime] = field(default_factory=list)
    on_packet: Callable[[bytes], None] = lambda rtp: None
    on_told: Callable[[PacketTime], None] = lambda told: None
    direct: None = None

    def write_frame(self, frame: bytes) -> None:
        payload = payload_of(frame)
        if frame[0] & 0x0F == 2:
            self.packets.append(RtpPacket.parse(payload))
            self.on_packet(payload)
            return
        told = parse_hub_message(payload.decode())
        assert isinstance(told, PacketTime)
        self.told.append(told)
        self.on_told(told)

    def buffered_bytes(self) -> int:
        return 0

    def close(self, code: int, reason: str = "") -> None:
        raise AssertionError(reason)

    @property
    def lengths_ms(self) -> list[int]:
        return [packet_duration_samples(packet.payload) // 48 for packet in self.packets]

    def heard_line(self) -> list[int]:
        """Timestamps of the 20 ms parts that are new, in the order in which they came."""
        parts: list[int] = []
        for packet in self.packets:
            for at in range(0, packet_duration_samples(packet.payload), PACKET_SAMPLES):
                part = packet.timestamp + at
                if not parts or part > parts[-1]:
                    parts.append(part)
        return parts


class Broadcast:
    """A mixer that plays a tone into a feed; where nobody listens, the same 20 ms over and over."""

    def __init__(self, ladder: Ladder | None = None, *, sounds: bool = False) -> None:
        self.now_ms = 0
        self.ssrc = 0x1000_0000
        self.shift_samples = 0
        """The room's clock against this time line."""
        self._encoder = program_encoder() if sounds else None
        self.fanout = Fanout(lambda: self.now_ms * NS_PER_MS)
        self.feed = ProgramFeed(self.fanout, lambda: self.now_ms * NS_PER_MS, ladder)
        self.ears: dict[str, tuple[Ear, Receiver]] = {}
        self._sequence = 0

    def ear(self, participant: str, ear: Ear | None = None) -> Ear:
        """Somebody joins."""
        ear = ear or Ear()
        receiver = self.feed.add(ear, participant, wants_sound=True)
        self.ears[participant] = ear, receiver
        return ear

    def packet(self) -> bytes:
        """The next 20 ms."""
        at = self.now_ms * 48
        payload = _same() if self._encoder is None else self._encoder.encode(tone(at))
        self._sequence = (self._sequence + 1) % 65_536
        return RtpPacket(
            self._sequence,
            (at + self.shift_samples) % 2**32,
            self.ssrc,
            payload,
            csrcs=(9,),
        ).serialize()

    def plays(self, ms: int) -> None:
        """So much of the program."""
        for _ in range(ms // PACKET_MS):
            rtp = self.packet()
            self.now_ms += PACKET_MS
            self.feed.take(rtp)

    def changes(self, ptime_ms: PacketMs, lead_ms: int | None = None) -> None:
        """The ladder decides so now."""
        if lead_ms is None:
            lead_ms = max(1_000, rise_ms(self.feed.ptime_ms, ptime_ms))
        self.feed.change(Step(ptime_ms, lead_ms))

    def shows(self, view: RoomView) -> None:
        """The room becomes so."""

        def receiver_of(participant: str) -> Receiver | None:
            known = self.ears.get(participant)
            return known[1] if known is not None else None

        self.feed.follow(view, receiver_of)
