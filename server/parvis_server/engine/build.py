"""Composition root of the engine's process: the mix with its codecs and decoding chains."""

import numpy as np
from numpy.typing import NDArray

from parvis_audio.opus import program_encoder
from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_server.engine.boundary import TICK_NS, GoLive, SourceSpec, SourceStats
from parvis_server.engine.mix_engine import MixEngine
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]


class DecodingChain:
    """``parvis_audio``'s receiver, as the engine wants it."""

    def __init__(self, spec: SourceSpec) -> None:
        """Open the chain with the bounds of the source's kind of link."""
        self._receiver = Receiver(Link(spec.link.value))
        self._hold_ns = 0

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        """Take a packet."""
        self._receiver.put(packet, arrival_ns)

    def pull(self, now_ns: int) -> Frame:
        """The frame that is due at ``now_ns``."""
        frame = self._receiver.frame(now_ns)
        error_ns = self._receiver.buffer.depth_error_ns(now_ns)
        if error_ns is not None:  # of the next frame, which is later by one tick
            target_ns = int(self._receiver.buffer.delay.target_ms * 1e6)
            self._hold_ns = max(0, error_ns + target_ns + TICK_NS)
        return frame

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
            hold_ms=self._hold_ns / 1e6,
            target_ms=self._receiver.buffer.delay.target_ms,
        )


def build_mix_engine(live: GoLive) -> MixEngine:
    """The mix of a live room."""
    return MixEngine(live.program_ssrc, program_encoder(), DecodingChain)
