"""A way to a hub that can fall silent, as a phone's radio does: nothing passes or is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

READ_BYTES = 4096


class RadioHole:
    """Forwards every connection of one local port to a hub's, until it is told to be silent."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._passes = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def fall_silent(self) -> None:
        """Hold every byte from now on, both ways, and answer no new connection."""
        self._tell(self._passes.clear)

    def go_on(self) -> None:
        """Let through what was held, and all that comes."""
        self._tell(self._passes.set)

    def close(self) -> None:
        """Break everything."""
        self._tell(self._over.set)
        self._thread.join(10)

    def _tell(self, what: object) -> None:
        assert self._loop is not None and callable(what)
        self._loop.call_soon_threadsafe(what)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._passes.set()
        serving: set[asyncio.Task[None]] = set()

        async def connected(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            serving.add(task)
            try:
                await self._serve(near, back)
            except (OSError, asyncio.CancelledError):
                pass  # one end broke it, or the test is over
            finally:
                back.close()
                serving.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        await self._passes.wait()
        far, there = await asyncio.open_connection("127.0.0.1", self._target)
        ways = [asyncio.create_task(self._pass(near, there))]
        ways.append(asyncio.create_task(self._pass(far, back)))
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            there.close()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while octets := await source.read(READ_BYTES):
            await self._passes.wait()
            sink.write(octets)
            await sink.drain()


@contextmanager
def radio_hole(target: int) -> Iterator[RadioHole]:
    """A way to the hub on this port, for the length of a block."""
    way = RadioHole(target)
    try:
        yield way
    finally:
        way.close()
