"""Two connections of one stream: the same packets on both, both ways, and either may be lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, packet_of, resume
from parvis_server.net import live_room
from parvis_server.room.results import Why
from parvis_server.room.timing import HAND_AWAY_NS
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Next, RaiseHand, TakeFloor
from parvis_wire.messages import Role
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputTraits, SpeakerTraits, UnitTraits

TABLE = UnitTraits(output=OutputTraits())


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def second_of(first: Peer) -> dict[str, Any]:
    """What the second connection joins with."""
    return {"stream": first.welcome.stream, "credential": resume(first)}


def bus_ssrc(client: Peer) -> int:
    assert client.welcome.bus is not None
    return client.welcome.bus.ssrc


async def heard(client: Peer, count: int) -> list[RtpPacket]:
    while len(client.packets) < count:
        await client.hear()
    return client.packets


async def gone(hub: LiveHub, peers: int) -> None:
    """Wait until so many connections are left in the fan-out or as seconds."""
    here = -1
    for _ in range(1000):
        seconds = sum(stream.second is not None for _, stream in hub.live.streams)
        here = len(hub.live.seats) + seconds
        if here == peers:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{here} connections are left, not {peers}")


async def test_packets_of_the_bus_go_out_on_both(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, unit=TABLE) as first,
        joined(hub.unit, Role.UNIT, **second_of(first)) as second,
    ):
        assert second.welcome.bus == first.welcome.bus is not None
        assert second.welcome.ssrc == first.welcome.ssrc
        for tick in range(5):
            hub.engine.play(first.welcome.bus.ssrc, 480 * tick)
        copies = [await heard(client, 5) for client in (first, second)]
        assert copies[0] == copies[1]
        await first.do(RaiseHand)
        assert [type(message).__name__ for message in second.heard] == [
            "Welcome",
            "Snapshot",
            "Time",
        ]


async def test_a_speaker_has_a_second_connection_too(hub: LiveHub) -> None:
    sends = SpeakerTraits(sends=True)
    async with (
        joined(hub.speak, Role.SPEAKER, speaker=sends) as first,
        joined(hub.speak, Role.SPEAKER, speaker=sends, **second_of(first)) as second,
    ):
        assert first.welcome.bus is not None
        await first.socket.send(packet_of(first, 1))
        await second.socket.send(packet_of(first, 1))
        await second.socket.send(packet_of(first, 2))
        hub.engine.play(first.welcome.bus.ssrc, 0)
        await heard(second, 1)
        await heard(first, 1)
    await gone(hub, 0)
    assert len(hub.engine.packets) == 2
    assert hub.live.counts.duplicate_packets == 1


async def test_the_floor_outlives_the_first_connection_while_the_second_lives(
    hub: LiveHub,
) -> None:
    host_key = host_credential(hub.secret)
    async with (
        joined(hub.listen, Role.HOST, credential=host_key) as host,
        joined(hub.unit, Role.UNIT, name="Table 1", unit=TABLE) as first,
        joined(hub.unit, Role.UNIT, **second_of(first)) as second,
    ):
        await first.do(RaiseHand)
        await host.do(Next)
        await first.do(TakeFloor)
        await first.socket.close()
        await gone(hub, 2)
        member = hub.live.room.member(first.participant)
        assert member is not None and member.connected
        [turn] = hub.live.room.view.floor
        assert not turn.away, "nothing follows from an absence that is none"
        await second.socket.send(packet_of(first, 1))
        assert first.welcome.bus is not None
        hub.engine.play(first.welcome.bus.ssrc, 0)
        await heard(second, 1)
        await second.socket.send(packet_of(first, 2))
        await host.do(RaiseHand)  # and back: the packets have been read
        assert len(hub.engine.packets) == 2
        again = {"name": "Table 1", "unit": TABLE, "credential": resume(first)}
        async with joined(hub.unit, Role.UNIT, **again) as back:
            assert back.welcome.ssrc == first.welcome.ssrc
            assert back.welcome.stream == first.welcome.stream
            assert back.view.floor[0].unit == back.participant
            hub.engine.play(first.welcome.bus.ssrc, 480)
            await heard(back, 1)
            await heard(second, 2)


async def test_a_second_connection_alone_is_closed_after_a_while(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live_room.FIRST_AWAY_NS == 10_000_000_000
    async with joined(hub.unit, Role.UNIT, name="Table 1") as first:
        async with joined(hub.unit, Role.UNIT, **second_of(first)) as second:
            await first.socket.close()
            await gone(hub, 1)
            hub.live.tick()
            hub.live.tick()
            await second.socket.ping()
            monkeypatch.setattr(live_room, "FIRST_AWAY_NS", -1)
            hub.live.tick()
            hub.live.tick()
            code, [failure] = await second.until_closed()
            assert code == CloseCode.JOIN_TIMEOUT
            assert "did not come back" in failure.text
        await gone(hub, 0)
        member = hub.live.room.member(first.participant)
        assert member is not None and not member.connected


async def test_who_loses_both_is_away(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1", unit=TABLE) as first,
        joined(hub.unit, Role.UNIT, **second_of(first)) as second,
    ):
        await second.socket.close()
        await gone(hub, 1)
        member = hub.live.room.member(first.participant)
        assert member is not None and member.connected
        await first.socket.close()
        await gone(hub, 0)
        member = hub.live.room.member(first.participant)
        assert member is not None and not member.connected
        assert not hub.engine.stage.outputs


async def test_the_second_may_be_back_before_the_first(hub: LiveHub) -> None:
    open_table = TABLE.model_copy(update={"always_open": True})
    async with joined(hub.unit, Role.UNIT, name="Table 1", unit=open_table) as first:
        pass
    await gone(hub, 0)
    left = hub.live.room.member(first.participant)
    assert left is not None and left.away_since_ns is not None
    async with joined(hub.unit, Role.UNIT, **second_of(first)) as second:
        member = hub.live.room.member(first.participant)
        assert member is not None and member.connected, "one of them lives: nobody is away"
        assert [output.ssrc for output in hub.engine.stage.outputs] == [bus_ssrc(first)]
        hub.engine.play(bus_ssrc(first), 0)
        await heard(second, 1)
    await gone(hub, 0)
    assert hub.live.room.due() is not None
    stream = hub.live.streams.get(first.participant)
    assert stream is not None
    stream.first_lost_ns -= live_room.FIRST_AWAY_NS  # as after a long outage
    async with joined(hub.unit, Role.UNIT, **second_of(first)) as second:
        member = hub.live.room.member(first.participant)
        assert member is not None and not member.connected, "it may not hold the floor for ever"
        for _ in range(4):
            hub.live.tick()
        again = {"name": "Table 1", "unit": open_table, "credential": resume(first)}
        async with joined(hub.unit, Role.UNIT, **again) as back:
            assert back.welcome.ssrc == first.welcome.ssrc
            hub.engine.play(bus_ssrc(first), 960)
            await heard(second, 1)


async def test_the_second_ends_when_the_first_comes_back_with_another_output(
    hub: LiveHub,
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Table 1") as first:
        pass
    async with joined(hub.unit, Role.UNIT, **second_of(first)) as second:
        again = {"name": "Table 1", "unit": TABLE, "credential": resume(first)}
        async with joined(hub.unit, Role.UNIT, **again) as back:
            assert (await second.until_closed())[0] == CloseCode.JOIN_TIMEOUT
            async with joined(hub.unit, Role.UNIT, **second_of(back)) as other:
                hub.engine.play(bus_ssrc(back), 0)
                await heard(back, 1)
                await heard(other, 1)


async def test_the_second_of_a_forgotten_participant_is_closed(hub: LiveHub) -> None:
    async with joined(hub.speak, Role.SPEAKER) as first:
        pass
    await gone(hub, 0)
    stream = hub.live.streams.get(first.participant)
    assert stream is not None
    stream.first_lost_ns -= live_room.FIRST_AWAY_NS
    async with joined(hub.speak, Role.SPEAKER, **second_of(first)) as second:
        hub.live.apply(hub.live.room.expire(hub.live.now_ns() + HAND_AWAY_NS))
        assert hub.live.room.member(first.participant) is None
        hub.live.tick()
        hub.live.tick()
        assert (await second.until_closed())[0] == CloseCode.JOIN_TIMEOUT


async def test_a_message_on_the_second_is_a_fault_of_its_own(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as first,
        joined(hub.unit, Role.UNIT, **second_of(first)) as second,
    ):
        await second.say(RaiseHand(id="1"))
        code, _ = await second.until_closed()
        assert code == CloseCode.MALFORMED
        with pytest.raises(ConnectionClosed):
            await second.hear()
        assert (await first.do(RaiseHand)).refused is None


async def test_who_is_out_is_out_with_both(hub: LiveHub) -> None:
    async with (
        joined(hub.speak, Role.SPEAKER, speaker=SpeakerTraits(sends=True)) as first,
        joined(hub.speak, Role.SPEAKER, **second_of(first)) as second,
    ):
        hub.live.evict(first.participant, Why.INVITATION)
        assert (await first.until_closed())[0] == CloseCode.ROOM_CLOSED
        assert (await second.until_closed())[0] == CloseCode.ROOM_CLOSED
        await gone(hub, 0)
        member = hub.live.room.member(first.participant)
        assert member is not None
        assert not member.connected
