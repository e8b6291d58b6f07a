"""The room over real sockets: joining, one line on every surface, floor, sound, coming back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, packet_of, peer, resume
from parvis_server.engine.stage import MAX_SOURCES
from parvis_server.room.members import Member
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import GiveFloor, LeaveFloor, LowerHand, Next, RaiseHand, TakeFloor
from parvis_wire.floor import Surface, TurnState
from parvis_wire.messages import Ack, Change, Join, Level, RefusalCode, ResumeCredential, Role
from parvis_wire.room_view import for_public
from parvis_wire.stage import Status, UnitTraits
from parvis_wire.standing import (
    Standing,
    standing,
)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def test_join_is_answered_by_welcome_snapshot_and_time(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        assert phone.welcome.participant
        assert phone.welcome.ssrc is None
        assert phone.view.title == "Parvis"
    async with joined(hub.unit, Role.UNIT, name="Table 1") as unit:
        assert unit.welcome.ssrc is not None
        assert unit.welcome.stream


async def test_a_unit_without_a_name_gets_one_that_is_free(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as first,
        joined(hub.unit, Role.UNIT) as second,
    ):
        await second.do(RaiseHand)
        view = await first.until_seq(1)
        assert view.line[0].name == "Table 2"


async def test_one_line_of_hands_on_every_surface_and_the_floor(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.unit, Role.UNIT, name="Table 2") as other,
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        assert (await table.do(RaiseHand)).refused is None
        assert (await phone.do(RaiseHand)).refused is RefusalCode.NAME_NEEDED
        assert (await phone.do(RaiseHand, name="Ada")).refused is None
        assert (await other.do(RaiseHand)).refused is None
        everybody = (table, other, phone, host)
        order = [table.participant, phone.participant, other.participant]
        for surface in everybody:
            view = await surface.until_seq(hub.live.room.view.seq)
            assert [hand.participant for hand in view.line] == order
        assert (await host.do(Next)).refused is None
        assert (await table.do(TakeFloor)).refused is None
        for surface in everybody:
            view = await surface.until_seq(hub.live.room.view.seq)
            whole = hub.live.room.view
            assert view == (whole if surface is host else for_public(whole))
            [turn] = view.floor
            assert (turn.state, turn.unit, turn.ssrc) == (
                TurnState.LIVE,
                table.participant,
                table.welcome.ssrc,
            )
        assert [source.ssrc for source in hub.engine.sources] == [table.welcome.ssrc]
        assert (await table.do(LeaveFloor)).refused is None
        assert hub.engine.sources == ()


async def test_the_turn_of_a_phone_is_completed_by_a_table(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await phone.do(RaiseHand, name="Ada")
        await host.do(GiveFloor, participant=phone.participant)
        await table.until_seq(hub.live.room.view.seq)
        assert standing(table.view, table.participant, Surface.UNIT) is Standing.INVITED
        assert (await phone.do(TakeFloor)).refused is RefusalCode.NOT_ALLOWED
        await table.do(TakeFloor)
        view = await phone.until_seq(hub.live.room.view.seq)
        assert standing(view, phone.participant, Surface.PHONE) is Standing.LIVE


async def test_a_repeated_command_is_answered_and_not_applied_again(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        first = await phone.do(RaiseHand, id="same", name="Ada")
        again = await phone.do(RaiseHand, id="same", name="Ada")
        assert first == again == Ack(id="same")
        assert hub.live.room.view.seq == 1


async def test_listeners_and_hosts_hear_the_program_and_units_do_not(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        said = hub.engine.say(count=3)
        for hearer in (phone, host):
            while len(hearer.packets) < 3:
                await hearer.hear()
            assert hearer.packets[-1].serialize() == said
        await table.do(RaiseHand)
        assert table.packets == []


async def test_sound_reaches_the_engine_only_from_an_open_source(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await table.socket.send(packet_of(table, 1))
        await table.do(RaiseHand)
        await host.do(Next)
        await table.socket.send(packet_of(table, 2))
        await table.do(TakeFloor)
        wanted = packet_of(table, 3)
        await table.socket.send(wanted)
        await table.socket.send(wanted)
        await table.do(LeaveFloor)
        await table.socket.send(packet_of(table, 4))
        await table.do(RaiseHand)
        [(rtp, arrival_ns)] = hub.engine.packets
        assert rtp == wanted
        assert arrival_ns <= hub.live.now_ns()
        counts = hub.live.counts
        assert (counts.packets, counts.unwanted_packets, counts.duplicate_packets) == (5, 3, 1)


async def test_a_unit_without_a_button_is_in_the_mix_from_the_start(hub: LiveHub) -> None:
    traits = UnitTraits(always_open=True)
    async with joined(hub.unit, Role.UNIT, name="Lectern", unit=traits) as lectern:
        [microphone] = hub.live.room.view.microphones
        assert microphone.ssrc == lectern.welcome.ssrc
        assert [source.ssrc for source in hub.engine.sources] == [lectern.welcome.ssrc]
        await lectern.socket.send(packet_of(lectern, 1))
        await lectern.do(RaiseHand)
        assert len(hub.engine.packets) == 1


async def test_a_second_connection_brings_the_same_packets_again(hub: LiveHub) -> None:
    traits = UnitTraits(always_open=True)
    async with joined(hub.unit, Role.UNIT, name="Lectern", unit=traits) as first:
        async with joined(
            hub.unit, Role.UNIT, stream=first.welcome.stream, credential=resume(first)
        ) as second:
            assert second.welcome.ssrc == first.welcome.ssrc
            await first.socket.send(packet_of(first, 1))
            await second.socket.send(packet_of(first, 1))
            await second.socket.send(packet_of(first, 2))
            await first.socket.send(packet_of(first, 2))
            await second.socket.close()
        await first.do(RaiseHand)
        assert hub.live.counts.packets == 4
        assert len(hub.engine.packets) == 2
        assert hub.live.room.view.microphones, "the first connection stands"


async def test_a_source_has_one_second_connection_at_most(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Table 1") as first:
        again = {"stream": first.welcome.stream, "credential": resume(first)}
        async with joined(hub.unit, Role.UNIT, **again) as second:
            async with joined(hub.unit, Role.UNIT, **again) as third:
                assert (await second.until_closed())[0] == CloseCode.SUPERSEDED
                await third.socket.send(packet_of(first, 1))
                assert (await first.do(RaiseHand)).refused is None
            async with joined(hub.unit, Role.UNIT, **again):
                assert (await first.do(LowerHand)).refused is None


async def test_a_second_connection_needs_the_first_ones_token_and_stream(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as first,
        joined(hub.unit, Role.UNIT, name="Table 2") as stranger,
    ):
        for credential in (None, resume(stranger), ResumeCredential(token="forged.token")):
            async with peer(hub.unit) as second:
                await second.say(
                    Join(
                        version=1,
                        role=Role.UNIT,
                        unit=UnitTraits(),
                        stream=first.welcome.stream,
                        credential=credential,
                    )
                )
                assert (await second.until_closed())[0] == CloseCode.UNAUTHORISED


async def test_a_second_connection_carries_packets_only(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Table 1") as first:
        async with joined(
            hub.unit, Role.UNIT, stream=first.welcome.stream, credential=resume(first)
        ) as second:
            await second.say(RaiseHand(id="1"))
            assert (await second.until_closed())[0] == CloseCode.MALFORMED
        assert (await first.do(RaiseHand)).refused is None


async def test_coming_back_keeps_the_place_in_the_line(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        await phone.do(RaiseHand, name="Ada")
        credential = resume(phone)
    async with joined(hub.listen, credential=credential) as again:
        assert again.participant == phone.participant
        assert [hand.participant for hand in again.view.line] == [phone.participant]
        assert (await again.do(RaiseHand)).refused is RefusalCode.ALREADY_RAISED


async def test_joining_again_ends_the_older_connection(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        await phone.do(RaiseHand, name="Ada")
        async with joined(hub.listen, credential=resume(phone)) as again:
            code, [failure] = await phone.until_closed()
            assert code == failure.code == CloseCode.SUPERSEDED
            assert (await again.do(RaiseHand)).refused is RefusalCode.ALREADY_RAISED
            member = hub.live.room.member(again.participant)
            assert member is not None
            assert member.connected


async def test_a_forged_token_makes_a_newcomer(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        forged = ResumeCredential(token=f"{phone.participant}.AAAAAAAAAAAAAAAAAAAAAA")
        async with joined(hub.listen, credential=forged) as stranger:
            assert stranger.participant != phone.participant
        async with joined(hub.unit, Role.UNIT, credential=resume(phone)) as unit:
            assert unit.participant != phone.participant, "a phone's token is nothing to a unit"


async def test_the_participant_outlives_a_restart_of_the_hub(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub, joined(hub.listen) as phone:
        participant, credential, secret = phone.participant, resume(phone), hub.secret
        clock = hub.live.room.clock
    async with (
        live_hub(tmp_path) as hub,
        joined(hub.listen, credential=credential) as again,
        joined(hub.listen, Role.HOST, credential=host_credential(secret)),
    ):
        assert again.participant == participant
        assert hub.live.room.clock.origin_ns == pytest.approx(clock.origin_ns, abs=1e9)


async def test_hosts_see_every_microphone_twice_a_second(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.listen),
    ):
        await table.say(Level(level_dbfs=-30.0))
        await table.do(RaiseHand)
        status = await host.until(Status)
        [unit] = status.units
        assert (unit.name, unit.connected, unit.on_air, unit.level_dbfs) == (
            "Table 1",
            True,
            False,
            -30.0,
        )
        assert status.listeners == 1
        await host.do(Next)
        await table.do(TakeFloor)
        ssrc = table.welcome.ssrc
        assert ssrc is not None
        hub.engine.levels({ssrc: -12.0, 1: -3.0})
        [unit] = hub.live.status().units
        assert (unit.on_air, unit.level_dbfs) == (True, -12.0)


async def test_hosts_see_a_units_own_mute_switch_while_it_is_there(hub: LiveHub) -> None:
    async with joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host:
        async with joined(hub.unit, Role.UNIT, name="Table 1") as table:
            credential = resume(table)
            for muted in (True, False, True):
                await table.say(Level(level_dbfs=-127.0, muted=muted))
                while (await host.until(Status)).units[0].muted_there is not muted:
                    pass
        while (await host.until(Status)).units[0].muted_there:
            pass  # nobody knows of a unit that is away
        async with joined(hub.unit, Role.UNIT, name="Table 1", credential=credential):
            while not (status := await host.until(Status)).units[0].connected:
                pass
            assert not status.units[0].muted_there, "it has not said so yet"


async def test_a_unit_that_is_gone_is_shown_as_such(hub: LiveHub) -> None:
    async with joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host:
        async with joined(hub.unit, Role.UNIT, name="Table 1") as table:
            await table.say(Level(level_dbfs=-30.0))
            await table.do(RaiseHand)
        while (await host.until(Status)).units[0].connected:
            pass
        [unit] = hub.live.status().units
        assert unit.level_dbfs is None


async def test_stopping_says_goodbye_to_everybody(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path) as hub,
        joined(hub.listen) as phone,
        joined(hub.unit, Role.UNIT) as unit,
    ):
        hub.hub.stopping.set()
        async with asyncio.timeout(10):
            assert (await phone.until_closed())[0] == CloseCode.GOING_AWAY
            assert (await unit.until_closed())[0] == CloseCode.GOING_AWAY


async def test_every_client_folds_the_same_room_in_a_busy_evening(hub: LiveHub) -> None:
    async def press(surface: Peer, times: int) -> None:
        for _ in range(times):
            await surface.do(RaiseHand, name="Ada")

    async with (
        joined(hub.unit, Role.UNIT) as one,
        joined(hub.unit, Role.UNIT) as two,
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        async with asyncio.TaskGroup() as group:
            for surface in (one, two, phone):
                group.create_task(press(surface, 3))
        for _ in range(3):
            await host.do(Next)
        for surface in (one, two, phone, host):
            whole = hub.live.room.view
            told = whole if surface is host else for_public(whole)
            assert await surface.until_seq(whole.seq) == told
            seqs = [message.seq for message in surface.heard if isinstance(message, Change)]
            assert seqs == sorted(seqs)


async def test_more_open_microphones_than_the_engine_takes_stop_nobody(hub: LiveHub) -> None:
    for number in range(MAX_SOURCES + 5):
        unit = Member(f"u{number}", Role.UNIT, name=f"U {number}", ssrc=number, always_open=True)
        hub.live.apply(hub.live.room.joined(unit, hub.live.now_ns()))
        hub.live.room.left(unit.participant, hub.live.now_ns())
    assert len(hub.engine.sources) == MAX_SOURCES
    traits = UnitTraits(always_open=True)
    async with joined(hub.unit, Role.UNIT, unit=traits) as lectern:
        mixed = [source.ssrc for source in hub.engine.sources]
        assert lectern.welcome.ssrc in mixed, "who is here comes before those who are away"
