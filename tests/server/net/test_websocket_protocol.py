"""The socket itself: its options, listeners who do not read, peers who do not answer."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect as connect_sync

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import Peer, joined, peer
from parvis_server import hub_server
from parvis_server.net import fanout, http_protocol, listener_hall, sockets
from parvis_server.net.listener_protocol import ListenerProtocol
from parvis_server.net.websocket_protocol import HubWebSocketProtocol
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Join, Role, serialize
from parvis_wire.stage import SpeakerTraits


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def protocol_of(hub: LiveHub) -> ListenerProtocol | HubWebSocketProtocol:
    """The hub's end of its only connection."""
    [seat] = hub.live.seats
    raw = seat.connection.raw
    assert isinstance(raw, ListenerProtocol if seat.role is Role.LISTENER else HubWebSocketProtocol)
    return raw


@pytest.fixture(params=[Role.LISTENER, Role.SPEAKER])
def role(request: pytest.FixtureRequest) -> Role:
    """Of each of the two protocols."""
    return Role(request.param)


def joined_as(role: Role, hub: LiveHub) -> AbstractAsyncContextManager[Peer]:
    return joined(hub.speak if role is Role.SPEAKER else hub.listen, role)


async def test_stale_sound_does_not_wait_in_the_kernel(hub: LiveHub) -> None:
    async with joined(hub.listen):
        taken = protocol_of(hub).transport.get_extra_info("socket")
        tcp = socket.IPPROTO_TCP
        assert taken.getsockopt(tcp, socket.TCP_NODELAY)
        doubled = 2 * sockets.LIVE_SEND_BUFFER_BYTES
        assert taken.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= doubled
        if sys.platform == "linux":
            assert taken.getsockopt(tcp, socket.TCP_NOTSENT_LOWAT) == 4096
            assert taken.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 10_000


async def test_nothing_is_compressed(hub: LiveHub) -> None:
    async with peer(hub.listen, compression="deflate") as client:
        assert client.socket.response is not None
        assert "Sec-WebSocket-Extensions" not in client.socket.response.headers


Raw = tuple[asyncio.StreamReader, asyncio.StreamWriter]


LISTENS = ("/ws/listen", Join(version=1, role=Role.LISTENER))
SPEAKS = ("/ws/speak", Join(version=1, role=Role.SPEAKER, speaker=SpeakerTraits()))


async def join_by_hand(port: int, path: str = LISTENS[0], join: Join = LISTENS[1]) -> Raw:
    """A joined peer that does nothing by itself: no reading ahead, no pongs."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=1024)
    writer.write(
        (
            f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(Frame(Opcode.TEXT, serialize(join).encode()).serialize(mask=True))
    return reader, writer


async def test_a_listener_who_does_not_read_is_let_go_and_nobody_waits(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "MAX_BEHIND_NS", 200_000_000)

    async def hear(count: int) -> None:
        while len(fine.packets) < count:
            await fine.hear()

    _, stuck = await join_by_hand(hub.port)
    async with joined(hub.listen) as fine:
        async with asyncio.TaskGroup() as group:
            group.create_task(hear(800))
            for _ in range(80):
                hub.engine.say(payload=bytes(4000), count=10)
                await asyncio.sleep(0.01)
        assert [packet.sequence for packet in fine.packets] == list(range(800))
        counts = hub.live.fanout.counts
        assert (counts.skips, counts.closed_slow) == (1, 1)
        assert counts.skipped_sound > 10
        assert len(hub.live.fanout) == 1
    stuck.transport.abort()


@pytest.mark.parametrize(("path", "join"), [LISTENS, SPEAKS])
async def test_a_peer_that_answers_no_ping_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, join: Join
) -> None:
    assert (hub_server.PING_INTERVAL_S, hub_server.PING_TIMEOUT_S) == (5, 10)
    every_s = listener_hall.SWEEP_S * listener_hall.PING_EVERY_SWEEPS
    assert (every_s, every_s * listener_hall.MOST_UNANSWERED) == (5, 10)
    monkeypatch.setattr(hub_server, "PING_INTERVAL_S", 0.05)
    monkeypatch.setattr(hub_server, "PING_TIMEOUT_S", 1.0)
    monkeypatch.setattr(listener_hall, "SWEEP_S", 0.001)
    async with live_hub(tmp_path) as hub, joined(hub.listen) as alive:
        reader, writer = await join_by_hand(hub.port, path, join)
        async with asyncio.timeout(20):
            while await reader.read(1000):
                pass
        writer.close()
        assert (await alive.do(RaiseHand, name="Ada")).refused is None
        assert len(hub.live.seats) == 1


async def test_a_peer_that_pings_and_never_reads_is_dropped(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    async with joined_as(role, hub):
        protocol = protocol_of(hub)
        pings = 0

        def flooded(_: object) -> int:
            nonlocal pings
            pings += 1
            return 1 << 20

        monkeypatch.setattr(type(protocol), "buffered_bytes", flooded)
        protocol.data_received(Frame(Opcode.PING, b"x").serialize(mask=True))
        assert protocol.transport.is_closing()
        assert pings == 1


async def test_pings_are_answered(hub: LiveHub, role: Role) -> None:
    async with joined_as(role, hub) as client:
        await (await client.socket.ping())


async def test_a_head_that_never_ends_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.1)
    async with live_hub(tmp_path) as hub:
        whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for first, second in ((b"", b""), (b"", whole[:30]), (whole, whole[:30])):
            reader, writer = await asyncio.open_connection(LOOPBACK, hub.port)
            if first:
                writer.write(first)
                await reader.readuntil(b'"engine_restarts":0}')
            writer.write(second)
            async with asyncio.timeout(20):
                with contextlib.suppress(ConnectionError):
                    while await reader.read(1000):
                        pass
            writer.close()
        async with joined(hub.listen) as client:
            await asyncio.sleep(0.2)
            assert (await client.do(RaiseHand, name="Ada")).refused is None, "sockets are not cut"


@pytest.mark.parametrize(("path", "join"), [LISTENS, SPEAKS])
async def test_closing_ends_even_when_the_peer_never_answers(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, path: str, join: Join
) -> None:
    monkeypatch.setattr("parvis_server.net.websocket_protocol.CLOSE_TIMEOUT_S", 0.05)
    reader, writer = await join_by_hand(hub.port, path, join)
    while not hub.live.seats:
        await reader.read(1000)
    protocol = protocol_of(hub)
    protocol.close(CloseCode.RATE, "é" * 200)
    protocol.close(CloseCode.RATE, "a second time changes nothing")
    protocol.write_frame(b"nothing is written after it")
    said = b""
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1000):
                said += piece
    assert said.endswith("é".encode() * 60)
    assert hub.live.seats == ()
    writer.close()


def test_a_blocking_client_is_served_too(tmp_path: Path) -> None:
    async def serve(port: asyncio.Future[int], done: asyncio.Event) -> None:
        async with live_hub(tmp_path) as hub:
            port.set_result(hub.port)
            await done.wait()

    async def both() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(port, done))
            number = await port
            await asyncio.to_thread(visit, number)
            done.set()

    def visit(port: int) -> None:
        with connect_sync(f"ws://{LOOPBACK}:{port}/ws/listen", compression=None) as client:
            client.send(serialize(Join(version=1, role=Role.LISTENER)))
            assert "welcome" in str(client.recv())

    asyncio.run(both())
