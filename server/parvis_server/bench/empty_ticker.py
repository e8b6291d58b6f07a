"""A ticker without work, beside which the engine's lateness is judged.

``python -m parvis_server.bench.empty_ticker --seconds S`` ticks as the engine does, at the same
priority (``--plain``: at that of any program), and prints one JSON object: how many ticks, how many
of them late. What it is late by is the machine's doing.
"""

import argparse
import gc
import json
import sys
import time
from typing import Any

from parvis_server.bench.figures import figures
from parvis_server.engine.process import take_real_time_priority
from parvis_server.engine.schedule import TickSchedule

LATE_NS = 5_000_000
"""The bound that the engine is held to."""


def tick(seconds: float, *, plain: bool = False) -> dict[str, Any]:
    """Tick for so long: how many, those later than 5 ms, ``late_ms`` as percentiles."""
    real_time = not plain and take_real_time_priority()
    gc.disable()
    begin_ns = time.monotonic_ns()
    schedule = TickSchedule(begin_ns, begin_ns)
    latenesses_ns: list[int] = []
    while (now_ns := time.monotonic_ns()) - begin_ns < seconds * 1e9:
        if now_ns < schedule.next_deadline_ns:
            time.sleep((schedule.next_deadline_ns - now_ns) / 1e9)
            continue
        for number in schedule.take(now_ns).ticks:
            latenesses_ns.append(time.monotonic_ns() - schedule.deadline_ns(number))
    return {
        "ticks": len(latenesses_ns),
        "late": sum(lateness_ns > LATE_NS for lateness_ns in latenesses_ns),
        "late_ms": figures(lateness_ns / 1e6 for lateness_ns in latenesses_ns),
        "real_time": real_time,
    }


def main() -> int:
    """Run the ticker; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m parvis_server.bench.empty_ticker", description=__doc__
    )
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    print(json.dumps(tick(given.seconds, plain=given.plain)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
