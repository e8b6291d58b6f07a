"""What systemd hears of a hub, and when its watchdog is fed."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from fakes.live_hub import live_hub
from parvis_server.engine.boundary import EngineStats
from parvis_server.notify import WAKING_NS, Notifier, Pulse, WatchdogFeed, pulses_of

LONG_AWAKE_NS = WAKING_NS + 1


def test_a_hub_without_a_room_that_sounds_needs_no_engine() -> None:
    feed = WatchdogFeed()
    assert feed.due({}, 0) and feed.due({}, 1)


def test_food_only_while_ticks_advance() -> None:
    feed = WatchdogFeed()
    for ticks, due in ((100, True), (200, True), (200, False), (200, False), (201, True)):
        assert feed.due({"hall": Pulse(0, ticks)}, LONG_AWAKE_NS) == due


def test_a_new_engine_counts_anew() -> None:
    feed = WatchdogFeed()
    assert feed.due({"hall": Pulse(0, 9000)}, LONG_AWAKE_NS)
    assert feed.due({"hall": Pulse(0, 10)}, LONG_AWAKE_NS)


def test_an_engine_has_its_time_to_wake_up_and_no_more() -> None:
    feed = WatchdogFeed()
    assert feed.due({"hall": Pulse(5, 0)}, 5 + WAKING_NS)
    assert not feed.due({"hall": Pulse(5, 0)}, 6 + WAKING_NS)


def test_one_engine_that_stands_still_does_not_end_the_others_evening() -> None:
    feed = WatchdogFeed()
    feed.due({"hall": Pulse(0, 5), "annexe": Pulse(0, 5)}, LONG_AWAKE_NS)
    assert feed.due({"hall": Pulse(0, 9), "annexe": Pulse(0, 5)}, LONG_AWAKE_NS)
    assert not feed.due({"hall": Pulse(0, 9), "annexe": Pulse(0, 5)}, LONG_AWAKE_NS)


class Seen(Exception):
    """The script is over."""


async def test_ready_then_food_while_it_mixes(tmp_path: Path) -> None:
    script = iter((7, 7, 8))

    def look() -> Mapping[str, Pulse]:
        ticks = next(script, None)
        if ticks is None:
            raise Seen
        return {"hall": Pulse(-WAKING_NS, ticks)}

    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "4000"})
        with pytest.raises(Seen):
            await notifier.follow(look)
        told = [systemd.recv(100) for _ in range(3)]
        assert told == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


async def test_by_hand_nothing_is_looked_at() -> None:
    def look() -> Mapping[str, Pulse]:
        raise AssertionError("nobody wants to know")

    await Notifier({}).follow(look)
    await Notifier({"NOTIFY_SOCKET": "@parvis-nobody", "WATCHDOG_USEC": "soon"}).follow(look)


async def test_the_pulse_of_a_hub_is_what_its_engines_say(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        await asyncio.wait_for(hub.engine.ready.wait(), 10)
        [before] = pulses_of(hub.hub.rooms).values()
        assert before.ticks == 0
        hub.engine.stats(EngineStats(ticks=42))
        [after] = pulses_of(hub.hub.rooms).values()
        assert after == Pulse(before.woken_ns, 42)
