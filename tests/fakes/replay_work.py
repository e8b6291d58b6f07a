"""The work on recordings that are over, in this process: a thread has its libraries already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from parvis_server.hub_replays import Done, Work
from parvis_server.replay.keeping_up import Bench, carry_out
from parvis_server.replay.orders import Orders

UTC_MS = 1_790_000_100_000
"""Soon after the recordings of ``fakes.recordings`` began."""


def in_a_thread(page: Path) -> Work:
    """``page``: folder of the built pages."""

    async def work(folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        loop = asyncio.get_running_loop()

        def say(done: Done) -> None:
            loop.call_soon_threadsafe(tell, done)

        def do() -> None:
            for done in carry_out(Bench(folder, UTC_MS, page, say), orders):
                say(done)

        await asyncio.to_thread(do)

    return work
