"""Who may do what, in which mode of the floor: one table. ``docs/floor.md`` is made from it.

A member of the room plays one or more *parts*: the rank that the room gave, the role of the
connection. Whoever plays a part that the row names may do it. Beside the commands stand the acts
that a command may come to: opening a microphone without a grant, ending the room, making hosts.
"""

from collections.abc import Mapping
from enum import StrEnum

from parvis_server.room.members import Member
from parvis_wire.floor import FloorMode, InviteRole, Phase, Rank, TurnState
from parvis_wire.messages import Role
from parvis_wire.room_view import RoomView


class Part(StrEnum):
    """What somebody is in a room."""

    HOST = "host"
    COHOST = "co-host"
    SPEAKER = "speaker"
    """Far away and heard from the start, invited to speak, or whoever speaks from the audience just
    now: then beside what they are besides."""
    PHONE = "speaking phone"
    """The microphone of somebody in the audience whose turn it is."""
    AUDIENCE = "audience"
    UNIT = "unit"
    HOST_UNIT = "host's unit"
    SCREEN = "hall screen"
    OPERATOR = "operator"
    """Of the hub: by the command line or the HTTP API."""


RUNNING = frozenset({Part.HOST, Part.COHOST, Part.OPERATOR, Part.HOST_UNIT})
"""Parts that run the room."""

OPERATOR = "operator"
"""The participant that the operator's commands name; no member of any room."""

ALL_MODES = frozenset(FloorMode)
LINE_MODES = ALL_MODES - {FloorMode.OVERRIDE, FloorMode.PUSH_TO_TALK}
"""Where a unit's press may join the line."""
PRESS_OPENS = ALL_MODES - {FloorMode.HOST, FloorMode.QUEUE}
"""Where a unit's press opens its microphone without a grant."""

Row = Mapping[Part, frozenset[FloorMode]]

_RUNS: Row = dict.fromkeys((Part.HOST, Part.COHOST, Part.OPERATOR), ALL_MODES)
_RUNS_OR_UNIT: Row = {**_RUNS, Part.HOST_UNIT: ALL_MODES}
_HOST_ALONE: Row = dict.fromkeys((Part.HOST, Part.OPERATOR), ALL_MODES)

OPEN_MICROPHONE = "open_microphone"
"""A press without a grant."""
END_ROOM = "end_room"
MAKE_HOSTS = "make_hosts"

PERMITTED: Mapping[str, Row] = {
    "raise_hand": {Part.AUDIENCE: ALL_MODES, Part.UNIT: LINE_MODES},
    "lower_hand": {**_RUNS, Part.AUDIENCE: ALL_MODES, Part.UNIT: ALL_MODES},
    "take_floor": dict.fromkeys((Part.UNIT, Part.HOST_UNIT, Part.PHONE), ALL_MODES),
    OPEN_MICROPHONE: {Part.UNIT: PRESS_OPENS, Part.HOST_UNIT: ALL_MODES},
    "leave_floor": dict.fromkeys(
        (Part.AUDIENCE, Part.UNIT, Part.HOST_UNIT, Part.SPEAKER, Part.PHONE), ALL_MODES
    ),
    "set_muted": {Part.PHONE: ALL_MODES},
    "next": _RUNS_OR_UNIT,
    "give_floor": _RUNS,
    "end_turn": _RUNS,
    "move_hand": _RUNS,
    "set_rules": _RUNS,
    "silence_all": _RUNS_OR_UNIT,
    "close_all": _RUNS_OR_UNIT,
    "set_phase": _RUNS,
    END_ROOM: _HOST_ALONE,
    "describe": _RUNS,
    "undo": _RUNS,
    "block": _RUNS,
    "unblock": _RUNS,
    "set_rank": _RUNS,
    MAKE_HOSTS: _HOST_ALONE,
    "make_invite": _RUNS,
    "revoke_invite": _RUNS,
    "set_host_unit": _RUNS,
    "keep_in_view": {**_RUNS, Part.SPEAKER: ALL_MODES},
    "take_seat": {Part.AUDIENCE: ALL_MODES},
    "leave_seat": {**_RUNS, Part.AUDIENCE: ALL_MODES},
    "read_out": _RUNS,
    "open_ask": _RUNS,
    "answer_ask": dict.fromkeys((Part.AUDIENCE, Part.UNIT, Part.SPEAKER), ALL_MODES),
    "close_ask": _RUNS,
    "identify": _RUNS,
    "start_recording": _HOST_ALONE,
    "set_recording_terms": _HOST_ALONE,
    "stop_recording": _RUNS,
    "answer_recording": dict.fromkeys(
        (Part.HOST, Part.COHOST, Part.AUDIENCE, Part.SPEAKER), ALL_MODES
    ),
    "withdraw_voice": {**_RUNS, Part.AUDIENCE: ALL_MODES, Part.SPEAKER: ALL_MODES},
}
"""Act × part: in which modes."""

FLOOR_ACTS = frozenset(
    {"raise_hand", "take_floor", "next", "give_floor", "read_out", "undo"}
    | {"move_hand", "open_ask", "answer_ask"}
)
"""What needs a room that has begun and is not over."""

FLOOR_PHASES = frozenset({Phase.BACKSTAGE, Phase.LIVE})

NEXT_PHASES: Mapping[Phase, frozenset[Phase]] = {
    Phase.SCHEDULED: frozenset({Phase.BACKSTAGE, Phase.LIVE, Phase.ENDED}),
    Phase.BACKSTAGE: frozenset({Phase.SCHEDULED, Phase.LIVE, Phase.ENDED}),
    Phase.LIVE: frozenset({Phase.BACKSTAGE, Phase.ENDED}),
    Phase.ENDED: frozenset(),
}

_ROLE_PARTS: Mapping[Role, Part] = {
    Role.LISTENER: Part.AUDIENCE,
    Role.HOST: Part.AUDIENCE,
    Role.UNIT: Part.UNIT,
    Role.SPEAKER: Part.SPEAKER,
    Role.SCREEN: Part.SCREEN,
}
_RANK_PARTS = {Rank.HOST: Part.HOST, Rank.COHOST: Part.COHOST}


def rank_of(view: RoomView, participant: str) -> Rank | None:
    """The rank that counts now: whoever acts for the host is one."""
    host = next((host for host in view.hosts if host.participant == participant), None)
    if host is None:
        return None
    return Rank.HOST if view.acting == participant else host.rank


def is_expected_to_speak(view: RoomView, invite: int | None) -> bool:
    """Whether the invitation of this number is a speaker's; None: somebody who came without one."""
    invites = () if view.desk is None else view.desk.invites
    return any(one.number == invite and one.role is InviteRole.SPEAKER for one in invites)


def _is_on_stage(view: RoomView, person: str) -> bool:
    """Whether this person speaks: a question that is read out is nobody at a microphone."""
    turns = (turn for turn in view.floor if turn.participant == person)
    return any(turn.state is TurnState.LIVE and turn.unit is not None for turn in turns)


def is_listener(view: RoomView, member: Member | None, participant: str) -> bool:
    """Whether this id is nobody's but a listener's, as far as the room knows.

    Edges vouch for listeners. Who runs the room, a unit and a speaker are known by secrets that the
    hub alone gives out, also while they are away.
    """
    if member is not None and member.role is not Role.LISTENER:
        return False
    if any(host.participant == participant for host in view.hosts):
        return False
    parts = (view.line, view.floor, view.seats, view.microphones)
    units = {one.unit for part in parts for one in part}
    return participant not in units and participant not in view.host_units


def parts_of(view: RoomView, actor: Member | None) -> frozenset[Part]:
    """What somebody is in this room; None: the operator."""
    if actor is None:
        return frozenset({Part.OPERATOR})
    if actor.role is Role.UNIT and actor.participant in view.host_units:
        return frozenset({Part.HOST_UNIT})
    if actor.speaks_for is not None:
        return frozenset({Part.PHONE})
    rank = rank_of(view, actor.participant)
    if rank is not None and actor.role is Role.HOST:
        return frozenset({_RANK_PARTS[rank]})
    parts = {_ROLE_PARTS[actor.role]} | (set() if rank is None else {_RANK_PARTS[rank]})
    if Part.AUDIENCE in parts and (
        is_expected_to_speak(view, actor.invite) or _is_on_stage(view, actor.participant)
    ):
        parts.add(Part.SPEAKER)
    return frozenset(parts)


def named(parts: frozenset[Part], act: str) -> bool:
    """Whether one of these parts may do this in some mode."""
    return not parts.isdisjoint(PERMITTED[act])


def permitted(parts: frozenset[Part], act: str, mode: FloorMode) -> bool:
    """Whether one of these parts may do this in this mode."""
    row = PERMITTED[act]
    return any(mode in row[part] for part in parts if part in row)
