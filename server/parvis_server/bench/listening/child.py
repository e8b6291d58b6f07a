"""A process of listeners: its plan on the first line, then one order a line; answers likewise.

``python -m parvis_server.bench.listening.child``. It ends when it is told to, when whoever started
it is gone, or after the plan's time. Orders: ``{"do": "window", "begin_ns", "end_ns"}`` and
``{"do": "end"}``. Answers: ``joined`` once nobody is on the way in, ``window`` when one is over,
``end``.
"""

import gc
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

from parvis_server.bench.listening.crowd import Crowd
from parvis_server.bench.listening.fast_reader import built
from parvis_server.bench.listening.ledger import Window
from parvis_server.bench.listening.plan import Plan

STRAGGLERS_NS = 3_000_000_000
"""How long the packets of a window are waited for; later ones are lost."""

ORDERS_EVERY_NS = 20_000_000


class Child:
    """Serves a crowd and follows orders."""

    def __init__(self, plan: Plan) -> None:
        """It has joined nobody yet."""
        self._crowd = Crowd(plan, built())
        self._end_ns = time.monotonic_ns() + round(plan.most_s * 1e9)
        self._told_joined = False
        self._order = b""
        self._cpu_s: float | None = None
        """When the window began; None: before it."""
        self._spent_s: float | None = None
        """In the window, once it is over."""
        self._over = False

    def run(self) -> None:
        """Until the end."""
        look_ns = 0
        while not self._over and time.monotonic_ns() < self._end_ns:
            self._crowd.serve()
            now_ns = time.monotonic_ns()
            if now_ns >= look_ns:
                look_ns = now_ns + ORDERS_EVERY_NS
                self._obey()
                self._look(now_ns)
        _say("end", **self._outside())
        self._crowd.close()

    def _look(self, now_ns: int) -> None:
        if not self._told_joined and self._crowd.is_complete:
            self._told_joined = True
            _say("joined", listening=self._crowd.listening, reason=self._crowd.reason)
        window = self._crowd.ledger.window
        if window is None:
            return
        if self._cpu_s is None and now_ns >= window.begin_ns:
            self._cpu_s = time.process_time()
        if self._cpu_s is not None and self._spent_s is None and now_ns >= window.end_ns:
            self._spent_s = time.process_time() - self._cpu_s
        if now_ns >= window.end_ns and self._is_settled(window, now_ns):
            self._tell_window()

    def _is_settled(self, window: Window, now_ns: int) -> bool:
        return now_ns >= window.end_ns + STRAGGLERS_NS or not self._crowd.are_behind

    def _tell_window(self) -> None:
        window = self._crowd.close_window()
        _say(
            "window",
            tally=window.tally.as_json(),
            cpu_s=self._spent_s or 0.0,
            elapsed_s=(window.end_ns - window.begin_ns) / 1e9,
            listening=self._crowd.listening,
            one_clock=self._crowd.ledger.clock.shared,
            reason=self._crowd.reason,
        )
        self._cpu_s = self._spent_s = None

    def _outside(self) -> dict[str, Any]:
        return {
            "tally": self._crowd.ledger.outside.as_json(),
            "listening": self._crowd.listening,
            "tried": self._crowd.tried,
            "reason": self._crowd.reason,
        }

    def _obey(self) -> None:
        if not select.select([sys.stdin], [], [], 0)[0]:
            return
        received = os.read(sys.stdin.fileno(), 4096)
        if not received:  # whoever started it is gone
            self._over = True
        *orders, self._order = (self._order + received).split(b"\n")
        for line in orders:
            order = json.loads(line)
            if order["do"] == "window":
                self._crowd.ledger.window = Window(order["begin_ns"], order["end_ns"])
            elif order["do"] == "cut":
                self._cut()
            else:
                self._over = True

    def _cut(self) -> None:
        """Tell now what the window has so far."""
        if (window := self._crowd.ledger.window) is not None:
            window.end_ns = min(window.end_ns, time.monotonic_ns())


def _say(what: str, **more: Any) -> None:
    print(json.dumps({"said": what} | more), flush=True)


def main() -> None:
    """Read the plan, allow as many files as may be, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    line = sys.stdin.buffer.raw.readline()  # type: ignore[union-attr]  # unbuffered: orders follow
    child = Child(Plan.from_json(line.decode()))
    gc.collect()
    gc.freeze()
    gc.disable()  # it makes no cycles, and a collection would be everybody's delay
    child.run()


if __name__ == "__main__":
    main()
