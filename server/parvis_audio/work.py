"""Calls that last tens of microseconds outside of the interpreter lock, and jobs made of them.

A ``Job`` is a generator: it yields a call that has to be made before it can go on, is sent what
that answered, and returns what comes of it. Whoever drives several jobs may make their calls at the
same time, in any thread; the jobs themselves stay in their own thread.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import TypeVar

from parvis_audio.errors import ParvisAudioError

Result = TypeVar("Result")

Call = Callable[[], int]
"""A bare call into a library, its arguments bound by ``functools.partial``: a Python frame around
it would ask for the interpreter lock twice as long."""

Crew = Callable[[Sequence[Call]], list[int]]
"""Makes all the calls, in any order; what each answered, in theirs."""

Job = Generator[Call, int, Result]


def done(job: Job[Result]) -> Result:
    """Run a job to its end, here and now."""
    try:
        call = next(job)
        while True:
            call = job.send(call())
    except StopIteration as end:
        result: Result = end.value
        return result


def alone(calls: Sequence[Call]) -> list[int]:
    """The crew of one."""
    return [call() for call in calls]


def results(jobs: Iterable[Job[Result]], crew: Crew) -> list[Result | ParvisAudioError]:
    """What comes of each job, all driven together, or the error that ended it."""
    running = list(enumerate(jobs))
    found: dict[int, Result | ParvisAudioError] = {}
    answers: list[int | None] = [None] * len(running)
    while running:
        calls: list[Call] = []
        going_on = []
        for (at, job), answer in zip(running, answers, strict=True):
            try:
                calls.append(next(job) if answer is None else job.send(answer))
            except StopIteration as end:
                found[at] = end.value
            except ParvisAudioError as error:
                found[at] = error
            else:
                going_on.append((at, job))
        answers = [*crew(calls)]
        running = going_on
    return [found[at] for at in sorted(found)]
