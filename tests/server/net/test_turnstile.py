"""One newcomer a turn of the loop, in their order; nobody is forgotten."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fakes.live_hub import live_hub
from fakes.peer import joined
from parvis_server.net.turnstile import Turnstile

LOOPBACK = "127.0.0.1"


class Turns:
    """An event loop that a test turns."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@given(st.lists(st.integers(0, 5), max_size=30))
def test_one_a_turn_in_their_order(arrivals: list[int]) -> None:
    turns, came, let_in = Turns(), 0, list[int]()
    stile = Turnstile(turns.soon)
    for count in arrivals:
        before = len(let_in)
        for number in range(came, came + count):
            if stile.passes(lambda number=number: let_in.append(number)):  # type: ignore[misc]
                let_in.append(number)
        came += count
        assert len(let_in) - before <= 1
        before = len(let_in)
        turns.turn()
        assert len(let_in) - before <= 1
    while len(stile):
        turns.turn()
    assert let_in == list(range(came))
    turns.turn()
    turns.turn()
    assert turns.calls == [], "an empty hall costs no turns"


async def test_a_crowd_of_silent_connections_keeps_nobody_out(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        crowd = [socket.create_connection((LOOPBACK, hub.port)) for _ in range(50)]
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(_hears(hub.listen))
        for one in crowd:
            one.close()


async def _hears(url: str) -> None:
    async with joined(url):
        pass
