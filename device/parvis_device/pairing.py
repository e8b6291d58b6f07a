"""How a unit is paired, as a table: what the hub asks, what the person presses, what follows. Pure.

An operator types the code of the label, and both sides prove with SPAKE2 that they know it; then
the button is pressed. Or the unit has no label: three seconds on its button accept it. Either way
the person at the unit says yes to a site, and the unit keeps its key.

Whoever asks by code may guess: every question counts as a wrong code until it proves to be right,
and after ``MAX_TRIES`` of them the unit answers none for ``PAUSE_S``, whatever connection they come
over. A unit without a button says yes by its code alone, and without one by its start.

The diagram in ``docs/talk-states.md`` is made from the table by ``parvis_device.make_docs``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_wire.pairing import FIRST_USE_HOLD_S, MAX_TRIES, PAUSE_S, PRESS_S, PairRefusal

SECOND_NS = 1_000_000_000


class PairingState(StrEnum):
    """How far it is."""

    AWAY = "away"
    """No hub, or one that knows this unit."""
    WAITING = "waiting"
    """The hub does not know this unit."""
    COMPUTING = "computing"
    """The hub asked by code; the answer is worked out."""
    PROVING = "proving"
    """The unit has proven its code; the hub is to do the same."""
    PRESS = "press"
    """The codes are the same: a press is all that is missing."""
    HOLD = "hold"
    """No code: the button is to be held."""
    ACCEPTED = "accepted"
    """The person said yes; the hub is to welcome the unit."""


class PairingEvent(StrEnum):
    """What can happen."""

    UNPAIRED = "unpaired"
    CODE = "code"
    """The hub asks by code, and may."""
    NO_CODE = "no_code"
    """It asks by code, and there is none."""
    PAUSED = "paused"
    """It asks by code too often."""
    COMPUTED = "computed"
    UNFIT = "unfit"
    """The hub's share is none."""
    CONFIRMED = "confirmed"
    WRONG = "wrong"
    BY_PRESS = "by_press"
    HAS_CODE = "has_code"
    """The hub asks for a press alone, and there is a code."""
    PRESSED = "pressed"
    HELD = "held"
    TOO_LATE = "too_late"
    GONE = "gone"
    """The connection ended, or the hub welcomed the unit."""


class PairingAction(StrEnum):
    """What follows."""

    COMPUTE = "compute"
    SHARE = "share"
    BELONG = "belong"
    """Keep the site's key, and tell the hub."""
    REFUSE_NO_CODE = "refuse_no_code"
    REFUSE_WRONG_CODE = "refuse_wrong_code"
    REFUSE_PAUSED = "refuse_paused"
    REFUSE_HAS_CODE = "refuse_has_code"
    REFUSE_NOT_PRESSED = "refuse_not_pressed"


REFUSALS: Mapping[PairingAction, PairRefusal] = {
    PairingAction.REFUSE_NO_CODE: PairRefusal.NO_CODE,
    PairingAction.REFUSE_WRONG_CODE: PairRefusal.WRONG_CODE,
    PairingAction.REFUSE_PAUSED: PairRefusal.PAUSED,
    PairingAction.REFUSE_HAS_CODE: PairRefusal.HAS_CODE,
    PairingAction.REFUSE_NOT_PRESSED: PairRefusal.NOT_PRESSED,
}
"""What each of them tells the hub."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table: where it leads and what is done on the way."""

    state: PairingState
    actions: tuple[PairingAction, ...] = ()


_S, _E, _A = PairingState, PairingEvent, PairingAction


def _asked(state: PairingState) -> dict[tuple[PairingState, PairingEvent], Step]:
    """A stranger may be asked anew at any time; what was asked before is void then."""
    return {
        (state, _E.UNPAIRED): Step(_S.WAITING),
        (state, _E.CODE): Step(_S.COMPUTING, (_A.COMPUTE,)),
        (state, _E.NO_CODE): Step(state, (_A.REFUSE_NO_CODE,)),
        (state, _E.PAUSED): Step(_S.WAITING, (_A.REFUSE_PAUSED,)),
        (state, _E.BY_PRESS): Step(_S.HOLD),
        (state, _E.HAS_CODE): Step(state, (_A.REFUSE_HAS_CODE,)),
        (state, _E.GONE): Step(_S.AWAY),
    }


_TOO_LATE = Step(_S.WAITING, (_A.REFUSE_NOT_PRESSED,))
_WRONG = Step(_S.WAITING, (_A.REFUSE_WRONG_CODE,))
_YES = Step(_S.ACCEPTED, (_A.BELONG,))

TABLE: Mapping[tuple[PairingState, PairingEvent], Step] = {
    (_S.AWAY, _E.UNPAIRED): Step(_S.WAITING),
    **_asked(_S.WAITING),
    **_asked(_S.COMPUTING),
    (_S.COMPUTING, _E.COMPUTED): Step(_S.PROVING, (_A.SHARE,)),
    (_S.COMPUTING, _E.UNFIT): _WRONG,
    **_asked(_S.PROVING),
    (_S.PROVING, _E.CONFIRMED): Step(_S.PRESS),
    (_S.PROVING, _E.WRONG): _WRONG,
    **_asked(_S.PRESS),
    (_S.PRESS, _E.PRESSED): _YES,
    (_S.PRESS, _E.TOO_LATE): _TOO_LATE,
    **_asked(_S.HOLD),
    (_S.HOLD, _E.HELD): _YES,
    (_S.HOLD, _E.TOO_LATE): _TOO_LATE,
    (_S.ACCEPTED, _E.UNPAIRED): Step(_S.WAITING),
    (_S.ACCEPTED, _E.GONE): Step(_S.AWAY),
}
"""A pair that is not in the table changes nothing."""

_FOR_A_PERSON = (_S.PRESS, _S.HOLD)

Actions = tuple[PairingAction, ...]


class Pairing:
    """One unit's pairing, over all its connections."""

    def __init__(
        self, *, has_code: bool, has_button: bool = True, accepts_until_ns: int = 0
    ) -> None:
        """``accepts_until_ns``: without button and code, the start of the unit is the person's yes
        until then."""
        self._has_code = has_code
        self._has_button = has_button
        self._accepts_until_ns = accepts_until_ns
        self._state = _S.AWAY
        self._tries = 0
        self._paused_until_ns: int | None = None
        self._too_late_ns = 0
        self._down_ns: int | None = None

    @property
    def state(self) -> PairingState:
        """The state now."""
        return self._state

    @property
    def for_a_person(self) -> bool:
        """Whether somebody is to press."""
        return self._state in _FOR_A_PERSON

    # --- the hub ---

    def unpaired(self) -> Actions:
        """The hub does not know this unit."""
        return self._handle(_E.UNPAIRED)

    def gone(self) -> Actions:
        """The connection ended, or the unit is welcome."""
        return self._handle(_E.GONE)

    def asked_by_code(self, now_ns: int) -> Actions:
        """An operator typed a code."""
        if self._state not in _MAY_BE_ASKED:
            return ()
        if not self._has_code:
            return self._handle(_E.NO_CODE)
        if self._paused(now_ns):
            return self._handle(_E.PAUSED)
        self._tries += 1
        if self._tries >= MAX_TRIES:
            self._paused_until_ns = now_ns + PAUSE_S * SECOND_NS
        return self._handle(_E.CODE)

    def computed(self, *, fit: bool) -> Actions:
        """The answer to that is worked out; not ``fit``: the hub's share was none."""
        return self._handle(_E.COMPUTED if fit else _E.UNFIT)

    def answered(self, now_ns: int, *, right: bool) -> Actions:
        """The hub's proof came."""
        if self._state is not _S.PROVING:
            return ()
        if not right:
            return self._handle(_E.WRONG)
        self._tries, self._paused_until_ns = 0, None
        actions = self._handle(_E.CONFIRMED)
        self._too_late_ns = now_ns + PRESS_S * SECOND_NS
        return actions if self._has_button else (*actions, *self._handle(_E.PRESSED))

    def asked_by_press(self, now_ns: int) -> Actions:
        """An operator accepts this unit without a code, when its button agrees."""
        if self._state not in _MAY_BE_ASKED:
            return ()
        if self._has_code:
            return self._handle(_E.HAS_CODE)
        self._down_ns = None  # a button that is down already was pressed for something else
        self._too_late_ns = now_ns + PRESS_S * SECOND_NS
        actions = self._handle(_E.BY_PRESS)
        if self._has_button:
            return actions
        started_for_it = now_ns < self._accepts_until_ns
        return (*actions, *self._handle(_E.HELD if started_for_it else _E.TOO_LATE))

    # --- the person ---

    def pressed(self, now_ns: int) -> Actions:
        """The button went down."""
        self._down_ns = now_ns
        return self._handle(_E.PRESSED)

    def released(self, now_ns: int) -> Actions:
        """It came up again."""
        actions = self.tick(now_ns)
        self._down_ns = None
        return actions

    def tick(self, now_ns: int) -> Actions:
        """What follows from time alone; ask a few times a second."""
        if not self.for_a_person:
            return ()
        if now_ns >= self._too_late_ns:
            return self._handle(_E.TOO_LATE)
        held_ns = 0 if self._down_ns is None else now_ns - self._down_ns
        return self._handle(_E.HELD) if held_ns >= FIRST_USE_HOLD_S * SECOND_NS else ()

    def _paused(self, now_ns: int) -> bool:
        if self._paused_until_ns is not None and now_ns >= self._paused_until_ns:
            self._tries, self._paused_until_ns = 0, None
        return self._paused_until_ns is not None

    def _handle(self, event: PairingEvent) -> Actions:
        step = TABLE.get((self._state, event))
        if step is None:
            return ()
        self._state = step.state
        return step.actions


_MAY_BE_ASKED = (_S.WAITING, _S.COMPUTING, _S.PROVING, _S.PRESS, _S.HOLD)
