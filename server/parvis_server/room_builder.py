"""A room of this hub, put together from what is kept of it."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, Unpack

from parvis_server.config import HubSettings, StageSettings
from parvis_server.engine.boundary import EngineStats, StageReport
from parvis_server.engine.stage import ZoneGain
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_take import RecordedEngine
from parvis_server.links import RoomLinks
from parvis_server.media.zones import Lift, lift_refusal
from parvis_server.net.credentials import same
from parvis_server.net.ladder import Ladder
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.mp3 import Mp3Stream
from parvis_server.net.raising import Raising, RanksHeld
from parvis_server.net.reading import ReadingVoice
from parvis_server.net.room_engine import RoomEngine, RunningEngine
from parvis_server.net.room_keeper import KeptRoom, RoomKeeper
from parvis_server.net.rooms import HubRoom
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.draft import WriteNotice
from parvis_server.room.lifts import LiftFacts
from parvis_server.room.profile import five_ms_rule
from parvis_server.room.room import Room, no_rule
from parvis_server.room.stage import Stage
from parvis_wire.floor import InviteRole
from parvis_wire.messages import Role
from parvis_wire.pairing import WaitingUnit
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import Alarm, AlarmKind


class EngineMaker(Protocol):
    """Makes the engine: ``EngineSupervisor``, or a fake in tests."""

    def __call__(
        self,
        on_program: Callable[[int, bytes], None],
        on_levels: Callable[[dict[int, float]], None],
        on_stats: Callable[[EngineStats], None],
        origin_ns: int,
        *,
        on_stage: Callable[[StageReport], None],
        frame_ms: Literal[5, 10],
    ) -> RunningEngine:
        """See ``EngineSupervisor``."""


@dataclass(frozen=True, slots=True)
class RoomBuilder:
    """Puts rooms together."""

    settings: HubSettings
    links: RoomLinks
    origin: Callable[[InviteRole], str]
    """What the link of an invitation begins with."""
    make_engine: EngineMaker
    keeper: RoomKeeper
    alarms: Callable[[], Iterable[Alarm]] = tuple
    """Of the hub itself, for the hosts of every room."""
    waiting_units: Callable[[str], tuple[WaitingUnit, ...]] = lambda room: ()
    """Units that want to join a room and that an operator has to let in."""
    write_notice: WriteNotice | None = None
    """What people are asked before they are recorded; None: the hub has no recorder."""
    recorder: HubRecorder | None = None
    """Writes down what rooms say that are recorded."""
    ranks: RanksHeld = field(default_factory=RanksHeld)
    """Of all rooms."""

    def build(self, kept: KeptRoom) -> HubRoom:
        """The room that its log tells of, with an engine that sleeps until it sounds."""
        frame_ms = self.settings.stage.frame_ms
        limits = self.settings.limits
        voice = ReadingVoice(self.settings.reading.command)
        clock = self._clock(kept)
        room = Room.replay(
            kept.name,
            clock,
            about=kept.about,
            phase=kept.phase,
            stored=(),
            folded=self.keeper.folded(kept),
            now_ns=time.monotonic_ns(),
            open_rule=five_ms_rule if frame_ms == 5 else no_rule,
            seat_of=lambda code: self._unit_at(room, code),
            has_voice=voice.is_installed,
            write_notice=self.write_notice,
        )
        engine = RoomEngine(
            lambda: self.make_engine(
                lambda ptime_ms, rtp: live.on_program(ptime_ms, rtp),
                lambda levels: live.on_levels(levels),
                lambda stats: live.on_stats(stats),
                clock.origin_ns,
                on_stage=lambda report: recorded.hear(report, live.on_stage),
                frame_ms=frame_ms,
            )
        )
        recorded = RecordedEngine(engine)
        live = LiveRoom(
            room,
            recorded,
            _stage(self.settings.stage),
            frame_ms=frame_ms,
            outbox=self.keeper.outbox(kept.name),
            voice=voice,
            ladder=Ladder(limits.min_packet_ms, limits.max_packet_ms),
        )
        mp3 = Mp3Stream(live.program_taps, limits.mp3_listeners)
        live.extra_listeners = mp3.__len__
        live.invite_link = lambda invite: (
            self.origin(invite.role) + self.links.invite(kept.name, invite)
        )
        Raising(live, self.links.keys, self.ranks)
        live.house_alarms = self._house_alarms
        if self.recorder is not None:
            in_record = self.recorder.follow(live, recorded)
            self.recorder.replays.follow(live)
            live.house_alarms = lambda: (*self._house_alarms(), *in_record.alarms())
        live.waiting_units = lambda: self.waiting_units(kept.name)
        return HubRoom(live, engine, mp3, kept.created_utc_ms)

    def _clock(self, kept: KeptRoom) -> RoomClock:
        """It goes on, and never back behind what was recorded."""
        newest = 0 if self.recorder is None else self.recorder.newest_clock(kept.name)
        newest_ns = newest * NS_PER_S // CLOCK_RATE_HZ
        return RoomClock(min(kept.origin_ns, time.monotonic_ns() - newest_ns))

    def _house_alarms(self) -> Iterator[Alarm]:
        """What the hosts of every room must know."""
        state = self.keeper.state
        if state.failing:
            yield Alarm(kind=AlarmKind.LOG_FAILS, value=float(state.waiting))
        yield from self.alarms()

    def _unit_at(self, room: Room, code: str) -> str | None:
        """The unit whose code this is; one that is here before one that was."""
        units = [member for member in room.sounding if member.role is Role.UNIT and member.name]
        units.sort(key=lambda unit: not unit.connected)
        for unit in units:
            if same(code, self.links.keys.seat_code(room.view.room, unit.name or "")):
                return unit.participant
        return None


def _stage(settings: StageSettings) -> Stage:
    """The stage as the settings have it."""
    gains = [ZoneGain(talks=g.talks, hears=g.hears, gain_db=g.gain_db) for g in settings.zone_gains]
    return Stage(
        gains,
        lift_rule,
        five_ms_profile=settings.frame_ms == 5,
        shift_loudspeakers=settings.shift_loudspeakers,
    )


def lift_rule(**facts: Unpack[LiftFacts]) -> str | None:
    """Why a zone may not hear its own microphones: the rule of the mix, for the room."""
    return lift_refusal(Lift(**facts))
