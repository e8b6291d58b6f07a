"""A decoding chain that plays what it is told, for tests of the mix."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_audio.work import Job
from parvis_server.engine.boundary import TICK_SAMPLES, SourceStats
from parvis_server.engine.stage import SourceSpec
from parvis_wire.rtp import RtpPacket

Samples = NDArray[np.float32]


@dataclass
class FakeReceiver:
    """Plays a constant ``value``; ``breaks`` makes both of its calls fail as a bad packet does."""

    value: float = 0.0
    frame_samples: int = TICK_SAMPLES
    breaks: bool = False
    concealing: bool = False
    position: int | None = None
    own_target_ms: float = 0.0
    least_ms: float = 0.0
    packets: list[tuple[RtpPacket, int]] = field(default_factory=list)
    pulled_ns: list[int] = field(default_factory=list)

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        if self.breaks:
            raise ParvisAudioError("not Opus")
        self.packets.append((packet, arrival_ns))

    def pull(self, now_ns: int) -> Job[Samples]:
        yield self._look
        if self.breaks:
            raise ParvisAudioError("not Opus")
        self.pulled_ns.append(now_ns)
        return np.full(self.frame_samples, self.value, dtype=np.float32)

    def _look(self) -> int:
        """The call that can be made beside the others'."""
        return 0

    def delay_at_least(self, least_ms: float) -> None:
        self.least_ms = least_ms

    def stats(self, ssrc: int) -> SourceStats:
        return SourceStats(ssrc=ssrc, received=len(self.packets))


class FakeReceivers:
    """Opens one for each source and remembers it."""

    def __init__(self, frame_samples: int = TICK_SAMPLES) -> None:
        self.frame_samples = frame_samples
        self.opened: list[tuple[SourceSpec, FakeReceiver]] = []
        self.values: dict[int, float] = {}

    def open(self, spec: SourceSpec) -> FakeReceiver:
        receiver = FakeReceiver(self.values.get(spec.ssrc, 0.0), self.frame_samples)
        self.opened.append((spec, receiver))
        return receiver

    def __getitem__(self, ssrc: int) -> FakeReceiver:
        """The newest receiver of a source."""
        return [receiver for spec, receiver in self.opened if spec.ssrc == ssrc][-1]
