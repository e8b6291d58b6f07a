"""Paired units: who they are, two with one key, and gone when revoked."""

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from fakes.house import OPERATOR, claimed_hub, deeds, eventually, revoke, take_in, trust_of, utc_ms
from fakes.keyed_unit import KeyedUnit, here
from fakes.live_hub import LiveHub, live_hub
from fakes.machine import MachineWatch
from fakes.peer import Peer, host_credential, joined, packet_of, peer, resume
from parvis_server.room.permissions import OPERATOR as OPERATOR_PART
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Block, GiveFloor, RaiseHand, TakeFloor, TakeSeat
from parvis_wire.floor import About, Phase
from parvis_wire.messages import Join, Level, Role
from parvis_wire.pairing import Unpaired
from parvis_wire.stage import AlarmKind, Status, UnitTraits

ALWAYS = UnitTraits(always_open=True)
RECONNECTS = 100


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path) as running:
        yield running


async def second(unit: KeyedUnit, door: Peer, first: Peer) -> Peer:
    """The second connection of a unit, which proves the key too."""
    return await unit.come_in(door, stream=first.welcome.stream, credential=resume(first))


async def refused(url: str, **fields: object) -> tuple[int, str]:
    """How a unit without a key is turned away."""
    async with peer(url) as door:
        join = {"version": 1, "role": Role.UNIT, "unit": UnitTraits(), **fields}
        await door.say(Join.model_validate(join))
        code, [failure] = await door.until_closed()
        return code, failure.text


async def test_it_is_the_same_participant_also_after_a_restart(tmp_path: Path) -> None:
    unit = KeyedUnit(name="Lectern")
    for _ in range(2):
        async with claimed_hub(tmp_path) as hub:
            take_in(hub, unit)
            async with here(unit, hub.unit) as table:
                assert table.participant == unit.unit
                member = hub.live.room.member(unit.unit)
                assert member is not None and member.name == "Lectern"


async def test_a_hand_at_an_unpaired_unit_outlives_its_restart(tmp_path: Path) -> None:
    """It comes by its key, without a token; a copy of it beside it is another unit."""
    unit = KeyedUnit(name="Table 7")
    async with live_hub(tmp_path) as hub:
        async with here(unit, hub.unit) as table, here(unit, hub.unit) as copy:
            assert table.participant == unit.unit != copy.participant
            assert (await table.do(RaiseHand)).refused is None
        await eventually(lambda: not hub.live.seats)
        async with here(unit, hub.unit) as again:
            assert again.participant == unit.unit
            assert [hand.participant for hand in again.view.line] == [unit.unit]
            out = Block(id="show-it-out-0001", participant=unit.unit, out=True)
            assert (await hub.live.ask(OPERATOR_PART, out)).refused is None
            assert (await again.until_closed())[0] == CloseCode.FORBIDDEN
        async with peer(hub.unit) as door:
            await unit.prove(door)
            assert (await door.until_closed())[0] == CloseCode.FORBIDDEN


async def test_an_operators_name_is_its_name(hub: LiveHub) -> None:
    unit = KeyedUnit(name="Table 7")
    take_in(hub, unit)
    trust_of(hub).rename(unit.unit, "Balcony", OPERATOR.name, OPERATOR.address, utc_ms())
    async with here(unit, hub.unit):
        member = hub.live.room.member(unit.unit)
        assert member is not None and member.name == "Balcony"
    paired = trust_of(hub).unit(unit.unit)
    assert paired is not None and paired.last_seen_utc_ms is not None


async def test_a_new_name_counts_while_it_is_here(hub: LiveHub) -> None:
    unit = KeyedUnit(name="Table 7")
    take_in(hub, unit)
    headers = {"Authorization": f"Bearer {hub.hub.keys.operator_token}"}
    async with (
        here(unit, hub.unit, unit=ALWAYS),
        joined(hub.listen) as phone,
        httpx.AsyncClient(base_url=hub.http, headers=headers, trust_env=False) as client,
    ):
        seat = hub.hub.keys.seat_code("main", "Table 7")
        await phone.do(TakeSeat, code=seat, name="Ada")
        answer = await client.patch(f"/api/v1/units/{unit.unit}", json={"name": "Balcony"})
        assert answer.json()["name"] == "Balcony"
        await phone.until_seq(hub.live.room.view.seq)
        assert [one.name for one in phone.view.microphones] == ["Balcony"]
        assert [one.unit_name for one in phone.view.seats] == ["Balcony"]
        assert [one.name for one in hub.live.status().units] == ["Balcony"]


async def test_two_connections_both_prove_the_key(hub: LiveHub) -> None:
    unit, thief = KeyedUnit(), KeyedUnit()
    take_in(hub, unit)
    take_in(hub, thief)
    async with (
        here(unit, hub.unit, unit=ALWAYS) as first,
        peer(hub.unit) as door,
        peer(hub.unit) as other,
    ):
        await second(unit, door, first)
        await door.socket.send(packet_of(first, 1))
        await first.socket.send(packet_of(first, 1))
        await eventually(lambda: hub.live.counts.duplicate_packets == 1)
        assert len(hub.engine.packets) == 1
        await thief.prove(other, stream=first.welcome.stream, credential=resume(first))
        assert (await other.until_closed())[0] == CloseCode.UNAUTHORISED
        no_key = {"stream": first.welcome.stream, "credential": resume(first)}
        code, text = await refused(hub.unit, **no_key)
        assert code == CloseCode.UNAUTHORISED and "pair" in text


async def test_a_token_is_no_key(tmp_path: Path) -> None:
    unit = KeyedUnit()
    async with live_hub(tmp_path) as hub:
        take_in(hub, unit)
        async with (
            here(unit, hub.unit) as table,
            joined(hub.unit, Role.UNIT, name="Thief", credential=resume(table)) as thief,
        ):
            assert thief.participant != unit.unit
            await table.do(RaiseHand)


async def test_a_revoked_unit_is_gone_at_once_with_both_connections(
    hub: LiveHub, machine: MachineWatch
) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        here(unit, hub.unit) as first,
        peer(hub.unit) as other,
    ):
        await second(unit, other, first)
        await first.do(RaiseHand)
        await host.do(GiveFloor, participant=unit.unit)
        await first.do(TakeFloor)
        await first.socket.send(packet_of(first, 1))
        await eventually(lambda: len(hub.engine.packets) == 1)
        began = time.monotonic()
        revoke(hub, unit)
        assert hub.live.room.view.floor == (), "its turn is over"
        assert hub.live.stage.open == frozenset()
        for sequence, door in enumerate((first, other), start=2):
            with contextlib.suppress(ConnectionClosed):
                await door.socket.send(packet_of(first, sequence))
            code, failures = await door.until_closed()
            assert code == CloseCode.UNAUTHORISED
            assert "operator" in failures[0].text
        machine.assert_within(1.0, began, "gone")
        assert len(hub.engine.packets) == 1, "nothing of it is heard any more"


async def test_a_revoked_unit_is_refused_every_time(hub: LiveHub) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with here(unit, hub.unit) as table:
        known = {"stream": table.welcome.stream, "credential": resume(table)}
    revoke(hub, unit)
    turned_away = 0
    for attempt in range(RECONNECTS):
        if attempt % 3 == 1:
            code, _ = await refused(hub.unit, credential=known["credential"])
            turned_away += code == CloseCode.UNAUTHORISED
            continue
        async with peer(hub.unit) as door:
            await unit.prove(door, **(known if attempt % 3 == 2 else {}))
            if attempt % 3 == 2:
                turned_away += (await door.until_closed())[0] in (
                    CloseCode.UNAUTHORISED,
                    CloseCode.RATE,
                )
            else:
                turned_away += isinstance(await door.hear(), Unpaired)
    assert turned_away == RECONNECTS
    assert hub.live.seats == ()


async def test_the_newest_of_one_key_wins_in_every_room(hub: LiveHub) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    hub.hub.rooms.create(About(title="Attic"), name="attic", phase=Phase.LIVE)
    async with here(unit, hub.unit) as first, peer(hub.unit) as its_second:
        await second(unit, its_second, first)
        async with here(unit, hub.unit, room="attic"):
            assert (await first.until_closed())[0] == CloseCode.SUPERSEDED
            assert (await its_second.until_closed())[0] == CloseCode.SUPERSEDED


async def test_a_clone_elsewhere_takes_the_second_connection_too(hub: LiveHub) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with here(unit, hub.unit, unit=ALWAYS) as first, peer(hub.unit) as its_second:
        await second(unit, its_second, first)
        async with peer(hub.unit, local_addr=("127.0.0.9", 0)) as clone:
            await unit.come_in(clone, unit=ALWAYS)
            assert (await its_second.until_closed())[0] == CloseCode.SUPERSEDED
            assert (await first.until_closed())[0] == CloseCode.SUPERSEDED


async def test_its_own_second_connection_goes_on_when_the_first_comes_back(hub: LiveHub) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with here(unit, hub.unit, unit=ALWAYS) as first, peer(hub.unit) as its_second:
        await second(unit, its_second, first)
        async with here(unit, hub.unit, unit=ALWAYS) as again:
            assert (await first.until_closed())[0] == CloseCode.SUPERSEDED
            await its_second.socket.send(packet_of(again, 1))
            await eventually(lambda: len(hub.engine.packets) == 1)


async def test_a_copied_key_is_an_alarm(hub: LiveHub) -> None:
    unit = KeyedUnit()
    take_in(hub, unit)
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(4):
            both = await stack.enter_async_context(here(unit, hub.unit))
            await both.say(Level(level_dbfs=-40))
        while not (status := await host.until(Status)).alarms:
            pass
        [alarm] = status.alarms
        assert (alarm.kind, alarm.participant) == (AlarmKind.CLONED, unit.unit)
        assert deeds(hub).count("unit_cloned") == 1
        await both.do(RaiseHand)
        revoke(hub, unit)
        while (await host.until(Status)).alarms:
            pass


async def test_who_has_no_key_is_told_to_pair(hub: LiveHub) -> None:
    code, text = await refused(hub.unit)
    assert code == CloseCode.UNAUTHORISED
    assert "paired units only" in text
