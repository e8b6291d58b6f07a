"""The link over real sockets: proofs, both ways, a bad network, lost connections, two hubs."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from fakes.linked import EDGE, LOOPBACK, Gate, LinkedEdge, address, linked_edge, published, until
from parvis_server.bench.impairment.patterns import Profile
from parvis_server.bench.impairment.proxy import ImpairedProxy
from parvis_server.link.handshake import greet
from parvis_server.link.proof import LinkChallenge, LinkHello
from parvis_server.link.publish import Publication
from parvis_server.link.trouble import Cause

JITTERY = Profile(rtt_ms=40, jitter_ms=20)


async def both(hub: Publication, edge: LinkedEdge) -> None:
    """Both connections are there, on both ends."""
    await until(lambda: hub.sound.end.lines == 2 and edge.door.end.lines == 2)


async def test_program_and_returns_go_down_and_speakers_up() -> None:
    async with linked_edge() as edge, published(lambda place: edge.port) as hub:
        await both(hub, edge)
        up: list[bytes] = []
        returns: list[bytes] = []
        edge.bus.subscribe(edge.subjects.sound_down(EDGE), returns.append)
        hearing = hub.sound.receive(EDGE, up.append)
        await until(lambda: bool(_said(edge, up)))
        hub.sound.send_program("main", b"program")
        hub.sound.send_down(EDGE, b"return")
        await until(lambda: edge.programs == [b"program"] and returns == [b"return"])
        await until(lambda: edge.door.end.repeated >= 2)
        hearing.end()
        await until(lambda: edge.door.hears == ())
        assert hub.sound.dropped == 0


def _said(edge: LinkedEdge, up: list[bytes]) -> list[bytes]:
    edge.say(b"speaker")
    return up


async def test_nothing_is_lost_with_20_ms_of_jitter_while_one_connection_stands_still() -> None:
    """Connection 0 stands still for 600 ms at a time, and is then cut; the other one jitters."""
    proxy = ImpairedProxy(JITTERY, seed=6)
    async with linked_edge() as edge, Gate().before(edge.port) as gate:
        ports = (gate.port, await proxy.forward(LOOPBACK, edge.port))
        async with published(lambda place: ports[place]) as hub:
            await both(hub, edge)
            up: list[bytes] = []
            hub.sound.receive(EDGE, up.append)
            await until(lambda: bool(_said(edge, up)))
            up.clear()
            for number in range(300):
                if number % 100 == 20:
                    gate.shut()
                elif number % 100 == 80:
                    gate.open()
                elif number == 190:
                    gate.cut()
                hub.sound.send_program("main", number.to_bytes(4))
                edge.say(number.to_bytes(4))
                await asyncio.sleep(0.01)
            gate.open()
            await until(lambda: len(edge.programs) >= 300 and len(up) >= 300)
            sent = [number.to_bytes(4) for number in range(300)]
            assert sorted(edge.programs) == sent
            assert sorted(one for one in up if len(one) == 4) == sent
    await proxy.close()


async def test_a_cut_is_noticed_and_both_connections_come_back_by_themselves() -> None:
    async with (
        linked_edge() as edge,
        Gate().before(edge.port) as gate,
        published(lambda place: gate.port) as hub,
    ):
        await both(hub, edge)
        gate.shut()
        await until(lambda: not hub.sound.is_open and not edge.door.is_linked)
        await until(lambda: hub.trouble is not None)
        assert hub.trouble is not None and hub.trouble.cause in (Cause.CUT, Cause.SILENT)
        before = hub.sound.dropped
        hub.sound.send_program("main", b"lost")
        assert hub.sound.dropped > before
        gate.open()
        await both(hub, edge)
        assert hub.trouble is None
        hub.sound.send_program("main", b"heard")
        await until(lambda: edge.programs == [b"heard"])


async def test_an_edge_that_starts_again_hears_everything_anew() -> None:
    ports: list[int] = []
    async with linked_edge() as edge:
        ports.append(edge.port)
        await _another_edge_starts(edge, ports)


async def _another_edge_starts(edge: LinkedEdge, ports: list[int]) -> None:
    async with published(lambda place: ports[-1]) as hub:
        await both(hub, edge)
        hub.sound.send_program("main", b"first")
        await until(lambda: edge.programs == [b"first"])
        up: list[bytes] = []
        hub.sound.receive(EDGE, up.append)
        async with linked_edge(edge="edge-2") as another:
            ports.append(another.port)
            edge.door.end.begin_anew("the edge stops")
            await both(hub, another)
            hub.sound.send_program("main", b"second")
            await until(lambda: another.programs == [b"second"])
            await until(lambda: bool(_said(another, up)))


async def test_a_hub_that_starts_again_takes_its_place() -> None:
    async with linked_edge() as edge:
        async with published(lambda place: edge.port) as hub:
            await both(hub, edge)
            hub.sound.receive(EDGE, lambda packet: None)
            hub.sound.send_program("main", b"first")
            await until(lambda: edge.programs == [b"first"] and edge.door.hears == (EDGE,))
        async with published(lambda place: edge.port, hub="hub-2") as hub:
            await both(hub, edge)
            hub.sound.send_program("main", b"second")
            await until(lambda: edge.programs == [b"first", b"second"])
            assert edge.door.hears == (), "this hub asked to hear nobody"


async def test_a_second_hub_is_refused_while_the_first_one_lives() -> None:
    async with linked_edge() as edge, published(lambda place: edge.port) as hub:
        await both(hub, edge)
        async with published(lambda place: edge.port, hub="another") as second:
            await until(lambda: second.trouble is not None)
            assert second.trouble is not None and second.trouble.cause is Cause.TAKEN
            assert not second.sound.is_open
            assert (hub.sound.end.lines, edge.door.end.lines) == (2, 2)


async def test_a_connection_that_comes_again_takes_the_place_of_its_older_one() -> None:
    """A hub that was cut off leaves a connection behind: it is not sent to twice."""
    async with linked_edge() as edge, published(lambda place: edge.port) as hub:
        await both(hub, edge)
        async with connect(f"ws://{LOOPBACK}:{edge.port}/ws/link") as again:
            key = address(80).link_key
            await greet(again.send, again.recv, key=key, hub="hub-1", place=0)
            await until(lambda: edge.door.end.lines == 2)
            await until(lambda: hub.sound.end.lines == 1)


async def test_another_secret_is_refused_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with linked_edge() as edge:
        wrong = address(edge.port, secret=bytes(18))
        async with published(lambda place: edge.port, wrong) as hub:
            await until(lambda: hub.trouble is not None)
            assert hub.trouble is not None and hub.trouble.cause is Cause.OTHER_SECRET
            assert not edge.door.is_linked
    told = [one.message for one in caplog.records if "does not know this address" in one.message]
    assert len(told) == 1
    assert wrong.fragment not in caplog.text


async def test_who_knows_no_secret_gets_nowhere() -> None:
    async with linked_edge() as edge, connect(f"ws://{LOOPBACK}:{edge.port}/ws/link") as stranger:
        hello = LinkHello(hub="hub-1", nonce=32 * "0", place=0)
        await stranger.send(hello.model_dump_json())
        challenge = LinkChallenge.model_validate_json(await stranger.recv())
        await stranger.send(json.dumps({"type": "link_proof", "proof": challenge.proof}))
        with pytest.raises(ConnectionClosed) as closed:
            await stranger.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, edge.door.is_linked) == (4001, False)


@pytest.mark.parametrize("first", ["", "{}", b"\0", '{"type": "join"}', 2_000 * "x"])
async def test_who_says_something_else_is_closed(first: str | bytes) -> None:
    async with linked_edge() as edge, connect(f"ws://{LOOPBACK}:{edge.port}/ws/link") as stranger:
        await stranger.send(first)
        with pytest.raises(ConnectionClosed) as closed:
            await stranger.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4000


async def test_where_nothing_listens_it_is_told_and_tried_again() -> None:
    async with published(lambda place: 1) as hub:
        await until(lambda: hub.trouble is not None)
        assert hub.trouble is not None and hub.trouble.cause is Cause.REFUSED
        assert "start Caddy and parvis edge on it" in hub.trouble.words
