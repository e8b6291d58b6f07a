"""The live room: the pure room, its audience, its units and its engine, joined.

Everything that changes the room passes through ``apply``: changes are framed once and fanned out
to everybody, effects reach the engine. Nothing here raises because of what a peer did.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from parvis_server.engine.boundary import EngineStats, StageReport
from parvis_server.net.connection import Connection
from parvis_server.net.engine import Engine
from parvis_server.net.fanout import Fanout, Receiver
from parvis_server.net.framing import binary_frame, text_frame
from parvis_server.net.live_stage import LiveStage
from parvis_server.net.streams import Stream, Streams
from parvis_server.room.members import Member
from parvis_server.room.results import OpenSources, Result
from parvis_server.room.room import Room
from parvis_server.room.stage import Stage
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Command
from parvis_wire.floor import Invite
from parvis_wire.messages import Ack, RefusalCode, Role, Rung, Snapshot, Time
from parvis_wire.room_events import InviteMade, RoomEvent
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import StageCommand, Status

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000

TICK_S = 0.25
STATUS_EVERY_TICKS = 2
TIME_EVERY_TICKS = 40

FIRST_AWAY_NS = 10 * NS_PER_S
"""A second connection alone keeps the floor for this long. By then the first would have come
back many times over, and nobody's press has arrived meanwhile."""


@dataclass(slots=True, eq=False)
class Seat:
    """One connected participant."""

    participant: str
    role: Role
    connection: Connection
    receiver: Receiver
    rung: Rung | None = None
    """How a listener plays, once it said so."""


@dataclass(slots=True)
class Counts:
    """What happened since the hub started; for ``/metrics``."""

    joins: Counter[Role] = field(default_factory=Counter)
    packets: int = 0
    duplicate_packets: int = 0
    unwanted_packets: int = 0
    """Of sources that were not open: dropped before the engine."""
    rate_drops: int = 0
    time_requests: int = 0


class LiveRoom:
    """The room as the network sees it."""

    def __init__(
        self,
        room: Room,
        engine: Engine,
        stage: Stage,
        now_ns: Callable[[], int] = time.monotonic_ns,
        *,
        frame_ms: Literal[5, 10] = 10,
    ) -> None:
        """Serve ``room``, mixed by ``engine`` as ``stage`` says, in ticks of ``frame_ms``."""
        self.room = room
        self.engine = engine
        self.now_ns = now_ns
        self.streams = Streams()
        self.stage = LiveStage(room, engine, stage, self.streams, now_ns)
        self.fanout = Fanout(now_ns)
        self.counts = Counts()
        self.stats: EngineStats | None = None
        self.stats_ns: int | None = None
        """When the engine last said how it is."""
        self.program_taps: set[Callable[[int, bytes], None]] = set()
        """Others in this process who want each program packet: packet time in ms, RTP bytes."""
        self.extra_listeners: Callable[[], int] = lambda: 0
        """Those who listen without a WebSocket."""
        self.event_taps: set[Callable[[RoomEvent], None]] = set()
        """Others in this process who want each event, once it is folded."""
        self.gate: Callable[[Command], str | None] = lambda command: None
        """Why the hub cannot carry out a command that the room itself would."""
        self.invite_link: Callable[[Invite], str | None] = lambda invite: None
        """The link of an invitation, with its secret: only its maker is told."""
        self._seats: dict[str, Seat] = {}
        self._frame_ms = frame_ms
        self._snapshot: tuple[int, bytes] | None = None
        self._ticks = 0

    # Who is there

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Everybody who is connected."""
        return tuple(self._seats.values())

    def count(self, role: Role) -> int:
        """How many of this role are connected."""
        return sum(seat.role is role for seat in self._seats.values())

    @property
    def listeners(self) -> int:
        """Everybody who came to listen, by WebSocket or otherwise."""
        return self.count(Role.LISTENER) + self.extra_listeners()

    def ptime_ms(self, role: Role) -> Literal[5, 10, 20]:
        """Length of the packets that this role sends and plays."""
        return 20 if role is Role.SPEAKER else self._frame_ms

    def enter(self, member: Member, connection: Connection) -> Seat:
        """Seat a participant; an older connection of theirs is told and closed."""
        older = self._seats.pop(member.participant, None)
        if older is not None:
            self.fanout.remove(older.receiver)
            older.connection.fail(
                CloseCode.SUPERSEDED, "the same participant joined on another connection"
            )
        self.counts.joins[member.role] += 1
        self.apply(self.room.joined(member, self.now_ns()))
        self.greet(connection)
        receiver = self.fanout.add(connection.raw, wants_sound=not member.sounds)
        seat = Seat(member.participant, member.role, connection, receiver)
        self._seats[member.participant] = seat
        if member.sounds:
            self._carry(member, connection)
        return seat

    def _carry(self, member: Member, connection: Connection) -> None:
        """A unit's or speaker's first connection takes up its packets, both ways."""
        stream = self.streams.get(member.participant)
        if stream is not None:
            stream.carry_first(connection)
        self.stage.refresh()
        address = connection.peer.address
        log.info("%s %s joined from %s", member.role.value, member.name, address)

    def greet(self, connection: Connection) -> None:
        """The room as it is and its clocks."""
        connection.raw.write_frame(self._snapshot_frame())
        connection.send(self.time())

    def leave(self, seat: Seat) -> None:
        """The seat's connection ended; does nothing when another took its place.

        While the second connection of its stream lives, the participant is not away: their packets
        go on, and the first comes back.
        """
        self.fanout.remove(seat.receiver)
        if self._seats.get(seat.participant) is not seat:
            return
        del self._seats[seat.participant]
        stream = self.streams.get(seat.participant)
        if stream is not None and stream.second is not None:
            member = self.room.member(seat.participant)
            log.info("%s is here by its second connection only", member and member.name)
            return
        self._away(seat.participant)

    def carry_second(self, member: Member, stream: Stream, connection: Connection) -> None:
        """A second connection takes up its packets, both ways.

        After a loss of both it may be back before the first: with it, the participant is back,
        unless the first has been away for so long that its press would be missed.
        """
        now_ns = self.now_ns()
        stream.carry_second(connection, now_ns)
        if not member.connected and now_ns - stream.first_lost_ns <= FIRST_AWAY_NS:
            self.apply(self.room.joined(member, now_ns))
            self.stage.refresh()
            log.info("%s is back by the second connection", member.name)

    def second_ended(self, participant: str) -> None:
        """A second connection ended; who had no other is away."""
        stream = self.streams.get(participant)
        if stream is not None and stream.first is None and stream.second is None:
            self._away(participant)

    def _away(self, participant: str) -> None:
        self.apply(self.room.left(participant, self.now_ns()))
        member = self.room.member(participant)
        if member is not None and member.sounds:
            self.stage.refresh()
            log.info("%s %s is away", member.role.value, member.name)

    def close_all(self, code: CloseCode, text: str) -> None:
        """End every connection."""
        for seat in self.seats:
            seat.connection.raw.close(code, text)

    # What they do

    def command(self, participant: str, command: Command) -> Ack:
        """Carry out a command; its answer."""
        refused = self.gate(command)
        if refused is not None:
            return Ack(id=command.id, refused=RefusalCode.TOO_MANY, text=refused)
        utc_ms = time.time_ns() // 1_000_000
        result = self.room.handle(command, participant, self.now_ns(), utc_ms)
        self.apply(result)
        if result.ack is None:
            raise AssertionError("the room answers every command")
        for change in result.events:
            if isinstance(change.event, InviteMade):
                link = self.invite_link(change.event.invite)
                return result.ack.model_copy(update={"link": link})
        return result.ack

    def stage_command(self, participant: str, command: StageCommand) -> Ack:
        """Carry out a command about the mix; its answer."""
        actor = self.room.member(participant)
        if actor is None:
            raise AssertionError("whoever has a seat is a member")
        return self.stage.command(actor, command)

    def packet(self, stream: Stream, packet: RtpPacket, rtp: bytes, arrival_ns: int) -> None:
        """A source's packet: to the engine when it is open and this is the first copy."""
        self.counts.packets += 1
        if stream.ssrc not in self.stage.open:
            self.counts.unwanted_packets += 1
        elif not stream.duplicates.is_new(packet.sequence):
            self.counts.duplicate_packets += 1
        else:
            stream.delay.arrived(packet.timestamp, arrival_ns)
            self.engine.send_packet(rtp, arrival_ns)

    def apply(self, result: Result) -> None:
        """Tell everybody what changed, and the engine which sources are open now."""
        for change in result.events:
            self.fanout.publish_control(text_frame(change))
            log.info("room: %s", change.event.type, extra={"seq": change.seq})
            for tap in tuple(self.event_taps):
                tap(change.event)
        for effect in result.effects:
            if isinstance(effect, OpenSources):
                self.stage.open_sources(effect.sources)

    # What the engine says

    def on_program(self, ptime_ms: int, rtp: bytes) -> None:
        """One packet of the program, for everybody."""
        self.fanout.publish_sound(binary_frame(rtp), ptime_ms)
        for tap in tuple(self.program_taps):
            tap(ptime_ms, rtp)

    def on_levels(self, levels: dict[int, float]) -> None:
        """How loud the open sources are."""
        now_ns = self.now_ns()
        for _, stream in self.streams:
            level_dbfs = levels.get(stream.ssrc)
            if level_dbfs is not None:
                stream.heard(level_dbfs, now_ns)

    def on_stats(self, stats: EngineStats) -> None:
        """The engine's counts."""
        self.stats, self.stats_ns = stats, self.now_ns()
        self.stage.on_stats(stats)

    def on_stage(self, report: StageReport) -> None:
        """What it says of one output."""
        self.stage.on_report(report)

    # Time

    async def run(self) -> None:
        """Draw the consequences of absence, tell hosts and clocks; runs until cancelled."""
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while True:
            deadline = max(deadline + TICK_S, loop.time())
            await asyncio.sleep(deadline - loop.time())
            self.tick()

    def tick(self) -> None:
        """What is due every quarter of a second."""
        self._ticks += 1
        self.apply(self.room.expire(self.now_ns()))
        if self._ticks % STATUS_EVERY_TICKS == 0:
            self._end_lone_seconds()
            self.stage.tick()
            self._tell_hosts()
        if self._ticks % TIME_EVERY_TICKS == 0:
            self.fanout.publish_control(text_frame(self.time()))

    def time(self) -> Time:
        """The three clocks at this moment."""
        now_ns = self.now_ns()
        return Time(
            room_clock=self.room.clock.samples(now_ns),
            hub_ns=now_ns,
            utc_ms=time.time_ns() // 1_000_000,
        )

    def status(self) -> Status:
        """Everything that sounds, at a glance."""
        return Status(
            units=self.stage.unit_statuses(),
            listeners=self.listeners,
            sharing=self.stage.settings.sharing,
            lifted=self.stage.settings.lifts.zones,
            alarms=self.stage.shown_alarms(),
            checks=self.stage.settings.checks.results,
        )

    def _tell_hosts(self) -> None:
        hosts = [seat for seat in self._seats.values() if seat.role is Role.HOST]
        if hosts:
            frame = text_frame(self.status())
            for host in hosts:
                host.connection.raw.write_frame(frame)

    def _end_lone_seconds(self) -> None:
        """Close second connections whose first did not come back."""
        now_ns = self.now_ns()
        for _, stream in self.streams:
            alone_ns = stream.alone(now_ns)
            if stream.second is not None and alone_ns is not None and alone_ns > FIRST_AWAY_NS:
                stream.second.connection.fail(
                    CloseCode.JOIN_TIMEOUT, "the first connection of this stream did not come back"
                )

    def _snapshot_frame(self) -> bytes:
        view = self.room.view
        if self._snapshot is None or self._snapshot[0] != view.seq:
            self._snapshot = (view.seq, text_frame(Snapshot(view=view)))
        return self._snapshot[1]
