"""Makes the library calls of many jobs together: on two processors where there are two.

Theory of operation. All jobs (``parvis_audio/work.py``) are driven side by side: each is advanced
to its next call, then all those calls are one pile from which the caller's thread and a second one
take. A call into libopus or libsamplerate lasts 20 to 50 us without the interpreter lock and
nothing is around it, so that the two are seldom in each other's way: 20 sources' decoding takes 320
us instead of 420, their resampling 390 instead of 690. (With 3 us of Python around each call half
of that is gone; whole receivers in two threads gained nothing.) A second thread that is slow to
wake finds less on the pile, or nothing; the caller waits only for a call that the other has in
hand.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from queue import SimpleQueue
from typing import Final, TypeVar

from parvis_audio.errors import ParvisAudioError
from parvis_audio.work import Call, Job

Result = TypeVar("Result")

Crew = Callable[[Sequence[Call]], list[int]]
"""Makes all the calls, in any order; what each answered, in theirs."""

LEAST_CALLS: Final = 4
"""A thread takes 50 us to wake up: for fewer calls it would come too late."""

_Pile = Iterator[tuple[int, Call]]
_Outcome = tuple[int, int | Exception]


def alone(calls: Sequence[Call]) -> list[int]:
    """The crew of one."""
    return [call() for call in calls]


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


def results(jobs: Iterable[Job[Result]], crew: Crew) -> list[Result | None]:
    """What comes of each job, all driven together; None where ``ParvisAudioError`` ended it."""
    running = list(enumerate(jobs))
    found: list[Result | None] = [None] * len(running)
    answers: list[int | None] = [None] * len(running)
    while running:
        calls: list[Call] = []
        going_on = []
        for (at, job), answer in zip(running, answers, strict=True):
            try:
                calls.append(next(job) if answer is None else job.send(answer))
            except StopIteration as end:
                found[at] = end.value
            except ParvisAudioError:
                continue
            else:
                going_on.append((at, job))
        answers = [*crew(calls)]
        running = going_on
    return found
