"""The rules of the line: raising, lowering, moving hands."""

from collections.abc import Iterator

from parvis_server.room.draft import Draft, Refused
from parvis_server.room.members import Member
from parvis_server.room.permissions import Part, parts_of
from parvis_server.room.places import (
    hand_of,
    hands_at,
    is_blocked,
    is_busy,
    seat_of,
    seated_at,
    turns_at,
    unit_of_person,
)
from parvis_server.room.recording import check_may_speak
from parvis_server.room.results import AttendTo
from parvis_server.room.state import turn_of
from parvis_wire.commands import LowerHand, MoveHand, RaiseHand
from parvis_wire.fields import MAX_NAME_CHARACTERS
from parvis_wire.floor import (
    SECOND_PERSON,
    Hand,
    LowerReason,
    Overtaking,
    Phase,
    Surface,
    TurnState,
)
from parvis_wire.messages import Attention, RefusalCode, Role
from parvis_wire.room_events import FloorReleased, HandLowered, HandMoved, HandRaised
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView, place_in_line
from parvis_wire.rtp import CLOCK_RATE_HZ

MAX_HANDS = 500
"""An evening of 2-minute turns serves about 100; a longer line is a flood or a lost cause."""

MAX_REPLIES = 5
"""Of the conference systems: more would be a second line."""

MAX_AT_UNIT = 8
"""People at one table who wait at once."""

ANOTHER_AFTER_S = 2.5
"""A unit asks for one more person after 3 s; an earlier one is a bouncing button. Half a second
for the network."""


def raise_hand(draft: Draft, actor: Member, command: RaiseHand) -> None:
    """Join the line, on a phone or at a unit."""
    _check_may_raise(draft, actor, command)
    if actor.role is Role.UNIT:
        hand = _hand_at_unit(draft, actor, command)
    else:
        hand = _hand_of_phone(draft, actor, command)
    refuse_blocked(draft.view, hand.participant)
    if not hand.written and unit_of_person(hand.participant) != hand.unit:
        check_may_speak(draft, hand.participant, can_answer=actor.role is not Role.UNIT)
    place = _reply_place(draft.view) if command.reply else None
    rule = Overtaking.REPLY if place is not None else None
    draft.emit(HandRaised(hand=hand, place=place, rule=rule))


def _check_may_raise(draft: Draft, actor: Member, command: RaiseHand) -> None:
    view = draft.view
    backstage = view.phase is Phase.BACKSTAGE and parts_of(view, actor) == {Part.AUDIENCE}
    if backstage:
        raise Refused(RefusalCode.NOT_LIVE, "the room has not begun")
    refuse_blocked(view, actor.participant)
    if not view.rules.takes_hands:
        raise Refused(RefusalCode.NO_HANDS, "no hands are taken now")
    if command.reply and not view.rules.replies:
        raise Refused(RefusalCode.NO_HANDS, "no right of reply is given now")
    if command.reply and sum(hand.reply for hand in view.line) >= MAX_REPLIES:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_REPLIES} ask for a reply already")
    if len(view.line) >= MAX_HANDS:
        raise Refused(RefusalCode.LINE_FULL, f"{MAX_HANDS} hands are raised already")
    if (command.written or command.anonymous) and command.text is None:
        raise Refused(RefusalCode.TEXT_NEEDED, "only text, or anonymous, needs a text")


def refuse_blocked(view: RoomView, participant: str) -> None:
    """Whoever is blocked raises no hand and opens no microphone."""
    if is_blocked(view, participant):
        raise Refused(RefusalCode.BLOCKED, "a host has blocked this participant")


def _reply_place(view: RoomView) -> int | None:
    """After the other replies and before the rest; None: the end."""
    replies = [place for place, hand in enumerate(view.line, start=1) if hand.reply]
    place = (replies[-1] if replies else 0) + 1
    return place if place <= len(view.line) else None


def _hand_of_phone(draft: Draft, actor: Member, command: RaiseHand) -> Hand:
    who = actor.participant
    if is_busy(draft.view, who):
        raise Refused(RefusalCode.ALREADY_RAISED, "this hand is raised already")
    name = command.name or actor.name or (ANONYMOUS_NAME if command.anonymous else None)
    if name is None:
        raise Refused(RefusalCode.NAME_NEEDED, "say what you want to be called")
    if command.name is not None:
        draft.house.members.rename(who, command.name)
    seat = seat_of(draft.view, who)
    # A unit that is lost has no microphone: its people speak at any other.
    at_seat = seat is not None and draft.house.here(seat.unit)
    spoken_at_seat = at_seat and not command.written
    far_away = not (command.written or at_seat or actor.in_hall)
    return Hand(
        participant=who,
        name=name,
        surface=Surface.UNIT if spoken_at_seat else Surface.PHONE,
        unit=seat and seat.unit,
        unit_name=seat and seat.unit_name,
        text=command.text,
        written=command.written,
        anonymous=command.anonymous,
        in_hall=actor.in_hall,
        speaks=command.speaks and far_away,
        reply=command.reply,
        raised_at=draft.at,
    )


def _hand_at_unit(draft: Draft, unit: Member, command: RaiseHand) -> Hand:
    check_can_open(unit)
    in_use = any(turn.unit == unit.participant for turn in draft.view.floor)
    if in_use and not command.another:
        raise Refused(RefusalCode.ALREADY_RAISED, "this microphone is in use")
    if command.another:
        _refuse_bounce(draft, unit.participant)
    person = person_at(draft.view, unit, another=command.another)
    if person is None:
        raise Refused(RefusalCode.ALREADY_RAISED, "a hand is raised here already")
    return unit_hand(draft, unit, person).model_copy(update={"reply": command.reply})


def check_can_open(unit: Member) -> None:
    """Refuse a unit that has no microphone, or one that is always open."""
    if unit.ssrc is None:
        raise Refused(RefusalCode.NO_SOURCE, "this unit has no microphone")
    if unit.always_open:
        raise Refused(RefusalCode.NOT_ALLOWED, "this microphone is open already")


def _refuse_bounce(draft: Draft, unit: str) -> None:
    newest = max((hand.raised_at for hand in hands_at(draft.view, unit)), default=None)
    if newest is not None and draft.at - newest < ANOTHER_AFTER_S * CLOCK_RATE_HZ:
        raise Refused(RefusalCode.ALREADY_RAISED, "a hand was raised here just now")


def person_at(view: RoomView, unit: Member, *, another: bool = False) -> tuple[str, str] | None:
    """Id and name of the person whom a press at this unit means now; None: all have their hand up.

    The people who are attached to it come first; without any, the unit itself is a person, and
    one more each time that ``another`` is asked for.
    """
    seated = seated_at(view, unit.participant)
    for seat in seated:
        if not is_busy(view, seat.participant):
            return seat.participant, seat.name
    name = unit.name or unit.participant
    alone = not seated or another
    if alone and not is_busy(view, unit.participant):
        return unit.participant, name
    if not another:
        return None
    for number in range(2, MAX_AT_UNIT + 1):
        person = f"{unit.participant}{SECOND_PERSON}{number}"
        if not is_busy(view, person):
            suffix = f" ({number})"
            return person, name[: MAX_NAME_CHARACTERS - len(suffix)] + suffix
    raise Refused(RefusalCode.TOO_MANY, f"{MAX_AT_UNIT} hands are raised here already")


def unit_hand(draft: Draft, unit: Member, person: tuple[str, str]) -> Hand:
    """The hand of a person at a unit."""
    participant, name = person
    return Hand(
        participant=participant,
        name=name,
        surface=Surface.UNIT,
        unit=unit.participant,
        unit_name=unit.name,
        raised_at=draft.at,
    )


def lower_hand(draft: Draft, actor: Member | None, command: LowerHand, *, runs: bool) -> None:
    """Leave the line, or turn down a floor that was granted; a host may name anybody."""
    own = "" if actor is None else actor.participant
    whose = command.participant or _last_hand(draft.view, actor) or own
    theirs = whose == own or _is_at(draft, actor, whose)
    if not theirs and not runs:
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host lowers somebody else's hand")
    reason = None if theirs else command.reason or LowerReason.DISMISSED
    if place_in_line(draft.view, whose) is not None:
        draft.emit(HandLowered(participant=whose, reason=reason))
        return
    turn = turn_of(draft.view, whose)
    if turn is None or turn.state is not TurnState.GRANTED:
        raise Refused(RefusalCode.NO_HAND, "this hand is not raised")
    draft.emit(FloorReleased(participant=whose, reason=reason))


def _last_hand(view: RoomView, actor: Member | None) -> str | None:
    """At a unit that names nobody: the hand that was raised last, else a turn that waits there."""
    if actor is None or actor.role is not Role.UNIT:
        return None
    hands = hands_at(view, actor.participant)
    if hands:
        return max(hands, key=lambda hand: hand.raised_at).participant
    waiting = (turn for turn in turns_at(view, actor.participant))
    granted = (t for t in waiting if t.state is TurnState.GRANTED and t.surface is Surface.UNIT)
    return next((turn.participant for turn in granted), None)


def _is_at(draft: Draft, actor: Member | None, whose: str) -> bool:
    """Whether a person's hand was raised at this unit."""
    if actor is None or actor.role is not Role.UNIT:
        return False
    unit = actor.participant
    at_unit = {hand.participant for hand in hands_at(draft.view, unit)}
    waiting = {t.participant for t in turns_at(draft.view, unit) if t.surface is Surface.UNIT}
    return whose in at_unit | waiting or unit_of_person(whose) == unit


def move_hand(draft: Draft, command: MoveHand) -> None:
    """A host's order."""
    if hand_of(draft.view, command.participant) is None:
        raise Refused(RefusalCode.NO_HAND, "this hand is not raised")
    place = min(command.place, len(draft.view.line))
    if place != place_in_line(draft.view, command.participant):
        draft.emit(HandMoved(participant=command.participant, place=place))


def chimes(draft: Draft) -> Iterator[AttendTo]:
    """A new hand: everybody who runs the room hears of it."""
    if draft.cause.actor is None:
        return
    if any(isinstance(change.event, HandRaised) for change in draft.changes):
        view = draft.view
        for who in (*(host.participant for host in view.hosts), *view.host_units):
            if draft.house.here(who):
                yield AttendTo(who, Attention.CHIME)
