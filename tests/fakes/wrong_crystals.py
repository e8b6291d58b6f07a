"""Two microphones whose crystals are wrong by 200 ppm, one each way, in the mix engine itself.

Virtual time, four seconds a minute.
"""

from __future__ import annotations

import numpy as np

from fakes.outputs import FakeOutputs
from parvis_audio.opus import unit_encoder
from parvis_server.engine.boundary import TICK_NS, SourcePacket, SourceStats
from parvis_server.engine.decoding_chain import DecodingChain
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.stage import SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket

TICKS_PER_MINUTE = 6_000
PPM = {1: -200, 2: 200}
"""By SSRC."""
MOST_DEPTH_ERROR_MS = 0.5
DEPTH_OVER_TARGET_MS = 4.9
"""Half a frame, less the millisecond that a packet is on its way."""


def faults(stats: SourceStats, minutes: float) -> list[str]:
    """What of a source's figures is not as it must be."""
    sent = TICKS_PER_MINUTE * minutes
    depth_ms = stats.hold_ms - stats.target_ms - DEPTH_OVER_TARGET_MS
    wrong = {
        f"{stats.received} of {sent:.0f} packets received": stats.received <= sent * 0.9967,
        f"{stats.concealed} concealed": stats.concealed > 0,
        f"{stats.late} late": stats.late > 0,
        f"{stats.lost} lost": stats.lost > 0,
        f"depth {depth_ms:+.2f} ms off": abs(depth_ms) > MOST_DEPTH_ERROR_MS,
    }
    return [what for what, holds in wrong.items() if holds]


def run(minutes: float) -> tuple[SourceStats, ...]:
    """What the engine counted of both sources in so many minutes."""
    payloads = _payloads(100)
    outputs = FakeOutputs()
    mix = MixEngine(outputs, DecodingChain)
    mix.set_stage(SetStage(sources=tuple(SourceSpec(ssrc=ssrc) for ssrc in PPM)))
    sent = dict.fromkeys(PPM, 0)
    for tick in range(round(minutes * TICKS_PER_MINUTE)):
        now_ns = tick * TICK_NS + 2_000_000
        for ssrc, ppm in PPM.items():
            period_ns = TICK_NS * (1 - ppm * 1e-6)
            while (at_ns := round(sent[ssrc] * period_ns) + 1_000_000) <= now_ns:
                number = sent[ssrc]
                rtp = RtpPacket(number % 2**16, number * 480, ssrc, payloads[number % 100])
                mix.receive(SourcePacket(at_ns, rtp.serialize()), now_ns)
                sent[ssrc] += 1
        mix.tick(tick, now_ns)
        outputs.heard.clear()
    return tuple(mix.source_stats())


def _payloads(count: int) -> list[bytes]:
    """A tone of 440 Hz, packet by packet."""
    at_s = np.arange(count * 480) / 48_000
    tone = (0.2 * np.sin(2 * np.pi * 440 * at_s)).astype(np.float32)
    encoder = unit_encoder()
    return [encoder.encode(frame) for frame in tone.reshape(count, 480)]
