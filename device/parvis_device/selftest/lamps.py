"""Shows every signal of the light, one after the other."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from parvis_device.light import LIVE_SIGNALS, NS_PER_MS, Pattern, Signal, lamps_at
from parvis_device.lights import Light

SHOWN_MS = (1_000, 3_000)
"""At least and at most: a steady one is seen in a second, one short blink in 3 s takes them all."""


def signals(*, with_red: bool) -> list[Signal]:
    """Those to show. Red means that sound leaves: nobody who was not told may see it."""
    return [signal for signal in Signal if with_red or signal not in LIVE_SIGNALS]


async def show(
    light: Light,
    shown: Iterable[Signal],
    patterns: Mapping[Signal, Pattern],
    told: Callable[[Signal], None],
    pace: float = 1.0,
) -> None:
    """Each for one round of its pattern; ``told`` before each. ``pace``: how much slower."""
    for signal in shown:
        told(signal)
        least, most = SHOWN_MS
        shown_ms = min(max(patterns[signal].cycle_ms, least), most)
        await _play(light, signal, patterns, int(shown_ms * pace * NS_PER_MS))


async def _play(
    light: Light, signal: Signal, patterns: Mapping[Signal, Pattern], shown_ns: int
) -> None:
    began_ns = time.monotonic_ns()
    while (elapsed_ns := time.monotonic_ns() - began_ns) < shown_ns:
        lamps, rest_ns = lamps_at(signal, elapsed_ns, patterns)
        light.show(signal, lamps)
        left_ns = shown_ns - elapsed_ns
        await asyncio.sleep(min(left_ns, rest_ns or left_ns) / 1e9)
