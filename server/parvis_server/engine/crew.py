"""Makes the library calls of many jobs on two processors, where there are two.

Theory of operation. The calls that the jobs wait for (``parvis_audio/work.py``) are one pile, from
which the caller's thread and a second one take. A call into libopus or libsamplerate lasts 20 to
400 us without the interpreter lock and nothing is around it, so that the two are seldom in each
other's way: 20 sources' decoding takes 320 us instead of 420, their resampling 390 instead of 690.
(With 3 us of Python around each call half of that is gone; whole receivers in two threads gained
nothing.) A second thread that is slow to wake finds less on the pile, or nothing; the caller waits
only for a call that the other has in hand.
"""

import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Final

from parvis_audio.work import Call, Crew, alone

LEAST_CALLS: Final = 2
"""Of one alone there is nothing to share."""

_Pile = Iterator[tuple[int, Call]]
_Outcome = tuple[int, int | Exception]


class Pair:
    """The caller's thread and one more, of the priority that the caller has now."""

    def __init__(self) -> None:
        """Start the second thread; it ends with this object."""
        self._piles: SimpleQueue[_Pile | None] = SimpleQueue()
        self._outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        arguments = (self._piles, self._outcomes)
        threading.Thread(target=_help, args=arguments, name="crew", daemon=True).start()
        weakref.finalize(self, self._piles.put, None)

    def make(self, calls: Sequence[Call]) -> list[int]:
        """Make them all; what one raises is raised here, once none runs any more."""
        if len(calls) < LEAST_CALLS:
            return alone(calls)
        pile = iter(list(enumerate(calls)))
        self._piles.put(pile)
        outcomes = list(_made(pile))
        outcomes += [self._outcomes.get() for _ in range(len(calls) - len(outcomes))]
        answers = [0] * len(calls)
        for at, answer in outcomes:
            if isinstance(answer, Exception):
                raise answer
            answers[at] = answer
        return answers


def _help(piles: "SimpleQueue[_Pile | None]", outcomes: "SimpleQueue[_Outcome]") -> None:
    """The second thread. A pile that the other has finished meanwhile is simply empty."""
    while (pile := piles.get()) is not None:
        for outcome in _made(pile):
            outcomes.put(outcome)


def _made(pile: _Pile) -> Iterator[_Outcome]:
    """Take from the pile until it is empty."""
    for at, call in pile:
        try:
            yield at, call()
        except Exception as fault:
            yield at, fault


def best_crew() -> Crew:
    """A pair where this process may use two processors."""
    return Pair().make if len(os.sched_getaffinity(0)) > 1 else alone
