"""How an operator and a unit come to trust each other, and how often a code may be wrong. Pure.

A unit that proved a key which the house does not know waits. From there a table leads on: an
operator types the code of its label (SPAKE2, then a press), or accepts it by its button alone,
which is trust on first use. Each step that needs the other side has a time; whoever is late is
where it was before.

Five wrong codes, and there is a pause: for this unit, for this label whatever units it was tried
on, and after more of them for the whole desk. A new key costs an attacker nothing; what it must
not buy is another guess.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from parvis_wire.pairing import MAX_TRIES, PAUSE_S, PRESS_S, PairRefusal

NS_PER_S = 1_000_000_000

ANSWER_NS = 15 * NS_PER_S
"""SPAKE2 takes a small board less than a second; a unit that has not answered by then is busy."""

PRESS_NS = (PRESS_S + 5) * NS_PER_S
"""The unit counts the two minutes; its clock starts when the hub's message is there."""

PAUSE_NS = PAUSE_S * NS_PER_S

MAX_DESK_TRIES = 20
"""Wrong codes of all units and labels together: an operator who types so many is being misled."""

MAX_COUNTED = 1024
"""Units and labels whose tries are remembered; only an operator's typing adds one."""


class Step(StrEnum):
    """How far a unit that waits has come."""

    WAITING = "waiting"
    ASKED = "asked"
    """A code was typed: the unit has the hub's share."""
    WRONG_CODE = "wrong_code"
    PRESS = "press"
    """Both know the code: its button is all that is missing."""
    HOLD = "hold"
    """Accepted without a code: three seconds on its button, and it is trusted."""
    REFUSED = "refused"
    """The unit will not, or nobody pressed."""
    PAIRED = "paired"


class Happening(StrEnum):
    """What leads from one step to another."""

    CODE_TYPED = "code_typed"
    ACCEPTED = "accepted"
    RIGHT_CODE = "right_code"
    WRONG_CODE = "wrong_code"
    PRESSED = "pressed"
    UNIT_REFUSED = "unit_refused"
    TIMED_OUT = "timed_out"


_AT_REST = (Step.WAITING, Step.WRONG_CODE, Step.REFUSED)

TRANSITIONS: Mapping[tuple[Step, Happening], Step] = {
    **{(step, Happening.CODE_TYPED): Step.ASKED for step in _AT_REST},
    **{(step, Happening.ACCEPTED): Step.HOLD for step in _AT_REST},
    # A unit may say why not at any time: its word may cross with an end of the hub's patience.
    **{(step, Happening.UNIT_REFUSED): Step.REFUSED for step in Step if step is not Step.PAIRED},
    (Step.ASKED, Happening.RIGHT_CODE): Step.PRESS,
    (Step.ASKED, Happening.WRONG_CODE): Step.WRONG_CODE,
    (Step.ASKED, Happening.TIMED_OUT): Step.WAITING,
    (Step.PRESS, Happening.PRESSED): Step.PAIRED,
    (Step.PRESS, Happening.TIMED_OUT): Step.REFUSED,
    (Step.HOLD, Happening.PRESSED): Step.PAIRED,
    (Step.HOLD, Happening.TIMED_OUT): Step.REFUSED,
}
"""What is not in here is out of turn."""

TIMES_NS: Mapping[Step, int] = {
    Step.ASKED: ANSWER_NS,
    Step.PRESS: PRESS_NS,
    Step.HOLD: PRESS_NS,
}
"""How long a step waits for the unit or for the hand at its button."""


@dataclass(slots=True)
class Pairing:
    """One unit's way from the door to being trusted."""

    step: Step = Step.WAITING
    why: PairRefusal | None = None
    """Why it is refused."""
    has_code: bool | None = None
    """Whether it has a label; None: nobody asked it yet."""
    due_ns: int | None = None

    def happens(self, happening: Happening, now_ns: int, why: PairRefusal | None = None) -> bool:
        """Go on; False when this is out of turn, and then nothing changes.

        Args:
            happening: what came.
            now_ns: monotonic time.
            why: of a refusal.
        """
        self.passes(now_ns)
        return self._goes(happening, now_ns, why)

    def passes(self, now_ns: int) -> bool:
        """Let time pass; whether the step was given up by it."""
        late = self.due_ns is not None and now_ns >= self.due_ns
        if late:
            self._goes(Happening.TIMED_OUT, now_ns, PairRefusal.NOT_PRESSED)
        return late

    def _goes(self, happening: Happening, now_ns: int, why: PairRefusal | None) -> bool:
        following = TRANSITIONS.get((self.step, happening))
        if following is None:
            return False
        self.step = following
        self.why = why if following is Step.REFUSED else None
        time_ns = TIMES_NS.get(following)
        self.due_ns = None if time_ns is None else now_ns + time_ns
        self._learn(happening, why)
        return True

    def _learn(self, happening: Happening, why: PairRefusal | None) -> None:
        """Whether it has a label shows in its answers."""
        if happening in (Happening.RIGHT_CODE, Happening.WRONG_CODE):
            self.has_code = True
        elif happening is Happening.UNIT_REFUSED and why in _TELLING:
            self.has_code = why is not PairRefusal.NO_CODE

    @property
    def first_use(self) -> bool:
        """Whether it is being accepted by its button alone."""
        return self.step is Step.HOLD

    def __str__(self) -> str:
        """As the console shows it: either way of pressing is a press."""
        if self.step is Step.REFUSED and self.why is not None:
            return f"refused:{self.why.value}"
        return Step.PRESS.value if self.step is Step.HOLD else self.step.value


_TELLING = frozenset({PairRefusal.NO_CODE, PairRefusal.HAS_CODE, PairRefusal.PAUSED})
"""A unit pauses only after codes that were wrong: it has one."""


@dataclass(slots=True)
class _Count:
    wrong: int
    last_ns: int


@dataclass(slots=True)
class Tries:
    """How often each of many things may be wrong before there is a pause."""

    most: int = MAX_TRIES
    _counts: OrderedDict[str, _Count] = field(default_factory=OrderedDict)

    def left(self, whose: str, now_ns: int) -> int:
        """How many are left; none during a pause."""
        return self.most - self._wrong(whose, now_ns)

    def take(self, whose: str, now_ns: int) -> None:
        """One more, as if it were wrong: several at once count before any is answered."""
        count = _Count(self._wrong(whose, now_ns) + 1, now_ns)
        self._counts[whose] = count
        self._counts.move_to_end(whose)
        if len(self._counts) > MAX_COUNTED:
            self._counts.popitem(last=False)

    def give_back(self, whose: str) -> None:
        """It was not answered, so nobody learned anything by it."""
        count = self._counts.get(whose)
        if count is not None:
            count.wrong = max(0, count.wrong - 1)

    def forget(self, whose: str) -> None:
        """It was right."""
        self._counts.pop(whose, None)

    def _wrong(self, whose: str, now_ns: int) -> int:
        """Those of the last ten minutes' run: ten minutes without any, and all are forgotten."""
        count = self._counts.get(whose)
        if count is None or now_ns - count.last_ns >= PAUSE_NS:
            return 0
        return count.wrong


DESK = "desk"


@dataclass(slots=True)
class CodeGuard:
    """The tries of units, of labels, and of the whole desk."""

    _each: Tries = field(default_factory=Tries)
    _all: Tries = field(default_factory=lambda: Tries(MAX_DESK_TRIES))

    def left(self, unit: str, now_ns: int) -> int:
        """How many tries this unit has."""
        return max(0, min(self._each.left(f"unit {unit}", now_ns), self._all.left(DESK, now_ns)))

    def take(self, unit: str, label: str, now_ns: int) -> bool:
        """One try of a label's code with a unit; False: there is a pause, and nothing is taken.

        Args:
            unit: fingerprint.
            label: stands for the code, and tells nobody what it is.
            now_ns: monotonic time.
        """
        whose = (f"unit {unit}", f"label {label}")
        spent = any(self._each.left(one, now_ns) <= 0 for one in whose)
        if spent or self._all.left(DESK, now_ns) <= 0:
            return False
        for one in whose:
            self._each.take(one, now_ns)
        self._all.take(DESK, now_ns)
        return True

    def give_back(self, unit: str, label: str) -> None:
        """The unit did not answer."""
        for one in (f"unit {unit}", f"label {label}"):
            self._each.give_back(one)
        self._all.give_back(DESK)

    def right(self, unit: str, label: str) -> None:
        """It was the right code."""
        self._all.give_back(DESK)
        for one in (f"unit {unit}", f"label {label}"):
            self._each.forget(one)
