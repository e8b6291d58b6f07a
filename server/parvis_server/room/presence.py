"""Comings: what follows when somebody joins, perhaps as another kind of unit than before."""

from parvis_server.room.draft import Draft
from parvis_server.room.members import Member, Members
from parvis_server.room.places import hands_at, is_blocked, turns_at
from parvis_server.room.stewardship import welcome_host
from parvis_wire.floor import Microphone, Phase, Surface, TurnState
from parvis_wire.messages import Role
from parvis_wire.room_events import (
    FloorReleased,
    FloorTaken,
    HandLowered,
    MicrophoneClosed,
    MicrophoneOpened,
    SeatTaken,
    TurnMuted,
    TurnResumed,
)
from parvis_wire.room_view import RoomView


def arrive(draft: Draft, member: Member) -> None:
    """``member`` is here now."""
    welcome_host(draft, member)
    if not member.sounds:
        return
    _seat_again(draft, member)
    who = member.participant
    shown = next((m for m in draft.view.microphones if m.unit == who), None)
    if not member.always_open or member.name is None or member.ssrc is None:
        if shown is not None:
            draft.emit(MicrophoneClosed(unit=who))
        if member.role is Role.UNIT and member.ssrc is None:
            give_up(draft, who)
        _resume(draft, member)
        return
    shut = draft.view.phase is Phase.ENDED or is_blocked(draft.view, who)
    if shut or (shown is None and draft.kept_out(member) is not None):
        return
    give_up(draft, who)
    microphone = Microphone(unit=who, name=member.name, ssrc=member.ssrc)
    if microphone != shown:
        draft.emit(MicrophoneOpened(microphone=microphone))


def _seat_again(draft: Draft, unit: Member) -> None:
    """Who sat at a lost unit of this name sits at the one that took its place: it restarted. Who
    sits at this one sees what it is called now."""
    if unit.role is not Role.UNIT or unit.ssrc is None:
        return
    for seat in draft.view.seats:
        lost = seat.unit != unit.participant and not draft.house.here(seat.unit)
        if lost and seat.unit_name == unit.name:
            moved = seat.model_copy(update={"unit": unit.participant})
            draft.emit(SeatTaken(seated=moved))
        elif seat.unit == unit.participant and unit.name not in (None, seat.unit_name):
            draft.emit(SeatTaken(seated=seat.model_copy(update={"unit_name": unit.name})))


def give_up(draft: Draft, unit: str) -> None:
    """End hands and turns at a unit that has no button, or no microphone, any more."""
    for hand in hands_at(draft.view, unit):
        draft.emit(HandLowered(participant=hand.participant))
    for turn in turns_at(draft.view, unit):
        if turn.unit == unit or turn.surface is Surface.UNIT:
            draft.emit(FloorReleased(participant=turn.participant))


def _resume(draft: Draft, unit: Member) -> None:
    """The live turn of a unit that is back goes on, perhaps under another source."""
    for turn in draft.view.floor:
        if turn.unit != unit.participant or turn.state is not TurnState.LIVE:
            continue
        if unit.ssrc is not None and turn.ssrc != unit.ssrc:
            draft.emit(
                FloorTaken(
                    participant=turn.participant,
                    unit=turn.unit,
                    unit_name=turn.unit_name,
                    ssrc=unit.ssrc,
                    at=turn.since,
                )
            )
            if turn.muted is not None:
                draft.emit(TurnMuted(participant=turn.participant, muted=turn.muted))
        elif turn.away:
            draft.emit(TurnResumed(participant=turn.participant))


def late_openings(draft: Draft) -> None:
    """One microphone that was kept out at its coming, and for which there is room now."""
    if draft.view.phase is Phase.ENDED:
        return
    shown = {microphone.unit for microphone in draft.view.microphones}
    for member in draft.house.members.sounding:
        who = member.participant
        waits = member.always_open and member.connected and who not in shown
        shut = is_blocked(draft.view, who) or draft.kept_out(member) is not None
        if waits and not shut and member.name and member.ssrc is not None:
            microphone = Microphone(unit=who, name=member.name, ssrc=member.ssrc)
            draft.emit(MicrophoneOpened(microphone=microphone))
            return


def busy(view: RoomView) -> set[str]:
    """Everybody with a hand, a turn, a seat, a rank or an open microphone: not forgotten."""
    ids: set[str | None] = set()
    for hand in view.line:
        ids |= {hand.participant, hand.unit}
    for turn in view.floor:
        ids |= {turn.participant, turn.unit, turn.place}
    ids |= {microphone.unit for microphone in view.microphones}
    ids |= {seat.participant for seat in view.seats}
    ids |= {host.participant for host in view.hosts}
    return {participant for participant in ids if participant is not None}


def forget_namesakes(members: Members, view: RoomView, unit: Member) -> None:
    """A lost unit without a hand or turn, whose name a newcomer bears, is that table restarted."""
    kept = busy(view)
    for other in tuple(members.away()):
        lost_unit = other.role is Role.UNIT and other.participant not in kept
        if lost_unit and other.name == unit.name and other.participant != unit.participant:
            members.forget(other.participant)


def forget_longest_absent(members: Members, view: RoomView) -> None:
    """Make room for somebody else who is away."""
    kept = busy(view)
    away = (member.participant for member in members.away())
    longest = next((participant for participant in away if participant not in kept), None)
    if longest is not None:
        members.forget(longest)
