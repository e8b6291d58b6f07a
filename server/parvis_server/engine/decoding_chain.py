"""``parvis_audio``'s receiver, as the engine wants it: one source from packets to sound."""

import numpy as np
from numpy.typing import NDArray

from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_audio.work import Job
from parvis_server.engine.boundary import TICK_SAMPLES, SourceStats
from parvis_server.engine.stage import SourceSpec
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]


class DecodingChain:
    """The chain of one source."""

    def __init__(self, spec: SourceSpec, frame_samples: int = TICK_SAMPLES) -> None:
        """Open the chain with the bounds of the source's kind of link."""
        self._receiver = Receiver(Link(spec.link.value), frame_samples=frame_samples)

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        """Take a packet."""
        self._receiver.put(packet, arrival_ns)

    def pull(self, now_ns: int) -> Job[Frame]:
        """The frame that is due at ``now_ns``."""
        return self._receiver.frame_job(now_ns)

    @property
    def concealing(self) -> bool:
        """Whether the frame last pulled was made up."""
        return self._receiver.concealing

    @property
    def position(self) -> int | None:
        """RTP timestamp of the first sample of the frame last pulled; None: silence, or made up."""
        return None if self._receiver.concealing else self._receiver.playout_position

    @property
    def own_target_ms(self) -> float:
        """The delay that this source's link needs."""
        return self._receiver.own_target_ms

    def delay_at_least(self, least_ms: float) -> None:
        """Hold it for no less than this, as long as others of its zone."""
        self._receiver.least_target_ms = least_ms

    def stats(self, ssrc: int) -> SourceStats:
        """Counts since the source was opened."""
        packets = self._receiver.packets
        return SourceStats(
            ssrc=ssrc,
            received=packets.received,
            malformed=self._receiver.counters.garbage,
            late=packets.late,
            lost=packets.lost,
            concealed=self._receiver.concealed_frames,
            hold_ms=self._receiver.held_ns / 1e6,
            target_ms=self._receiver.target_ms,
            drift_ppm=self._receiver.buffer.clock.skew_ppm,
        )
