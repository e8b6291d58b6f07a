"""Our hub: the talkers are remote speakers over WebSockets, each hears its mix-minus."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from fakes.parvis import HubProcess
from fakes.peer_servers.talker import Talker
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.session import ListenSession
from parvis_wire.stage import SpeakerTraits


@asynccontextmanager
async def serve(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    """Our hub with these talkers; gives the pids of hub and engines."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hub = await asyncio.to_thread(HubProcess, folder)
        stack.callback(hub.close)
        link = ListenerLink.parse(hub.link)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks: list[asyncio.Task[Any]] = []
        try:
            for number, talker in enumerate(talkers):
                phase = number / len(talkers)
                tasks += await _join(group, link, talker, phase)
            processes = psutil.Process(hub.program.pid)
            yield [hub.program.pid, *(child.pid for child in processes.children(recursive=True))]
        finally:
            for task in tasks:
                task.cancel()


async def _join(
    group: asyncio.TaskGroup, link: ListenerLink, talker: Talker, phase: float
) -> list[asyncio.Task[Any]]:
    session = ListenSession(link.room, speaker=SpeakerTraits(sends=True))
    connection = Connection(link, session, talker.hear, lambda text: None, link.speak_url)
    running = group.create_task(connection.run())
    await connection.joined.wait()
    assert session.welcome is not None
    assert session.welcome.ssrc is not None
    speaking = group.create_task(talker.speak(connection.send, session.welcome.ssrc, phase))
    return [running, speaking]
