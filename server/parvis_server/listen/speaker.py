"""``parvis listen --return``: a remote speaker without a browser.

Joins ``/ws/speak``, hears its mix-minus through the receiving chain, and says a sound file as its
own voice. With two connections every packet travels on both, in both directions.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Never

import numpy as np

from parvis_server.errors import HubUnreachable, without_group
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.listener import Stopped, until_stopped
from parvis_server.listen.player import Player
from parvis_server.listen.returning import ReturnPlayback, arrival_ms
from parvis_server.listen.session import ListenSession
from parvis_server.listen.sinks import Sinks
from parvis_server.listen.voice import Voice
from parvis_wire.messages import serialize
from parvis_wire.stage import LONGEST_MS, CaptureTime, OutputReport, SpeakerTraits, TimeRequest

SEND_QUEUE_MS = 200
"""A speaker's own packets wait no longer than that for the network; older ones give way."""

REPORT_EVERY_S = 0.5

MAX_BEHIND_NS = 200_000_000
"""A machine that stood still for longer goes on with what is to be said now."""


class Speaker:
    """One remote speaker of one room."""

    def __init__(
        self,
        link: ListenerLink,
        sinks: Sinks,
        say: Callable[[str], None],
        *,
        voice: Voice | None = None,
        connections: int = 1,
        name: str | None = None,
    ) -> None:
        """``say`` gets the state in words; ``voice`` is sent, if there is one."""
        traits = SpeakerTraits(sends=voice is not None)
        first = ListenSession(link.room, speaker=traits, name=name)
        second = ListenSession(link.room, speaker=traits, name=name, second_of=first)
        self.session = first
        self.playback = ReturnPlayback()
        self.player = Player(self.playback, sinks)
        self.connections = [
            Connection(link, session, self.playback.receive, told, link.speak_url)
            for session, told in ((first, say), (second, lambda text: None))
        ][:connections]
        self.dropped_packets = 0
        """Of our own voice: the network was behind."""
        self._voice = voice

    async def run(self, seconds: float | None) -> None:
        """Listen and speak for so long, or until SIGINT or SIGTERM.

        Raises:
            HubUnreachable: there is no such room, or it lets no speaker in.
            OutputError: the sound can no longer be kept.
        """
        first, *others = self.connections
        try:
            async with until_stopped() as group:
                group.create_task(first.run())
                for other in others:
                    group.create_task(self._run_after(first, other))
                group.create_task(self._ask_the_clock())
                group.create_task(self._report())
                if self._voice is not None:
                    group.create_task(self._speak(self._voice))
                await self.player.run(seconds)
                raise Stopped
        except ExceptionGroup as faults:
            raise without_group(faults) from None

    async def _run_after(self, first: Connection, second: Connection) -> Never:
        await first.joined.wait()
        await second.run()

    async def _ask_the_clock(self) -> Never:
        connection = self.connections[0]
        while True:
            await connection.joined.wait()
            clock, now_ns = self.session.hub_clock, time.monotonic_ns()
            if clock.wait_ns(now_ns) == 0:
                clock.asked(now_ns)
                await connection.send(serialize(TimeRequest(client_ns=now_ns)))
            await asyncio.sleep(clock.wait_ns(now_ns) / 1e9)

    async def _report(self) -> Never:
        """Tell the hub how the return plays."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            delay_ms = self._delay_ms()
            if delay_ms is None or not self.playback.playing:
                continue
            receiver = self.playback.receiver
            report = OutputReport(
                delay_ms=min(max(0.0, delay_ms + self.playback.buffer_ms), LONGEST_MS),
                buffer_ms=self.playback.buffer_ms,
                underruns=0,
                concealed=receiver.concealed_frames,
                playing=True,
            )
            await self.connections[0].send(serialize(report))

    def _delay_ms(self) -> float | None:
        """Of the newest packet, from the room clock to its arrival."""
        room, hub = self.session.clock, self.session.hub_clock.reading
        if room is None or hub is None or not self.playback.arrivals:
            return None
        return arrival_ms(*self.playback.arrivals[-1], room, hub)

    # --- our own voice ---

    async def _speak(self, voice: Voice) -> None:
        """Send the sound from its beginning, in real time, once we are joined."""
        await self.connections[0].joined.wait()
        with self._sending() as queues:
            begin_ns, number = time.monotonic_ns(), 0
            while (welcome := self.session.welcome) is not None:
                period_ns = welcome.ptime_ms * 1_000_000
                now_ns = time.monotonic_ns()
                if now_ns - (begin_ns + number * period_ns) > MAX_BEHIND_NS:
                    number = (now_ns - begin_ns) // period_ns
                await asyncio.sleep(max(0.0, begin_ns + (number + 1) * period_ns - now_ns) / 1e9)
                packet = voice.packet(number, welcome.ssrc or 0, welcome.ptime_ms)
                if packet is None:
                    break
                self._queue(queues, packet)
                if number * welcome.ptime_ms % 1000 == 0:
                    await self._tell_capture(
                        number * welcome.ptime_ms * 48, begin_ns + number * period_ns
                    )
                number += 1
            await asyncio.sleep(SEND_QUEUE_MS / 1000)  # the last packets are still under way

    def _queue(self, queues: list["_Outbox"], packet: bytes) -> None:
        for queue in queues:
            self.dropped_packets += queue.put(packet)

    @contextmanager
    def _sending(self) -> Iterator[list["_Outbox"]]:
        outboxes = [_Outbox(connection) for connection in self.connections]
        tasks = [asyncio.create_task(outbox.run()) for outbox in outboxes]
        try:
            yield outboxes
        finally:
            for task in tasks:
                task.cancel()

    async def _tell_capture(self, timestamp: int, at_ns: int) -> None:
        """When the sample of this timestamp was captured, so that the hub can show its delay."""
        hub = self.session.hub_clock.reading
        if hub is None or (hub_ns := hub.hub_ns(at_ns)) < 0:
            return
        told = CaptureTime(
            timestamp=timestamp & 0xFFFF_FFFF, hub_ns=hub_ns, rtt_ms=hub.rtt_ns / 1e6
        )
        await self.connections[0].send(serialize(told))

    # --- afterwards ---

    def check_heard(self, link: ListenerLink) -> None:
        """Raise ``HubUnreachable`` when no return ever came."""
        if not self.playback.received:
            raise HubUnreachable(f"no return was heard from {link}")

    def summary(self) -> dict[str, Any]:
        """How it went, for ``--json`` and for tests."""
        playback, receiver = self.playback, self.playback.receiver
        packets = receiver.packets
        hub = self.session.hub_clock.reading
        delays_ms = playback.arrivals_ms(self.session.clock, hub)
        return {
            "received": playback.received,
            "repeated": playback.repeated,
            "malformed": playback.malformed + receiver.counters.garbage,
            "lost": packets.lost,
            "late": packets.late,
            "concealed": receiver.concealed_frames,
            "buses": playback.engines,
            "reconnects": sum(connection.reconnects for connection in self.connections),
            "arrival_ms": _percentiles(delays_ms),
            "target_ms": round(receiver.target_ms, 1),
            "buffer_ms": round(self.player.buffer_mean_ms, 1),
            "rtt_ms": None if hub is None else hub.rtt_ns / 1e6,
            "sent": 0 if self._voice is None else self._voice.sent,
            "send_dropped": self.dropped_packets,
            "seconds": playback.played_samples / 48_000,
            "start_ns": self.player.start_ns,
        }


class _Outbox:
    """Packets for one connection, the oldest giving way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._packets: deque[bytes] = deque(maxlen=SEND_QUEUE_MS // 20)
        self._filled = asyncio.Event()

    def put(self, packet: bytes) -> int:
        """Queue a packet; how many gave way to it."""
        dropped = len(self._packets) == self._packets.maxlen
        self._packets.append(packet)
        self._filled.set()
        return int(dropped)

    async def run(self) -> Never:
        """Send until cancelled; what nobody can take now is worthless."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._packets:
                await self._connection.send(self._packets.popleft())


def _percentiles(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {f"p{percent}": round(float(np.percentile(values, percent)), 2) for percent in (50, 95)}
