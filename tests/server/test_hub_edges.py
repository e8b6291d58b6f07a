"""Edges that a hub starts by itself, and those who listened at the hub before."""

import asyncio
from pathlib import Path

import pytest

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import joined, resume
from parvis_server import hub_edges
from parvis_wire.commands import RaiseHand
from parvis_wire.edge_words import Move


async def test_workers_start_when_many_listen_and_take_them_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real processes on a real bus: the listener moves, is the same, hears, and is heard."""
    monkeypatch.setattr(hub_edges, "ABOVE_LISTENERS", 1)
    monkeypatch.setattr(hub_edges, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(hub_edges, "MOST_BY_THEMSELVES", 1)
    async with live_hub(tmp_path) as hub, joined(hub.listen) as one, joined(hub.listen) as two:
        moves = [await listener.until(Move) for listener in (one, two)]
        place = moves[0].place
        assert place.startswith(":")
        assert [offer.place for offer in hub.hub.edges.offers(None)] == [place]
        url = f"ws://{LOOPBACK}{place}/ws/listen"
        async with joined(url, credential=resume(one)) as moved:
            assert moved.participant == one.participant
            speaking = asyncio.create_task(_speak(hub))
            while not moved.packets:
                await moved.hear()
            speaking.cancel()
            assert (await moved.do(RaiseHand, name="Ada")).refused is None
            while not two.view.line:
                await two.hear()


async def _speak(hub: LiveHub) -> None:
    """Until it is heard: the edge follows the room from its first listener on."""
    while True:
        hub.engine.say()
        await asyncio.sleep(0.02)
