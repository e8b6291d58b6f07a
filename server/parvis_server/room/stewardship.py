"""Somebody runs the room: hosts who come and go, their heir, and the autopilot without any."""

from dataclasses import dataclass

from parvis_server.room.clock import NS_PER_S
from parvis_server.room.draft import Draft, House
from parvis_server.room.members import Member
from parvis_wire.floor import LowerReason, Phase, Rank, RoomHost, TurnState
from parvis_wire.messages import Role
from parvis_wire.room_events import (
    AutopilotSet,
    FloorReleased,
    HeirActs,
    HostJoined,
    HostLeft,
    Silenced,
)
from parvis_wire.room_view import RoomView

HOST_AWAY_NS = 60 * NS_PER_S
"""A host who is away this long leaves the room to an heir, or to itself."""

HOST_FORGOTTEN_NS = 300 * NS_PER_S
"""Who came by the host link, and is away this long, has to come by it again."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is to run the room now."""

    acting: str | None = None
    autopilot: bool = False


def welcome_host(draft: Draft, member: Member) -> None:
    """Who came by a host's link or invitation runs the room."""
    rank = member.rank or (Rank.HOST if member.role is Role.HOST else None)
    held = next((h for h in draft.view.hosts if h.participant == member.participant), None)
    if rank is not None and held is None:
        host = RoomHost(participant=member.participant, name=member.name, rank=rank)
        draft.emit(HostJoined(host=host))


def keep_watch(draft: Draft) -> None:
    """See that a host, an heir or the autopilot runs the room."""
    wanted = _wanted(draft.house, draft.view, draft.now_ns)
    if wanted.acting != draft.view.acting:
        draft.emit(HeirActs(participant=wanted.acting))
    if wanted.autopilot == draft.view.autopilot:
        return
    draft.emit(AutopilotSet(on=wanted.autopilot))
    if wanted.autopilot and draft.view.silenced:
        _end_silence(draft)


def _end_silence(draft: Draft) -> None:
    """Nobody is there to end it by hand. No microphone opens by it: the turns end first."""
    for turn in draft.view.floor:
        if turn.state is TurnState.LIVE:
            draft.emit(FloorReleased(participant=turn.participant, reason=LowerReason.CLOSED))
    draft.emit(Silenced(on=False))


def _wanted(house: House, view: RoomView, now_ns: int) -> Watch:
    if view.phase is not Phase.LIVE or _ranked_here(house, view, Rank.HOST):
        return Watch()
    heirs = _ranked_here(house, view, Rank.COHOST)
    cohosts = {host.participant for host in view.hosts if host.rank is Rank.COHOST}
    if view.acting in cohosts and not _is_over(house.away_since_ns(view.acting or ""), now_ns):
        return Watch(acting=view.acting)
    alone = view.autopilot or view.acting is not None or _is_over(_alone_since(house, view), now_ns)
    if not alone:
        return Watch()
    return Watch(acting=heirs[0]) if heirs else Watch(autopilot=True)


def _is_over(since_ns: int | None, now_ns: int) -> bool:
    return since_ns is not None and now_ns - since_ns >= HOST_AWAY_NS


def _ranked_here(house: House, view: RoomView, rank: Rank) -> list[str]:
    return [h.participant for h in view.hosts if h.rank is rank and house.here(h.participant)]


def _alone_since(house: House, view: RoomView) -> int:
    """Since when no host is there."""
    hosts = (host.participant for host in view.hosts if host.rank is Rank.HOST)
    aways = (house.away_since_ns(host) for host in hosts)
    return max((since for since in aways if since is not None), default=house.began_ns)


def watch_due_ns(house: House, view: RoomView) -> int | None:
    """When the watch may change by time alone."""
    if view.phase is not Phase.LIVE or view.autopilot or _ranked_here(house, view, Rank.HOST):
        return None
    if view.acting is not None:
        away_ns = house.away_since_ns(view.acting)
        return None if away_ns is None else away_ns + HOST_AWAY_NS
    return _alone_since(house, view) + HOST_AWAY_NS


def forget_host(participant: str, draft: Draft) -> None:
    """Who came by a link and is away for long; those whom another host named stay."""
    known = {host.participant for host in draft.view.hosts}
    if participant in known and participant not in draft.state.memory.appointed:
        draft.emit(HostLeft(participant=participant))
