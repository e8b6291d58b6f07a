"""Everybody who hears a bench: a listener, a remote speaker, a host; and the API's load."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Never

import numpy as np

from parvis_audio.measure import SAMPLE_RATE_HZ, find_chirps
from parvis_audio.opus import Decoder
from parvis_server.bench.host_watch import DelayReport, watch_as_host
from parvis_server.bench.hub_probe import METRICS_EVERY_S, HubProbe
from parvis_server.bench.processes import RunningHub
from parvis_server.bench.stages import Arrival, HubReading, Samples
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.playback import Playback
from parvis_server.listen.player import Player
from parvis_server.listen.returning import ReturnPlayback
from parvis_server.listen.session import ListenSession
from parvis_server.listen.sinks import Sinks
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits

API_PATH = "/api/v1/rooms/main"
API_REQUESTS_PER_S = 50.0

RETURN_NAME = "Bench return"


@dataclass(slots=True)
class Kept:
    """A sink that keeps what it gets."""

    frames: list[Samples] = field(default_factory=list)

    def write(self, frame: Samples) -> None:
        """Keep a frame."""
        self.frames.append(frame)

    def close(self) -> None:
        """Nothing to close."""


class Ears:
    """All ears on one hub; ``open`` for the length of a block."""

    def __init__(self, hub: RunningHub) -> None:
        """Nothing is heard yet."""
        self.link = ListenerLink.parse(hub.link)
        self.load = HubProbe(self.link)
        self.readings: list[HubReading] = []
        self.reports: list[DelayReport] = []
        self.packets: list[tuple[bytes, int]] = []
        """Of the return, and when they came."""
        self.playback = Playback(Decoder)
        """Of the listener."""
        self.returned = ReturnPlayback()
        self._hub = hub
        self._probe = HubProbe(self.link)
        self._sound = Kept()
        self._player = Player(self.playback, Sinks(self._sound))
        traits = SpeakerTraits()
        self._session = ListenSession(self.link.room, speaker=traits, name=RETURN_NAME)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen, return, load, watch."""
        session = ListenSession(self.link.room)
        listener = Connection(self.link, session, self.playback.receive, _silently)
        speaker = Connection(self.link, self._session, self._return, _silently, self.link.speak_url)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(listener.run()),
                group.create_task(self._player.run(None)),
                group.create_task(speaker.run()),
                group.create_task(Player(self.returned, Sinks()).run(None)),
                group.create_task(self.load.load(API_PATH, API_REQUESTS_PER_S)),
                group.create_task(self._watch()),
                group.create_task(
                    watch_as_host(self.link, self._hub.host_link, self.reports.append)
                ),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
        await self._probe.close()
        await self.load.close()

    def _return(self, packet: bytes, arrival_ns: int) -> None:
        self.packets.append((packet, arrival_ns))
        self.returned.receive(packet, arrival_ns)

    async def _watch(self) -> Never:
        """Read the hub's metrics once a second."""
        while True:
            await asyncio.sleep(METRICS_EVERY_S)
            found = await self._probe.metrics()
            holds = [v for name, v in found.items() if name.startswith("parvis_source_hold_sec")]
            encode_s = found.get("parvis_tick_encode_mean_seconds")
            if holds and encode_s is not None:
                reading = HubReading(time.monotonic_ns(), max(holds) * 1e3, encode_s * 1e3)
                self.readings.append(reading)

    @property
    def room_origin_ns(self) -> float | None:
        """Monotonic time of room clock 0; None before the hub told its clock."""
        clock = self._session.clock
        if clock is None:
            return None
        return clock.hub_ns - clock.room_clock * 1e9 / SAMPLE_RATE_HZ

    def arrivals(self, from_ns: int) -> Iterator[Arrival]:
        """The return's packets since then, decoded, on their time line."""
        decoder, unwrapper = Decoder(), serial.Unwrapper(serial.TIMESTAMP_BITS)
        for message, arrival_ns in self.packets:
            packet = RtpPacket.parse(message)
            timestamp = unwrapper.unwrap(packet.timestamp)
            sound = decoder.decode(packet.payload)
            if arrival_ns >= from_ns:
                yield Arrival(timestamp, arrival_ns, sound)

    def heard_ns(self) -> list[float]:
        """When the listener heard the beginnings of chirps."""
        if not self._sound.frames:
            return []
        found = find_chirps(np.concatenate(self._sound.frames))
        return [self._player.start_ns + at.at_samples * 1e9 / SAMPLE_RATE_HZ for at in found]


def _silently(text: str) -> None:
    """A bench says nothing while it listens."""
