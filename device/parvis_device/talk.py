"""Talk state of one unit as a table: what the person pressed, what the hub said, what follows.

Theory of operation: the hub's view of the room is the truth about the line and the floor; after
each of its messages the unit feeds in the ``Standing`` that the view gives it. The press goes out
as a command, and a state remembers that its answer is awaited. Sound may leave (``ARM``) on one
path only: the person's press, then *both* the hub's acknowledgement of that very command *and* a
view that says live. Every way out of ``LIVE`` disarms.

The diagram in ``docs/talk-states.md`` is made from these tables by ``parvis_device.make_docs``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_wire.standing import (
    Standing,
)


class TalkState(StrEnum):
    """Where the person at this unit stands."""

    LOST = "lost"
    """No hub, and nothing to come back to: a turn that it still keeps goes back to the line."""
    LEFT = "left"
    """No hub; stepped down since it was lost."""
    IDLE = "idle"
    RAISING = "raising"
    """The hand was sent; the hub has not shown it in the line yet."""
    QUEUED = "queued"
    NEXT = "next"
    LOWERING = "lowering"
    """The hand was taken back; the hub still shows it."""
    GRANTED = "granted"
    """This person's turn: a press opens the microphone."""
    INVITED = "invited"
    """A phone's owner has the turn: a press opens this microphone for them."""
    OPENING = "opening"
    """Pressed without a grant, in a mode that allows it; waits for the hub's answer."""
    OPENING_ACKED = "opening_acked"
    """The hub agreed; a view without the turn is older than that."""
    TAKING = "taking"
    """Pressed; waits for the hub's answer and for the view."""
    TAKING_ACKED = "taking_acked"
    """The hub agreed; the view is still to come."""
    TAKING_SEEN = "taking_seen"
    """The view says live; the hub's answer is still to come."""
    LIVE = "live"
    """Armed: sound leaves the unit."""
    LIVE_LOST = "live_lost"
    """Was armed, or about to be, when the hub was lost; nothing leaves until it says live."""
    LEAVING = "leaving"
    """Stepped down; the hub still shows the turn."""


class TalkEvent(StrEnum):
    """What can happen."""

    PRESS = "press"
    """The button went down."""
    OPEN = "open"
    """It went down in a mode in which a press opens the microphone without a grant."""
    ANSWER = "answer"
    """It went down while a show of hands is open."""
    ANOTHER = "another"
    """A short press at a shared unit, 3 s and more after its last hand went up."""
    HOLD = "hold"
    """Held for long, by a press that did nothing when it went down."""
    RELEASE = "release"
    """Push to talk: the button came up again."""
    SAID_IDLE = "said_idle"
    SAID_QUEUED = "said_queued"
    SAID_NEXT = "said_next"
    SAID_GRANTED = "said_granted"
    SAID_INVITED = "said_invited"
    SAID_LIVE = "said_live"
    TAKE_ACKED = "take_acked"
    TAKE_REFUSED = "take_refused"
    CAP_REACHED = "cap_reached"
    """As many microphones are open as may be: the line is the way, and it moves by itself."""
    RAISE_REFUSED = "raise_refused"
    REFUSED = "refused"
    """No to something that no state waits for; or nothing is to be had now, without asking."""
    ANSWERED = "answered"
    """The answer to a show of hands is counted."""
    STEP_BACK_ACKED = "step_back_acked"
    """The hub took the hand or turn back, and its view no longer says live."""
    STEP_BACK_REFUSED = "step_back_refused"
    """The hub knew of no hand or turn to give up."""
    LINK_LOST = "link_lost"
    EXPIRED = "expired"
    """The hub was away for longer than it keeps a turn: what was meant then is void."""


class Action(StrEnum):
    """What follows, in order."""

    RAISE_HAND = "raise_hand"
    RAISE_ANOTHER = "raise_another"
    LOWER_HAND = "lower_hand"
    ANSWER_ASK = "answer_ask"
    TAKE_FLOOR = "take_floor"
    LEAVE_FLOOR = "leave_floor"
    GIVE_BACK = "give_back"
    """The turn goes back to the line: it was cut off, nobody stepped down."""
    ARM = "arm"
    DISARM = "disarm"
    FLASH_REFUSED = "flash_refused"
    FLASH_ANSWERED = "flash_answered"


@dataclass(frozen=True, slots=True)
class Step:
    """One cell of the table: where it leads and what is done on the way."""

    state: TalkState
    actions: tuple[Action, ...] = ()


Table = Mapping[tuple[TalkState, TalkEvent], Step]

_S, _E, _A = TalkState, TalkEvent, Action

_SAID: dict[TalkEvent, TalkState] = {
    _E.SAID_IDLE: _S.IDLE,
    _E.SAID_QUEUED: _S.QUEUED,
    _E.SAID_NEXT: _S.NEXT,
    _E.SAID_GRANTED: _S.GRANTED,
    _E.SAID_INVITED: _S.INVITED,
}
"""Where each word of the hub leads when nothing is awaited."""

EVENT_OF_STANDING: dict[Standing, TalkEvent] = {
    Standing.IDLE: _E.SAID_IDLE,
    Standing.QUEUED: _E.SAID_QUEUED,
    Standing.NEXT: _E.SAID_NEXT,
    Standing.GRANTED: _E.SAID_GRANTED,
    Standing.INVITED: _E.SAID_INVITED,
    Standing.LIVE: _E.SAID_LIVE,
}


def _follow(
    state: TalkState, keep: tuple[TalkEvent, ...] = (), *actions: Action
) -> dict[tuple[TalkState, TalkEvent], Step]:
    """``state`` follows the hub's word, except for those that it does not believe yet."""
    return {
        (state, event): Step(target, actions)
        for event, target in _SAID.items()
        if event not in keep
    }


_SETTLED = (_S.IDLE, _S.QUEUED, _S.NEXT, _S.GRANTED, _S.INVITED)
_STEP_DOWN = Step(_S.LEAVING, (_A.LEAVE_FLOOR,))
_GIVE_BACK = Step(_S.LEAVING, (_A.GIVE_BACK,))
_REFUSED = Step(_S.IDLE, (_A.FLASH_REFUSED,))
_OPEN = Step(_S.LIVE, (_A.ARM,))


def _settled() -> dict[tuple[TalkState, TalkEvent], Step]:
    """States in which nothing is awaited: the hub's word is followed at once.

    A hub that says live although nobody here pressed is told to end that turn.
    """
    rows: dict[tuple[TalkState, TalkEvent], Step] = {}
    for state in _SETTLED:
        rows |= _follow(state)
        rows[state, _E.SAID_LIVE] = _STEP_DOWN
        rows[state, _E.LINK_LOST] = Step(_S.LOST)
        rows[state, _E.TAKE_REFUSED] = Step(state, (_A.FLASH_REFUSED,))
        rows[state, _E.RAISE_REFUSED] = Step(state, (_A.FLASH_REFUSED,))
        rows[state, _E.REFUSED] = Step(state, (_A.FLASH_REFUSED,))
        rows[state, _E.ANSWERED] = Step(state, (_A.FLASH_ANSWERED,))
    return rows


def _in_line(state: TalkState) -> dict[tuple[TalkState, TalkEvent], Step]:
    """A hand is up: a press alone does nothing, so that impatience costs nobody their place."""
    return {
        (state, _E.HOLD): Step(_S.LOWERING, (_A.LOWER_HAND,)),
        (state, _E.ANOTHER): Step(state, (_A.RAISE_ANOTHER,)),
        (state, _E.OPEN): Step(_S.OPENING, (_A.TAKE_FLOOR,)),
    }


def _taken_back(state: TalkState) -> dict[tuple[TalkState, TalkEvent], Step]:
    """Before the microphone opened: a second press, or letting go, takes the first one back."""
    return {(state, _E.PRESS): _STEP_DOWN, (state, _E.RELEASE): _STEP_DOWN}


BUTTON_TABLE: Table = {
    **_follow(_S.LOST),
    # The hub was away for so long, or this unit: its person is the next to speak.
    (_S.LOST, _E.SAID_LIVE): _GIVE_BACK,
    **_follow(_S.LEFT),
    (_S.LEFT, _E.SAID_LIVE): _STEP_DOWN,
    **_settled(),
    (_S.IDLE, _E.PRESS): Step(_S.RAISING, (_A.RAISE_HAND,)),
    (_S.IDLE, _E.OPEN): Step(_S.OPENING, (_A.TAKE_FLOOR,)),
    (_S.IDLE, _E.ANSWER): Step(_S.IDLE, (_A.ANSWER_ASK,)),
    **_in_line(_S.QUEUED),
    **_in_line(_S.NEXT),
    (_S.GRANTED, _E.PRESS): Step(_S.TAKING, (_A.TAKE_FLOOR,)),
    # Held since before the grant came: they did not want to speak any more.
    (_S.GRANTED, _E.HOLD): Step(_S.LOWERING, (_A.LOWER_HAND,)),
    (_S.INVITED, _E.PRESS): Step(_S.TAKING, (_A.TAKE_FLOOR,)),
    # The hand is on its way: a view without it is older than the hand.
    **_follow(_S.RAISING, (_E.SAID_IDLE, _E.SAID_INVITED)),
    (_S.RAISING, _E.SAID_LIVE): _STEP_DOWN,
    (_S.RAISING, _E.RAISE_REFUSED): _REFUSED,
    (_S.RAISING, _E.EXPIRED): Step(_S.LOST),
    **_follow(_S.LOWERING, (_E.SAID_QUEUED, _E.SAID_NEXT, _E.SAID_GRANTED)),
    (_S.LOWERING, _E.SAID_LIVE): _STEP_DOWN,
    (_S.LOWERING, _E.STEP_BACK_ACKED): Step(_S.IDLE),
    (_S.LOWERING, _E.STEP_BACK_REFUSED): Step(_S.IDLE),
    (_S.LOWERING, _E.EXPIRED): Step(_S.LOST),
    # No word of the hub but live can be newer than a press that asked for no grant.
    (_S.OPENING, _E.SAID_LIVE): Step(_S.TAKING_SEEN),
    (_S.OPENING, _E.TAKE_ACKED): Step(_S.OPENING_ACKED),
    (_S.OPENING, _E.TAKE_REFUSED): _REFUSED,
    (_S.OPENING, _E.CAP_REACHED): Step(_S.RAISING, (_A.RAISE_HAND,)),
    **_taken_back(_S.OPENING),
    (_S.OPENING, _E.EXPIRED): Step(_S.LOST),
    (_S.OPENING_ACKED, _E.SAID_LIVE): _OPEN,
    **_taken_back(_S.OPENING_ACKED),
    (_S.OPENING_ACKED, _E.LINK_LOST): Step(_S.LIVE_LOST),
    (_S.OPENING_ACKED, _E.EXPIRED): Step(_S.LOST),
    **_follow(_S.TAKING, (_E.SAID_GRANTED, _E.SAID_INVITED)),
    (_S.TAKING, _E.SAID_LIVE): Step(_S.TAKING_SEEN),
    (_S.TAKING, _E.TAKE_ACKED): Step(_S.TAKING_ACKED),
    (_S.TAKING, _E.TAKE_REFUSED): _REFUSED,
    **_taken_back(_S.TAKING),
    (_S.TAKING, _E.EXPIRED): Step(_S.LOST),
    **_follow(_S.TAKING_ACKED, (_E.SAID_GRANTED, _E.SAID_INVITED)),
    (_S.TAKING_ACKED, _E.SAID_LIVE): _OPEN,
    **_taken_back(_S.TAKING_ACKED),
    (_S.TAKING_ACKED, _E.LINK_LOST): Step(_S.LIVE_LOST),
    (_S.TAKING_ACKED, _E.EXPIRED): Step(_S.LOST),
    **_follow(_S.TAKING_SEEN),
    (_S.TAKING_SEEN, _E.TAKE_ACKED): _OPEN,
    (_S.TAKING_SEEN, _E.TAKE_REFUSED): _REFUSED,
    **_taken_back(_S.TAKING_SEEN),
    (_S.TAKING_SEEN, _E.LINK_LOST): Step(_S.TAKING),
    (_S.TAKING_SEEN, _E.EXPIRED): Step(_S.LOST),
    **_follow(_S.LIVE, (), _A.DISARM),
    (_S.LIVE, _E.PRESS): Step(_S.LEAVING, (_A.DISARM, _A.LEAVE_FLOOR)),
    (_S.LIVE, _E.RELEASE): Step(_S.LEAVING, (_A.DISARM, _A.LEAVE_FLOOR)),
    (_S.LIVE, _E.LINK_LOST): Step(_S.LIVE_LOST, (_A.DISARM,)),
    **_follow(_S.LIVE_LOST),
    (_S.LIVE_LOST, _E.SAID_LIVE): _OPEN,
    (_S.LIVE_LOST, _E.PRESS): Step(_S.LEFT),
    (_S.LIVE_LOST, _E.RELEASE): Step(_S.LEFT),
    (_S.LIVE_LOST, _E.EXPIRED): Step(_S.LOST),
    # A view in which the turn is not live yet may be older than the press that takes it back.
    **_follow(_S.LEAVING, (_E.SAID_GRANTED, _E.SAID_INVITED)),
    (_S.LEAVING, _E.STEP_BACK_ACKED): Step(_S.IDLE),
    (_S.LEAVING, _E.STEP_BACK_REFUSED): Step(_S.IDLE),
    (_S.LEAVING, _E.EXPIRED): Step(_S.LEFT),
}
"""A unit with a button. A pair that is not in the table changes nothing."""

ALWAYS_OPEN_TABLE: Table = {
    **{(_S.LOST, said): Step(_S.IDLE) for said in _SAID},
    (_S.LOST, _E.SAID_LIVE): _OPEN,
    (_S.IDLE, _E.SAID_LIVE): _OPEN,
    (_S.IDLE, _E.LINK_LOST): Step(_S.LOST),
    **{(_S.LIVE, said): Step(_S.IDLE, (_A.DISARM,)) for said in _SAID},
    (_S.LIVE, _E.LINK_LOST): Step(_S.LOST, (_A.DISARM,)),
}
"""A unit without a button: its start is the press, and the hub's view opens and closes it."""


class Talk:
    """One unit's talk state."""

    __slots__ = ("_state", "_table")

    def __init__(self, table: Table, state: TalkState = TalkState.LOST) -> None:
        """Start without a hub, unless ``state`` says otherwise."""
        self._table = table
        self._state = state

    @property
    def state(self) -> TalkState:
        """The state now."""
        return self._state

    def handle(self, event: TalkEvent) -> tuple[Action, ...]:
        """Take one event; returns what is to be done, in order."""
        step = self._table.get((self._state, event))
        if step is None:
            return ()
        self._state = step.state
        return step.actions
