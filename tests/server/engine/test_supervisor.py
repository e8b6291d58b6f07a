"""The supervisor with real engine processes."""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import psutil
import pytest

from fakes.machine import MachineWatch
from parvis_server.engine.boundary import (
    TICK_NS,
    EngineStats,
    GoLive,
    OutputPacket,
    ProgramPacket,
    Said,
    SourceStats,
    parse_to_engine,
)
from parvis_server.engine.child import SEND_BUFFER_BYTES, ChildState, EngineChild
from parvis_server.engine.stage import MAX_SOURCES, SetStage, SourceSpec
from parvis_server.engine.supervisor import EngineSupervisor
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SourceKind

pytestmark = pytest.mark.alone

PROGRAM_STEP = 960


class Hub:
    """Hears what the supervisor hands on, and announces it."""

    def __init__(self, spawn: Callable[[], Awaitable[EngineChild]] = EngineChild.spawn) -> None:
        self.packets: list[RtpPacket] = []
        self.stats: list[EngineStats] = []
        self.levels: list[dict[int, float]] = []
        self.heard = asyncio.Event()
        self.raises: Exception | None = None
        self.supervisor = EngineSupervisor(
            self.on_program, self.on_levels, self.on_stats, time.monotonic_ns(), spawn
        )

    def on_program(self, ptime_ms: int, rtp: bytes) -> None:
        if self.raises is not None:
            raise self.raises
        assert ptime_ms == 20
        self.packets.append(RtpPacket.parse(rtp))
        self.heard.set()

    def on_levels(self, levels: dict[int, float]) -> None:
        self.levels.append(levels)
        self.heard.set()

    def on_stats(self, stats: EngineStats) -> None:
        self.stats.append(stats)
        self.heard.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def ssrcs(self) -> list[int]:
        """Program sources in the order of their appearance."""
        return list(dict.fromkeys(packet.ssrc for packet in self.packets))


@asynccontextmanager
async def running(
    spawn: Callable[[], Awaitable[EngineChild]] = EngineChild.spawn,
) -> AsyncIterator[Hub]:
    hub = Hub(spawn)
    task = asyncio.create_task(hub.supervisor.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert engines() == []


def engines() -> list[psutil.Process]:
    """Engine processes of this test, zombies too."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.status() == "zombie" or _is_engine(child)]


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "parvis_server.engine" in process.cmdline()
    except psutil.ZombieProcess:
        return True  # it died since its status was asked


async def test_it_gives_a_steady_program_and_stats() -> None:
    async with running() as hub:
        await hub.until(lambda: bool(hub.stats) and len(hub.packets) > 60)
        assert hub.supervisor.ready.is_set()
    steps = {b.timestamp - a.timestamp for a, b in zip(hub.packets, hub.packets[1:], strict=False)}
    assert steps == {PROGRAM_STEP}
    assert [p.sequence for p in hub.packets] == list(range(len(hub.packets)))
    assert hub.levels[0] == {}
    assert hub.stats[-1].ticks == sum(hub.stats[-1].lateness_counts)
    assert not hub.supervisor.ready.is_set()


async def test_the_timestamp_is_the_room_clock() -> None:
    async with running() as hub:
        origin_ns = hub.supervisor._origin_ns
        await hub.until(lambda: len(hub.packets) > 5)
        clock = (time.monotonic_ns() - origin_ns) / TICK_NS * 480
        assert 0 < clock - hub.packets[-1].timestamp < 48_000


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_or_hanging_engine_is_replaced_by_the_warm_one(
    how: signal.Signals, machine: MachineWatch
) -> None:
    async with running() as hub:
        await hub.until(lambda: len(hub.packets) > 5 and len(engines()) == 2)
        await hub.until(lambda: hub.supervisor._standby.full())
        first = hub.supervisor.live_pid
        assert first is not None
        killed_s = time.monotonic()
        os.kill(first, how)
        await hub.until(lambda: len(hub.ssrcs()) == 2)
        replaced_s = time.monotonic()
        assert hub.supervisor.restarts == 1
        assert hub.supervisor.live_pid != first
        await hub.until(lambda: hub.supervisor._standby.full())  # warm again
    old = [p.timestamp for p in hub.packets if p.ssrc == hub.ssrcs()[0]]
    new = [p.timestamp for p in hub.packets if p.ssrc == hub.ssrcs()[1]]
    gap_ms = (new[0] - old[-1]) / 48
    assert gap_ms % 20 == 0
    assert gap_ms >= 20
    longest_ms = 1_500 if how is signal.SIGSTOP else 500
    if gap_ms >= longest_ms:
        gap_ms -= 1000 * machine.stood_still_s(killed_s, replaced_s)
    assert gap_ms < longest_ms


class NotingChild:
    """Keeps what it is told."""

    pid = 1

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def go_live(self, datagram: bytes, on_said: Callable[[Said], None]) -> None:
        self.told.append(datagram)

    def send(self, datagram: bytes) -> bool:
        self.told.append(datagram)
        return True


async def test_the_next_engine_goes_on_from_the_levels_of_the_last() -> None:
    hub, child = Hub(), NotingChild()
    talks = SetStage(sources=(SourceSpec(ssrc=9),))
    hub.supervisor.set_stage(talks)
    hub.supervisor._hear(stats(3.5, s9=11.0))
    hub.supervisor._go_live(cast(EngineChild, child))
    live, stage = (parse_to_engine(datagram) for datagram in child.told)
    assert isinstance(live, GoLive)
    assert (live.levels_db, live.program_db) == ({9: 11.0}, 3.5)
    assert stage == talks


def stats(program_db: float = 0.0, **gains_db: float) -> EngineStats:
    """``s9=11`` is SSRC 9 at 11 dB."""
    sources = tuple(
        SourceStats(ssrc=int(name[1:]), received=1, gain_db=gain_db)
        for name, gain_db in gains_db.items()
    )
    return EngineStats(program_db=program_db, sources=sources)


def levels_of_the_next(hub: Hub) -> dict[int, float]:
    child = NotingChild()
    hub.supervisor._go_live(cast(EngineChild, child))
    live = parse_to_engine(child.told[0])
    assert isinstance(live, GoLive)
    return live.levels_db


async def test_who_had_their_turn_is_at_the_learned_level_in_the_next_engine_too() -> None:
    hub = Hub()
    for ssrc in range(MAX_SOURCES + 9):
        hub.supervisor.set_stage(SetStage(sources=(SourceSpec(ssrc=ssrc),)))
        hub.supervisor._hear(stats(**{f"s{ssrc}": 5.0}))
        hub.supervisor._hear(stats())
    assert levels_of_the_next(hub) == dict.fromkeys(range(9, MAX_SOURCES + 9), 5.0)


async def test_a_gain_by_hand_is_not_taken_for_a_learned_one() -> None:
    hub = Hub()
    hub.supervisor.set_stage(SetStage(sources=(SourceSpec(ssrc=1), SourceSpec(ssrc=2))))
    hub.supervisor._hear(stats(s1=7.0, s2=8.0))
    by_hand = (SourceSpec(ssrc=1, gain_db=-40), SourceSpec(ssrc=3, kind=SourceKind.DESK))
    hub.supervisor.set_stage(SetStage(sources=by_hand))
    hub.supervisor._hear(stats(s1=-40.0, s3=0.0))
    hub.supervisor.set_stage(SetStage(sources=(SourceSpec(ssrc=2),), sharing=False))
    hub.supervisor._hear(stats(s2=0.0))
    assert levels_of_the_next(hub) == {1: 7.0, 2: 8.0}


async def test_an_engine_that_begins_slowly_is_waited_for() -> None:
    async def spawn_slow() -> EngineChild:
        """On a machine that is busy with its start, building the mix takes a second."""
        child = await EngineChild.spawn()
        await child.wait_past(ChildState.STARTING)
        os.kill(child.pid, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(1.0, os.kill, child.pid, signal.SIGCONT)
        return child

    async with running(spawn_slow) as hub:
        await hub.until(lambda: len(hub.packets) > 5)
        assert hub.supervisor.restarts == 0
        await hub.until(lambda: hub.supervisor._standby.full())
    assert len(hub.ssrcs()) == 1


async def test_a_dead_standby_is_replaced_and_nobody_hears_it() -> None:
    async with running() as hub:
        await hub.until(lambda: hub.supervisor._standby.full())
        (standby,) = [p.pid for p in engines() if p.pid != hub.supervisor.live_pid]
        os.kill(standby, signal.SIGKILL)
        await hub.until(lambda: standby not in [p.pid for p in engines()])
        await hub.until(lambda: hub.supervisor._standby.full())
        assert hub.supervisor.restarts == 0
    assert len(hub.ssrcs()) == 1


async def test_a_machine_that_starts_no_process_now_is_asked_again_and_nobody_hears_it() -> None:
    """Out of memory, of processes or of file descriptors: what sounds goes on."""
    refused = 0

    async def spawn() -> EngineChild:
        nonlocal refused
        if engines() and refused < 3:
            refused += 1
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return await EngineChild.spawn()

    async with running(spawn) as hub:
        await hub.until(lambda: hub.supervisor._standby.full())
        assert refused == 3
        assert hub.supervisor.restarts == 0
    assert len(hub.ssrcs()) == 1


class Speech:
    """An engine's end by hand, and a process that only waits."""

    def __init__(self, child: EngineChild, engine: socket.socket) -> None:
        self.child, self.engine = child, engine
        self.heard: list[Said] = []


@asynccontextmanager
async def by_hand() -> AsyncIterator[Speech]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    speech = Speech(EngineChild(process, ours), theirs)
    try:
        speech.child.go_live(b"", speech.heard.append)
        yield speech
    finally:
        process.kill()
        theirs.close()
        await speech.child.end()


async def test_before_an_engine_is_judged_everything_that_it_said_is_heard() -> None:
    """With 64 loudspeakers every 129th datagram is a program packet, and the hub stood still."""
    bus = OutputPacket(RtpPacket(0, 0, 9, b"opus").serialize())
    program = ProgramPacket(20, RtpPacket(0, 0, 7, b"opus").serialize())
    async with by_hand() as speech:
        said = [bus.serialize()] * 128 + [program.serialize()] + [bus.serialize()] * 100
        for datagram in said:
            speech.engine.send(datagram)
        speech.child.read_pending()
        assert speech.child.last_program_ns > 0
        assert program in speech.heard
        assert len(speech.heard) < 229, "the event loop has other work"


async def test_packets_without_a_live_engine_are_dropped_and_counted() -> None:
    hub = Hub()
    hub.supervisor.send_packet(b"rtp", 0)
    assert hub.supervisor.dropped_packets == 1


async def test_a_hanging_engines_full_socket_never_blocks_the_hub() -> None:
    async with running() as hub:
        await hub.until(lambda: len(hub.packets) > 5)
        pid = hub.supervisor.live_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        for _ in range(20_000):
            hub.supervisor.send_packet(bytes(200), time.monotonic_ns())
        assert hub.supervisor.dropped_packets > 15_000


async def test_a_fault_of_the_hubs_own_callback_ends_the_supervisor() -> None:
    hub = Hub()
    hub.raises = RuntimeError("the fan-out broke")
    with pytest.raises(ExceptionGroup) as caught:
        await hub.supervisor.run()
    assert caught.group_contains(RuntimeError, match="the fan-out broke")
    assert engines() == []
