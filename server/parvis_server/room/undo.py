"""*Undo*: the line, the floor and the rules as they were before a host's last act.

What others did meanwhile stays. A microphone is never opened by it: a turn that was live comes
back as granted, and its owner presses again.
"""

from parvis_server.room.clock import NS_PER_S
from parvis_server.room.draft import Draft, Refused
from parvis_server.room.hosting import desk_of
from parvis_server.room.members import Member
from parvis_server.room.permissions import FLOOR_PHASES, RUNNING, parts_of
from parvis_server.room.places import (
    at_unit,
    grant,
    hand_of,
    has_free_place,
    host_ids,
    is_busy,
    turns_at,
    unit_of_person,
)
from parvis_server.room.state import Undoable, turn_of
from parvis_wire.commands import Command
from parvis_wire.floor import Hand, Overtaking, Surface, Turn
from parvis_wire.messages import RefusalCode
from parvis_wire.room_events import (
    Blocked,
    FloorReturned,
    HandMoved,
    HandRaised,
    RulesSet,
    Unblocked,
    UndoOffered,
)
from parvis_wire.room_view import RoomView, place_in_line
from parvis_wire.rtp import CLOCK_RATE_HZ

UNDO_S = 20
UNDO_NS = UNDO_S * NS_PER_S

UNDOABLE = frozenset(
    {"lower_hand", "move_hand", "give_floor", "next", "end_turn", "set_rules"}
    | {"block", "close_all"}
)


def offer(draft: Draft, command: str) -> None:
    """A host's act can be taken back from now on; an older one no longer."""
    draft.emit(UndoOffered(command=command))


def offer_after(draft: Draft, command: Command, actor: Member | None) -> None:
    """What follows from this act of ``actor`` (None: the operator) for *undo*."""
    own = actor is not None and command.type == "lower_hand"
    theirs = getattr(command, "participant", None)
    about_self = own and actor is not None and theirs in (None, actor.participant)
    runs = not parts_of(draft.view, actor).isdisjoint(RUNNING)
    if command.type in UNDOABLE and runs and not about_self:
        offer(draft, command.type)
    elif command.type == "set_phase":
        withdraw(draft)


def withdraw(draft: Draft) -> None:
    """Nothing can be taken back any more."""
    if draft.state.memory.undo is not None:
        draft.emit(UndoOffered(command=None))


def undo(draft: Draft) -> None:
    """Take back the last act of a host."""
    undoable = draft.state.memory.undo
    if undoable is None or draft.at - undoable.at > UNDO_S * CLOCK_RATE_HZ:
        raise Refused(RefusalCode.NOTHING_TO_UNDO, "nothing can be taken back any more")
    before = undoable.before
    if undoable.command == "set_rules":
        draft.emit(RulesSet(rules=before.rules))
    if undoable.command == "block":
        _unblock(draft, before)
    if draft.view.phase in FLOOR_PHASES:
        _take_turns_back(draft, undoable)
        _raise_again(draft, undoable)
        _grant_again(draft, undoable)
        _order_as_before(draft, before)
    draft.emit(UndoOffered(command=None))


def _unblock(draft: Draft, before: RoomView) -> None:
    was = {person.participant: person for person in (before.desk.blocked if before.desk else ())}
    for person in desk_of(draft).blocked:
        earlier = was.get(person.participant)
        if earlier is None:
            draft.emit(Unblocked(participant=person.participant))
        elif earlier.out is not person.out:
            draft.emit(Blocked(person=earlier))


def _take_turns_back(draft: Draft, undoable: Undoable) -> None:
    """Whoever got the floor by the act waits again, where they waited."""
    before, after = undoable.before, undoable.after
    for turn in draft.view.floor:
        place = place_in_line(before, turn.participant)
        if place is not None and turn_of(after, turn.participant) is not None:
            place = min(place, len(draft.view.line) + 1)
            draft.emit(FloorReturned(participant=turn.participant, place=place, passed=False))


def _raise_again(draft: Draft, undoable: Undoable) -> None:
    """Hands that the act lowered, at the places that they had."""
    for place, hand in enumerate(undoable.before.line, start=1):
        who = hand.participant
        if is_busy(undoable.after, who) or is_busy(draft.view, who):
            continue
        if _may_wait(draft, hand):
            _put(draft, hand, place, Overtaking.HOST)


def _put(draft: Draft, hand: Hand, place: int, rule: Overtaking) -> None:
    at_end = place > len(draft.view.line)
    draft.emit(
        HandRaised(hand=hand, place=None if at_end else place, rule=None if at_end else rule)
    )


def _may_wait(draft: Draft, hand: Hand) -> bool:
    """Whether its owner is still here to hold a hand: not blocked, not forgotten."""
    blocked = {person.participant for person in desk_of(draft).blocked}
    unit = at_unit(hand)
    known = draft.house.members.get(unit or unit_of_person(hand.participant))
    plays_only = unit is not None and (
        known is None or known.ssrc is None or known.always_open or unit in draft.view.host_units
    )
    return known is not None and not plays_only and not {hand.participant, unit} & blocked


def _grant_again(draft: Draft, undoable: Undoable) -> None:
    """Turns that the act ended: granted, as far as places are free; else first in the line."""
    for turn in undoable.before.floor:
        still = turn_of(undoable.after, turn.participant) is not None
        if still or turn_of(draft.view, turn.participant) is not None:
            continue
        hand = hand_of(draft.view, turn.participant)
        if hand is None:
            hand = _hand_of(turn)
            if not _may_wait(draft, hand):
                continue
            _put(draft, hand, 1, Overtaking.RETURNED)
        unit = at_unit(hand)
        outside_cap = hand.participant in host_ids(draft.view)
        is_free = unit is None or not turns_at(draft.view, unit)
        if is_free and (outside_cap or has_free_place(draft.view)):
            first = draft.view.line[0].participant == hand.participant
            grant(draft, hand, None if first else Overtaking.HOST)


def _hand_of(turn: Turn) -> Hand:
    at_its_unit = turn.surface is Surface.UNIT
    return Hand(
        participant=turn.participant,
        name=turn.name,
        surface=turn.surface,
        unit=(turn.unit or turn.place) if at_its_unit else None,
        unit_name=(turn.unit_name or turn.place_name) if at_its_unit else None,
        text=turn.text,
        written=turn.written,
        anonymous=turn.anonymous,
        in_hall=turn.in_hall,
        speaks=turn.speaks,
        reply=turn.reply,
        raised_at=turn.raised_at,
        passed=turn.passed,
    )


def _order_as_before(draft: Draft, before: RoomView) -> None:
    """Who waited before waits in that order again; who came since comes after, as they came."""
    rank = {hand.participant: place for place, hand in enumerate(before.line)}
    returned = {turn.participant for turn in before.floor}
    was = [hand.participant for hand in draft.view.line]
    late = len(rank)

    def key(who: str) -> tuple[int, int]:
        return (-1 if who in returned else rank.get(who, late), was.index(who))

    for place, who in enumerate(sorted(was, key=key), start=1):
        if place_in_line(draft.view, who) != place:
            draft.emit(HandMoved(participant=who, place=place))
