"""From a mix to packets: what happens to one bus after the sum, and the stream of one output.

A ``BusChain`` is one distinct mix: howl guard where a loudspeaker could howl, limiter, floor of
comfort noise where a phone listens, encoder. Its packets' payloads go to one or more
``OutputStream``, each an RTP source of its own.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.work import Job, done
from parvis_server.engine.boundary import OutputPacket
from parvis_server.media.comfort_noise import FLOOR_DBFS, ComfortNoise
from parvis_server.media.frequency_shift import FrequencyShift
from parvis_server.media.howl_guard import Howl, HowlGuard
from parvis_server.media.limiter import Limiter
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind

Frame = NDArray[np.float32]

TALK_PTIME_SAMPLES: Final = 960
"""20 ms: for everybody who hears us over the internet."""

LOUDSPEAKER_CEILING_DBFS: Final = -6.0
"""Headroom of the amplifiers behind it: set at the sound check and never passed."""

PHONE_CEILING_DBFS: Final = -2.0


class Encoder(Protocol):
    """What a bus needs of an Opus encoder."""

    complexity: int

    def encode_job(self, samples: Frame, /) -> Job[bytes]:
        """One packet of mono float samples."""
        ...


class EncoderUnderLimit:
    """An encoder that can be told to work less hard, and then at its own complexity again."""

    def __init__(self, encoder: Encoder) -> None:
        """Its complexity now is its own."""
        self._encoder = encoder
        self._own = encoder.complexity
        self.encode_job = encoder.encode_job

    def encode(self, samples: Frame) -> bytes:
        """One packet, now."""
        return done(self.encode_job(samples))

    def limit(self, most: int) -> None:
        """Work at the own complexity, or at ``most`` where that is less."""
        self._encoder.complexity = min(self._own, most)


@dataclass(frozen=True, slots=True)
class Encoders:
    """How to make the encoders of a room."""

    program: Callable[[], Encoder]
    """For all listeners, 20 ms a packet."""
    talk: Callable[[], Encoder]
    """For the return of one remote speaker, 20 ms a packet."""
    low_delay: Callable[[], Encoder]
    """For a loudspeaker, line or assistive output, one frame a packet."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a kind of bus goes through."""

    ceiling_dbfs: float
    low_delay: bool
    """One packet a tick; otherwise 20 ms."""
    floor: bool = False
    """Whether comfort noise keeps it from ever being digital silence."""
    howls: bool = False


TREATMENTS: Final = {
    OutputKind.LOUDSPEAKER: Treatment(LOUDSPEAKER_CEILING_DBFS, low_delay=True, howls=True),
    OutputKind.ASSISTIVE: Treatment(PHONE_CEILING_DBFS, low_delay=True),
    OutputKind.RETURN: Treatment(PHONE_CEILING_DBFS, low_delay=False, floor=True),
}


class Floor:
    """One frame of comfort noise a tick, the same for every bus that wants it."""

    def __init__(self, frame_samples: int) -> None:
        """Make the noise."""
        self._noise = ComfortNoise(frame_samples, FLOOR_DBFS)
        self.frame = self._noise.next_frame()

    def step(self) -> None:
        """The next tick's."""
        self.frame = self._noise.next_frame()


class BusChain:
    """One mix on its way to its encoder."""

    def __init__(
        self,
        treatment: Treatment,
        encoder: Encoder,
        frame_samples: int,
        phase: int = 0,
        *,
        shifted: bool = False,
    ) -> None:
        """``phase``: which of the ticks of a packet encodes it; ``shifted``: up by 5 Hz."""
        self.encoder = EncoderUnderLimit(encoder)
        self._shift = FrequencyShift() if shifted else None
        self._guard = HowlGuard() if treatment.howls else None
        self._limiter = Limiter(treatment.ceiling_dbfs)
        self._floor = treatment.floor
        self._frame_samples = frame_samples
        self._ticks = 1 if treatment.low_delay else TALK_PTIME_SAMPLES // frame_samples
        self._phase = phase
        self._pcm = np.zeros(self._ticks * frame_samples, dtype=np.float32)
        self._coded = self._pcm.copy()

    def continue_from(self, other: "BusChain") -> None:
        """Take over the sound that an output had so far, so that the change is not heard.

        A cold encoder's first packet would click in a decoder that is used to another one (a tone's
        residue 13 times that of the steady tone); after one packet of the past it does not.
        """
        self._limiter.continue_from(other._limiter)
        if self._guard is not None and other._guard is not None:
            self._guard = deepcopy(other._guard)
        if self._shift is not None and other._shift is not None:
            self._shift = deepcopy(other._shift)
        if other._pcm.size == self._pcm.size:
            self._pcm[:] = other._pcm
            self.encoder.encode(other._coded)

    def go_on_from(self, limiter: Limiter, pcm: Frame, coded: Frame) -> None:
        """Take over what the program has of a packet, and what its last one held."""
        self._limiter.continue_from(limiter)
        self._pcm[:] = pcm
        self.encoder.encode(coded)

    def take(self, tick: int, mixed: Frame, floor: Frame) -> tuple[bool, tuple[Howl, ...]]:
        """One frame of the mix: whether a packet is full now, and howls that were found."""
        howls: tuple[Howl, ...] = ()
        if self._shift is not None:
            mixed = self._shift.process(mixed)
        if self._guard is not None:
            mixed, howls = self._guard.process(mixed)
        place = (tick - self._phase - 1) % self._ticks
        part = self._pcm[place * self._frame_samples : (place + 1) * self._frame_samples]
        part[:] = self._limiter.process(mixed)
        if self._floor:
            part += floor
        return place == self._ticks - 1, howls

    def encode_job(self) -> Job[bytes]:
        """The packet that is full now; to be finished within the tick."""
        self._coded[:] = self._pcm
        return self.encoder.encode_job(self._pcm)

    def first_sample(self, tick: int) -> int:
        """Room clock of the first sample of the packet that is full at ``tick``."""
        return (tick - self._ticks + 1) * self._frame_samples


class OutputStream:
    """The RTP stream of one output."""

    def __init__(self, ssrc: int) -> None:
        """Sequence numbers begin at 0 in each engine."""
        self._ssrc = ssrc
        self._sequence = 0

    def packet(
        self, payload: bytes, room_clock: int, talkers: tuple[tuple[int, float], ...] = ()
    ) -> OutputPacket:
        """The payload under this output's SSRC; ``talkers``: SSRC and level, loudest first."""
        packet = RtpPacket(
            sequence=self._sequence,
            timestamp=serial.add(0, room_clock, serial.TIMESTAMP_BITS),
            ssrc=self._ssrc,
            payload=payload,
            csrcs=tuple(ssrc for ssrc, _ in talkers),
            csrc_levels=tuple(round(level) for _, level in talkers),
        )
        self._sequence = serial.add(self._sequence, 1, serial.SEQUENCE_BITS)
        return OutputPacket(packet.serialize())
