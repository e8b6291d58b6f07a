"""Sound checks: which output was tried, and which desk feeds bring one back. Pure.

A desk that returns what an output plays would send the room's own sound round in a circle. It is
kept out of the mix (muted, so that a later check can still listen on it) until a check of the same
output comes out clean, or the host unmutes it by hand. Nothing is clean that was not heard: where
the output did not play, or a feed stalled, the check says so and lets nobody in.
"""

from collections.abc import Collection, Container
from dataclasses import dataclass

from parvis_wire.stage import Alarm, AlarmKind, CheckResult, CheckState

NS_PER_S = 1_000_000_000

PATIENCE_NS = 20 * NS_PER_S
"""A check lasts a few seconds, and as many as are running stand in a queue; one without a
result after that went down with its engine."""


@dataclass(frozen=True, slots=True)
class DeskFinding:
    """One desk feed in a sound check."""

    desk: str
    returns: bool
    gain_db: float | None = None
    delay_ms: float | None = None


@dataclass(slots=True)
class _Running:
    number: int
    until_ns: int


class SoundChecks:
    """The checks of one room."""

    def __init__(self) -> None:
        """Nothing was checked."""
        self._last_number = 0
        self._running: dict[str, _Running] = {}
        self._results: dict[str, CheckResult] = {}
        self._returns: dict[tuple[str, str], float | None] = {}
        """(desk, output) to the gain in dB with which the output comes back."""

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """The newest check of every output that was checked."""
        return tuple(self._results.values())

    @property
    def running(self) -> tuple[tuple[int, str], ...]:
        """Number and output of every check that has no result yet."""
        return tuple((run.number, output) for output, run in self._running.items())

    def begin(self, output: str, now_ns: int) -> int | None:
        """The number of a new check of this output; None while one is running."""
        if output in self._running:
            return None
        self._last_number += 1
        until_ns = now_ns + PATIENCE_NS * (1 + len(self._running))
        self._running[output] = _Running(self._last_number, until_ns)
        self._results.pop(output, None)
        self._results[output] = CheckResult(output=output, state=CheckState.RUNNING)
        return self._last_number

    def abandon(self, output: str) -> None:
        """The check could not be made: there is no result."""
        if self._running.pop(output, None) is not None:
            del self._results[output]

    def ended(
        self,
        number: int,
        desks: tuple[DeskFinding, ...],
        *,
        played: bool,
        awaited: Collection[str] = (),
    ) -> None:
        """The engine told what it found; a check that nobody waits for changes nothing.

        Args:
            number: of the check.
            desks: the feeds that were heard.
            played: whether the output is known to have played meanwhile.
            awaited: desks that should have been heard.
        """
        output = next((o for o, run in self._running.items() if run.number == number), None)
        if output is None:
            return
        del self._running[output]
        for desk in desks:
            if desk.returns:
                self._returns[desk.desk, output] = desk.gain_db
            elif played:
                self._returns.pop((desk.desk, output), None)
        certain = played and {desk.desk for desk in desks}.issuperset(awaited)
        self._results[output] = _result(output, desks, certain=certain)

    def keeps_out(self, desk: str) -> bool:
        """Whether this desk brings back what some output plays."""
        return any(source == desk for source, _ in self._returns)

    def allow(self, desk: str) -> None:
        """The host knows better: this desk may be in the mix."""
        for pair in tuple(self._returns):
            if pair[0] == desk:
                del self._returns[pair]

    def alarms(self) -> tuple[Alarm, ...]:
        """One for each desk that is kept out."""
        loudest: dict[str, float | None] = {}
        for (desk, _), gain_db in self._returns.items():
            known = loudest.get(desk)
            loudest[desk] = _louder(known, gain_db)
        return tuple(
            Alarm(kind=AlarmKind.DESK_RETURNS, participant=desk, value=_rounded(gain_db))
            for desk, gain_db in loudest.items()
        )

    def review(self, now_ns: int, *, outputs: Container[str], desks: Container[str]) -> None:
        """Drop the checks that were lost, and all that concerns who is gone or something else now.

        Args:
            now_ns: monotonic time.
            outputs: participants who play something.
            desks: those who are a desk; one that came back as a microphone is not kept out.
        """
        for output, run in tuple(self._running.items()):
            if run.until_ns <= now_ns or output not in outputs:
                self.abandon(output)
        for output in tuple(self._results):
            if output not in outputs:
                del self._results[output]
        for desk, output in tuple(self._returns):
            if desk not in desks or output not in outputs:
                del self._returns[desk, output]


def _result(output: str, desks: tuple[DeskFinding, ...], *, certain: bool) -> CheckResult:
    """What to show; ``certain``: whether nothing can have come back unheard."""
    returning = [desk for desk in desks if desk.returns]
    if not returning:
        state = CheckState.CLEAN if desks and certain else CheckState.UNHEARD
        return CheckResult(output=output, state=state)
    worst = max(returning, key=lambda desk: desk.gain_db if desk.gain_db is not None else -999.0)
    return CheckResult(
        output=output,
        state=CheckState.RETURNS,
        desk=worst.desk,
        gain_db=_rounded(worst.gain_db),
        delay_ms=_rounded(worst.delay_ms),
    )


def _louder(one: float | None, other: float | None) -> float | None:
    """The higher gain; None where neither was measured."""
    return max((gain for gain in (one, other) if gain is not None), default=None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
