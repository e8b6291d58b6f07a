"""The live room: the pure room, its audience, its units, its log and its engine, joined.

Everything that changes the room passes through ``apply``; see ``consequences`` for what follows.
Nothing here raises because of what a peer did.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from parvis_server.engine.boundary import EngineStats, StageReport
from parvis_server.net.answers import settling
from parvis_server.net.bulletin import Bulletin
from parvis_server.net.connection import Connection
from parvis_server.net.consequences import Consequences
from parvis_server.net.engine import Engine
from parvis_server.net.fanout import Fanout
from parvis_server.net.framing import binary_frame
from parvis_server.net.invite_links import with_link
from parvis_server.net.ladder import Ladder
from parvis_server.net.live_stage import LiveStage
from parvis_server.net.outbox import AtOnce, Outbox
from parvis_server.net.program_feed import ProgramFeed
from parvis_server.net.reading import ReadingVoice
from parvis_server.net.receivers import Receiver
from parvis_server.net.room_status import room_status
from parvis_server.net.room_ticks import RoomTicks
from parvis_server.net.seats import FAREWELLS, Counts, Seat, Seats
from parvis_server.net.streams import Stream, Streams
from parvis_server.room.audience import Audience
from parvis_server.room.members import Member
from parvis_server.room.results import Result, Why
from parvis_server.room.room import Room
from parvis_server.room.stage import Stage
from parvis_server.room.stage_talk import StageTalk
from parvis_wire.audience import Here, Reaction
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Command
from parvis_wire.floor import SECOND_PERSON, Invite, Phase
from parvis_wire.messages import Ack, Attend, Attention, RefusalCode, Role, Time
from parvis_wire.pairing import WaitingUnit
from parvis_wire.room_events import HostJoined, HostLeft, RoomEvent
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Alarm, StageCommand, Status

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000

FIRST_AWAY_NS = 10 * NS_PER_S
"""A second connection alone keeps the floor for this long. By then the first would have come
back many times over, and nobody's press has arrived meanwhile."""


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
        outbox: Outbox | None = None,
        voice: ReadingVoice | None = None,
        ladder: Ladder | None = None,
    ) -> None:
        """Serve ``room``, mixed by ``engine`` as ``stage`` says, in ticks of ``frame_ms``.

        Without an ``outbox`` nothing is stored; without a ``voice`` nothing is read out. ``ladder``
        decides how long packets are for the audience.
        """
        self.room = room
        self.engine = engine
        self.now_ns = now_ns
        self.streams = Streams()
        self.stage = LiveStage(room, engine, stage, self.streams, now_ns)
        self.fanout = Fanout(now_ns)
        self.host_fanout = Fanout(now_ns)
        self.feed = ProgramFeed(self.fanout, now_ns, ladder)
        self.bulletin = Bulletin(room.view, self.fanout, self.host_fanout)
        self.audience = Audience()
        self.consequences = Consequences(
            self, outbox if outbox is not None else AtOnce(), voice, now_ns
        )
        self.counts = Counts()
        self.stats: EngineStats | None = None
        self.stats_ns: int | None = None
        """When the engine last said how it is."""
        self.program_taps: set[Callable[[int, bytes], None]] = set()
        """Others in this process who want each program packet: packet time in ms, RTP bytes."""
        self.talk = StageTalk(lambda: self.bulletin.view)
        self.program_taps.add(self.talk.heard)
        self.extra_listeners: Callable[[], int] = lambda: 0
        """Those who listen without a WebSocket."""
        self.event_taps: set[Callable[[RoomEvent], None]] = {self._regroup, self._set_paces}
        """Others in this process who want each event, once everybody is told."""
        self.gate: Callable[[Command], str | None] = lambda command: None
        """Why the hub cannot carry out a command that the room itself would."""
        self.house_alarms: Callable[[], Iterable[Alarm]] = tuple
        """Of the whole hub, for the hosts of every room."""
        self.waiting_units: Callable[[], tuple[WaitingUnit, ...]] = tuple
        """Units that want to join and that an operator has to let in."""
        self.invite_link: Callable[[Invite], str | None] = lambda invite: None
        """The link of an invitation, with its secret: only its maker is told."""
        self.seated = Seats()
        self._set_paces()
        self._frame_ms = frame_ms
        self._ticks = RoomTicks(self)

    # Who is there

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Everybody who is connected."""
        return tuple(self.seated)

    def count(self, role: Role) -> int:
        """How many of this role are connected."""
        return self.seated.count(role)

    @property
    def listeners(self) -> int:
        """Everybody who came to listen, by WebSocket or otherwise."""
        here = self.count(Role.LISTENER) + self.extra_listeners()
        return here + self.audience.elsewhere.listeners

    def ptime_ms(self, role: Role) -> Literal[5, 10, 20]:
        """Length of the packets that this role sends: a far speaker's do not follow the tick."""
        return 10 if role is Role.SPEAKER else self._frame_ms

    def enter(self, member: Member, connection: Connection) -> Seat:
        """Seat a participant; an older connection of theirs is told and closed."""
        older = self.seated.take(member.participant)
        if older is not None:
            self._unserve(older)
            older.connection.fail(
                CloseCode.SUPERSEDED, "the same participant joined on another connection"
            )
        self.counts.joins[member.role] += 1
        self.apply(self.room.joined(member, self.now_ns()))
        seat = Seat(member.participant, member.role, connection, self._received(member, connection))
        self.seated.put(seat)
        if member.sounds:
            self._carry(member, connection)
        return seat

    def _received(self, member: Member, connection: Connection) -> Receiver:
        """Greet a newcomer; the receiver that gets what everybody does, unless an edge passes it
        on."""
        is_host = member.role is Role.HOST
        if connection.is_fanned_out:
            receiver = self.fanout.add(connection.raw, wants_sound=False)
            self.fanout.remove(receiver)
            return receiver
        self.greet(connection, member.role)
        hears = member.role in (Role.LISTENER, Role.HOST)
        return self._serve(member.participant, connection, runs=is_host, hears=hears)

    def _carry(self, member: Member, connection: Connection) -> None:
        """A unit's or speaker's first connection takes up its packets, both ways."""
        stream = self.streams.get(member.participant)
        if stream is not None:
            stream.carry_first(connection)
        self.stage.refresh()
        address = connection.peer.address
        log.info("%s %s joined from %s", member.role.value, member.logged, address)

    def greet(self, connection: Connection, role: Role) -> None:
        """The room as it was told to everybody, its clocks, and how many listen."""
        connection.raw.write_frame(self.bulletin.snapshot(is_host=role is Role.HOST))
        connection.send(self.time())
        if self.audience.last_pulse is not None:
            connection.send(self.audience.last_pulse)

    def _serve(
        self, participant: str, connection: Connection, *, runs: bool, hears: bool
    ) -> Receiver:
        if runs:
            return self.host_fanout.add(connection.raw, wants_sound=hears)
        return self.feed.add(connection.raw, participant, wants_sound=hears)

    def _set_paces(self, event: RoomEvent | None = None) -> None:
        """Whoever speaks soon hears the hall with the least delay."""
        self.feed.follow(self.bulletin.view, self._receiver_of)

    def _receiver_of(self, participant: str) -> Receiver | None:
        seat = self.seated.get(participant)
        return seat.receiver if seat is not None else None

    def _unserve(self, seat: Seat) -> None:
        for fanout in (self.fanout, self.host_fanout):
            fanout.remove(seat.receiver)

    def _regroup(self, event: RoomEvent) -> None:
        """Whoever runs the room no more gets what everybody does, and the other way round."""
        if not isinstance(event, (HostJoined, HostLeft)):
            return
        runs = isinstance(event, HostJoined)
        who = event.host.participant if isinstance(event, HostJoined) else event.participant
        seat = self.seated.get(who)
        fanout = self.host_fanout if runs else self.fanout
        if seat is not None and seat.role is Role.HOST and seat.receiver not in fanout:
            self._unserve(seat)
            seat.connection.raw.write_frame(self.bulletin.snapshot(is_host=runs))
            seat.receiver = self._serve(who, seat.connection, runs=runs, hears=True)

    def rename_unit(self, unit: str, name: str) -> None:
        """An operator calls a unit something else; a hand or turn at it keeps its name."""
        member = self.room.member(unit)
        if member is not None and member.connected:
            self.apply(self.room.joined(replace(member, name=name), self.now_ns()))
            self.stage.refresh()

    def leave(self, seat: Seat) -> None:
        """The seat's connection ended; does nothing when another took its place.

        While the second connection of its stream lives, the participant is not away: their packets
        go on, and the first comes back.
        """
        self._unserve(seat)
        if self.seated.get(seat.participant) is not seat:
            return
        self.seated.take(seat.participant)
        self.audience.gone(seat.participant)
        stream = self.streams.get(seat.participant)
        if stream is not None and stream.second is not None:
            member = self.room.member(seat.participant)
            log.info("%s is here by its second connection only", member and member.logged)
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
            log.info("%s is back by the second connection", member.logged)

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
            log.info("%s %s is away", member.role.value, member.logged)

    def close_all(self, code: CloseCode, text: str) -> None:
        """End every connection."""
        for seat in self.seats:
            seat.connection.raw.close(code, text)

    # What they do

    def command(self, participant: str, command: Command, answer: Callable[[Ack], None]) -> None:
        """Carry out a command; ``answer`` gets what came of it, once it is stored."""
        refused = self.gate(command)
        if refused is not None:
            answer(Ack(id=command.id, refused=RefusalCode.TOO_MANY, text=refused))
            return
        utc_ms = time.time_ns() // 1_000_000
        result = self.room.handle(command, participant, self.now_ns(), utc_ms)
        if result.ack is None:
            raise AssertionError("the room answers every command")
        ack = with_link(self.room.state, command, result.ack, self.invite_link)
        self.apply(result, lambda: answer(ack))

    async def ask(self, participant: str, command: Command) -> Ack:
        """Carry out a command; its answer, once it is stored."""
        answered: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self.command(participant, command, settling(answered))
        return await answered

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

    def here(self, participant: str, here: Here) -> None:
        """A listener says how they are here; an edge counts its own."""
        seat = self.seated.get(participant)
        if seat is None or not seat.connection.is_fanned_out:
            self.audience.is_here(participant, here)
        self.room.is_in_hall(participant, here.in_hall)

    def react(self, participant: str, reaction: Reaction) -> None:
        """A listener claps."""
        self.audience.react(participant, reaction)

    def apply(self, result: Result, then: Callable[[], None] = lambda: None) -> None:
        """Store what happened, tell everybody, and let its effects happen; ``then`` is last."""
        self.consequences.follow(result, then)

    def attend(self, participant: str, what: Attention) -> None:
        """Tell one participant to look, or to chime; of several at a unit, the unit."""
        seat = self.seated.get(participant.partition(SECOND_PERSON)[0])
        if seat is not None:
            seat.connection.send(Attend(what=what))

    def evict(self, participant: str, why: Why) -> None:
        """End the connections of somebody who has to leave."""
        seat, stream = self.seated.get(participant), self.streams.get(participant)
        for one in (seat, None if stream is None else stream.second):
            if one is not None:
                one.connection.fail(*FAREWELLS[why])

    # What the engine says

    def on_program(self, ptime_ms: int, rtp: bytes) -> None:
        """One packet of the program: for hosts always, for the audience while the room is live."""
        frame = binary_frame(rtp)
        self.host_fanout.publish_sound(frame, ptime_ms)
        if self.bulletin.view.phase is not Phase.LIVE:
            return
        self.feed.take(rtp, frame)
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
        """Serve everybody and let time pass; runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            parts = (self.fanout, self.host_fanout, self.feed, self.consequences, self._ticks)
            for part in parts:
                group.create_task(part.run())

    def tick(self) -> None:
        """What is due every quarter of a second."""
        self._ticks.tick()

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
        return room_status(self)

    def end_lone_seconds(self) -> None:
        """Close second connections whose first did not come back."""
        now_ns = self.now_ns()
        for _, stream in self.streams:
            alone_ns = stream.alone(now_ns)
            if stream.second is not None and alone_ns is not None and alone_ns > FIRST_AWAY_NS:
                stream.second.connection.fail(
                    CloseCode.JOIN_TIMEOUT, "the first connection of this stream did not come back"
                )
