"""The engine's process at its socket: real processes where it matters that they end."""

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from fakes.outputs import FakeOutputs
from fakes.receivers import FakeReceiver, Samples
from parvis_audio.work import Job
from parvis_server.engine.boundary import (
    MAX_DATAGRAM_BYTES,
    Checked,
    EngineStats,
    GoLive,
    Howling,
    Levels,
    ProgramPacket,
    Ready,
    SourcePacket,
    Stop,
    Tap,
    ToHub,
    parse_to_hub,
    serialize_command,
)
from parvis_server.engine.contributions import Lap
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.process import EngineProcess
from parvis_server.engine.stage import CheckOutput, SetStage, SourceSpec
from parvis_server.errors import EngineFault
from parvis_wire.rtp import RtpPacket

pytestmark = [pytest.mark.alone, pytest.mark.patient]

GO = GoLive(origin_ns=0, program_ssrc=7)

HUB_PROGRAM = """
import asyncio, os, time
from parvis_server.engine.supervisor import EngineSupervisor
ignore = lambda *said: None
supervisor = EngineSupervisor(ignore, ignore, ignore, time.monotonic_ns())
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        await supervisor.ready.wait()
        print("live", flush=True)
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """The loop tunes the collector of its process: give this one back as it was."""
    yield
    gc.unfreeze()
    gc.enable()


class Pair:
    """The hub's end by hand, and an engine with fakes at the other."""

    def __init__(self) -> None:
        self.hub, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.receiver = FakeReceiver()
        self.outputs = FakeOutputs()
        self.process = EngineProcess(self.theirs, self.build, prioritize=lambda: False)
        self.built: list[GoLive] = []

    def build(self, live: GoLive, lap: Lap) -> MixEngine:
        self.built.append(live)
        return MixEngine(self.outputs, lambda spec: self.receiver, lap=lap)

    def tell(self, *commands: GoLive | SetStage | CheckOutput | Stop) -> None:
        for command in commands:
            self.hub.send(serialize_command(command))

    def said(self) -> list[ToHub]:
        """Everything that the engine has said, until it closed its end."""
        self.hub.setblocking(False)
        said: list[ToHub] = []
        while True:
            try:
                datagram = self.hub.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return said
            if not datagram:
                return said
            said.append(parse_to_hub(datagram))


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    with made.hub, made.theirs:
        yield made


def test_a_standby_says_ready_and_ends_when_told(pair: Pair) -> None:
    pair.tell(Stop())
    pair.process.run()
    assert pair.said() == [Ready()]
    assert pair.built == []


def test_told_to_go_live_and_to_stop_it_never_ticks(pair: Pair) -> None:
    pair.tell(GO, GO, Stop())
    pair.process.run()
    assert pair.built == []


def test_a_standby_ends_with_the_hub(pair: Pair) -> None:
    pair.hub.shutdown(socket.SHUT_WR)
    pair.process.run()
    assert pair.built == []


def test_bytes_that_are_no_datagram_are_counted_and_forgotten(pair: Pair) -> None:
    pair.hub.send(b"\xff nonsense")
    pair.hub.send(b"\x02{}")
    pair.tell(Stop())
    pair.process.run()
    assert pair.process._bad == 2


def test_a_packet_before_going_live_is_dropped(pair: Pair) -> None:
    pair.hub.send(SourcePacket(0, b"rtp").serialize())
    pair.tell(Stop())
    pair.process.run()
    assert pair.said() == [Ready()]


def test_it_cannot_become_another_live_engine(pair: Pair) -> None:
    pair.tell(GO, GoLive(origin_ns=0, program_ssrc=8))
    with pytest.raises(EngineFault, match="as another one"):
        pair.process.run()


class Countdown(FakeReceiver):
    """Does something at its 60th frame."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    def pull(self, now_ns: int) -> Job[Samples]:
        if len(self.pulled_ns) == 59:
            self.then()
        return super().pull(now_ns)


def test_a_hub_that_does_not_listen_never_holds_it_up(pair: Pair) -> None:
    pair.receiver = Countdown(lambda: pair.tell(Stop()))
    pair.tell(SetStage(sources=(SourceSpec(ssrc=5),)), GO)
    pair.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    pair.process.run()
    assert pair.process._lost > 20
    assert len(pair.said()) < 10


def test_stage_and_sound_check_reach_the_outputs(pair: Pair) -> None:
    check = CheckOutput(check=3, output=9)
    pair.receiver = Countdown(lambda: pair.tell(check, Stop()))
    stage = SetStage(sources=(SourceSpec(ssrc=5),), record_ssrc=8)
    pair.tell(stage, GO)
    pair.process.run()
    assert pair.outputs.stages == [stage]
    assert pair.outputs.checks == [check]
    tapped = [said for said in pair.said() if isinstance(said, Tap)]
    assert [[frame.ssrc for frame in tap.frames] for tap in tapped] == [[5]] * len(tapped)
    clocks = [tap.room_clock for tap in tapped]
    assert clocks == list(range(clocks[0], clocks[0] + 480 * len(clocks), 480))


def test_a_sound_check_that_comes_before_the_mix_is_made_is_not_lost(pair: Pair) -> None:
    """The hub asks a new engine at once, which may read both orders together."""
    check = CheckOutput(check=3, output=9)
    pair.receiver = Countdown(lambda: pair.tell(Stop()))
    pair.tell(GO, SetStage(sources=(SourceSpec(ssrc=5),)), check)
    pair.process.run()
    assert pair.outputs.checks == [check]


def test_what_is_no_sound_waits_for_a_hub_that_does_not_listen(pair: Pair) -> None:
    found = Checked(check=3, output=9)
    howl = Howling(output=9, hertz=800.0, level_dbfs=-20.0, turned_down_db=-3.0)
    heard: list[ToHub] = []

    def listen_again() -> None:
        assert pair.process._lost > 0, "the socket was full"
        heard.extend(pair.said())
        pair.tell(Stop())

    pair.receiver = Countdown(listen_again)
    pair.outputs.says = {30: (found, howl)}
    pair.tell(SetStage(sources=(SourceSpec(ssrc=5),)), GO)
    pair.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    pair.process.run()
    assert [said for said in (*heard, *pair.said()) if isinstance(said, Checked | Howling)] == [
        found,
        howl,
    ]


def test_a_fault_in_a_tick_ends_it(pair: Pair) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    pair.receiver = Countdown(break_down)
    pair.tell(SetStage(sources=(SourceSpec(ssrc=5),)), GO)
    with pytest.raises(ZeroDivisionError):
        pair.process.run()


class Spawned:
    """A real engine process with the hub's end of its socket."""

    def __init__(self) -> None:
        self.hub, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.hub.settimeout(20)
        fd = theirs.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parvis_server.engine", "--fd", str(fd)],
            pass_fds=(fd,),
            stderr=subprocess.PIPE,
            text=True,
        )
        theirs.close()

    def next(self) -> ToHub:
        return parse_to_hub(self.hub.recv(MAX_DATAGRAM_BYTES))

    def live(self) -> None:
        assert self.next() == Ready()
        now = time.monotonic_ns()
        self.hub.send(serialize_command(GoLive(origin_ns=now, program_ssrc=7)))

    def end(self) -> tuple[int, str]:
        """Exit code and what it wrote, once the hub's end is closed."""
        self.hub.close()
        _, written = self.process.communicate(timeout=20)
        return self.process.returncode, written


def test_a_live_engine_gives_program_levels_and_stats_and_ends_with_the_hub() -> None:
    engine = Spawned()
    engine.live()
    said = [engine.next() for _ in range(120)]
    assert engine.end() == (0, "INFO the hub has gone, the engine ends\n")
    packets = [RtpPacket.parse(p.rtp) for p in said if isinstance(p, ProgramPacket)]
    assert len(packets) > 90
    assert all(len(p.payload) < 200 for p in packets)
    assert next(s.levels for s in said if isinstance(s, Levels)) == {}
    stats = [s for s in said if isinstance(s, EngineStats)]
    assert stats[-1].work_mean_us > 0


def test_engines_die_with_a_hub_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HUB_PROGRAM], stdout=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stdout is not None
        assert hub.stdout.readline() == "live\n"
        engines = psutil.Process(hub.pid).children(recursive=True)
        assert engines
        os.kill(hub.pid, signal.SIGKILL)
        hub.wait()
        _, alive = psutil.wait_procs(engines, timeout=10)
        assert not alive


def test_started_by_hand_it_says_who_starts_it() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "parvis_server.engine", "--fd", "99"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "the hub starts this" in result.stderr
    assert "Traceback" not in result.stderr
