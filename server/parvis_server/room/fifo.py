"""The rules of the floor, first come first served: what a command means in the room as it is.

Each rule looks at the view and gives the events that follow, or why there are none. One turn at
a time. ``PERMITTED`` says which role may give which command at all; ``decide`` finds the rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from parvis_server.room.members import Member
from parvis_wire.commands import (
    Command,
    EndTurn,
    GiveFloor,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    TakeFloor,
)
from parvis_wire.floor import Hand, Surface, Turn, TurnState
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.room_events import (
    FloorGranted,
    FloorReleased,
    FloorTaken,
    HandLowered,
    HandRaised,
    RoomEvent,
)
from parvis_wire.room_view import RoomView, place_in_line

MAX_HANDS = 500
"""An evening of 2-minute turns serves about 100; a longer line is a flood or a lost cause."""

PERMITTED: Mapping[type[Command], frozenset[Role]] = {
    RaiseHand: frozenset({Role.LISTENER, Role.UNIT}),
    LowerHand: frozenset({Role.LISTENER, Role.UNIT, Role.HOST}),
    TakeFloor: frozenset({Role.UNIT}),
    LeaveFloor: frozenset({Role.LISTENER, Role.UNIT, Role.SPEAKER}),
    Next: frozenset({Role.HOST}),
    GiveFloor: frozenset({Role.HOST}),
    EndTurn: frozenset({Role.HOST}),
}
"""Role × command: who may give which."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The command changes nothing, and why."""

    code: RefusalCode
    text: str


Outcome = tuple[RoomEvent, ...] | Refused


def decide(view: RoomView, actor: Member, command: Command) -> Outcome:
    """What follows from ``command``, given by ``actor``, in the room ``view``."""
    if actor.role not in PERMITTED.get(type(command), frozenset()):
        return Refused(RefusalCode.NOT_ALLOWED, f"a {actor.role.value} may not give {command.type}")
    match command:
        case RaiseHand():
            return _raise_hand(view, actor, command)
        case LowerHand():
            return _lower_hand(view, actor, command)
        case TakeFloor():
            return _take_floor(view, actor)
        case LeaveFloor():
            return _leave_floor(view, actor)
        case Next():
            return _next(view)
        case GiveFloor(participant=participant):
            return _give_floor(view, participant)
        case EndTurn(participant=participant):
            return _end_turn(view, participant)
    raise AssertionError(command.type)


def _raise_hand(view: RoomView, actor: Member, command: RaiseHand) -> Outcome:
    name = actor.name if actor.role is Role.UNIT else command.name or actor.name
    if actor.role is Role.UNIT and actor.ssrc is None:
        return Refused(RefusalCode.NO_SOURCE, "this unit has no microphone")
    if actor.always_open:
        return Refused(RefusalCode.NOT_ALLOWED, "this microphone is open already")
    if place_in_line(view, actor.participant) is not None:
        return Refused(RefusalCode.ALREADY_RAISED, "this hand is raised already")
    if _turn_with(view, actor.participant) is not None:
        return Refused(RefusalCode.ALREADY_RAISED, "it is this participant's turn already")
    if name is None:
        return Refused(RefusalCode.NAME_NEEDED, "say what you want to be called")
    if len(view.line) >= MAX_HANDS:
        return Refused(RefusalCode.LINE_FULL, f"{MAX_HANDS} hands are raised already")
    hand = Hand(participant=actor.participant, name=name, surface=actor.surface)
    return (HandRaised(hand=hand),)


def _lower_hand(view: RoomView, actor: Member, command: LowerHand) -> Outcome:
    whose = actor.participant if command.participant is None else command.participant
    if whose != actor.participant and actor.role is not Role.HOST:
        return Refused(RefusalCode.NOT_ALLOWED, "only a host lowers somebody else's hand")
    if place_in_line(view, whose) is not None:
        return (HandLowered(participant=whose),)
    turn = _turn_of(view, whose)
    if turn is not None and turn.state is TurnState.GRANTED:
        return (FloorReleased(participant=whose),)
    return Refused(RefusalCode.NO_HAND, "this hand is not raised")


def _take_floor(view: RoomView, actor: Member) -> Outcome:
    if actor.ssrc is None:
        return Refused(RefusalCode.NO_SOURCE, "this unit has no microphone")
    if actor.always_open:
        return Refused(RefusalCode.NOT_ALLOWED, "this microphone is open already")
    turn = _turn_to_take(view, actor)
    if turn is None:
        return Refused(RefusalCode.NO_TURN, "no turn waits for this unit's press")
    taken = FloorTaken(
        participant=turn.participant,
        unit=actor.participant,
        unit_name=actor.name,
        ssrc=actor.ssrc,
    )
    return (taken,)


def _turn_to_take(view: RoomView, unit: Member) -> Turn | None:
    """The unit's own granted turn, or a phone's when the unit has no hand of its own."""
    for turn in view.floor:
        if turn.state is not TurnState.GRANTED:
            continue
        if turn.participant == unit.participant:
            return turn
        if turn.surface is Surface.PHONE and place_in_line(view, unit.participant) is None:
            return turn
    return None


def _leave_floor(view: RoomView, actor: Member) -> Outcome:
    turn = _turn_with(view, actor.participant)
    if turn is None:
        return Refused(RefusalCode.NO_TURN, "this participant has no turn")
    return (FloorReleased(participant=turn.participant),)


def _next(view: RoomView) -> Outcome:
    if not view.line:
        return Refused(RefusalCode.LINE_EMPTY, "nobody is in the line")
    return _hand_over(view, view.line[0].participant)


def _give_floor(view: RoomView, participant: str) -> Outcome:
    if place_in_line(view, participant) is None:
        return Refused(RefusalCode.NO_HAND, "this hand is not raised")
    return _hand_over(view, participant)


def _hand_over(view: RoomView, participant: str) -> tuple[RoomEvent, ...]:
    released = (FloorReleased(participant=turn.participant) for turn in view.floor)
    return (*released, FloorGranted(participant=participant))


def _end_turn(view: RoomView, participant: str) -> Outcome:
    if _turn_of(view, participant) is None:
        return Refused(RefusalCode.NO_TURN, "this participant has no turn")
    return (FloorReleased(participant=participant),)


def _turn_of(view: RoomView, participant: str) -> Turn | None:
    """The turn that was given to ``participant``."""
    return next((turn for turn in view.floor if turn.participant == participant), None)


def _turn_with(view: RoomView, participant: str) -> Turn | None:
    """The turn that ``participant`` was given or whose microphone it is."""
    return next((turn for turn in view.floor if participant in (turn.participant, turn.unit)), None)
