"""The delay that each stage may take: the budget that the chain was designed to. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Milliseconds for one stage of a bench."""

    wired_ms: float
    """Ticks and packets of 10 ms, Ethernet."""
    least_ms: float
    """Ticks and packets of 5 ms, Ethernet, the best sound card."""
    holds: str


STAGES = {
    "unit_to_hub_ms": Budget(2.0, 1.0, "encode and send 1 (0.5), network 1 (0.5)"),
    "hub_buffer_ms": Budget(10.4, 5.4, "jitter buffer and wait for the tick, resampler 0.4"),
    "mix_encode_ms": Budget(1.0, 0.5, "mix, encode, send"),
    "lookahead_ms": Budget(6.5, 5.0, "two encoders 2.5 each, limiter 1.5 (0)"),
    "loudspeaker_ms": Budget(11.0, 5.5, "network 1 (0.5), playout buffer 10 (5)"),
}
"""Between the two callbacks: the block that fills before (10 ms, or 5) and both converters (9 ms in
all, or 4) come on top: about 50 ms from mouth to loudspeaker, or 26."""

CALLBACKS_TO_MOUTH_MS = {10: 19.0, 5: 9.0}
"""What lies outside the callbacks: the filling of the block and both converters."""


def budget_ms(stage: str, frame_ms: int) -> float | None:
    """What a stage may take; None for what is no stage of the path."""
    found = STAGES.get(stage)
    if found is None:
        return None
    return found.wired_ms if frame_ms == 10 else found.least_ms
