"""The engine's process: a loop on absolute deadlines around the pure ``MixEngine``.

It first waits as a warm standby: everything imported, nothing running. ``GoLive`` starts the
ticks. Between two ticks it sleeps; at a deadline it reads what has come, without ever waiting for
it, runs the tick and sends, without ever waiting for the hub to take it. When the hub's end of the
socket closes, for whatever reason, the engine ends. A fault in a tick ends it too: the hub has a
standby, and a mix that limps unheard helps nobody. What the hub has no room for is dropped, since
old sound is worth nothing; howls and the ends of sound checks wait for it.
"""

import gc
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from parvis_server.engine.boundary import (
    MAX_DATAGRAM_BYTES,
    Checked,
    GoLive,
    Howling,
    ProgramPacket,
    Ready,
    Said,
    SourcePacket,
    Stop,
    parse_to_engine,
)
from parvis_server.engine.contributions import Lap
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.savings import Thrift
from parvis_server.engine.schedule import TickSchedule
from parvis_server.engine.stage import MAX_OUTPUTS, CheckOutput, SetStage
from parvis_server.engine.tick_meter import StageTimes, TickMeter
from parvis_server.errors import BadDatagram, EngineFault

REAL_TIME_PRIORITY = 50
"""Over ordinary threads, under the kernel's own interrupt threads."""

STATS_EVERY_NS: Final = 1_000_000_000

MAX_DATAGRAMS_PER_TICK = 2048
"""Twice what 100 ms of 96 sources are: more waits for the next tick, so a flood cannot stop it."""

COLLECT_IF_LEFT_NS = 3_000_000
"""Garbage is collected once a second, when this much time is left before the next tick."""

MAX_WAITING: Final = 2 * MAX_OUTPUTS
"""Howls and ends of sound checks that the hub has not taken: one of each for every output."""

log = logging.getLogger(__name__)


def take_real_time_priority() -> bool:
    """Ask for ``SCHED_FIFO``; whether it was allowed (root, or ``LimitRTPRIO`` in a service)."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REAL_TIME_PRIORITY))
    except OSError:
        return False
    return True


class EngineProcess:
    """One engine at its end of the socket pair."""

    def __init__(
        self,
        hub: socket.socket,
        build: Callable[[GoLive, Lap], MixEngine],
        prioritize: Callable[[], bool] = take_real_time_priority,
    ) -> None:
        """``build`` makes the mix when it goes live; ``prioritize`` raises this thread."""
        hub.setblocking(False)
        self._hub = hub
        self._build = build
        self._prioritize = prioritize
        self._go_live: GoLive | None = None
        self._mix: MixEngine | None = None
        self._stages = StageTimes(time.perf_counter_ns)
        self._stage = SetStage()
        self._early: deque[CheckOutput] = deque(maxlen=MAX_OUTPUTS)
        """Sound checks that were asked for before there was a mix."""
        self._waiting: deque[Howling | Checked] = deque(maxlen=MAX_WAITING)
        """What the hub had no room for and must hear."""
        self._lost = 0
        self._bad = 0
        self._running = True

    def run(self) -> None:
        """Stand by, then tick until ``Stop`` or until the hub has gone."""
        with self._hub:
            self._send(Ready())
            while self._running and self._go_live is None:
                self._wait_for_hub()
                self._drain()
            if self._go_live is not None and self._running:
                self._tick_for_ever(self._go_live)

    def _tick_for_ever(self, live: GoLive) -> None:
        real_time = self._prioritize()  # first: on a busy machine all else waits
        meter, thrift = TickMeter(real_time=real_time, stages=self._stages), Thrift(live.tick_ns)
        self._mix = mix = self._build(live, self._stages.lap)
        mix.set_stage(self._stage)
        for command in self._early:
            mix.check(command)
        gc.collect()
        gc.freeze()
        gc.disable()
        schedule = TickSchedule(live.origin_ns, time.monotonic_ns(), live.tick_ns)
        second = STATS_EVERY_NS // live.tick_ns
        while self._running:
            _sleep_until(schedule.next_deadline_ns)
            due = schedule.take(time.monotonic_ns())
            meter.skipped(due.skipped)
            for tick in due.ticks:
                self._tick(tick, schedule.deadline_ns(tick), meter, thrift, mix)
                if tick % second == 0:
                    self._report(meter, thrift, mix)
            left_ns = schedule.next_deadline_ns - time.monotonic_ns()
            if left_ns > COLLECT_IF_LEFT_NS and any(tick % second == 1 for tick in due.ticks):
                gc.collect()

    def _tick(
        self, tick: int, deadline_ns: int, meter: TickMeter, thrift: Thrift, mix: MixEngine
    ) -> None:
        begin_ns = time.monotonic_ns()
        meter.started(begin_ns - deadline_ns)
        self._stages.begin()
        self._drain()
        self._stages.lap("receive")
        output = mix.tick(tick, deadline_ns)
        waiting = tuple(self._waiting)
        self._waiting.clear()
        for said in (*waiting, *output):
            self._send(said)
        self._stages.lap("send")
        work_ns = time.monotonic_ns() - begin_ns
        meter.worked(work_ns, encoded=any(isinstance(said, ProgramPacket) for said in output))
        saving = thrift.worked(work_ns)
        if saving is not None:
            log.warning("ticks are too full or have room again: step %d of saving", thrift.step)
            mix.save(saving)

    def _report(self, meter: TickMeter, thrift: Thrift, mix: MixEngine) -> None:
        mix.drops.bad_datagrams, mix.drops.dropped_output = self._bad, self._lost
        self._send(meter.report(mix.drops, mix.source_stats(), thrift.step, mix.program_db))

    def _drain(self) -> None:
        """Take what has come; never waits."""
        for _ in range(MAX_DATAGRAMS_PER_TICK):
            try:
                datagram = self._hub.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                datagram = b""
            if not datagram:
                log.info("the hub has gone, the engine ends")
                self._running = False
                return
            self._handle(datagram)

    def _handle(self, datagram: bytes) -> None:
        try:
            said = parse_to_engine(datagram)
        except BadDatagram as error:
            self._bad += 1
            log.warning("not understood: %s", error)
            return
        match said:
            case SourcePacket():
                if self._mix is not None:
                    self._mix.receive(said, time.monotonic_ns())
            case SetStage():
                self._stage = said
                if self._mix is not None:
                    self._mix.set_stage(said)
            case CheckOutput():
                if self._mix is not None:
                    self._mix.check(said)
                else:
                    self._early.append(said)
            case GoLive():
                if self._go_live not in (None, said):
                    raise EngineFault("a live engine was told to go live as another one")
                self._go_live = said
            case Stop():
                self._running = False

    def _send(self, said: Ready | Said) -> None:
        """Hand over to the hub; what it has no room for waits, or is dropped and counted."""
        try:
            self._hub.send(said.serialize())
        except BlockingIOError:
            if isinstance(said, Howling | Checked):
                self._waiting.append(said)
            else:
                self._lost += 1
        except OSError:
            self._running = False

    def _wait_for_hub(self) -> None:
        """Sleep until something has come: only for the standby, which has no deadlines."""
        self._hub.setblocking(True)
        try:
            self._hub.recv(1, socket.MSG_PEEK)
        except OSError:
            self._running = False
        finally:
            self._hub.setblocking(False)


def _sleep_until(deadline_ns: int) -> None:
    left_ns = deadline_ns - time.monotonic_ns()
    if left_ns > 0:
        time.sleep(left_ns / 1e9)
