"""Who is where: people at units, places on the floor, and which hand may come next."""

from collections.abc import Iterable

from parvis_server.room.draft import Draft, House
from parvis_server.room.members import Member
from parvis_server.room.state import turn_of
from parvis_wire.floor import (
    SECOND_PERSON,
    FloorMode,
    Hand,
    Overtaking,
    Seated,
    Surface,
    Turn,
    TurnState,
)
from parvis_wire.messages import Role
from parvis_wire.room_events import FloorGranted
from parvis_wire.room_view import RoomView, place_in_line

MOVING_MODES = frozenset({FloorMode.QUEUE, FloorMode.OPEN, FloorMode.VOICE})
"""Where a free place is given to the first in the line by itself."""


def hand_of(view: RoomView, participant: str) -> Hand | None:
    """The raised hand of ``participant``."""
    return next((hand for hand in view.line if hand.participant == participant), None)


def is_busy(view: RoomView, participant: str) -> bool:
    """Whether this person has a hand in the line or a turn."""
    return place_in_line(view, participant) is not None or turn_of(view, participant) is not None


def hands_at(view: RoomView, unit: str) -> list[Hand]:
    """Hands of the people at a unit, in the order of the line."""
    return [hand for hand in view.line if at_unit(hand) == unit]


def at_unit(hand: Hand) -> str | None:
    """The unit at which a hand was raised; None: on a phone."""
    return (hand.unit or hand.participant) if hand.surface is Surface.UNIT else None


def is_blocked(view: RoomView, participant: str) -> bool:
    """Whether a host has blocked them."""
    blocked = view.desk.blocked if view.desk is not None else ()
    return any(person.participant == participant for person in blocked)


def is_out(view: RoomView, participant: str) -> bool:
    """Whether a host has shown them out."""
    blocked = view.desk.blocked if view.desk is not None else ()
    return any(person.participant == participant and person.out for person in blocked)


def turns_at(view: RoomView, unit: str) -> list[Turn]:
    """Turns that are live at a unit, or wait to be taken at it."""
    return [turn for turn in view.floor if unit in (turn.unit, turn.place)]


def seat_of(view: RoomView, participant: str) -> Seated | None:
    """Where somebody sits."""
    return next((seat for seat in view.seats if seat.participant == participant), None)


def seated_at(view: RoomView, unit: str) -> list[Seated]:
    """The people who are attached to a unit, in the order of their coming."""
    return [seat for seat in view.seats if seat.unit == unit]


def unit_of_person(participant: str) -> str:
    """The unit of a further person at it; anybody else: themselves."""
    return participant.split(SECOND_PERSON, 1)[0]


def host_ids(view: RoomView) -> frozenset[str]:
    """Everybody who runs the room."""
    return frozenset(host.participant for host in view.hosts)


def counted(view: RoomView) -> list[Turn]:
    """Turns that take one of the places: hosts and their units are outside the cap."""
    hosts = host_ids(view)
    return [
        turn
        for turn in view.floor
        if turn.participant not in hosts and (turn.unit or turn.place) not in view.host_units
    ]


def has_free_place(view: RoomView) -> bool:
    """Whether one more may be given the floor."""
    return len(counted(view)) < view.rules.cap


def moves_by_itself(view: RoomView) -> bool:
    """Whether a free place goes to the line without a host."""
    return view.autopilot or view.rules.mode in MOVING_MODES


def where(hand: Hand) -> str:
    """The participant whose connection a hand hangs on: its unit, or its phone."""
    return at_unit(hand) or hand.participant


def eligible(house: House, view: RoomView, hand: Hand) -> bool:
    """Whether a hand could speak now: its owner is here, and their unit is not in use."""
    if not house.here(where(hand)):
        return False
    unit = at_unit(hand)
    return unit is None or hand.written or not turns_at(view, unit)


def choose(draft: Draft, *, passed: str | None = None) -> tuple[Hand, Overtaking | None] | None:
    """The hand whose turn it is, and the rule by which it comes before others.

    Args:
        draft: the room.
        passed: who did not take the floor; those who did not before come last then.
    """
    line, here = draft.view.line, draft.house
    ready = [hand for hand in line if eligible(here, draft.view, hand)]
    ready = [hand for hand in ready if hand.participant != passed]
    if not ready:
        return None
    if draft.view.rules.fresh_first:
        ready = [hand for hand in ready if _comes_first(draft, hand)] or ready
    chosen = ready[0] if passed is None else min(ready, key=lambda hand: hand.passed)
    skipped = line[: line.index(chosen)]
    if not skipped:
        return chosen, None
    fresh = draft.view.rules.fresh_first and any(
        eligible(here, draft.view, hand) and not _comes_first(draft, hand) for hand in skipped
    )
    return chosen, Overtaking.FRESH if fresh else Overtaking.ABSENT


def _comes_first(draft: Draft, hand: Hand) -> bool:
    """Whether ``fresh_first`` lets a hand keep its place."""
    memory = draft.state.memory
    back = hand.reply or hand.participant in memory.returned
    return back or hand.participant not in memory.spoken


def grant(draft: Draft, hand: Hand, rule: Overtaking | None) -> None:
    """Give the floor to a hand; somebody in the hall with a phone is told where to speak."""
    place = None if hand.written or hand.surface is Surface.UNIT else _place_for(draft, hand)
    draft.emit(
        FloorGranted(
            participant=hand.participant,
            at=draft.at,
            place=place and place.participant,
            place_name=place and place.name,
            rule=rule,
        )
    )


def _place_for(draft: Draft, hand: Hand) -> Member | None:
    """The unit at which a phone's owner shall speak: their seat's, else the one that rests longest.

    None: they are not in the hall, or no unit is free; then any unit will do.
    """
    view, members = draft.view, draft.house.members
    seat = seat_of(view, hand.participant)
    own = members.get(seat.unit) if seat is not None else None
    if own is not None and is_free(draft, own):
        return own
    if not hand.in_hall:
        return None
    free = [unit for unit in members.sounding if is_free(draft, unit)]
    return min(free, key=lambda unit: _preference(draft, unit), default=None)


def is_free(draft: Draft, unit: Member) -> bool:
    """Whether a unit's microphone waits for nobody."""
    view = draft.view
    can_speak = unit.role is Role.UNIT and unit.ssrc is not None and not unit.always_open
    taken = turns_at(view, unit.participant) or hands_at(view, unit.participant)
    kept = unit.participant in view.host_units or is_blocked(view, unit.participant)
    return can_speak and unit.connected and not taken and not kept


def _preference(draft: Draft, unit: Member) -> tuple[bool, int]:
    """Units at which nobody sits first, then those that rest longest."""
    seated = bool(seated_at(draft.view, unit.participant))
    return seated, draft.state.memory.used_at.get(unit.participant, -1)


def longest(turns: Iterable[Turn]) -> Turn | None:
    """The live turn that began first; without one, the grant that did."""
    by_age = sorted(turns, key=lambda turn: (turn.state is not TurnState.LIVE, turn.since))
    return by_age[0] if by_age else None
