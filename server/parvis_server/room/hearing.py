"""What may be heard: open sources with the silence on them, and how long who has spoken."""

from collections.abc import Iterable

from parvis_server.room.draft import right_ssrcs
from parvis_server.room.members import Member
from parvis_server.room.state import State
from parvis_wire.floor import Phase
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import Shares, SourceKind

SAMPLES_PER_MS = CLOCK_RATE_HZ // 1000


def open_ssrcs(view: RoomView, sounding: Iterable[Member]) -> frozenset[int]:
    """Sources whose sound belongs in the mix now; none before a room begins and after its end."""
    if view.phase in (Phase.SCHEDULED, Phase.ENDED):
        return frozenset()
    rights = right_ssrcs(view) - {turn.ssrc for turn in view.floor if turn.muted is not None}
    return rights if not view.silenced else rights & _never_silenced(view, sounding)


def _never_silenced(view: RoomView, sounding: Iterable[Member]) -> frozenset[int]:
    """Desks, the hosts' units, and where a host speaks."""
    hosts = {host.participant for host in view.hosts}
    spared = {turn.ssrc for turn in view.floor if turn.participant in hosts}
    for member in sounding:
        if member.source_kind is SourceKind.DESK or member.participant in view.host_units:
            spared.add(member.ssrc)
    return frozenset(ssrc for ssrc in spared if ssrc is not None)


def shares(state: State, now: int) -> Shares:
    """How long turns have run in the hall and far away until ``now``, a room clock.

    How long the stage was heard: see ``stage_talk``.
    """
    hall, phones = state.memory.hall_samples, state.memory.phones_samples
    for turn in state.view.floor:
        ran = max(0, now - state.memory.live_since.get(turn.participant, now))
        if turn.unit is not None and not turn.is_from_phone:
            hall += ran
        else:
            phones += ran
    return Shares(hall_ms=hall // SAMPLES_PER_MS, phones_ms=phones // SAMPLES_PER_MS)
