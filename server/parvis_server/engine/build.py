"""Composition root of the engine's process: the mix with its codecs and decoding chains."""

import numpy as np
from numpy.typing import NDArray

from parvis_audio.opus import Encoder, program_encoder, unit_encoder
from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_server.engine.boundary import TICK_SAMPLES, GoLive, SourceStats
from parvis_server.engine.bus_chain import Encoders
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.outputs import OutputBank
from parvis_server.engine.stage import SourceSpec
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]

RETURN_COMPLEXITY = 5
"""115 µs a packet less than the program's 9: there may be twenty of them."""

TICK_MS = 10


class DecodingChain:
    """``parvis_audio``'s receiver, as the engine wants it."""

    def __init__(self, spec: SourceSpec) -> None:
        """Open the chain with the bounds of the source's kind of link."""
        self._receiver = Receiver(Link(spec.link.value))

    def receive(self, packet: RtpPacket, arrival_ns: int) -> None:
        """Take a packet."""
        self._receiver.put(packet, arrival_ns)

    def pull(self, now_ns: int) -> Frame:
        """The frame that is due at ``now_ns``."""
        return self._receiver.frame(now_ns)

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
            target_ms=self._receiver.buffer.delay.target_ms,
        )


def return_encoder() -> Encoder:
    """What a remote speaker hears: coded like the program, with less work."""
    encoder = program_encoder()
    encoder.complexity = RETURN_COMPLEXITY
    return encoder


def build_outputs(live: GoLive) -> OutputBank:
    """Program and output buses of a live room, with their encoders."""
    frame_samples = TICK_SAMPLES * live.frame_ms // TICK_MS
    encoders = Encoders(program_encoder, return_encoder, lambda: unit_encoder(frame_samples))
    return OutputBank(live.program_ssrc, encoders, frame_samples)


def build_mix_engine(live: GoLive) -> MixEngine:
    """The mix of a live room."""
    return MixEngine(live.program_ssrc, program_encoder(), DecodingChain)
