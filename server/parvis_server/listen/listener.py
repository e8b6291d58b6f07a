"""``parvis listen``: connection, playback and sinks put together."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any, Never

from parvis_audio.opus import Decoder
from parvis_server.errors import HubUnreachable, without_group
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.playback import SAMPLES_PER_MS, Playback
from parvis_server.listen.player import Player
from parvis_server.listen.session import ListenSession
from parvis_server.listen.sinks import Sinks

REPORT_EVERY_S = 10.0


class Listener:
    """One listener of one room."""

    def __init__(self, link: ListenerLink, sinks: Sinks, say: Callable[[str], None]) -> None:
        """``say`` gets the state in words, one line at a time."""
        self.playback = Playback(Decoder)
        self.session = ListenSession(link.room, on_packet_time=self.playback.announce)
        self.player = Player(self.playback, sinks)
        self.connection = Connection(link, self.session, self.playback.receive, say)
        self._say = say

    async def run(self, seconds: float | None) -> None:
        """Listen for so long, or until SIGINT or SIGTERM.

        Raises:
            HubUnreachable: there is no such room.
            OutputError: the sound can no longer be kept.
        """
        try:
            async with until_stopped() as group:
                group.create_task(self.connection.run())
                group.create_task(self._report())
                await self.player.run(seconds)
                raise Stopped
        except ExceptionGroup as faults:
            raise without_group(faults) from None

    async def _report(self) -> Never:
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            playback = self.playback
            if self.player.heard:
                speaking = ", ".join(self.session.speakers(playback.talkers)) or "nobody"
                self._say(f"{playback.buffer_ms:.0f} ms held, {speaking} speaking")
            await self.connection.report(
                self.session.report(
                    buffer_ms=playback.buffer_ms,
                    played_ms=playback.played_samples / SAMPLES_PER_MS,
                    underruns=playback.counters.underruns,
                )
            )

    def check_heard(self, link: ListenerLink) -> None:
        """Raise ``HubUnreachable`` when there never was anything to hear."""
        if not self.player.heard:
            raise HubUnreachable(f"nothing was heard from {link}")

    def summary(self) -> dict[str, Any]:
        """How it went, for ``--json`` and for tests."""
        playback, counters = self.playback, self.playback.counters
        return {
            "received": playback.counts.received,
            "lost": playback.counts.lost,
            "late": playback.counts.late,
            "malformed": playback.counts.malformed,
            "concealed": round(counters.concealed_ms / 10),
            "underruns": counters.underruns,
            "skips": counters.skips,
            "reconnects": self.connection.reconnects,
            "buffer_ms": round(self.player.buffer_mean_ms, 1),
            "seconds": playback.played_samples / 48_000,
            "start_ns": self.player.start_ns,
            "time_line": [
                {"output_sample": segment.output_sample, "timestamp": segment.timestamp}
                for segment in playback.segments
            ],
        }


class Stopped(Exception):
    """Raised inside ``until_stopped``: the time is over, or somebody asked to end."""


@contextlib.asynccontextmanager
async def until_stopped() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that SIGINT and SIGTERM end in good order."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)

    async def wait_for_signal() -> Never:
        await stop.wait()
        raise Stopped

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait_for_signal())
            yield group
    except* Stopped:
        pass
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
