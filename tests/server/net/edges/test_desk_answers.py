"""What strangers can make the hub answer gives way to everything else on the bus."""

import asyncio
from pathlib import Path

from fakes.edged_hub import becomes
from fakes.live_hub import live_hub
from parvis_server.bus.bus import Answerer
from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.net.edges.desk import EdgeDesk
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import Refused, RefusedWhy, parse


class Noting(LocalBus):
    """Notes what is answered instead where too many answers wait."""

    def __init__(self, broker: LocalBroker) -> None:
        super().__init__(broker)
        self.instead: dict[str, bytes | None] = {}

    def answer(self, subject: str, answerer: Answerer, *, instead: bytes | None = None):  # type: ignore[no-untyped-def]
        self.instead[subject] = instead
        return super().answer(subject, answerer, instead=instead)


async def test_requests_and_joins_of_strangers_give_way(tmp_path: Path) -> None:
    """Each edge that asks hears that the hub is busy; hellos and rooms are always answered."""
    bus, subjects = Noting(LocalBroker()), Subjects("test")
    async with live_hub(tmp_path) as hub:
        desk = EdgeDesk(hub.hub.edges.site, bus, "test", is_alone=True)
        running = asyncio.create_task(desk.run())
        await becomes(lambda: len(bus.instead) == 4)
        running.cancel()
        await asyncio.wait([running])
    for subject in (subjects.admit, subjects.http):
        said = bus.instead[subject]
        assert said is not None
        assert parse(Refused, said).why is RefusedWhy.BUSY
    assert bus.instead[subjects.hello] is bus.instead[subjects.rooms] is None
