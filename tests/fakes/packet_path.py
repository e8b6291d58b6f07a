"""A unit that encodes, a path that delays and loses, a receiver: all in virtual time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from heapq import heappop, heappush

import numpy as np

from parvis_audio import opus
from parvis_audio.level import level_dbfs
from parvis_audio.opus import Encoder, Samples
from parvis_audio.receiver import Receiver
from parvis_wire.rtp import NO_FLAGS, RtpPacket, TalkFlags

RATE = 48_000
TONE_HZ = 400.0
NS_PER_MS = 1_000_000


def tone(samples: int, start: int = 0, hz: float = TONE_HZ) -> Samples:
    """A steady tone at -13.5 dBFS."""
    at = np.arange(start, start + samples) / RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * hz * at), dtype=np.float32)


class Unit:
    """Encodes a steady tone, or ``sound`` over and over, into packets."""

    def __init__(
        self,
        ptime_samples: int = 480,
        encoder: Encoder | None = None,
        sound: Samples | None = None,
        timestamp_step: int | None = None,
    ) -> None:
        """``timestamp_step``: what is added for each packet, if not its length."""
        self.ptime = ptime_samples
        self.encoder = encoder or opus.unit_encoder()
        self.number = 0
        self.ssrc = 7
        self._sound = sound
        self._step = timestamp_step or ptime_samples

    def packet(self, *, last: bool = False, sound: Samples | None = None) -> RtpPacket:
        """The next one."""
        samples = self._next() if sound is None else sound
        packet = RtpPacket(
            sequence=self.number % 2**16,
            timestamp=(2**32 - 4_800 + self.number * self._step) % 2**32,
            ssrc=self.ssrc,
            payload=self.encoder.encode(samples),
            flags=TalkFlags.LAST if last else NO_FLAGS,
        )
        self.number += 1
        return packet

    def _next(self) -> Samples:
        start = self.number * self.ptime
        if self._sound is None:
            return tone(self.ptime, start)
        return np.take(self._sound, range(start, start + self.ptime), mode="wrap")


Path = Callable[[int, RtpPacket], Iterator[tuple[float, RtpPacket]]]
"""What the network makes of the packet of this number: (delay in ms, packet), none or several."""


def straight(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
    """A millisecond, always."""
    yield 1.0, packet


def played(
    seconds: float,
    path: Path = straight,
    *,
    unit: Unit | None = None,
    ppm: float = 0.0,
    receiver: Receiver | None = None,
    tick_ms: int = 10,
    on_tick: Callable[[int, Receiver], None] | None = None,
) -> tuple[Receiver, Samples]:
    """What is heard of a unit (whose clock is ``ppm`` fast) through ``path``.

    ``on_tick`` is called after each frame with the time in ns.
    """
    unit, receiver = unit or Unit(), receiver or Receiver()
    period_ms = unit.ptime / 48 / (1 + ppm * 1e-6)
    coming: list[tuple[float, int, RtpPacket]] = []
    heard, sent, order = [], 0, itertools.count()
    for tick in range(round(seconds * 1_000 / tick_ms)):
        now_ms = tick * tick_ms + 3.0
        while (sent + 1) * period_ms <= now_ms:
            sent += 1
            packet = unit.packet()
            for delay_ms, each in path(sent - 1, packet):
                heappush(coming, (sent * period_ms + delay_ms, next(order), each))
        while coming and coming[0][0] <= now_ms:
            at_ms, _, packet = heappop(coming)
            receiver.put(packet, int(at_ms * NS_PER_MS))
        now_ns = int(now_ms * NS_PER_MS)
        heard.append(receiver.frame(now_ns))
        if on_tick:
            on_tick(now_ns, receiver)
    return receiver, np.concatenate(heard)


def clicks(heard: Samples, hz: float = TONE_HZ) -> int:
    """Samples at which a steady tone is not continued: |x[n] - 2 cos(w) x[n-1] + x[n-2]|."""
    x = heard.astype(np.float64)
    residual = np.abs(x[2:] - 2 * np.cos(2 * np.pi * hz / RATE) * x[1:-1] + x[:-2])
    return int((residual > 0.01).sum())


def loud(heard: Samples) -> np.ndarray:
    """The level of every 10 ms."""
    frames = heard[: heard.size // 480 * 480].reshape(-1, 480)
    return np.array([level_dbfs(frame) for frame in frames])
