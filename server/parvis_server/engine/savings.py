"""What an overloaded engine does without, in a stated order, rather than miss its ticks.

Theory of operation. The work of the ticks is averaged over windows of half a second. A window over
85 % of the tick's length goes one step down ``STEPS``: first fewer comparisons of the double-pickup
guard (a doubled voice is found later, nobody hears how much work an encoder took), then less work
in the encoders, which costs a little quality for everybody, at last no comparisons and the least
work that Opus knows. Windows under 55 % for ten seconds go one step back. If that was too early,
that is, if the ticks are too full again before as much time has passed once more, the next wait is
twice as long, up to five minutes: an engine near its limit does not swing.
"""

from dataclasses import dataclass
from typing import Final

WINDOW_NS: Final = 500_000_000

TOO_MUCH: Final = 0.85
"""Share of the tick's length: what is left takes the operating system's own delays."""

EASY: Final = 0.55
"""One step is worth up to a quarter of the work, so that a step back stays under ``TOO_MUCH``."""

FIRST_WAIT_WINDOWS: Final = 20
"""10 s."""

LONGEST_WAIT_WINDOWS: Final = 600


@dataclass(frozen=True, slots=True)
class Saving:
    """How much the engine does."""

    most_compared: int
    """Sources that the double-pickup guard compares with the loudest, ten times a second."""
    most_complexity: int
    """Opus complexity that no encoder passes."""


STEPS: Final = (
    Saving(most_compared=8, most_complexity=10),
    Saving(most_compared=2, most_complexity=10),
    Saving(most_compared=2, most_complexity=5),
    Saving(most_compared=0, most_complexity=5),
    Saving(most_compared=0, most_complexity=2),
    Saving(most_compared=0, most_complexity=0),
)
"""From everything to the least; ``EngineStats.savings`` is the place in this table.

Complexity 9 to 5 is 386 to 225 us for a return's 20 ms, and about 0.1 of PESQ."""


class Thrift:
    """Watches the work and says what to do without."""

    def __init__(self, tick_ns: int) -> None:
        """``tick_ns``: the length of a tick."""
        self.step = 0
        """Where in ``STEPS``."""
        self._tick_ns = tick_ns
        self._ticks = WINDOW_NS // tick_ns
        self._sum_ns = 0
        self._seen = 0
        self._easy_windows = 0
        self._wait_windows = FIRST_WAIT_WINDOWS
        self._risen_windows: int | None = None
        """Since a step back up that may still turn out to have been too early."""

    def worked(self, work_ns: int) -> Saving | None:
        """A tick's work; what holds from now on when that changes, else None."""
        self._sum_ns += work_ns
        self._seen += 1
        if self._seen < self._ticks:
            return None
        load = self._sum_ns / (self._seen * self._tick_ns)
        self._sum_ns = self._seen = 0
        before = self.step
        self._judge(load)
        return None if self.step == before else STEPS[self.step]

    def _judge(self, load: float) -> None:
        self._easy_windows = self._easy_windows + 1 if load < EASY else 0
        self._outlive()
        if load > TOO_MUCH and self.step < len(STEPS) - 1:
            self.step += 1
            if self._risen_windows is not None:
                self._wait_windows = min(2 * self._wait_windows, LONGEST_WAIT_WINDOWS)
            self._risen_windows, self._easy_windows = None, 0
        elif self._easy_windows >= self._wait_windows and self.step > 0:
            self.step -= 1
            self._risen_windows = self._easy_windows = 0

    def _outlive(self) -> None:
        """A step back up that held for as long as it was waited for was not too early."""
        if self._risen_windows is None:
            return
        self._risen_windows += 1
        if self._risen_windows >= self._wait_windows:
            self._risen_windows, self._wait_windows = None, FIRST_WAIT_WINDOWS
