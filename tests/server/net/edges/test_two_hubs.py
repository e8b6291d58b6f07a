"""Two hubs that publish under one site: one serves, the other says so and waits."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.edged_hub import becomes
from fakes.live_hub import live_hub
from parvis_server.bus.bus import NobodyThere
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.net.edges.desk import ANOTHER_HUB, EdgeDesk
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import EdgeHello, HubHello, parse
from parvis_wire.messages import serialize


async def test_the_second_leaves_the_edges_to_the_first_and_takes_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in its log; when the first is silent, its edges are answered by the second."""
    caplog.set_level(logging.ERROR)
    broker = LocalBroker()
    edge = LocalBus(broker)
    subject = Subjects("test").hello
    hello = serialize(EdgeHello(edge="edge1", place=":1")).encode()

    async def serving() -> str | None:
        try:
            return parse(HubHello, await edge.ask(subject, hello, 5)).hub
        except NobodyThere:
            return None

    async with live_hub(tmp_path) as hub:
        site = hub.hub.edges.site
        first = EdgeDesk(replace(site, hub="zfirst"), LocalBus(broker), "test")
        second = EdgeDesk(replace(site, hub="asecond"), LocalBus(broker), "test")
        running = asyncio.create_task(first.run())
        await becomes(lambda: first.standing.serves)
        waiting = asyncio.create_task(second.run())
        await becomes(lambda: ANOTHER_HUB in caplog.text)
        assert await serving() == "zfirst"
        assert not second.standing.serves
        running.cancel()
        await asyncio.wait([running])
        assert await serving() is None
        await becomes(lambda: second.standing.serves)
        await asyncio.sleep(0)  # it answers from this turn on
        assert await serving() == "asecond"
        assert caplog.text.count(ANOTHER_HUB) == 1
        waiting.cancel()
        await asyncio.wait([waiting])
