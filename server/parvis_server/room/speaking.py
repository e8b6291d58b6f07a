"""Somebody far away speaks into their own phone, whose microphone carries their turn, no other.

Theory of operation. The microphone is a member of the room of its own (``Member.speaks_for``),
whose id follows from its person's (``microphone_of``). It is let in for as long as a spoken turn of
that person is granted, or live on it, and shown out the moment when that is over: every rule that
ends a turn so ends the connection too. Whose phone is gone for as long as a live turn may be
interrupted sees no longer what is on air: their microphone goes with them.
"""

from collections.abc import Iterator

from parvis_server.room.clock import NS_PER_S
from parvis_server.room.draft import Draft, House, Refused
from parvis_server.room.hands import refuse_blocked
from parvis_server.room.members import Member
from parvis_server.room.places import is_out
from parvis_server.room.results import Evict, Why
from parvis_server.room.state import turn_of
from parvis_wire.floor import Mute, Surface, Turn, TurnState, microphone_of
from parvis_wire.messages import RefusalCode
from parvis_wire.room_events import FloorReleased, FloorTaken, TurnMuted
from parvis_wire.room_view import RoomView

TURN_AWAY_NS = 10 * NS_PER_S
"""A live turn keeps the floor for so long: an access point's roaming takes seconds."""


def spoken_turn(view: RoomView, person: str) -> Turn | None:
    """The turn that this person may speak into their own phone, or speaks into it."""
    turn = turn_of(view, person)
    if turn is None or turn.surface is not Surface.PHONE or turn.written or turn.in_hall:
        return None
    return turn if turn.state is TurnState.GRANTED or turn.is_from_phone else None


def may_speak(house: House, view: RoomView, person: str, now_ns: int) -> bool:
    """Whether the phone of this person may be a microphone of the room now."""
    away_ns = house.away_since_ns(person)
    is_here = away_ns is None or now_ns - away_ns < TURN_AWAY_NS
    return is_here and spoken_turn(view, person) is not None


def _turn_of(draft: Draft, microphone: Member) -> Turn:
    """The turn that this microphone carries.

    Raises:
        Refused: there is none.
    """
    turn = spoken_turn(draft.view, microphone.speaks_for or "")
    if turn is None or microphone.participant != microphone_of(turn.participant):
        raise Refused(RefusalCode.NO_TURN, "it is not the turn of this phone's owner")
    return turn


def check_may_take(draft: Draft, microphone: Member) -> Turn:
    """The granted turn that this microphone may open for.

    Raises:
        Refused: there is none, or its owner is blocked, or in the hall.
    """
    turn = _turn_of(draft, microphone)
    refuse_blocked(draft.view, turn.participant)
    if turn.state is not TurnState.GRANTED:
        raise Refused(RefusalCode.NO_TURN, "this microphone is open already")
    person = draft.house.members.get(turn.participant)
    if person is not None and person.in_hall:
        raise Refused(RefusalCode.NOT_ALLOWED, "in the hall a phone would howl: go to a table")
    return turn


def go_live(draft: Draft, microphone: Member, turn: Turn) -> None:
    """It is heard from now on. The person's name is in their hand: nothing else may keep it."""
    taken = FloorTaken(
        participant=turn.participant,
        unit=microphone.participant,
        ssrc=microphone.ssrc or 0,
        at=draft.at,
    )
    draft.emit(taken)


def step_down(draft: Draft, microphone: Member) -> None:
    """The turn is over, or turned down."""
    turn = _turn_of(draft, microphone)
    draft.emit(FloorReleased(participant=turn.participant))


def set_muted(draft: Draft, microphone: Member, muted: Mute | None) -> None:
    """Nothing of a live turn is heard for now, and why; None: it is again."""
    turn = _turn_of(draft, microphone)
    if turn.state is not TurnState.LIVE:
        raise Refused(RefusalCode.NO_TURN, "this microphone is not open")
    if turn.muted is not muted:
        draft.emit(TurnMuted(participant=turn.participant, muted=muted))


def _microphones(house: House) -> Iterator[tuple[Member, str]]:
    """Every phone's microphone that is connected, and its person."""
    for member in house.members.sounding:
        if member.speaks_for is not None and member.connected:
            yield member, member.speaks_for


def show_out(draft: Draft) -> None:
    """End the connections of phones whose turn is over."""
    for microphone, person in _microphones(draft.house):
        if not may_speak(draft.house, draft.view, person, draft.now_ns):
            draft.house.members.mark_away(microphone.participant, draft.now_ns)
            why = Why.BLOCKED if is_out(draft.view, person) else Why.TURN_OVER
            draft.effects.append(Evict((microphone.participant,), why))


def leavings(house: House) -> Iterator[int]:
    """When a microphone has to go because its person's own connection is gone for too long."""
    for _, person in _microphones(house):
        away_ns = house.away_since_ns(person)
        if away_ns is not None:
            yield away_ns + TURN_AWAY_NS
