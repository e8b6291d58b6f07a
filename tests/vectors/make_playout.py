"""Writes the playout traces: what packets arrive when, and what a listener's buffer makes of them.

``python tests/vectors/make_playout.py`` writes ``playout/*.json``; ``tests/audio/test_playout.py``
and the page's tests run them. `parvis_audio/playout.py` says at its top how a trace is run; in
these every moment counts as quiet (``quiet=True``), so a skip never waits.

Fields: ``arrivals`` = [arrival_ms, timestamp_ms, duration_ms] in order of arrival; ``hidden`` =
[at_ms, true|false]; ``announced`` = [at_ms, packet time in ms]; ``end_ms``; ``expected`` =
``samples`` of [at_ms, target_ms, delay_ms or null] (taken right after the step of that time, null
while not PLAYING), ``underruns``, ``skips``, ``rates_within`` = [lowest, highest], ``states`` =
[at_ms, state] at each change; ``tolerance`` for each.
"""

import json
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "server"))
sys.path.insert(0, str(HERE.parent))

from fakes.playout_trace import Arrival, Trace, run  # noqa: E402

FIRST_TIMESTAMP_MS = 86_000.0
PACKET_MS = 20.0

JITTERY = ("wifi", "heavy", "growing_wifi")
"""Traces in which 1 ms of position decides whether a packet is in time."""
TOLERANCE = {
    False: {"target_ms": 1.0, "delay_ms": 45.0, "state_at_ms": 20.0, "counts": 0},
    # one underrun more or less, and so 40 ms of target
    True: {"target_ms": 41.0, "delay_ms": 45.0, "state_at_ms": 20.0, "counts": 1},
}
"""For a twin that plays whole samples (a rate of 1.003 is 481 of 480) and counts otherwise."""


def stream(
    end_ms: float, delays_ms: Iterable[float], packet_ms: float = PACKET_MS, ppm: float = 0.0
) -> list[Arrival]:
    """Packets of a steady sender, each after its own delay on the way, in order as TCP keeps it."""
    arrivals: list[Arrival] = []
    earliest_ms = 0.0
    for number, delay_ms in zip(range(int(end_ms / packet_ms)), delays_ms, strict=False):
        sent_ms = (number + 1) * packet_ms * (1 - ppm * 1e-6)
        earliest_ms = max(earliest_ms, sent_ms + delay_ms)
        arrivals.append(
            Arrival(round(earliest_ms, 3), FIRST_TIMESTAMP_MS + number * packet_ms, packet_ms)
        )
    return arrivals


def changing(
    lengths_ms: Iterable[tuple[float, float]], delays_ms: Iterable[float]
) -> list[Arrival]:
    """One stream whose packets have each of these lengths for so long, each under way so long."""
    arrivals: list[Arrival] = []
    begin_ms = 0.0
    delays = iter(delays_ms)
    for packet_ms, for_ms in lengths_ms:
        for _ in range(int(for_ms / packet_ms)):
            begin_ms += packet_ms
            arrival_ms = max(begin_ms + next(delays), arrivals[-1].arrival_ms if arrivals else 0.0)
            timestamp_ms = FIRST_TIMESTAMP_MS + begin_ms - packet_ms
            arrivals.append(Arrival(round(arrival_ms, 3), timestamp_ms, packet_ms))
    return arrivals


def jitter(seed: int, mean_ms: float, count: int = 10_000) -> list[float]:
    """Delays like a radio's: mostly short, sometimes long."""
    generator = random.Random(seed)
    return [round(generator.expovariate(1 / mean_ms), 3) for _ in range(count)]


def stalled(delays_ms: list[float], at_ms: float, stall_ms: float) -> list[float]:
    """The same delays with a stop of the whole path; what waited then comes in one burst."""
    return [
        max(delay, at_ms + stall_ms - (n + 1) * PACKET_MS)
        if at_ms <= (n + 1) * PACKET_MS < at_ms + stall_ms
        else delay
        for n, delay in enumerate(delays_ms)
    ]


def traces() -> Iterable[Trace]:
    still = [1.0] * 10_000
    yield Trace(
        "wired", "no jitter: the target falls 10 ms a second to its floor", stream(40_000, still)
    )
    yield Trace("bundles", "60 ms packets on a wired path", stream(40_000, still, packet_ms=60.0))
    yield Trace("wifi", "exponential jitter of 12 ms on average", stream(60_000, jitter(1, 12.0)))
    yield Trace("heavy", "exponential jitter of 60 ms on average", stream(60_000, jitter(2, 60.0)))
    yield Trace(
        "underrun",
        "the path stops for 300 ms once: dry, then 40 ms more target",
        stream(40_000, stalled(still, 15_000, 300)),
    )
    yield Trace(
        "stall",
        "the path stops for 900 ms: dry, then far behind, so a skip",
        stream(30_000, stalled(still, 10_000, 900)),
    )
    yield Trace(
        "outage",
        "nothing for 4 s: reconnecting, then the live edge by a skip",
        stream(30_000, stalled(still, 10_000, 4_000)),
    )
    yield Trace(
        "fast_sender", "the sender's clock is 300 ppm fast", stream(60_000, still, ppm=300.0)
    )
    yield Trace(
        "slow_sender", "the sender's clock is 300 ppm slow", stream(60_000, still, ppm=-300.0)
    )
    yield Trace(
        "hidden",
        "the page is hidden from 10 s to 60 s",
        stream(90_000, still),
        hidden=[(10_000.0, True), (60_000.0, False)],
    )
    yield from growing()


def growing() -> Iterable[Trace]:
    """The audience grows, and goes: 20, 40, 60, 120, 20 ms."""
    lengths_ms = [(20, 20_000), (40, 8_000), (60, 18_000), (120, 18_000), (20, 36_000)]
    announced = [(16_010.0, 40.0), (24_010.0, 60.0), (34_010.0, 120.0), (63_010.0, 20.0)]
    yield Trace(
        "growing",
        "packets become longer and short again, each time announced",
        changing(lengths_ms, [1.0] * 10_000),
        announced=announced,
    )
    yield Trace(
        "growing_wifi",
        "the same over a radio",
        changing(lengths_ms, jitter(3, 8.0)),
        announced=announced,
    )
    yield Trace(
        "unannounced",
        "from 20 to 120 ms without a word",
        changing([(20, 20_000), (120, 12_000)], [1.0] * 10_000),
    )


def as_json(trace: Trace) -> dict[str, Any]:
    """The trace with what this side makes of it."""
    outcome = run(trace)
    return {
        "name": trace.name,
        "about": trace.about,
        "step_ms": 10,
        "end_ms": trace.end_ms,
        "hidden": [list(change) for change in trace.hidden],
        "announced": [list(told) for told in trace.announced],
        "arrivals": [[a.arrival_ms, a.timestamp_ms, a.duration_ms] for a in trace.arrivals],
        "expected": {
            "samples": [
                [at, round(target, 3), None if delay is None else round(delay, 3)]
                for at, target, delay in outcome.samples
            ],
            "underruns": outcome.underruns,
            "skips": outcome.skips,
            "rates_within": [outcome.lowest_rate, outcome.highest_rate],
            "states": [[at, state.value] for at, state in outcome.states],
        },
        "tolerance": TOLERANCE[trace.name in JITTERY],
    }


def main() -> None:
    """Write all."""
    (HERE / "playout").mkdir(exist_ok=True)
    for trace in traces():
        text = json.dumps(as_json(trace), separators=(",", ":"))
        (HERE / "playout" / f"{trace.name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
