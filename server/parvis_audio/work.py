"""Calls that last tens of microseconds outside of the interpreter lock, and jobs made of them.

A ``Job`` is a generator: it yields a call that has to be made before it can go on, is sent what
that answered, and returns what comes of it. Whoever drives several jobs may make their calls at the
same time, in any thread; the jobs themselves stay in their own thread.
"""

from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")

Call = Callable[[], int]
"""A bare call into a library, its arguments bound by ``functools.partial``: a Python frame around
it would ask for the interpreter lock twice as long."""

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
