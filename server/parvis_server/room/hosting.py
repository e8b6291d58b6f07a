"""Running a room: rules, silence, phases, ranks, invitations, seats, shows of hands."""

from parvis_server.room import asking
from parvis_server.room.draft import Draft, Refused
from parvis_server.room.hands import MAX_AT_UNIT
from parvis_server.room.members import Member
from parvis_server.room.permissions import (
    END_ROOM,
    FLOOR_PHASES,
    MAKE_HOSTS,
    NEXT_PHASES,
    Part,
    named,
)
from parvis_server.room.places import (
    hand_of,
    hands_at,
    host_ids,
    seat_of,
    seated_at,
    unit_of_person,
)
from parvis_server.room.results import AttendTo, Evict, Why
from parvis_server.room.state import turn_of
from parvis_wire.commands import (
    Block,
    Describe,
    KeepInView,
    LeaveSeat,
    MakeInvite,
    SetHostUnit,
    SetPhase,
    SetRank,
    TakeSeat,
)
from parvis_wire.floor import (
    Access,
    Desk,
    Invite,
    InviteRole,
    LowerReason,
    Person,
    Phase,
    Rank,
    RoomHost,
    Seated,
)
from parvis_wire.messages import Attention, RefusalCode, Role
from parvis_wire.room_events import (
    Blocked,
    Described,
    FloorReleased,
    HandLowered,
    HostJoined,
    HostLeft,
    HostUnitSet,
    InviteMade,
    InviteRevoked,
    KeptInView,
    MicrophoneClosed,
    PhaseSet,
    SeatLeft,
    SeatTaken,
    Unblocked,
)
from parvis_wire.room_view import RoomView, place_in_line

MAX_INVITES = 500
MAX_HOSTS = 32
MAX_BLOCKED = 500


def desk_of(draft: Draft) -> Desk:
    """What only hosts see."""
    return draft.view.desk or Desk()


def set_phase(draft: Draft, command: SetPhase, parts: frozenset[Part]) -> None:
    """Backstage, live, or the end."""
    if command.phase is Phase.ENDED and not named(parts, END_ROOM):
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host ends the room")
    if command.phase is draft.view.phase:
        return
    if command.phase not in NEXT_PHASES[draft.view.phase]:
        now = draft.view.phase.value
        raise Refused(RefusalCode.NOT_LIVE, f"a room that is {now} does not become this")
    draft.emit(PhaseSet(phase=command.phase, utc_ms=draft.utc_ms))
    if command.phase not in FLOOR_PHASES:
        _clear_floor(draft)
    if command.phase is Phase.ENDED:
        _end(draft)


def _clear_floor(draft: Draft) -> None:
    """Nobody speaks or waits in a room that has not begun yet, or is over."""
    for turn in draft.view.floor:
        draft.emit(FloorReleased(participant=turn.participant, reason=LowerReason.CLOSED))
    for hand in draft.view.line:
        draft.emit(HandLowered(participant=hand.participant, reason=LowerReason.CLOSED))


def _end(draft: Draft) -> None:
    """No question is open, and no microphone, in a room that is over."""
    if draft.view.ask is not None:
        asking.close_ask(draft)
    for microphone in draft.view.microphones:
        draft.emit(MicrophoneClosed(unit=microphone.unit))


def take_off(draft: Draft, participant: str, reason: LowerReason | None) -> None:
    """End a person's hand and turn."""
    if place_in_line(draft.view, participant) is not None:
        draft.emit(HandLowered(participant=participant, reason=reason))
    if turn_of(draft.view, participant) is not None:
        draft.emit(FloorReleased(participant=participant, reason=reason))


def describe(draft: Draft, command: Describe) -> None:
    """What the room is, and who may come in from now on."""
    shows_out = command.show_out and command.about.access is not Access.OPEN
    if command.about != draft.view.about or shows_out:
        draft.emit(Described(about=command.about, shown_out=shows_out))
    if shows_out:
        out = tuple(m.participant for m in draft.house.members if _is_uninvited(draft.view, m))
        for who in out:
            _take_out(draft, who, LowerReason.DISMISSED)
        if out:
            draft.effects.append(Evict(out, Why.UNINVITED))


def _is_uninvited(view: RoomView, member: Member) -> bool:
    """Whether they only listen or show, and came by a link that everybody may have."""
    came_freely = member.role in (Role.LISTENER, Role.SCREEN) and member.invite is None
    return came_freely and member.connected and member.participant not in host_ids(view)


def _take_out(draft: Draft, who: str, reason: LowerReason) -> None:
    """End hand, turn, microphone and seat of somebody who leaves."""
    take_off(draft, who, reason)
    _close_microphone(draft, who)
    if seat_of(draft.view, who) is not None:
        draft.emit(SeatLeft(participant=who))


def block(draft: Draft, command: Block) -> None:
    """This person raises no hand any more."""
    known = draft.house.members.get(command.participant)
    who = (known.speaks_for if known is not None else None) or command.participant
    if who in host_ids(draft.view):
        raise Refused(RefusalCode.NOT_ALLOWED, "whoever runs the room is not blocked")
    name = _name_of(draft, who)
    if name is None:
        raise Refused(RefusalCode.NOT_HERE, "nobody of this id is in the room")
    if len(desk_of(draft).blocked) >= MAX_BLOCKED:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_BLOCKED} people are blocked already")
    draft.emit(Blocked(person=Person(participant=who, name=name, out=command.out)))
    take_off(draft, who, LowerReason.BLOCKED)
    for turn in draft.view.floor:
        if turn.unit == who:
            draft.emit(FloorReleased(participant=turn.participant, reason=LowerReason.BLOCKED))
    _close_microphone(draft, who)
    if command.out:
        if seat_of(draft.view, who) is not None:
            draft.emit(SeatLeft(participant=who))
        draft.effects.append(Evict((who,), Why.BLOCKED))


def _name_of(draft: Draft, participant: str) -> str | None:
    """What somebody here is called; the id of one who gave no name."""
    hand, turn = hand_of(draft.view, participant), turn_of(draft.view, participant)
    if hand is not None:
        return hand.name
    if turn is not None:
        return turn.name
    member = draft.house.members.get(unit_of_person(participant))
    return None if member is None else member.name or participant


def _close_microphone(draft: Draft, participant: str) -> None:
    """One that is always open."""
    if any(microphone.unit == participant for microphone in draft.view.microphones):
        draft.emit(MicrophoneClosed(unit=participant))


def unblock(draft: Draft, participant: str) -> None:
    """And may again."""
    if all(person.participant != participant for person in desk_of(draft).blocked):
        raise Refused(RefusalCode.NOT_HERE, "this participant is not blocked")
    draft.emit(Unblocked(participant=participant))


def set_rank(draft: Draft, command: SetRank, actor: str, parts: frozenset[Part]) -> None:
    """Make somebody host or co-host, or an ordinary participant again."""
    who, rank = command.participant, command.rank
    held = next((host for host in draft.view.hosts if host.participant == who), None)
    touches_host = rank is Rank.HOST or (held is not None and held.rank is Rank.HOST)
    if touches_host and not named(parts, MAKE_HOSTS):
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host makes hosts")
    if rank is None:
        _step_down(draft, who, held)
        if who != actor:
            _void_invitation(draft, who, InviteRole.HOST, InviteRole.COHOST)
        return
    member = draft.house.members.get(who)
    if held is None and not _may_run(member):
        raise Refused(RefusalCode.NOT_HERE, "nobody of this id is in the room now")
    if who == actor and rank is not Rank.HOST:
        _refuse_last(draft, who)
    if held is None and len(draft.view.hosts) >= MAX_HOSTS:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_HOSTS} run the room already")
    if held is None or held.rank is not rank:
        name = held.name if held is not None else member and member.name
        draft.emit(HostJoined(host=RoomHost(participant=who, name=name, rank=rank)))
    if who != actor and rank is Rank.COHOST:
        _void_invitation(draft, who, InviteRole.HOST)


def _may_run(member: Member | None) -> bool:
    """Whether a rank can be given: a listener has to be here, to get the token that proves it."""
    if member is None or member.role is not Role.LISTENER:
        return member is not None and member.role is Role.HOST
    return member.connected


def _void_invitation(draft: Draft, who: str, *roles: InviteRole) -> None:
    """Whose rank was taken does not get it again by the link that they came by."""
    member = draft.house.members.get(who)
    for invite in desk_of(draft).invites:
        if member is not None and invite.number == member.invite and invite.role in roles:
            draft.emit(InviteRevoked(number=invite.number))


def _step_down(draft: Draft, who: str, held: RoomHost | None) -> None:
    if held is None:
        raise Refused(RefusalCode.NOT_HERE, "this participant does not run the room")
    _refuse_last(draft, who)
    draft.emit(HostLeft(participant=who))


def _refuse_last(draft: Draft, *going: str) -> None:
    """Somebody who is here has to run the room."""
    others = host_ids(draft.view).difference(going)
    if not any(draft.house.here(other) for other in others):
        raise Refused(RefusalCode.LAST_HOST, "somebody who is here has to run the room")


def make_invite(draft: Draft, command: MakeInvite, parts: frozenset[Part]) -> None:
    """An invitation; the hub makes the link."""
    if command.role is InviteRole.HOST and not named(parts, MAKE_HOSTS):
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host makes hosts")
    if len(desk_of(draft).invites) >= MAX_INVITES:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_INVITES} invitations are there already")
    number = draft.state.memory.last_invite + 1
    draft.emit(InviteMade(invite=Invite(number=number, role=command.role, name=command.name)))


def revoke_invite(draft: Draft, number: int, parts: frozenset[Part]) -> None:
    """An invitation is void; whoever came by it is out."""
    invite = next((one for one in desk_of(draft).invites if one.number == number), None)
    if invite is None:
        raise Refused(RefusalCode.NO_INVITE, "there is no such invitation")
    if invite.role is InviteRole.HOST and not named(parts, MAKE_HOSTS):
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host takes a host's invitation back")
    out = [member.participant for member in draft.house.members if member.invite == number]
    if not host_ids(draft.view).isdisjoint(out):
        _refuse_last(draft, *out)
    draft.emit(InviteRevoked(number=number))
    for who in out:
        _take_out(draft, who, LowerReason.DISMISSED)
        if who in host_ids(draft.view):
            draft.emit(HostLeft(participant=who))
    if out:
        draft.effects.append(Evict(tuple(out)))


def set_host_unit(draft: Draft, command: SetHostUnit) -> None:
    """A unit's press is the hosts' *Next*; nobody raises a hand there any more."""
    here = _unit(draft, command.unit)
    if here is None and (command.on or command.unit not in draft.view.host_units):
        raise Refused(RefusalCode.NOT_HERE, "no unit of this id is in the room")
    if command.on == (command.unit in draft.view.host_units):
        return
    if command.on:
        for hand in hands_at(draft.view, command.unit):
            draft.emit(HandLowered(participant=hand.participant, reason=LowerReason.DISMISSED))
    draft.emit(HostUnitSet(unit=command.unit, on=command.on))


def keep_in_view(draft: Draft, command: KeepInView) -> None:
    """Somebody of the audience is seen behind the stage, as far as they gave a name.

    Whether they are here does not matter: who listens at an edge is not known to the room.
    """
    if command.on != (command.participant in draft.view.kept_in_view):
        draft.emit(KeptInView(participant=command.participant, on=command.on))


def _unit(draft: Draft, participant: str | None) -> Member | None:
    member = None if participant is None else draft.house.members.get(participant)
    return member if member is not None and member.role is Role.UNIT else None


def take_seat(draft: Draft, actor: str, command: TakeSeat) -> None:
    """A person attaches themselves to a unit."""
    unit = _unit(draft, draft.house.seat_of(command.code))
    if unit is None or unit.name is None:
        raise Refused(RefusalCode.NO_SEAT, "no unit here has this code")
    others = [s for s in seated_at(draft.view, unit.participant) if s.participant != actor]
    if len(others) >= MAX_AT_UNIT:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_AT_UNIT} people sit there already")
    draft.house.members.rename(actor, command.name)
    seated = Seated(
        participant=actor, name=command.name, unit=unit.participant, unit_name=unit.name
    )
    if seat_of(draft.view, actor) != seated:
        draft.emit(SeatTaken(seated=seated))


def leave_seat(draft: Draft, actor: str, command: LeaveSeat, *, runs: bool) -> None:
    """And leaves it; a host may name anybody."""
    whose = command.participant or actor
    if whose != actor and not runs:
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host sends somebody else away")
    if seat_of(draft.view, whose) is None:
        raise Refused(RefusalCode.NO_SEAT, "this participant sits at no unit")
    draft.emit(SeatLeft(participant=whose))


def identify(draft: Draft, unit: str) -> None:
    """A unit blinks white, to be found."""
    found = _unit(draft, unit)
    if found is None or not found.connected:
        raise Refused(RefusalCode.NOT_HERE, "no unit of this id is here")
    draft.effects.append(AttendTo(unit, Attention.IDENTIFY))
