"""Sound checks: one output plays a coded signal alone, every desk feed is searched for it.

One check at a time, the others wait. It plays and listens for 1.7 s, then works on one period of
one feed in each tick (1 ms), so that no tick is late for it. A check that was asked for already is
not played again: it is answered again.

A feed that stalls brings nothing back, and would look clean: one of which too little came says
nothing, and is left out of the answer.
"""

from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.engine.boundary import Checked, DeskReturn
from parvis_server.engine.stage import MAX_OUTPUTS, CheckOutput
from parvis_server.media.coded_signal import (
    PLAYED_SAMPLES,
    SAMPLE_RATE_HZ,
    CodedSignal,
    ReturnFinder,
)

Frame = NDArray[np.float32]

RETURNS_DB: Final = -45.0
"""A desk that brings back this much or more is a loop. Less is the cross-talk of an analogue desk:
10 dB under what the echo gate leaves of a hall."""

LEAST_HEARD: Final = 0.9
"""Of the time that is listened to: a packet or two may be lost, and the code stands out still."""

REMEMBERED_CHECKS: Final = 16
"""A host who asks twice gets the same answer; more are nobody's repeat."""


class SoundChecks:
    """Runs the checks of a stage."""

    def __init__(self) -> None:
        """Make the signal; nothing to do yet."""
        self._signal = CodedSignal()
        self._waiting: deque[CheckOutput] = deque(maxlen=MAX_OUTPUTS)
        self._running: CheckOutput | None = None
        self._finders: dict[int, ReturnFinder] = {}
        self._at = 0
        self._answers: dict[int, Checked] = {}
        self._said: list[Checked] = []

    @property
    def output(self) -> int | None:
        """The output that plays the signal, and nothing else, in this tick."""
        playing = self._running is not None and self._at < PLAYED_SAMPLES
        return self._running.output if playing and self._running is not None else None

    def ask(self, command: CheckOutput) -> None:
        """Queue a check; one that was asked before is answered again, one that waits is left."""
        known = self._answers.get(command.check)
        if known is not None:
            self._said.append(known)
        elif command != self._running and command not in self._waiting:
            self._waiting.append(command)

    def begin(self, outputs: Collection[int], desks: Collection[int]) -> None:
        """At the start of a tick: take the next check; drop one whose output has left.

        Where there is no desk to listen on, or no such output, nothing is played.
        """
        if self._running is not None and self._running.output not in outputs:
            self._finish(())
        if self._running is None and self._waiting:
            self._running, self._at = self._waiting.popleft(), 0
            self._finders = {desk: ReturnFinder(self._signal) for desk in desks}
            if not self._finders or self._running.output not in outputs:
                self._finish(())

    def frame(self, samples: int) -> Frame:
        """What ``output`` plays in this tick."""
        return self._signal.frame(self._at, samples)

    def end(self, raw: Mapping[int, Frame], samples: int) -> tuple[Checked, ...]:
        """At the end of a tick: listen, or work on what was heard; checks that are answered.

        ``raw``: the desks that sent sound for this tick; what was made up says nothing.
        """
        if self._running is not None:
            if self._at < PLAYED_SAMPLES:
                for desk, finder in self._finders.items():
                    if desk in raw:
                        finder.listen(self._at, raw[desk])
                self._at += samples
            else:
                self._work()
        answered, self._said = tuple(self._said), []
        return answered

    def _work(self) -> None:
        """One step; a feed that was not there all the time is left out."""
        heard = {d: finder for d, finder in self._finders.items() if _heard_enough(finder)}
        for finder in heard.values():
            if not finder.done:
                finder.step()
                return
        self._finish(tuple(_desk_return(desk, finder) for desk, finder in heard.items()))

    def _finish(self, desks: tuple[DeskReturn, ...]) -> None:
        assert self._running is not None
        answer = Checked(check=self._running.check, output=self._running.output, desks=desks)
        self._answers[answer.check] = answer
        if len(self._answers) > REMEMBERED_CHECKS:
            del self._answers[next(iter(self._answers))]
        self._said.append(answer)
        self._running, self._finders = None, {}


def _heard_enough(finder: ReturnFinder) -> bool:
    return finder.heard_share >= LEAST_HEARD


def _desk_return(desk: int, finder: ReturnFinder) -> DeskReturn:
    found = finder.found()
    if found is None:
        return DeskReturn(desk=desk, returns=False)
    return DeskReturn(
        desk=desk,
        returns=found.gain_db >= RETURNS_DB,
        gain_db=found.gain_db,
        delay_ms=found.delay_samples / SAMPLE_RATE_HZ * 1e3,
    )
