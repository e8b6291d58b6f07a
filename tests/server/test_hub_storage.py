"""A hub whose recordings are kept a second time: away is told to the hosts, and asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.house import eventually
from fakes.live_hub import live_hub
from fakes.peer import Peer, host_credential, joined
from fakes.recordings import BEGUN_UTC_MS, Said, built_page, write_recording
from fakes.stores import KEY, SECRET, StoreInMemory
from fakes.voices import voice
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import Done, HubReplays
from parvis_server.replay.keeping_up import Bench, carry_out
from parvis_server.replay.orders import Orders
from parvis_server.replay.storage import StorageAddress
from parvis_wire.messages import Role
from parvis_wire.stage import Alarm, AlarmKind, Status

ADDRESS = StorageAddress("https://store.example/recordings", KEY, SECRET)
ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)


async def store_alarms(host: Peer) -> list[Alarm]:
    """What the console says of the store now."""
    status = await host.until(Status)
    return [one for one in status.alarms if one.kind is AlarmKind.STORAGE_AWAY]


async def test_hosts_are_told_while_the_store_is_away_and_everything_arrives_once_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, store, asked = tmp_path / "recordings", StoreInMemory(), 0
    page = built_page(tmp_path / "static")

    async def work(recordings: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        nonlocal asked
        assert orders.storage == ADDRESS
        bench = Bench(recordings, BEGUN_UTC_MS, page, tell, lambda _: store)
        for done in await asyncio.to_thread(lambda: list(carry_out(bench, orders))):
            tell(done)
        asked += 1

    write_recording(folder, [ANN], length_s=4)
    store.is_away = True
    recorder = HubRecorder(folder)
    recorder.replays = HubReplays(folder, work, settle_s=0, soon_s=0.05, storage=ADDRESS)
    async with (
        live_hub(tmp_path / "data", recorder=recorder) as hub,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        asyncio.timeout(30),
    ):
        while not (alarms := await store_alarms(host)):
            pass
        assert [one.value for one in alarms] == [1]
        so_far = asked
        await eventually(lambda: asked >= so_far + 12)  # more often than ten minutes' tries
        assert store.kept == {}
        store.is_away = False
        while await store_alarms(host):
            pass
    assert {name.rpartition("/")[2] for name in store.kept} >= {"recording.json", "mix.opus"}
    assert "1 recordings wait for the store: the store is away" in caplog.text
    assert SECRET not in caplog.text
