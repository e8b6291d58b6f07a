"""The program bus: the sum of everybody in, one RTP packet of 20 ms for all listeners out.

Loudness servo, limiter, floor of comfort noise, Opus. Two ticks of 10 ms make one packet: an even
one begins it, the odd one after it encodes. Its timestamp is the room clock of its first sample.
The servo waits while a talker is still being levelled (their two corrections would add up) and in
pauses.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from parvis_audio.level import level_dbfs
from parvis_server.engine.boundary import TICK_SAMPLES, ProgramPacket
from parvis_server.engine.bus_chain import Encoder, EncoderUnderLimit
from parvis_server.media.levelling import ProgramServo
from parvis_server.media.limiter import Limiter
from parvis_wire import serial
from parvis_wire.rtp import MAX_CSRCS, AudioLevel, RtpPacket

Frame = NDArray[np.float32]

PROGRAM_PTIME_MS = 20
SAMPLES_PER_MS = 48

TALKING_DBFS = -50.0
"""A source above this is named as a contributor: over a quiet hall's noise, under soft speech."""

PROGRAM_CEILING_DBFS = -4.0
"""Of the samples, before the encoder. What comes out of a decoder may be 2.3 dB higher, between the
samples (pulse-like voices at 32 kb/s): with -4 the listeners' true peak stays under -1 dBTP up to
a bus 3 LU louder than it should be, at the cost of 0.2 LU. With -2 it came to 0.0."""


class Talkers:
    """Who was heard in the last packet's time, loudest first."""

    def __init__(self, ticks: int) -> None:
        """``ticks``: how many make one packet."""
        self._recent: deque[Mapping[int, float]] = deque(maxlen=ticks)

    def note(self, levels_dbfs: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
        """Take one tick's levels; SSRC and loudest level of those who talk."""
        self._recent.append({s: level for s, level in levels_dbfs.items() if level > TALKING_DBFS})
        loudest: dict[int, float] = {}
        for levels in self._recent:
            for ssrc, level in levels.items():
                loudest[ssrc] = max(level, loudest.get(ssrc, level))
        return tuple(sorted(loudest.items(), key=lambda item: -item[1])[:MAX_CSRCS])


class ProgramChain:
    """The sum of everybody on its way to the listeners: servo, limiter, comfort noise, encoder."""

    def __init__(self, ssrc: int, encoder: Encoder, frame_samples: int = TICK_SAMPLES) -> None:
        """``ssrc``: the program's RTP source, new for each engine."""
        self.encoder = EncoderUnderLimit(encoder)
        self._ssrc = ssrc
        self._frame_samples = frame_samples
        self._ticks = PROGRAM_PTIME_MS * SAMPLES_PER_MS // frame_samples
        self._servo = ProgramServo()
        self._measured = np.zeros(TICK_SAMPLES, dtype=np.float32)
        self._gain = 1.0
        self._rise = np.arange(1, frame_samples + 1, dtype=np.float32) / np.float32(frame_samples)
        self.limiter = Limiter(PROGRAM_CEILING_DBFS)
        self.pcm = np.zeros(self._ticks * frame_samples, dtype=np.float32)
        """What the next packet holds."""
        self.coded = self.pcm.copy()
        """What the last packet held."""
        self.gains = np.ones(frame_samples, dtype=np.float32)
        """The servo's gain of each sample of the last frame."""
        self._sequence = 0

    @property
    def servo_db(self) -> float:
        """What the servo adds now."""
        return self._servo.gain_db

    def begin_at(self, gain_db: float) -> None:
        """Go on from the gain that another program had."""
        self._servo.begin_at(gain_db)
        self._gain = float(10 ** (self._servo.gain_db / 20))

    def take(self, tick: int, mixed: Frame, floor: Frame, *, settled: bool) -> bool:
        """One frame of the sum; whether a packet is full now.

        ``floor``: comfort noise; ``settled``: whether the servo may move.
        """
        place = tick % self._ticks
        part = self.pcm[place * self._frame_samples : (place + 1) * self._frame_samples]
        before = self._gain
        self._follow(tick, mixed, settled)
        self.gains = np.float32(before) + np.float32(self._gain - before) * self._rise
        np.add(self.limiter.process(mixed * self.gains), floor, out=part)
        is_full = place == self._ticks - 1
        if is_full:
            self.coded[:] = self.pcm
        return is_full

    def first_sample(self, tick: int) -> int:
        """Room clock of the first sample of the packet that is full at ``tick``."""
        return (tick - self._ticks + 1) * self._frame_samples

    def packet(
        self, tick: int, payload: bytes, talkers: tuple[tuple[int, float], ...]
    ) -> ProgramPacket:
        """The packet that was full at ``tick``."""
        packet = RtpPacket(
            sequence=self._sequence,
            timestamp=serial.add(0, self.first_sample(tick), serial.TIMESTAMP_BITS),
            ssrc=self._ssrc,
            payload=payload,
            csrcs=tuple(ssrc for ssrc, _ in talkers),
            csrc_levels=tuple(round(level) for _, level in talkers),
            level=AudioLevel(round(level_dbfs(self.pcm)), voice=bool(talkers)),
        )
        self._sequence = serial.add(self._sequence, 1, serial.SEQUENCE_BITS)
        return ProgramPacket(PROGRAM_PTIME_MS, packet.serialize())

    def _follow(self, tick: int, mixed: Frame, settled: bool) -> None:
        """The servo looks at whole frames of 10 ms, whatever the tick."""
        at = tick * self._frame_samples % TICK_SAMPLES
        self._measured[at : at + self._frame_samples] = mixed
        if settled and at + self._frame_samples == TICK_SAMPLES:
            self._gain = self._servo.gain(self._measured)
