"""Keeps one engine live and another one warm beside it.

Importing takes seconds, a gap in the program is heard after 20 ms: so a second engine waits with
everything imported. When the live one dies, or says nothing for 500 ms, the standby goes live and
gets the whole state again, with the levels that were learned, a second old at most, so that nobody
is suddenly soft. The room clock runs on, the program has a new SSRC, and a new standby is started.
Engines that die again and again are started more and more rarely, and the log says so.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Literal, Never

from parvis_server.engine.boundary import (
    EngineStats,
    GoLive,
    Levels,
    ProgramPacket,
    Said,
    SourcePacket,
    StageReport,
    serialize_command,
)
from parvis_server.engine.child import ChildState, EngineChild
from parvis_server.engine.stage import MAX_SOURCES, CheckOutput, SetStage
from parvis_wire.stage import SourceKind

log = logging.getLogger(__name__)

STALL_S = 0.5
"""25 program packets in a row did not come: the engine hangs, or is starved beyond use."""

FIRST_SOUND_S = 5.0
"""Until the first packet: on a machine that starts everything at once, building the mix took 0.6 s,
and a standby that is still importing would take seconds more."""

WATCH_EVERY_S = 0.1

START_TIMEOUT_S = 60.0
"""Importing takes 1 to 2 s, on a Pi that also starts everything else perhaps 20."""

SHORT_LIFE_S = 5.0
"""An engine that lived longer was sound: what killed it is taken as a single mishap."""

BACK_OFF_S = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Wait after so many short lives in a row; the last one stays."""


def _ignore(report: StageReport) -> None:
    """For a hub without outputs."""


class EngineSupervisor:
    """The hub's side of the engine: hand packets in, hear the program."""

    def __init__(
        self,
        on_program: Callable[[int, bytes], None],
        on_levels: Callable[[dict[int, float]], None],
        on_stats: Callable[[EngineStats], None],
        origin_ns: int,
        spawn: Callable[[], Awaitable[EngineChild]] = EngineChild.spawn,
        *,
        on_stage: Callable[[StageReport], None] = _ignore,
        frame_ms: Literal[5, 10] = 10,
    ) -> None:
        """The callbacks run in the event loop and must not block.

        Args:
            on_program: packet time in ms and the RTP bytes of one program packet.
            on_levels: RMS dBFS by SSRC, every 100 ms.
            on_stats: counts of the live engine, once a second; they begin anew with each engine.
            origin_ns: monotonic time of room clock 0.
            spawn: starts an engine process.
            on_stage: packets of outputs, howls, sound checks, and the recorder's tap.
            frame_ms: length of a tick.
        """
        self.ready = asyncio.Event()
        """Set while an engine is live."""
        self.restarts = 0
        """Live engines that had to be replaced."""
        self._on_program = on_program
        self._on_levels = on_levels
        self._on_stats = on_stats
        self._origin_ns = origin_ns
        self._spawn = spawn
        self._on_stage = on_stage
        self._frame_ms = frame_ms
        self._stage = SetStage()
        self._live: EngineChild | None = None
        self._standby: asyncio.Queue[EngineChild] = asyncio.Queue(maxsize=1)
        self._levels_db: dict[int, float] = {}
        """What engines learned of each source, those that spoke last at the end: also of who had
        their turn. The next engine begins with it."""
        self._program_db = 0.0
        self._untold = False
        self._dropped = 0
        self._children: set[EngineChild] = set()

    @property
    def dropped_packets(self) -> int:
        """Packets that no engine could take: none was live, or its 100 ms were full."""
        return self._dropped

    @property
    def live_pid(self) -> int | None:
        """Process id of the live engine, for measuring it."""
        return None if self._live is None else self._live.pid

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this from now on; a new engine gets it too."""
        self._stage = stage
        self._tell_stage()

    def check_output(self, command: CheckOutput) -> bool:
        """Begin a sound check; False when no engine could take it."""
        return self._live is not None and self._live.send(serialize_command(command))

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        """Hand a source's packet to the live engine; dropped and counted when it cannot."""
        if self._live is None or not self._live.send(SourcePacket(arrival_ns, rtp).serialize()):
            self._dropped += 1

    async def run(self) -> Never:
        """Keep an engine live until cancelled; then no process is left behind.

        Raises:
            ExceptionGroup: with what a callback raised, since that is the hub's own fault.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_standby(group))
                await self._keep_live(group)
        finally:
            self._live = None
            self.ready.clear()
            await asyncio.gather(*(child.end() for child in tuple(self._children)))
        raise AssertionError("an endless loop ended")

    async def _keep_live(self, group: asyncio.TaskGroup) -> Never:
        short_lives = 0
        while True:
            child = await self._standby.get()
            since_s = time.monotonic()
            self._go_live(child)
            reason = await self._watch(child)
            self._live = None
            self.ready.clear()
            group.create_task(self._end(child))
            if child.fault is not None:
                raise child.fault
            self.restarts += 1
            lived_s = time.monotonic() - since_s
            short_lives = short_lives + 1 if lived_s < SHORT_LIFE_S else 0
            pause_s = _back_off_s(short_lives)
            log.error(
                "engine %d %s after %.1f s; the next goes live in %.1f s",
                *(child.pid, reason, lived_s, pause_s),
            )
            await asyncio.sleep(pause_s)

    def _go_live(self, child: EngineChild) -> None:
        command = GoLive(
            origin_ns=self._origin_ns,
            program_ssrc=secrets.randbits(32),
            frame_ms=self._frame_ms,
            levels_db=self._levels_db,
            program_db=self._program_db,
        )
        child.go_live(serialize_command(command), self._hear)
        self._live = child
        self._tell_stage()
        self.ready.set()
        log.info("engine %d is live", child.pid)

    def _tell_stage(self) -> None:
        command = serialize_command(self._stage)
        self._untold = self._live is not None and not self._live.send(command)

    def _hear(self, said: Said) -> None:
        match said:
            case ProgramPacket():
                self._on_program(said.ptime_ms, said.rtp)
            case Levels():
                self._on_levels(said.levels)
            case EngineStats():
                self._learn(said)
                self._on_stats(said)
            case _:
                self._on_stage(said)

    def _learn(self, stats: EngineStats) -> None:
        """Keep what the engine found out; a gain by hand is nothing that it learned."""
        self._program_db = stats.program_db
        if not self._stage.sharing:
            return
        levelled = {
            spec.ssrc
            for spec in self._stage.sources
            if spec.gain_db is None and spec.kind is not SourceKind.DESK
        }
        for source in stats.sources:
            if source.ssrc in levelled:
                self._levels_db.pop(source.ssrc, None)
                self._levels_db[source.ssrc] = source.gain_db
        while len(self._levels_db) > MAX_SOURCES:
            del self._levels_db[next(iter(self._levels_db))]

    async def _watch(self, child: EngineChild) -> str:
        """Return when the engine has to be replaced, with the reason."""
        alive_ns = time.monotonic_ns()
        while True:
            await child.wait_past(ChildState.LIVE, timeout_s=WATCH_EVERY_S)
            child.read_pending()  # if it was the hub that stood still, packets wait here
            if child.state is ChildState.ENDED:
                return "ended"
            alive_ns = max(alive_ns, child.last_program_ns)
            patience_s = STALL_S if child.last_program_ns else FIRST_SOUND_S
            if time.monotonic_ns() - alive_ns > patience_s * 1e9:
                return f"gave no sound for {patience_s * 1000:.0f} ms"
            if self._untold:
                self._tell_stage()

    async def _keep_standby(self, group: asyncio.TaskGroup) -> Never:
        failures = 0
        while True:
            try:
                child = await self._spawn()
            except OSError as error:  # no memory, process or descriptor: what sounds goes on
                failures += 1
                pause_s = _back_off_s(failures)
                log.error("no standby engine starts (%s); again in %.1f s", error, pause_s)
                await asyncio.sleep(pause_s)
                continue
            self._children.add(child)
            group.create_task(child.pass_on_log())
            await child.wait_past(ChildState.STARTING, timeout_s=START_TIMEOUT_S)
            if child.state is ChildState.READY:
                await self._standby.put(child)
                await child.wait_past(ChildState.READY)
            if child.state is ChildState.LIVE:
                failures = 0
                continue
            if not self._standby.empty():
                self._standby.get_nowait()
            group.create_task(self._end(child))
            failures += 1
            pause_s = _back_off_s(failures)
            log.error("engine %d ended as standby; another in %.1f s", child.pid, pause_s)
            await asyncio.sleep(pause_s)

    async def _end(self, child: EngineChild) -> None:
        await child.end()
        self._children.discard(child)


def _back_off_s(short_lives: int) -> float:
    return BACK_OFF_S[min(short_lives, len(BACK_OFF_S)) - 1] if short_lives else 0.0
