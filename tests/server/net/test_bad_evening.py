"""Double presses, two hosts at once, people who left, stale pages, clocks that jump, a full disk.

The floor stays consistent, everybody sees a true state, and the answer says what happened.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, peer, resume
from parvis_server.data_folder import DataFolder
from parvis_server.errors import StoreError
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import (
    Block,
    GiveFloor,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    SilenceAll,
    TakeFloor,
)
from parvis_wire.floor import TurnState
from parvis_wire.messages import DEFAULT_ROOM, Change, Join, RefusalCode, Role, Snapshot
from parvis_wire.room_events import FloorGranted, FloorReturned, FloorTaken
from parvis_wire.room_view import for_public
from parvis_wire.stage import AlarmKind, Status

NS_PER_S = 1_000_000_000
DAY_NS = 86_400 * NS_PER_S


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


class FillingStore(Store):
    """A database whose disk a test fills and frees."""

    full = False

    def append(self, events: Sequence[StoredEvent]) -> None:
        if self.full and events:
            raise StoreError("the database's disk is full: make room on it")
        super().append(events)


def keeper(folder: Path, store: Store) -> StoredRooms:
    return StoredRooms(store, DataFolder(folder).room_before_the_database, DEFAULT_ROOM)


def stored(folder: Path) -> FillingStore:
    store = FillingStore.open(Address.of(None, folder))
    assert isinstance(store, FillingStore)
    return store


def host_of(hub: LiveHub) -> dict[str, Any]:
    return {"role": Role.HOST, "credential": host_credential(hub.secret)}


async def same_for_all(hub: LiveHub, hosts: Sequence[Peer], others: Sequence[Peer]) -> None:
    """Everybody folds to what the room is."""
    whole = hub.live.room.view
    for one in hosts:
        assert await one.until_seq(whole.seq) == whole
    for one in others:
        assert await one.until_seq(whole.seq) == for_public(whole)


def events_of(one: Peer, kind: type) -> list[object]:
    return [m.event for m in one.heard if isinstance(m, Change) and isinstance(m.event, kind)]


async def test_two_hosts_who_press_next_at_once_skip_nobody(hub: LiveHub) -> None:
    async with (
        joined(hub.listen) as ada,
        joined(hub.listen) as bea,
        joined(hub.listen) as cleo,
        joined(hub.listen, **host_of(hub)) as one,
        joined(hub.listen, **host_of(hub)) as other,
    ):
        for phone, name in ((ada, "Ada"), (bea, "Bea"), (cleo, "Cleo")):
            await phone.do(RaiseHand, name=name)
        acks = await asyncio.gather(one.do(Next), other.do(Next))
        assert [ack.refused for ack in acks] == [None, None]
        await same_for_all(hub, [one, other], [ada, bea, cleo])
        assert [turn.name for turn in one.view.floor] == ["Ada"]
        assert [hand.name for hand in one.view.line] == ["Bea", "Cleo"]
        assert len(events_of(ada, FloorGranted)) == 1
        hub.live.now_ns = lambda: time.monotonic_ns() + 5 * NS_PER_S
        assert (await other.do(Next)).refused is None
        await same_for_all(hub, [one, other], [ada, bea, cleo])
        assert [turn.name for turn in one.view.floor] == ["Bea"], "a moment later it is meant"


async def test_double_presses_do_once_what_they_mean(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen, **host_of(hub)) as host,
    ):
        raised = [(await table.do(RaiseHand)).refused for _ in range(3)]
        assert raised == [None, RefusalCode.ALREADY_RAISED, RefusalCode.ALREADY_RAISED]
        given = [(await host.do(Next)).refused for _ in range(2)]
        assert given == [None, RefusalCode.LINE_EMPTY]
        assert [turn.state for turn in host.view.floor] == [TurnState.GRANTED], (
            "it is not taken away"
        )
        taken = [(await table.do(TakeFloor)).refused for _ in range(2)]
        assert taken == [None, RefusalCode.NO_TURN]
        assert len(events_of(table, FloorTaken)) == 1
        assert [source.ssrc for source in hub.engine.sources] == [table.welcome.ssrc]
        left = [(await table.do(LeaveFloor)).refused for _ in range(2)]
        assert left == [None, RefusalCode.NO_TURN]
        assert (await table.do(LowerHand)).refused is RefusalCode.NO_HAND
        await same_for_all(hub, [host], [table])


async def test_a_blocked_person_raises_no_hand_also_after_coming_back(hub: LiveHub) -> None:
    async with joined(hub.listen, **host_of(hub)) as host:
        async with joined(hub.listen) as phone:
            await phone.do(RaiseHand, name="Troll")
            assert (await host.do(Block, participant=phone.participant)).refused is None
            refused = await phone.do(RaiseHand, name="Somebody else")
            assert refused.refused is RefusalCode.BLOCKED
            assert "blocked" in refused.text
            credential = resume(phone)
        async with joined(hub.listen, credential=credential) as again:
            assert again.view.line == ()
            assert (await again.do(RaiseHand, name="Troll")).refused is RefusalCode.BLOCKED
            await same_for_all(hub, [host], [again])
            assert again.view.desk is None, "nobody else is told who is blocked"


async def test_the_floor_given_to_somebody_who_left_goes_on_to_the_next(hub: LiveHub) -> None:
    async with (
        joined(hub.listen) as bea,
        joined(hub.listen, **host_of(hub)) as host,
    ):
        async with joined(hub.listen) as ada:
            await ada.do(RaiseHand, name="Ada")
            gone = ada.participant
        await bea.do(RaiseHand, name="Bea")
        assert (await host.do(GiveFloor, participant=gone)).refused is None
        assert [turn.name for turn in host.view.floor] == ["Ada"]
        hub.live.now_ns = lambda: time.monotonic_ns() + 21 * NS_PER_S
        hub.live.tick()
        await same_for_all(hub, [host], [bea])
        assert [event.participant for event in events_of(bea, FloorReturned)] == [gone]  # type: ignore[attr-defined]
        assert [turn.name for turn in bea.view.floor] == ["Bea"]
        assert (await host.do(GiveFloor, participant="nobody")).refused is RefusalCode.NO_HAND
        assert [turn.name for turn in host.view.floor] == ["Bea"], "a refusal ends nobody's turn"


@pytest.mark.parametrize("version", [0, 2])
async def test_a_page_of_another_version_is_told_so(hub: LiveHub, version: int) -> None:
    async with peer(hub.listen) as stale:
        await stale.say(Join(version=version, role=Role.LISTENER))
        code, [failure] = await stale.until_closed()
        assert code == failure.code == CloseCode.VERSION
        assert f"not {version}" in failure.text


@pytest.mark.parametrize("jump_ns", [-DAY_NS, DAY_NS], ids=["back", "ahead"])
async def test_a_wall_clock_that_jumps_changes_nothing_on_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_ns: int
) -> None:
    true_utc_ns = time.time_ns
    async with live_hub(tmp_path, keeper=keeper(tmp_path, stored(tmp_path))) as hub:
        async with (
            joined(hub.unit, Role.UNIT, name="Table 1") as table,
            joined(hub.listen) as phone,
            joined(hub.listen, **host_of(hub)) as host,
        ):
            await table.do(RaiseHand)
            await host.do(Next)
            monkeypatch.setattr(time, "time_ns", lambda: true_utc_ns() + jump_ns)
            hub.live.tick()
            assert [turn.state for turn in hub.live.room.view.floor] == [TurnState.GRANTED]
            await phone.do(RaiseHand, name="Ada")
            assert (await table.do(TakeFloor)).refused is None
            await same_for_all(hub, [host], [table, phone])
            clocks = [message.room_clock for message in phone.heard if isinstance(message, Change)]
            assert clocks == sorted(clocks)
            credential = resume(phone)
        before = hub.live.room.view
    async with (
        live_hub(tmp_path, keeper=keeper(tmp_path, stored(tmp_path))) as hub,
        joined(hub.listen, credential=credential) as phone,
    ):
        assert hub.live.room.view.line == before.line
        assert hub.live.room.clock.samples(time.monotonic_ns()) >= clocks[-1]
        assert (await phone.do(LowerHand)).refused is None
        assert [m.room_clock for m in phone.heard if isinstance(m, Change)][-1] >= clocks[-1]


async def alarms(host: Peer) -> list[AlarmKind]:
    """Of the next status that was made from now on."""
    await host.until(Status)
    return [alarm.kind for alarm in (await host.until(Status)).alarms]


async def test_a_full_disk_is_an_alarm_and_the_room_goes_on(tmp_path: Path) -> None:
    store = stored(tmp_path)
    async with (
        live_hub(tmp_path, keeper=keeper(tmp_path, store)) as hub,
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen) as phone,
        joined(hub.listen, **host_of(hub)) as host,
    ):
        assert await alarms(host) == []
        store.full = True
        for one, command in ((table, RaiseHand), (host, Next), (table, TakeFloor)):
            assert (await one.do(command)).refused is None
        assert (await phone.do(RaiseHand, name="Ada")).refused is None
        assert (await host.do(SilenceAll, on=True)).refused is None
        assert hub.engine.sources == ()
        await same_for_all(hub, [host], [table, phone])
        assert await alarms(host) == [AlarmKind.LOG_FAILS]
        [alarm] = hub.live.status().alarms
        assert alarm.value is not None
        assert alarm.value >= 5
        store.full = False
        while await alarms(host):
            pass
        told = host.view
    async with (
        live_hub(tmp_path, keeper=keeper(tmp_path, stored(tmp_path))) as hub,
        peer(hub.listen) as host,
    ):
        await host.say(Join(version=1, role=Role.HOST, credential=host_credential(hub.secret)))
        view = (await host.until(Snapshot)).view
        assert (view.line, view.silenced) == (told.line, True), "nothing of it is lost"
