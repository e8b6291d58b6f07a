"""The live room: the pure room, its audience, its units and its engine, joined.

Everything that changes the room passes through ``apply``: changes are framed once and fanned out
to everybody, effects reach the engine. Nothing here raises because of what a peer did.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from parvis_server.engine.boundary import EngineStats
from parvis_server.engine.stage import MAX_SOURCES, SetStage, SourceSpec
from parvis_server.net.connection import Connection
from parvis_server.net.duplicates import Duplicates
from parvis_server.net.fanout import Fanout, Receiver
from parvis_server.net.framing import binary_frame, text_frame
from parvis_server.room.members import Member
from parvis_server.room.room import Result, Room
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Ack, Command, Role, Rung, Snapshot, Time
from parvis_wire.stage import Status, UnitStatus

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000

TICK_S = 0.25
STATUS_EVERY_TICKS = 2
TIME_EVERY_TICKS = 40

LEVEL_STALE_NS = 2 * NS_PER_S
"""A level older than this is not shown: the microphone may be dead."""


class Engine(Protocol):
    """What the room needs of the mixing engine; ``engine.supervisor`` has the real one."""

    @property
    def dropped_packets(self) -> int:
        """Packets that no engine could take."""

    restarts: int
    ready: asyncio.Event

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this from now on."""

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        """Hand over a source's packet."""


@dataclass(slots=True, eq=False)
class Seat:
    """One connected participant."""

    participant: str
    role: Role
    connection: Connection
    receiver: Receiver
    rung: Rung | None = None
    """How a listener plays, once it said so."""


@dataclass(slots=True, eq=False)
class Source:
    """What the hub knows of a unit's sound; it outlives the unit's connections."""

    stream: str
    ssrc: int
    duplicates: Duplicates = field(default_factory=Duplicates)
    second: Connection | None = None
    """The connection that brings the same packets again; one at most."""
    level_dbfs: float | None = None
    level_ns: int = 0

    def heard(self, level_dbfs: float, now_ns: int) -> None:
        """The unit's microphone is this loud now."""
        self.level_dbfs, self.level_ns = level_dbfs, now_ns

    def level(self, now_ns: int) -> float | None:
        """The newest level, unless it is too old to mean anything."""
        return self.level_dbfs if now_ns - self.level_ns <= LEVEL_STALE_NS else None


@dataclass(slots=True)
class Counts:
    """What happened since the hub started; for ``/metrics``."""

    joins: Counter[Role] = field(default_factory=Counter)
    faults: Counter[CloseCode] = field(default_factory=Counter)
    """Connections closed for a fault, by code."""
    packets: int = 0
    duplicate_packets: int = 0
    unwanted_packets: int = 0
    """Of sources that were not open: dropped before the engine."""
    rate_drops: int = 0


class LiveRoom:
    """The room as the network sees it."""

    def __init__(
        self, room: Room, engine: Engine, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Serve ``room``; its open sources go to ``engine``."""
        self.room = room
        self.engine = engine
        self.now_ns = now_ns
        self.fanout = Fanout(now_ns)
        self.counts = Counts()
        self.stats: EngineStats | None = None
        self.stats_ns: int | None = None
        """When the engine last said how it is."""
        self.program_taps: set[Callable[[int, bytes], None]] = set()
        """Others in this process who want each program packet: packet time in ms, RTP bytes."""
        self.extra_listeners: Callable[[], int] = lambda: 0
        """Those who listen without a WebSocket."""
        self._seats: dict[str, Seat] = {}
        self._sources: dict[str, Source] = {}
        self._open: frozenset[int] = frozenset()
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

    def source(self, participant: str) -> Source | None:
        """The source of a unit that the room knows."""
        return self._sources.get(participant)

    def new_source(self, participant: str) -> Source:
        """The unit's source: the one that it had, or a new one with an SSRC of its own."""
        known = self._sources.get(participant)
        if known is not None:
            return known
        taken = {source.ssrc for source in self._sources.values()}
        ssrc = secrets.randbits(32)
        while ssrc in taken:
            ssrc = secrets.randbits(32)
        source = Source(stream=secrets.token_urlsafe(12), ssrc=ssrc)
        self._sources[participant] = source
        return source

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
        receiver = self.fanout.add(connection.raw, wants_sound=member.role is not Role.UNIT)
        seat = Seat(member.participant, member.role, connection, receiver)
        self._seats[member.participant] = seat
        if member.role is Role.UNIT:
            log.info("unit %s joined from %s", member.name, connection.peer.address)
        return seat

    def greet(self, connection: Connection) -> None:
        """The room as it is and its clocks."""
        connection.raw.write_frame(self._snapshot_frame())
        connection.send(self.time())

    def leave(self, seat: Seat) -> None:
        """The seat's connection ended; does nothing when another took its place."""
        self.fanout.remove(seat.receiver)
        if self._seats.get(seat.participant) is seat:
            del self._seats[seat.participant]
            self.room.left(seat.participant, self.now_ns())
            if seat.role is Role.UNIT:
                unit = self.room.member(seat.participant)
                log.info("unit %s is away", unit.name if unit else seat.participant)

    def close_all(self, code: CloseCode, text: str) -> None:
        """End every connection."""
        for seat in self.seats:
            seat.connection.raw.close(code, text)

    # What they do

    def command(self, participant: str, command: Command) -> Ack:
        """Carry out a command; its answer."""
        result = self.room.handle(command, participant, self.now_ns())
        self.apply(result)
        if result.ack is None:
            raise AssertionError("the room answers every command")
        return result.ack

    def packet(self, source: Source, sequence: int, rtp: bytes, arrival_ns: int) -> None:
        """A unit's packet: to the engine when its source is open and this is the first copy."""
        self.counts.packets += 1
        if source.ssrc not in self._open:
            self.counts.unwanted_packets += 1
        elif not source.duplicates.is_new(sequence):
            self.counts.duplicate_packets += 1
        else:
            self.engine.send_packet(rtp, arrival_ns)

    def apply(self, result: Result) -> None:
        """Tell everybody what changed, and the engine which sources are open now."""
        for change in result.events:
            self.fanout.publish_control(text_frame(change))
            log.info("room: %s", change.event.type, extra={"seq": change.seq})
        for effect in result.effects:
            self._open_sources(effect.sources)

    def _open_sources(self, units: tuple[Member, ...]) -> None:
        """Mix these units. Over the engine's bound, those who are away go first."""
        wanted = sorted(units, key=lambda unit: not unit.connected)
        if len(wanted) > MAX_SOURCES:
            log.warning("%d open microphones, at most %d are mixed", len(wanted), MAX_SOURCES)
        specs = tuple(
            SourceSpec(ssrc=unit.ssrc, link=unit.link)
            for unit in wanted[:MAX_SOURCES]
            if unit.ssrc is not None
        )
        self._open = frozenset(spec.ssrc for spec in specs)
        self.engine.set_stage(SetStage(sources=specs))

    # What the engine says

    def on_program(self, ptime_ms: int, rtp: bytes) -> None:
        """One packet of the program, for everybody."""
        self.fanout.publish_sound(binary_frame(rtp), ptime_ms)
        for tap in tuple(self.program_taps):
            tap(ptime_ms, rtp)

    def on_levels(self, levels: dict[int, float]) -> None:
        """How loud the open sources are."""
        now_ns = self.now_ns()
        for source in self._sources.values():
            level_dbfs = levels.get(source.ssrc)
            if level_dbfs is not None:
                source.heard(level_dbfs, now_ns)

    def on_stats(self, stats: EngineStats) -> None:
        """The engine's counts."""
        self.stats, self.stats_ns = stats, self.now_ns()

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
            self._forget_sources()
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
        """Every microphone at a glance."""
        now_ns = self.now_ns()
        return Status(
            units=tuple(
                UnitStatus(
                    unit=unit.participant,
                    name=unit.name or unit.participant,
                    connected=unit.connected,
                    on_air=unit.ssrc in self._open,
                    level_dbfs=self._level(unit, now_ns),
                )
                for unit in self.room.units
            ),
            listeners=self.listeners,
        )

    def _level(self, unit: Member, now_ns: int) -> float | None:
        source = self._sources.get(unit.participant)
        return source.level(now_ns) if source is not None and unit.connected else None

    def _tell_hosts(self) -> None:
        hosts = [seat for seat in self._seats.values() if seat.role is Role.HOST]
        if hosts:
            frame = text_frame(self.status())
            for host in hosts:
                host.connection.raw.write_frame(frame)

    def _forget_sources(self) -> None:
        """Drop the sources of units that the room has forgotten."""
        for participant in tuple(self._sources):
            if self.room.member(participant) is None:
                del self._sources[participant]

    def _snapshot_frame(self) -> bytes:
        view = self.room.view
        if self._snapshot is None or self._snapshot[0] != view.seq:
            self._snapshot = (view.seq, text_frame(Snapshot(view=view)))
        return self._snapshot[1]
