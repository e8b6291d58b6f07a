"""The collector does not look at what lasts: the start, and every hundred newcomers."""

import asyncio
import gc

import pytest

from parvis_server import collector
from parvis_server.collector import SPARED_AT_ONCE


async def test_what_newcomers_bring_is_spared_by_the_hundred(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count, frozen = 0, 0
    looks: asyncio.Queue[None] = asyncio.Queue()

    def freeze() -> None:
        nonlocal frozen
        frozen += 1

    def connections() -> int:
        looks.put_nowait(None)
        return count

    monkeypatch.setattr(gc, "freeze", freeze)
    monkeypatch.setattr(gc, "collect", lambda: 0)
    monkeypatch.setattr(collector, "LOOK_EVERY_S", 0)
    sparing = asyncio.create_task(collector.spare(connections))

    async def after(now: int) -> int:
        """How often it was spared, a while after there were so many."""
        nonlocal count
        count = now
        while not looks.empty():
            looks.get_nowait()
        for _ in range(3):
            await looks.get()
        return frozen

    assert await after(0) == 1, "the start"
    assert await after(SPARED_AT_ONCE - 1) == 1
    assert await after(SPARED_AT_ONCE) == 2
    assert await after(10) == 2, "they leave"
    assert await after(10 + SPARED_AT_ONCE) == 3, "and come back"
    sparing.cancel()
