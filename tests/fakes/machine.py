"""The machine that tests run on: when it stood still, and how long something took apart from that.

On a machine with other work a process may wait for its turn for a second; a test that holds a
promise in seconds against the clock on the wall would judge the machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fakes.processes import Program, command, cpu_core_list, running
from fakes.stalls import REPORTED_NS, Stall, merged, stalls

NEWS_S = 1.0
"""A ticker tells of a stall when it is over: it may be read a little later."""


class MachineWatch:
    """Empty tickers, one for each core, beside whatever a test runs."""

    def __init__(self, tickers: list[Program]) -> None:
        self._tickers = tickers

    def stalls(self) -> list[Stall]:
        """When the machine stood still until now."""
        return stalls(self._lines())

    def assert_within(
        self, limit_s: float, since_s: float, what: str, at_s: float | None = None
    ) -> None:
        """This took no longer since this moment of the monotonic clock, the machine's stalls not
        counted; ``at_s``: when it happened, if not now."""
        now_s = time.monotonic() if at_s is None else at_s
        took_s = now_s - since_s
        if took_s >= limit_s:
            took_s -= self.stood_still_s(since_s, now_s)
        assert took_s < limit_s, f"{what}: {took_s:.2f} s, and {limit_s:.2f} are allowed"

    def stood_still_s(self, from_s: float, until_s: float) -> float:
        """For how long of this time the machine stood still."""
        threading.Event().wait(NEWS_S)
        begin_ns, end_ns = round(from_s * 1e9), round(until_s * 1e9)
        found = stalls(self._lines(), REPORTED_NS)
        windows = merged((max(one.start_ns, begin_ns), min(one.end_ns, end_ns)) for one in found)
        return sum(max(stop - start, 0) for start, stop in windows) / 1e9

    def _lines(self) -> list[str]:
        return [line for ticker in self._tickers for line in tuple(ticker.lines)]


class CoreClock:
    """How much of all cores was taken, by anybody on this machine or by the one it runs on."""

    def __init__(self) -> None:
        self._counts: list[tuple[int, float, float]] = []
        """Monotonic time, then what all cores did nothing and had in all, in the kernel's ticks."""

    def note(self, now_ns: int, said: str) -> None:
        """Count once more: the first line of `/proc/stat` at this moment."""
        ticks = [float(number) for number in said.split()[1:9]]
        idle, waiting_for_disk = ticks[3], ticks[4]
        self._counts.append((now_ns, idle + waiting_for_disk, sum(ticks)))

    def taken_share(self, begin_ns: int, end_ns: int) -> float:
        """Of all cores, in the readings from just before this time to just after it."""
        before = [count for count in self._counts if count[0] <= begin_ns]
        after = [count for count in self._counts if count[0] >= end_ns]
        (_, idle_before, all_before), (_, idle_after, all_after) = before[-1], after[0]
        return 1 - (idle_after - idle_before) / (all_after - all_before)


@contextmanager
def core_clock(every_s: float = 0.5) -> Iterator[CoreClock]:
    """Count for the length of a block."""
    clock, is_over = CoreClock(), threading.Event()

    def read() -> None:
        with Path("/proc/stat").open() as counts:
            clock.note(time.monotonic_ns(), counts.readline())

    def count() -> None:
        read()
        while not is_over.wait(every_s):
            read()
        read()

    counting = threading.Thread(target=count)
    counting.start()
    try:
        yield clock
    finally:
        is_over.set()
        counting.join()


@contextmanager
def machine_watch() -> Iterator[MachineWatch]:
    """Watch the machine for the length of a block."""
    script = str(Path(__file__).with_name("ticker.py"))
    with ExitStack() as stack:
        tickers = [
            stack.enter_context(running(*command("python", script, "--core", str(core))))
            for core in cpu_core_list()
        ]
        for ticker in tickers:
            ticker.wait_for("ready")
        yield MachineWatch(tickers)
