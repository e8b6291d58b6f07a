"""An empty ticker: does nothing every 10 ms, and says when the machine did not let it.

Run it as a program beside the real processes, one for each core (`--core N`). Whatever made it late
also held up its neighbours, so a gap that they show at that moment is the machine's and not
theirs. It prints `late DEADLINE_NS LATENESS_NS` (monotonic clock) for each tick later than
`REPORTED_NS`, and `ticks N` when its standard input closes.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time

PERIOD_NS = 10_000_000
# Wake-ups are 0.1 ms late on an idle machine; this keeps the output small.
REPORTED_NS = 2_000_000


def main() -> None:
    """Tick until standard input closes."""
    parser = argparse.ArgumentParser(description="tick every 10 ms, report late ticks")
    parser.add_argument("--core", type=int, default=None, help="run on this core only")
    core = parser.parse_args().core
    if core is not None:
        os.sched_setaffinity(0, {core})
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    print("ready", flush=True)
    print(f"ticks {tick(ended)}", flush=True)


def tick(ended: threading.Event) -> int:
    """Count ticks on absolute deadlines, printing the late ones; missed ones are skipped."""
    count = 0
    deadline_ns = time.monotonic_ns()
    while not ended.is_set():
        deadline_ns += PERIOD_NS
        time.sleep(max(0, deadline_ns - time.monotonic_ns()) / 1e9)
        lateness_ns = time.monotonic_ns() - deadline_ns
        count += 1
        if lateness_ns > REPORTED_NS:
            print(f"late {deadline_ns} {lateness_ns}", flush=True)
            deadline_ns += lateness_ns // PERIOD_NS * PERIOD_NS
    return count


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main()
