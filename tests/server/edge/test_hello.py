"""Edge and hub get to know each other: versions, restarts, two hubs."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fakes.edge_hub import EdgeHub
from fakes.live_edge import edge_house, live_edge
from fakes.peer import joined
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.edge import hub_watch
from parvis_wire.edges import EDGE_VERSION
from parvis_wire.messages import Change, Snapshot


async def test_an_edge_says_where_it_stands_and_beats() -> None:
    async with edge_house() as house:
        (hello,) = house.hub.hellos
        assert (hello.edge, hello.place, hello.version) == (house.edge.id, ":1", EDGE_VERSION)
        await house.hub.until(lambda: bool(house.hub.beats))
        beat = house.hub.beats[-1]
        assert (beat.edge, beat.hub, beat.draining) == (house.edge.id, "hub1", False)
        assert 0 < beat.room_left <= house.hub.max_listeners


async def test_an_edge_of_another_version_says_what_is_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = LocalBroker()
    hub = EdgeHub(LocalBus(broker))
    hub.knows_version = EDGE_VERSION + 1
    hub.start()
    with caplog.at_level(logging.ERROR):
        async with live_edge(LocalBus(broker)) as edge:
            await hub.until(lambda: bool(hub.hellos))
            await edge.edge.refused.wait()
    assert "install the same version" in caplog.text


async def test_a_hub_that_is_started_again_is_followed_without_a_closed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_watch, "SILENT_NS", 100_000_000)
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.hub.news(house.hub.rooms["main"].raises("old"))
        await one.until(Change)
        house.hub.stop()
        house.hub.beat = lambda: None  # type: ignore[method-assign]
        again = EdgeHub(LocalBus(house.broker), hub="hub2")
        again.start()

        async def beats() -> None:
            while True:
                await asyncio.sleep(0.2)
                again.beat()

        beating = asyncio.create_task(beats())
        await one.until(Snapshot)
        beating.cancel()
        assert one.view == again.rooms["main"].view
        again.news(again.rooms["main"].raises("new"))
        await one.until(Change)
        assert [hand.participant for hand in one.view.line] == ["new"]


async def test_a_second_hub_on_the_same_bus_is_not_followed() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        other = EdgeHub(LocalBus(house.broker), hub="hub2")
        other.beat()
        other.news(other.rooms["main"].raises("theirs"))
        house.hub.news(house.hub.rooms["main"].raises("ours"))
        await one.until(Change)
        assert one.view == house.hub.rooms["main"].view
        assert house.edge.edge.line.watch.hub == "hub1"
