"""What listeners, hosts and speakers do at an edge reaches the hub, and its words reach them."""

from __future__ import annotations

import asyncio

import pytest

from fakes.live_edge import House, edge_house
from fakes.peer import Peer, joined, peer, resume
from parvis_server.bus.local import LocalBus
from parvis_server.edge import listener_relay
from parvis_server.net.relay_shares import Kind, RelayShares, Share
from parvis_wire.audience import Here
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import LowerHand, RaiseHand
from parvis_wire.edge_words import Venue
from parvis_wire.edges import RelayPath
from parvis_wire.floor import Surface
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    Attend,
    Attention,
    Change,
    Failure,
    HostCredential,
    Join,
    RefusalCode,
    ResumeCredential,
    Role,
    Welcome,
    parse_client_message,
)
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits

RAISE = RaiseHand(id="c1", name="Ada")


async def test_the_first_act_opens_a_connection_that_says_who_they_are() -> None:
    async with edge_house() as house, joined(house.edge.listen, name="Ada") as one:
        await one.say(Here(in_hall=True))
        await one.say(RAISE)
        (opened,) = await house.hub.opened()
        assert (opened.path, opened.is_fanned_out) == (RelayPath.LISTEN, True)
        join = await house.hub.join_of(opened.connection)
        assert isinstance(join.credential, ResumeCredential)
        assert house.hub.participant_of(join.credential.token) == one.participant
        assert join.name == "Ada"
        said = await house.hub.texts(opened.connection, 3)
        assert [parse_client_message(text) for text in said[1:]] == [Here(in_hall=True), RAISE]
        edge, number = house.edge.id, opened.connection
        welcome = Welcome(participant=one.participant, resume=join.credential.token)
        house.hub.tell(edge, number, welcome)
        house.hub.tell(edge, number, Ack(id="c1"))
        house.hub.tell(edge, number, Attend(what=Attention.CHIME))
        assert await one.until(Ack) == Ack(id="c1")
        assert (await one.until(Attend)).what is Attention.CHIME
        assert sum(isinstance(heard, Welcome) for heard in one.heard) == 1
        await one.say(LowerHand(id="c2"))
        await house.hub.texts(number, 4)
        assert len(await house.hub.opened()) == 1
        await one.socket.close()
        await house.hub.gone(number)


async def test_a_command_that_nobody_answers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_relay, "PENDING_NS", 100_000_000)
    async with edge_house() as house, joined(house.edge.listen) as one:
        await one.say(RAISE)
        assert (await one.until(Ack)).refused is RefusalCode.NOT_REACHED


async def test_no_more_than_eight_commands_wait() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        for number in range(9):
            await one.say(LowerHand(id=f"c{number}"))
        ack = await one.until(Ack)
        assert (ack.id, ack.refused) == ("c8", RefusalCode.BUSY)


async def test_a_hub_that_was_started_again_gets_what_waits_once_more() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        await one.say(RAISE)
        (first,) = await house.hub.opened()
        await house.hub.texts(first.connection, 2)
        bus = house.hub.bus
        assert isinstance(bus, LocalBus)
        edge_bus = house.edge.edge.line.bus
        assert isinstance(edge_bus, LocalBus)
        edge_bus.cut()
        edge_bus.heal()
        _, second = await house.hub.opened(2)
        assert second.connection != first.connection
        said = await house.hub.texts(second.connection, 2)
        assert parse_client_message(said[1]) == RAISE
        house.hub.tell(house.edge.id, second.connection, Ack(id="c1"))
        assert await one.until(Ack) == Ack(id="c1")


async def test_who_has_a_hand_up_is_known_at_once_where_they_come_back() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.hub.news(house.hub.rooms["main"].raises(one.participant))
        await one.until(Change)
        (opened,) = await house.hub.opened()
        await one.socket.close()
        await house.hub.gone(opened.connection)
        async with joined(house.edge.listen, credential=resume(one)) as back:
            _, again = await house.hub.opened(2)
            join = await house.hub.join_of(again.connection)
            assert isinstance(join.credential, ResumeCredential)
            assert house.hub.participant_of(join.credential.token) == back.participant


async def test_the_hub_ends_a_listeners_connection_for_good_or_for_now() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        await one.say(RAISE)
        (opened,) = await house.hub.opened()
        house.hub.close(house.edge.id, opened.connection, CloseCode.GOING_AWAY, "the hub stops")
        _, again = await house.hub.opened(2)
        edge, number = house.edge.id, again.connection
        house.hub.tell(edge, number, Failure(code=CloseCode.FORBIDDEN, text="out"))
        house.hub.close(edge, number, CloseCode.FORBIDDEN, "out")
        code, failures = await one.until_closed()
        assert code == CloseCode.FORBIDDEN
        assert [failure.text for failure in failures] == ["out"]


async def test_whom_the_hub_has_no_place_for_is_told_so_and_not_that_it_is_away() -> None:
    """At once: its own shares may be full when the edge's are not."""
    async with edge_house() as house, joined(house.edge.listen) as one:
        await one.say(RAISE)
        (opened,) = await house.hub.opened()
        house.hub.close(house.edge.id, opened.connection, CloseCode.RATE, "too many people")
        ack = await one.until(Ack)
        assert (ack.id, ack.refused, ack.text) == ("c1", RefusalCode.BUSY, "too many people")


async def test_whoever_rests_is_a_number_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_relay, "IDLE_NS", 100_000_000)
    async with edge_house() as house, joined(house.edge.listen) as one:
        await one.say(RAISE)
        (opened,) = await house.hub.opened()
        house.hub.tell(house.edge.id, opened.connection, Ack(id="c1"))
        await house.hub.gone(opened.connection)
        assert len(house.edge.edge.relays) == 0


async def test_hosts_are_relayed_whole() -> None:
    async with edge_house() as house, peer(house.edge.listen) as host:
        join = Join(
            version=PROTOCOL_VERSION, role=Role.HOST, credential=HostCredential(secret="s" * 9)
        )
        await host.say(join)
        (opened,) = await house.hub.opened()
        assert not opened.is_fanned_out
        edge, number = house.edge.id, opened.connection
        assert await house.hub.join_of(number) == join
        house.hub.tell(edge, number, Welcome(participant="h", resume="h.x"))
        assert isinstance(await host.hear(), Welcome)
        await host.say(RAISE)
        assert parse_client_message((await house.hub.texts(number, 2))[1]) == RAISE
        packet = RtpPacket(sequence=1, timestamp=960, ssrc=7, payload=b"\xf8\xff\xfe")
        house.hub.send(edge, number, packet.serialize())  # before the hub has let the host in
        await let_in(house, number, host, told=1)
        house.hub.send(edge, number, packet.serialize())
        assert await host.hear() == packet
        house.hub.close(edge, number, CloseCode.UNAUTHORISED, "wrong")
        assert (await host.until_closed())[0] == CloseCode.UNAUTHORISED


async def test_a_microphones_packets_go_up_and_its_return_comes_down() -> None:
    async with edge_house() as house, peer(house.edge.speak) as speaker:
        join = Join(version=PROTOCOL_VERSION, role=Role.SPEAKER, speaker=SpeakerTraits())
        await speaker.say(join)
        (opened,) = await house.hub.opened()
        assert opened.path is RelayPath.SPEAK
        packet = RtpPacket(sequence=1, timestamp=960, ssrc=7, payload=b"\xf8\xff\xfe")
        await speaker.socket.send(packet.serialize())
        await house.hub.until(lambda: len(house.hub.packets) == 1)
        assert house.hub.packets == [(opened.connection, packet.serialize())]
        await let_in(house, opened.connection, speaker)
        house.hub.send(house.edge.id, opened.connection, packet.serialize())
        assert await speaker.hear() == packet


async def let_in(house: House, connection: int, who: Peer, told: int = 0) -> None:
    """The messages with which a hub lets somebody in; what they say does not matter to an edge."""
    for _ in range(3 - told):
        house.hub.tell(house.edge.id, connection, Venue(is_reached=True))
        assert isinstance(await who.hear(), Venue)


async def test_hosts_come_back_by_themselves_when_the_bus_was_cut() -> None:
    async with edge_house() as house, peer(house.edge.listen) as host:
        await host.say(Join(version=PROTOCOL_VERSION, role=Role.SCREEN))
        (opened,) = await house.hub.opened()
        bus = house.edge.edge.line.bus
        assert isinstance(bus, LocalBus)
        bus.cut()
        bus.heal()
        assert (await host.until_closed())[0] == CloseCode.GOING_AWAY
        await house.hub.gone(opened.connection)


async def test_a_host_who_reads_nothing_is_cut_off() -> None:
    async with edge_house() as house, peer(house.edge.listen, max_queue=1) as host:
        await host.say(Join(version=PROTOCOL_VERSION, role=Role.SCREEN))
        (opened,) = await house.hub.opened()
        big = Failure(code=1, text="x" * 60_000)
        for _ in range(200):
            house.hub.tell(house.edge.id, opened.connection, big)
        await house.hub.gone(opened.connection)


async def test_a_flood_ends_its_connection_and_does_not_reach_the_bus() -> None:
    async with (
        edge_house() as house,
        joined(house.edge.listen) as one,
        joined(house.edge.listen) as other,
    ):
        closing = asyncio.create_task(_flood(one))
        assert await closing == CloseCode.RATE
        assert len(house.hub.said) < 60
        house.hub.news(house.hub.rooms["main"].raises("a"))
        await other.until(Change)
        assert other.view.line[0].surface is Surface.PHONE


async def _flood(one: Peer) -> int:
    async def flood() -> None:
        while True:
            for _ in range(40):
                await one.say(Here())
            await asyncio.sleep(0.2)

    flooding = asyncio.create_task(flood())
    try:
        return (await one.until_closed())[0]
    finally:
        flooding.cancel()


async def test_strangers_who_act_keep_no_host_out_and_the_idlest_gives_way() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        few = {Kind.ACTS: Share(1, 1), Kind.SHOWS: Share(0, 0), Kind.RUNS: Share(1, 1)}
        house.edge.edge.relays._shares = RelayShares(few)
        await one.say(RAISE)
        (first,) = await house.hub.opened()
        async with joined(house.edge.listen) as two:
            await two.say(RaiseHand(id="c2", name="Bo"))
            refused = await two.until(Ack)  # the first one's command still waits
            assert (refused.id, refused.refused) == ("c2", RefusalCode.BUSY)
            house.hub.tell(house.edge.id, first.connection, Ack(id="c1"))
            await one.until(Ack)
            await two.say(RaiseHand(id="c3", name="Bo"))
            await house.hub.gone(first.connection)
            assert len(await house.hub.opened(2)) == 2
        async with peer(house.edge.listen) as host:
            await host.say(Join(version=PROTOCOL_VERSION, role=Role.HOST))
            assert len(await house.hub.opened(3)) == 3
            async with peer(house.edge.listen) as screen:
                await screen.say(Join(version=PROTOCOL_VERSION, role=Role.SCREEN))
                assert (await screen.until_closed())[0] == CloseCode.RATE
