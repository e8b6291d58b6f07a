"""What follows with time: every deadline of the room as it is, and what is done at it.

Nothing is scheduled: the deadlines follow from the view, from who is away since when, and from
the time itself. So a room that comes back from its log has the same ones, counted from its return.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from parvis_server.room.clock import NS_PER_S
from parvis_server.room.draft import Draft, House
from parvis_server.room.permissions import FLOOR_PHASES
from parvis_server.room.places import (
    choose,
    counted,
    eligible,
    grant,
    hand_of,
    has_free_place,
    where,
)
from parvis_server.room.recording import NO_HOST_NS, end_alone
from parvis_server.room.results import AttendTo
from parvis_server.room.speaking import TURN_AWAY_NS, leavings, show_out
from parvis_server.room.state import State, turn_of
from parvis_server.room.stewardship import (
    HOST_FORGOTTEN_NS,
    forget_host,
    keep_watch,
    watch_due_ns,
)
from parvis_server.room.turns import begin_reading
from parvis_server.room.undo import UNDO_NS, withdraw
from parvis_wire.floor import Hand, LowerReason, Surface, Turn, TurnState
from parvis_wire.hand_line import without
from parvis_wire.messages import Attention
from parvis_wire.room_events import (
    FloorReleased,
    FloorReminded,
    FloorReturned,
    HandLowered,
    MicrophoneClosed,
    SeatLeft,
    TurnInterrupted,
)
from parvis_wire.room_view import RoomView

MICROPHONE_AWAY_NS = 2 * NS_PER_S
"""An always-open microphone that is away this long is closed: its place in the mix is silence."""

HAND_AWAY_NS = 60 * NS_PER_S
"""A hand whose owner is away this long is lowered: a locked phone comes back within a minute."""

SEAT_AWAY_NS = 1800 * NS_PER_S
"""Whoever sits at a unit may leave the phone in the pocket; after half an hour they are gone."""

REMIND_NS = 10 * NS_PER_S
PASS_NS = 20 * NS_PER_S
MAX_PASSES = 3
SHOW_NS = 15 * NS_PER_S
"""A written question without a host and without a voice is shown for so long."""

READ_PATIENCE_NS = 60 * NS_PER_S
"""A voice that has not come to the end of 280 characters after this is broken."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """At what time which rule applies."""

    at_ns: int
    act: Callable[[Draft], None]


def deadlines(state: State, house: House) -> Iterator[Deadline]:
    """Everything that may follow from the room as it is; some of it is due already."""
    yield from _turn_deadlines(state, house)
    yield from _line_deadlines(state, house)
    yield from _people_deadlines(state, house)


def _line_deadlines(state: State, house: House) -> Iterator[Deadline]:
    for hand in state.view.line:
        away_ns = house.away_since_ns(where(hand))
        if away_ns is not None:
            yield Deadline(away_ns + HAND_AWAY_NS, partial(_lower_absent, hand.participant))
    for microphone in state.view.microphones:
        away_ns = house.away_since_ns(microphone.unit)
        if away_ns is not None:
            closing = partial(_close_microphone, microphone.unit)
            yield Deadline(away_ns + MICROPHONE_AWAY_NS, closing)


def _people_deadlines(state: State, house: House) -> Iterator[Deadline]:
    watch_ns = watch_due_ns(house, state.view)
    if watch_ns is not None:
        yield Deadline(watch_ns, keep_watch)
    for host in state.view.hosts:
        away_ns = house.away_since_ns(host.participant)
        if away_ns is not None and host.participant not in state.memory.appointed:
            forgetting = partial(forget_host, host.participant)
            yield Deadline(away_ns + HOST_FORGOTTEN_NS, forgetting)
    for seat in state.view.seats:
        away_ns = house.away_since_ns(seat.participant)
        if away_ns is not None:
            yield Deadline(away_ns + SEAT_AWAY_NS, partial(_leave_seat, seat.participant))
    for leaving_ns in leavings(house):
        yield Deadline(leaving_ns, show_out)
    recording, alone_since = state.view.recording, state.memory.alone_since
    if recording is not None and alone_since is not None:
        since_ns = house.since_ns(max(alone_since, recording.begun_at))
        yield Deadline(since_ns + NO_HOST_NS, end_alone)
    undo = state.memory.undo
    if undo is not None:
        yield Deadline(house.at_ns(undo.at) + UNDO_NS, withdraw)


def _turn_deadlines(state: State, house: House) -> Iterator[Deadline]:
    for turn in state.view.floor:
        if turn.state is TurnState.LIVE:
            yield from _live_deadlines(state, house, turn)
        elif turn.written:
            yield from _written_deadlines(state, house, turn)
        else:
            yield from _granted_deadlines(state, house, turn)


def _live_deadlines(state: State, house: House, turn: Turn) -> Iterator[Deadline]:
    if turn.unit is None:
        began_ns = house.reading.get(turn.participant)
        lost = began_ns is None  # the voice went down with the hub that asked it
        at_ns = house.began_ns if began_ns is None else began_ns + READ_PATIENCE_NS
        act = _return_to_line if lost else _finish
        yield Deadline(at_ns, partial(act, turn.participant))
        return
    away_ns = house.away_since_ns(turn.unit)
    if away_ns is not None:
        if not turn.away:
            yield Deadline(away_ns, partial(_interrupt, turn.participant))
        yield Deadline(away_ns + TURN_AWAY_NS, partial(_return_to_line, turn.participant))
    person_away_ns = house.away_since_ns(turn.participant) if turn.is_from_phone else None
    if person_away_ns is not None:
        yield Deadline(person_away_ns + TURN_AWAY_NS, partial(_return_to_line, turn.participant))


def _granted_deadlines(state: State, house: House, turn: Turn) -> Iterator[Deadline]:
    since_ns = house.since_ns(turn.since)
    if not turn.reminded:
        yield Deadline(since_ns + REMIND_NS, partial(_remind, turn.participant))
    if turn in counted(state.view) and someone_else_waits(house, state.view, turn):
        yield Deadline(since_ns + PASS_NS, partial(_pass_on, turn.participant))
    # A phone sleeps in the pocket of somebody who walks to a table: its turn waits.
    unit_away_ns = house.away_since_ns(turn.place) if _hangs_on_unit(turn) and turn.place else None
    if unit_away_ns is not None:
        leaving = partial(_release_absent, turn.participant)
        yield Deadline(unit_away_ns + HAND_AWAY_NS, leaving)


def _hangs_on_unit(turn: Turn) -> bool:
    return turn.surface is Surface.UNIT


def _written_deadlines(state: State, house: House, turn: Turn) -> Iterator[Deadline]:
    """While a host is there a question waits; alone, the hub reads it, or shows it for a while."""
    began_ns = house.reading.get(turn.participant)
    if began_ns is not None:
        if next(iter(house.reading)) != turn.participant:
            return  # there is one voice: this question waits for those before it
        yield Deadline(began_ns + READ_PATIENCE_NS, partial(_finish, turn.participant))
    elif state.view.autopilot:
        since_ns = house.since_ns(turn.since)
        if house.has_voice:
            yield Deadline(since_ns, partial(_read, turn.participant))
        else:
            yield Deadline(since_ns + SHOW_NS, partial(_finish, turn.participant))


def timers(state: State, house: House) -> Iterator[tuple[int, Turn, Attention]]:
    """When a speaker's time is nearly over, and over. It warns and does not cut off."""
    turn_s = state.view.rules.turn_s
    if turn_s is None:
        return
    for turn in state.view.floor:
        if turn.state is TurnState.LIVE:
            since_ns = house.since_ns(turn.since)
            yield since_ns + turn_s * NS_PER_S * 4 // 5, turn, Attention.TIME_SOON
            yield since_ns + turn_s * NS_PER_S, turn, Attention.TIME_OVER


def _lower_absent(participant: str, draft: Draft) -> None:
    hand = hand_of(draft.view, participant)
    if hand is not None and not draft.house.here(where(hand)):
        draft.emit(HandLowered(participant=participant, reason=LowerReason.ABSENT))


def _close_microphone(unit: str, draft: Draft) -> None:
    draft.emit(MicrophoneClosed(unit=unit))


def _leave_seat(participant: str, draft: Draft) -> None:
    draft.emit(SeatLeft(participant=participant))


def _interrupt(participant: str, draft: Draft) -> None:
    draft.emit(TurnInterrupted(participant=participant))


def _remind(participant: str, draft: Draft) -> None:
    turn = turn_of(draft.view, participant)
    if turn is None or turn.state is not TurnState.GRANTED:
        return
    draft.emit(FloorReminded(participant=participant))
    for who in dict.fromkeys((participant, turn.place or participant)):
        if draft.house.here(who):
            draft.effects.append(AttendTo(who, Attention.CHIME))


def _pass_on(participant: str, draft: Draft) -> None:
    """The floor goes to another hand; its owner comes again, three times at most."""
    turn = turn_of(draft.view, participant)
    if (
        turn is None
        or turn.state is not TurnState.GRANTED
        or not someone_else_waits(draft.house, draft.view, turn)
    ):
        return
    place = 1 + sum(_was_before(hand, turn) for hand in draft.view.line)
    draft.emit(FloorReturned(participant=participant, place=place, passed=True))
    if turn.passed + 1 >= MAX_PASSES:
        draft.emit(HandLowered(participant=participant, reason=LowerReason.NO_ANSWER))
    chosen = choose(draft, passed=participant)
    if chosen is not None and has_free_place(draft.view):
        grant(draft, *chosen)


def someone_else_waits(house: House, view: RoomView, turn: Turn) -> bool:
    """Whether a hand could speak in the place of this turn."""
    without_it = view.model_copy(update={"floor": without(view.floor, turn.participant)})
    return any(eligible(house, without_it, hand) for hand in view.line)


def _was_before(hand: Hand, turn: Turn) -> bool:
    """Whether a hand was passed on before this one, and had been raised earlier."""
    return hand.passed > 0 and hand.raised_at <= turn.raised_at


def _return_to_line(participant: str, draft: Draft) -> None:
    """The connection broke, and did not come back: first in the line."""
    if turn_of(draft.view, participant) is not None:
        draft.emit(FloorReturned(participant=participant, place=1, passed=False))


def _release_absent(participant: str, draft: Draft) -> None:
    if turn_of(draft.view, participant) is not None:
        draft.emit(FloorReleased(participant=participant, reason=LowerReason.ABSENT))


def _finish(participant: str, draft: Draft) -> None:
    if turn_of(draft.view, participant) is not None:
        draft.emit(FloorReleased(participant=participant))


def _read(participant: str, draft: Draft) -> None:
    turn = turn_of(draft.view, participant)
    if turn is not None and draft.view.phase in FLOOR_PHASES:
        begin_reading(draft, turn)
