"""A hub offers a bundle to its paired units, each on a path of its own, when no room is in use."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.bundles import MACHINE, PYTHON, Maker
from fakes.house import claimed_hub, eventually, revoke, take_in
from fakes.keyed_unit import KeyedUnit, here
from fakes.live_hub import LiveHub
from fakes.peer import Peer
from parvis_device.address import HubAddress
from parvis_device.update.fetching import Gone, HubPieces, Later, Way
from parvis_server.updates.quiet import Quiet
from parvis_wire.floor import About, Phase
from parvis_wire.stage import UnitTraits
from parvis_wire.update import (
    UnitSoftware,
    UpdateFault,
    UpdateOffer,
    UpdateReport,
    UpdateState,
    UpdateStep,
)

SOFTWARE = UnitSoftware(version="1.0.0", machine=MACHINE, python=PYTHON, takes_updates=True)
PIECES = HubPieces()


def traits(**changes: object) -> UnitTraits:
    return UnitTraits(software=SOFTWARE.model_copy(update=changes))


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path, tls=True) as running:
        running.hub.updates._quiet = Quiet(0)
        yield running


@pytest.fixture
def box(hub: LiveHub) -> KeyedUnit:
    paired = KeyedUnit()
    take_in(hub, paired)
    return paired


async def shelve(hub: LiveHub, **changes: str) -> bytes:
    content = Maker().bundle(None, **changes)
    path = hub.hub.settings.data / "one.parvis-update"
    path.write_bytes(content)
    shelf = hub.hub.updates._shelf
    await asyncio.to_thread(shelf.put, path)
    await asyncio.to_thread(shelf.look)
    hub.hub.updates.look()
    return content


def way(hub: LiveHub) -> Way:
    digest = hub.hub.listeners[1].certificate
    return Way(HubAddress.parse(hub.https), digest)


async def offered(door: Peer) -> UpdateOffer:
    return await door.until(UpdateOffer)


async def test_a_paired_unit_is_offered_a_bundle_and_gets_it(hub: LiveHub, box: KeyedUnit) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        content = await shelve(hub)
        offer = await offered(door)
        assert (offer.version, offer.size_bytes) == ("2.0.0", len(content))
        assert offer.sha256 == hashlib.sha256(content).hexdigest()
        got = [
            await asyncio.to_thread(PIECES.piece, way(hub), offer.path, first, last)
            for first, last in ((0, 99), (100, len(content) - 1))
        ]
        assert b"".join(got) == content
        assert await asyncio.to_thread(PIECES.is_quiet, way(hub), offer.path)


async def test_while_a_room_is_in_use_the_answer_is_later(hub: LiveHub, box: KeyedUnit) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        await shelve(hub)
        offer = await offered(door)
        room = hub.hub.rooms.create(About(title="Tonight"), name="tonight", phase=Phase.LIVE)
        hub.hub.updates.look()
        with pytest.raises(Later, match="503"):
            await asyncio.to_thread(PIECES.piece, way(hub), offer.path, 0, 9)
        assert not await asyncio.to_thread(PIECES.is_quiet, way(hub), offer.path)
        assert room.phase is Phase.LIVE


async def test_a_room_that_has_just_opened_is_seen_at_once(hub: LiveHub, box: KeyedUnit) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        await shelve(hub)
        offer = await offered(door)
        assert hub.hub.updates.is_quiet, "as it was when it last looked round"
        hub.hub.rooms.create(About(title="Tonight"), name="tonight", phase=Phase.LIVE)
        assert not await asyncio.to_thread(PIECES.is_quiet, way(hub), offer.path)


async def test_one_unit_at_a_time_is_started_anew(hub: LiveHub, box: KeyedUnit) -> None:
    other = KeyedUnit()
    take_in(hub, other)
    async with here(other, hub.unit, unit=traits()) as second:
        async with here(box, hub.unit, unit=traits()) as door:
            await shelve(hub)
            offer, theirs = await offered(door), await offered(second)
            assert await asyncio.to_thread(PIECES.is_quiet, way(hub), offer.path)
            assert not await asyncio.to_thread(PIECES.is_quiet, way(hub), theirs.path)
        stream = hub.live.streams.get(box.unit)
        await eventually(lambda: stream is None or stream.first is None)
        hub.hub.updates.look()
        assert not await asyncio.to_thread(PIECES.is_quiet, way(hub), theirs.path), "still away"
        done = UpdateState(step=UpdateStep.DONE, version="2.0.0")
        async with here(box, hub.unit, unit=traits(version="2.0.0", update=done)):
            hub.hub.updates.look()
            assert await asyncio.to_thread(PIECES.is_quiet, way(hub), theirs.path)


async def test_a_path_ends_with_the_unit_and_with_the_bundle(hub: LiveHub, box: KeyedUnit) -> None:
    other = KeyedUnit()
    take_in(hub, other)
    async with (
        here(box, hub.unit, unit=traits()) as door,
        here(other, hub.unit, unit=traits()) as second,
    ):
        await shelve(hub)
        offer, theirs = await offered(door), await offered(second)
        assert offer.path != theirs.path
        revoke(hub, box)
        with pytest.raises(Gone):
            await asyncio.to_thread(PIECES.piece, way(hub), offer.path, 0, 9)
        assert await asyncio.to_thread(PIECES.piece, way(hub), theirs.path, 0, 5) == b"PARVIS"
        await shelve(hub, version="2.0.1")
        with pytest.raises(Gone):
            await asyncio.to_thread(PIECES.piece, way(hub), theirs.path, 0, 9)
        again = await offered(second)
        assert again.version == "2.0.1"
        assert hub.hub.updates.found(again.path.removeprefix("/update/")) is not None
        unit = again.path.removeprefix("/update/").partition(".")[0]
        for strange in ("é", "\udcff", f"{again.sha256[:16]}.é"):
            assert hub.hub.updates.found(f"{unit}.{strange}") is None
        forged = again.path[:-1] + ("0" if again.path[-1] != "0" else "1")
        with pytest.raises(Gone):
            await asyncio.to_thread(PIECES.piece, way(hub), forged, 0, 9)


@pytest.mark.parametrize(
    ("first", "last"), [(5, 4), (0, 1 << 20), (1 << 30, (1 << 30) + 5), (0, 10_000_000)]
)
async def test_a_piece_has_bounds(hub: LiveHub, box: KeyedUnit, first: int, last: int) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        await shelve(hub)
        offer = await offered(door)
        with pytest.raises(Gone, match="416"):
            await asyncio.to_thread(PIECES.piece, way(hub), offer.path, first, last)


async def test_somebody_between_is_seen(hub: LiveHub, box: KeyedUnit) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        await shelve(hub)
        offer = await offered(door)
        between = Way(HubAddress.parse(hub.https), bytes(32))
        with pytest.raises(Later, match="another certificate"):
            await asyncio.to_thread(PIECES.piece, between, offer.path, 0, 9)


@pytest.mark.parametrize(
    "changes", [{"takes_updates": False}, {"machine": "x86_64"}, {"python": "cpython-311"}]
)
async def test_nothing_is_offered_to_whom_it_is_not_for(
    hub: LiveHub, box: KeyedUnit, changes: dict[str, object]
) -> None:
    async with here(box, hub.unit, unit=traits(**changes)):
        await shelve(hub)
        assert hub.hub.updates._offered == {}


async def test_the_operator_sees_version_and_update(hub: LiveHub, box: KeyedUnit) -> None:
    async with here(box, hub.unit, unit=traits()) as door:
        undone = UpdateState(step=UpdateStep.UNDONE, version="2.0.0", fault=UpdateFault.SILENT)
        await door.say(UpdateReport(update=undone))
        stream = hub.live.streams.get(box.unit)
        assert stream is not None
        await eventually(lambda: stream.software is not None and stream.software.update == undone)
        from parvis_server.net.api.house_models import PairedUnitInfo

        paired = hub.hub.trust.unit(box.unit)
        assert paired is not None
        info = PairedUnitInfo.of(paired, "main", stream.software)
        assert info.version == "1.0.0"
        assert info.update is not None
        assert (info.update.step, info.update.fault) == (UpdateStep.UNDONE, UpdateFault.SILENT)
        [shown] = hub.live.status().units
        assert shown.software == stream.software, "the host's console shows the same"
    assert hub.live.status().units[0].software is None, "of a unit that is away nothing"
