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
