"""The unit's side of an update: fetched with breaks, handed over, told, and never in a turn."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.bundles import Box
from parvis_device.address import HubAddress
from parvis_device.update import client as client_module
from parvis_device.update.client import UpdateClient, Vitals
from parvis_device.update.fetching import Gone, Later, Way
from parvis_device.update.judgement import NS_PER_S
from parvis_device.update.lifecycle import State
from parvis_device.update.pulse import felt
from parvis_device.update.record import Record
from parvis_device.update.shown import UpdateShown
from parvis_wire.update import UpdateFault, UpdateOffer, UpdateReport, UpdateState, UpdateStep

HUB = HubAddress.parse("http://127.0.0.1:8080")


class FakePieces:
    """A hub that gives a bundle, as long as the test lets it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []
        self.refusal: Exception | None = None
        self.quiet = False
        self.breaks_after: int | None = None

    def piece(self, way: Way, path: str, first: int, last: int) -> bytes:
        if self.breaks_after is not None and len(self.asked) >= self.breaks_after:
            raise Later("the network is gone")
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((first, last))
        return self.content[first : last + 1]

    def is_quiet(self, way: Way, path: str) -> bool:
        return self.quiet


class Table:
    """A unit with its card and its client."""

    def __init__(self, folder: Path, content: bytes = b"") -> None:
        self.box = Box(folder)
        self.content = content or self.box.maker.bundle()
        self.pieces = FakePieces(self.content)
        self.told: list[UpdateState] = []
        self.in_turn = False
        self.client = self.started()

    def started(self) -> UpdateClient:
        vitals: Callable[[], Vitals] = lambda: Vitals(100, True, self.in_turn)  # noqa: E731
        return UpdateClient(self.box.places, "1.0.0", vitals, self.say, self.pieces)

    def say(self, report: UpdateReport) -> None:
        self.told.append(report.update)

    def offer(self, version: str = "2.0.0") -> UpdateOffer:
        sha256 = hashlib.sha256(self.content).hexdigest()
        size = len(self.content)
        return UpdateOffer(version=version, size_bytes=size, sha256=sha256, path="/update/x")

    @property
    def arrived(self) -> int:
        part = self.box.places.part
        return part.stat().st_size if part.exists() else 0

    def steps(self) -> list[UpdateStep]:
        return [one.step for one in self.told]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        running = asyncio.create_task(self.client.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEAT_S", "LOOK_S", "LATER_S"):
        monkeypatch.setattr(client_module, name, 0.01)
    monkeypatch.setattr(client_module, "PIECE_BYTES", 200)


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


async def test_a_bundle_is_fetched_installed_and_told(tmp_path: Path) -> None:
    table = Table(tmp_path)
    updater = table.box.start()
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.box.places.bundle.exists())
        assert table.box.places.bundle.read_bytes() == table.content
        assert len(table.pieces.asked) == -(-len(table.content) // 200)
        updater.look()
        await until(lambda: table.steps()[-1] is UpdateStep.WAITING)
        assert table.client.shown(0) is UpdateShown.NOTHING
        assert felt(table.box.places.pulse) is not None
        table.pieces.quiet = True
        sha256 = table.offer().sha256

        def quiet() -> bool:
            pulse = felt(table.box.places.pulse)
            return pulse is not None and pulse.quiet == sha256

        await until(quiet)
        table.in_turn = True
        await until(lambda: not quiet())
        table.in_turn = False
        table.box.quiet = sha256
        table.box.run(updater, 14)
        assert updater.record.state is State.TRIAL
        await until(lambda: table.steps()[-1] is UpdateStep.TRYING)
    table.client = table.started()  # the unit's program is started anew
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        assert table.client.shown(0) is UpdateShown.INSTALLING
        table.box.run(updater, 14)
        await until(lambda: table.steps()[-1] is UpdateStep.DONE)
    fetched = [one.percent for one in table.told if one.step is UpdateStep.FETCHING]
    assert fetched == sorted(fetched, key=lambda percent: percent or 0)
    software = table.client.software()
    assert software.takes_updates
    assert software.update == UpdateState(step=UpdateStep.DONE, version="2.0.0")


async def test_a_yes_of_the_hub_is_passed_on_for_moments_only(tmp_path: Path) -> None:
    """It is asked for every twenty seconds; a room may open in the next one."""
    table = Table(tmp_path)
    updater = table.box.start()
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.box.places.bundle.exists())
        updater.look()
        await until(lambda: table.steps()[-1] is UpdateStep.WAITING)
        table.pieces.quiet = True
        await until(lambda: table.client._quiet_ns is not None)
        table.pieces.quiet = False
        asked_ns = table.client._quiet_ns or 0
        assert table.client._pulse(asked_ns + 2 * NS_PER_S).quiet == table.offer().sha256
        assert table.client._pulse(asked_ns + 4 * NS_PER_S).quiet is None


async def test_what_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.pieces.breaks_after = 2
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.arrived == 400)
    table.client = table.started()
    table.pieces.breaks_after = None
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.box.places.bundle.exists())
    assert table.pieces.asked[2][0] == 400
    assert table.box.places.bundle.read_bytes() == table.content


async def test_of_another_bundle_nothing_is_kept(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.box.places.part.write_bytes(b"of another one")
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.box.places.bundle.exists())
    assert table.box.places.bundle.read_bytes() == table.content


async def test_nothing_is_fetched_in_a_turn(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.in_turn = True
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: felt(table.box.places.pulse) is not None)
        assert table.pieces.asked == []
        table.in_turn = False
        await until(lambda: table.box.places.bundle.exists())


async def test_what_is_not_what_was_offered_is_dropped(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.pieces.content = table.content[:-1] + b"?"
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: UpdateStep.REFUSED in table.steps())
        assert table.told[-1].fault is UpdateFault.TAMPERED
        assert not table.box.places.bundle.exists()
        assert not table.box.places.part.exists()
        count = len(table.pieces.asked)
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: felt(table.box.places.pulse) is not None)
        assert len(table.pieces.asked) == count, "not the same again"


async def test_a_full_card_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(tmp_path)
    monkeypatch.setattr(table.client._arrivals._disk, "free_bytes", lambda folder: 1000)
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.steps()[-1:] == [UpdateStep.REFUSED])
        assert table.told[-1].fault is UpdateFault.CARD_FULL
        monkeypatch.undo()
        monkeypatch.setattr(client_module, "LATER_S", 0.01)
        await until(lambda: table.box.places.bundle.exists())


async def test_a_bundle_that_is_gone_is_let_go(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.pieces.refusal = Gone("no such bundle")
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await until(lambda: table.client._offer is None)


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_what_runs_or_was_refused_is_not_fetched(tmp_path: Path, version: str) -> None:
    table = Table(tmp_path)
    offer = table.offer(version)
    refused = UpdateState(step=UpdateStep.REFUSED, version="0.0", fault=UpdateFault.TAMPERED)
    record = Record(key=table.box.maker.public, last=refused, last_sha256=offer.sha256)
    table.box.places.record.write_bytes(record.written())
    table.client = table.started()
    async with table.running():
        table.client.offered(offer, HUB, None)
        await until(lambda: len(table.told) > 0)
        assert table.told[0].version == version, "named by the offer"
        await until(lambda: felt(table.box.places.pulse) is not None)
        assert table.pieces.asked == []


async def test_without_a_key_nothing_is_fetched(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.box.pin(None)
    table.client = table.started()
    assert not table.client.software().takes_updates
    async with table.running():
        table.client.offered(table.offer(), HUB, None)
        await asyncio.sleep(0.1)  # nothing announces that nothing happens
    assert table.pieces.asked == []
    assert felt(table.box.places.pulse) is None


def test_a_result_is_shown_for_a_while() -> None:
    from parvis_device.update.shown import RESULT_NS, shown_of

    done = UpdateState(step=UpdateStep.DONE, version="2.0.0")
    assert shown_of(done, 5, 5 + RESULT_NS) is UpdateShown.KEPT
    assert shown_of(done, 5, 6 + RESULT_NS) is UpdateShown.NOTHING
    assert shown_of(done, None, 5) is UpdateShown.NOTHING, "of before the start"
    assert shown_of(None, None, 5) is UpdateShown.NOTHING
