"""Large answers on a real bus give way to everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from fakes.bus_server import LOOPBACK, Way, answered, on_bus, running_server
from fakes.edged_hub import becomes
from parvis_server.bus.line import MAX_ASIDE_BYTES


async def test_answers_to_strangers_give_way_to_what_cannot_wait() -> None:
    """A network that takes little: beats go out first and none is dropped, however many large
    answers wait; too many of those are refused, shortly."""
    async with running_server() as server:
        way = Way(int(server.address.urls[0].rpartition(":")[2]))
        far = replace(server.address, urls=(f"nats://{LOOPBACK}:{await way.start()}",))
        async with on_bus(server.address) as edge, on_bus(far) as hub:
            asked: list[Callable[[bytes], None]] = []
            hub.answer("page", lambda question, answer: asked.append(answer), instead=b"busy")
            edge.answer("ready", lambda question, answer: answer(b""))
            await answered(hub, "ready", b"")
            order: list[str] = []
            edge.subscribe("beat", lambda payload: order.append("beat"))

            async def ask() -> None:
                answer = await answered(edge, "page", b"")
                order.append("busy" if answer == b"busy" else "page")

            asking = [asyncio.create_task(ask()) for _ in range(8)]
            await becomes(lambda: len(asked) == 8)
            for answer in asked:
                answer(b"x" * 60_000)
            dropped = hub.dropped
            for _ in range(100):
                hub.publish("beat", b"x" * 500)
            assert hub.dropped == dropped
            await asyncio.gather(*asking)
            await becomes(lambda: order.count("beat") == 100)
            assert order.count("busy") == 8 - MAX_ASIDE_BYTES // 60_000
            assert order[:100] == 100 * ["beat"]
        await way.stop()


async def test_what_stands_aside_takes_no_room_from_what_cannot_wait() -> None:
    """Also where the network takes nothing at all."""
    async with running_server() as server:
        way = Way(int(server.address.urls[0].rpartition(":")[2]))
        far = replace(server.address, urls=(f"nats://{LOOPBACK}:{await way.start()}",))
        async with on_bus(server.address) as edge, on_bus(far) as hub:
            answers: list[Callable[[bytes], None]] = []
            hub.answer("page", lambda question, answer: answers.append(answer), instead=b"busy")
            edge.answer("ready", lambda question, answer: answer(b""))
            await answered(hub, "ready", b"")
            asking = asyncio.create_task(edge.ask("page", b"", 20))
            await becomes(lambda: bool(answers))
            way.open.clear()
            for _ in range(100):
                answers[0](b"x" * 60_000)
            dropped = hub.dropped
            for _ in range(60):
                hub.publish("beat", b"x" * 1_000)
                await asyncio.sleep(0.001)
            assert hub.dropped == dropped
            way.open.set()
            await asyncio.gather(asking, return_exceptions=True)
        await way.stop()
