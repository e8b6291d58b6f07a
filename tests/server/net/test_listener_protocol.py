"""The listeners' own way in: the checks of every other socket, and nothing that each would cost."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import host_credential, joined, peer
from parvis_server.config import NetworkSettings
from parvis_server.net import listener_protocol
from parvis_server.net.admission import Peer
from parvis_server.net.endpoints import peer_of
from parvis_server.net.fanout import Fanout
from parvis_server.net.listener_hall import FULL
from parvis_server.net.listener_protocol import ListenerProtocol
from parvis_server.open_files import KEPT_FILES, OpenFiles
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Join, Role, serialize

Loop = Callable[[], asyncio.AbstractEventLoop]
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
NAME = "hall.example"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def run(loop: Loop, scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario)


def listener_of(hub: LiveHub) -> ListenerProtocol:
    """The hub's end of its only listener."""
    [raw] = [s.connection.raw for s in hub.live.seats if s.role is Role.LISTENER]
    assert isinstance(raw, ListenerProtocol)
    return raw


# The handshake

GOOD = {
    "Host": f"{LOOPBACK}:{{port}}",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}

CHANGES: list[dict[str, str | None]] = [
    {},
    {"Host": NAME},
    {"Host": "evil.example"},
    {"Host": ""},
    {"Host": None},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "[::1]:80"},
    {"Origin": "{scheme}://" + LOOPBACK + ":{port}"},
    {"Origin": "http://evil.example"},
    {"Origin": "https://" + LOOPBACK + ":{port}", "X-Forwarded-For": "192.0.2.7"},
    {"Origin": "http://" + LOOPBACK + ":{port}", "Via": "1.1 proxy"},
    {"Origin": "null"},
    {"Origin": "https://hall.example", "Host": NAME, "X-Forwarded-Proto": "https"},
    {"Origin": "https://hall.example", "Host": NAME, "Forwarded": "proto=https"},
    {"Sec-WebSocket-Key": None},
    {"Sec-WebSocket-Key": "short"},
    {"Sec-WebSocket-Version": "8"},
    {"Sec-WebSocket-Version": None},
    {"Sec-WebSocket-Protocol": "parvis", "Sec-WebSocket-Extensions": "permessage-deflate"},
    {"Cookie": "é=ü"},
]


async def answer(
    port: int, path: str, change: dict[str, str | None], tls: ssl.SSLContext | None
) -> tuple[str, dict[str, str], bytes]:
    """What a handshake with this change is answered: first line, headers, body."""
    filled = {"port": port, "scheme": "https" if tls else "http"}
    headers = {
        name: value.format(**filled)
        for name, value in {**GOOD, **change}.items()
        if value is not None
    }
    reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=tls)
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.strip().split("\r\n")
        said = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        body = b"" if " 101 " in first else await reader.read()
    said.pop("date", None)
    writer.transport.abort()
    return first, said, body


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxies", [(), (LOOPBACK,)])
async def test_a_handshake_passes_exactly_the_checks_of_the_other_sockets(
    tmp_path: Path, scheme: str, proxies: tuple[str, ...]
) -> None:
    network = NetworkSettings(
        host=LOOPBACK, port=0, tls_port=0, names=(NAME,), behind_proxy=proxies
    )
    async with live_hub(tmp_path, tls=True, network=network) as hub:
        tls = hub.trusting() if scheme == "https" else None
        port = hub.https_port if tls else hub.port
        firsts = set()
        for change in CHANGES:
            ours = await answer(port, "/ws/listen", change, tls)
            assert ours == await answer(port, "/ws/speak", change, tls), change
            firsts.add(ours[0].split()[1])
        assert firsts >= {"101", "400", "403", "421"}


SPOKEN: list[dict[str, str]] = [
    {},
    {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"},
    {"X-Forwarded-For": "192.0.2.7, 198.51.100.9"},
    {"Forwarded": "for=192.0.2.8"},
    {"Via": "1.1 somebody"},
]


@pytest.mark.parametrize("proxies", [(), (LOOPBACK,), ("192.0.2.1",)])
async def test_who_comes_is_the_same_as_at_the_other_sockets(
    tmp_path: Path, proxies: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address, encryption and proxies, whose word counts only where it is believed."""
    seen: list[Peer] = []

    def noting(scope: Any) -> Peer:
        seen.append(peer_of(scope))
        return seen[-1]

    monkeypatch.setattr("parvis_server.net.endpoints.peer_of", noting)
    monkeypatch.setattr(listener_protocol, "peer_of", noting)
    network = NetworkSettings(host=LOOPBACK, port=0, tls_port=0, behind_proxy=proxies)
    async with live_hub(tmp_path, tls=True, network=network) as hub:
        for tls, port in ((None, hub.port), (hub.trusting(), hub.https_port)):
            for headers in SPOKEN:
                for path in ("/ws/listen", "/ws/speak"):
                    scheme = "ws" if tls is None else "wss"
                    url = f"{scheme}://{LOOPBACK}:{port}{path}"
                    async with peer(url, ssl=tls, additional_headers=headers) as client:
                        await client.say(Join(version=9, role=Role.HOST))
                        assert (await client.until_closed())[0] == CloseCode.VERSION
                listener, speaker = seen[-2:]
                assert listener == speaker
    assert len(seen) == 2 * 2 * len(SPOKEN)
    believed = LOOPBACK in proxies
    assert any(one.address == "192.0.2.7" for one in seen) is believed


async def test_the_path_may_be_spelled_as_everywhere(hub: LiveHub) -> None:
    async with joined(hub.listen.replace("listen", "l%69sten") + "?a=b"):
        assert isinstance(listener_of(hub), ListenerProtocol)


# What one costs

TOGETHER = 20


async def test_no_listener_has_a_task_or_a_timer(hub: LiveHub) -> None:
    loop = asyncio.get_running_loop()
    ours: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    join = Frame(Opcode.TEXT, serialize(Join(version=1, role=Role.LISTENER)).encode())

    async def come() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, hub.port)
        lines = ["GET /ws/listen HTTP/1.1", *(f"{name}: {value}" for name, value in GOOD.items())]
        writer.write("\r\n".join([*lines, "", ""]).format(port=hub.port).encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(join.serialize(mask=True))
        await reader.readuntil(b'"utc_ms"')
        ours.append((reader, writer))

    await come()
    timers = len(vars(loop)["_scheduled"])
    tasks = len(asyncio.all_tasks())
    for _ in range(TOGETHER):
        await come()
    assert len(hub.live.fanout) == 1 + TOGETHER
    assert len(asyncio.all_tasks()) <= tasks
    # A timer that is cancelled stays for a while: those of the requests' heads.
    going = [timer for timer in vars(loop)["_scheduled"] if not timer.cancelled()]
    assert len(going) <= timers
    for _, writer in ours:
        writer.transport.abort()


@LOOPS
def test_a_welcome_is_one_write_and_packets_go_directly(loop: Loop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with live_hub(tmp_path) as hub, joined(hub.listen) as client:
            ours = listener_of(hub)
            assert ours.direct and ours.direct.is_open
            hub.engine.say(count=20)
            while len(client.packets) < 20:
                await client.hear()
            assert [packet.sequence for packet in client.packets] == list(range(20))
            assert (await client.do(RaiseHand, name="Ada")).refused is None

    run(loop, scenario())


@LOOPS
def test_over_tls_everything_holds_too(loop: Loop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with live_hub(tmp_path, tls=True) as hub:
            url = hub.listen.replace("ws:", "wss:").replace(str(hub.port), str(hub.https_port))
            async with peer(url, ssl=hub.trusting()) as far, joined(hub.listen) as near:
                await far.join()
                hub.engine.say(count=20)
                for client in (far, near):
                    while len(client.packets) < 20:
                        await client.hear()
                    assert [packet.sequence for packet in client.packets] == list(range(20))
                    await (await client.socket.ping())
                directs = [seat.connection.raw.direct for seat in hub.live.seats]
                assert sorted(direct is not None for direct in directs) == [False, True]
                far.socket.transport.pause_reading()
                [raw] = [s.connection.raw for s in hub.live.seats if not s.connection.raw.direct]
                while raw.buffered_bytes() == 0:
                    raw.write_frame(Frame(Opcode.BINARY, bytes(4000)).serialize(mask=False))
                assert raw.buffered_bytes() < 8100, "what the kernel does not take is seen at once"
                raw.close(CloseCode.SLOW)
                far.socket.transport.resume_reading()
                with pytest.raises(ConnectionClosed):
                    while True:
                        await far.socket.recv()
                assert far.socket.close_code == CloseCode.SLOW

    run(loop, scenario())


@LOOPS
def test_who_reads_nothing_is_written_behind_what_waits_and_directly_again_later(
    loop: Loop, tmp_path: Path
) -> None:
    frame = Frame(Opcode.BINARY, bytes(3000)).serialize(mask=False)

    async def scenario() -> None:
        async with live_hub(tmp_path) as hub, joined(hub.listen) as client:
            ours = listener_of(hub)
            fanout = Fanout(hub.live.now_ns)
            fanout.add(ours, wants_sound=False)
            client.socket.transport.pause_reading()
            written = 0
            while ours.direct and ours.direct.is_open:
                fanout.publish_control(frame)
                written += 1
                assert written < 10_000
            assert ours.buffered_bytes() > 0
            for _ in range(3):
                fanout.publish_control(frame)
            client.socket.transport.resume_reading()
            for _ in range(written + 3):
                async with asyncio.timeout(5):
                    while not isinstance(message := await client.socket.recv(), bytes):
                        pass
                    assert message == bytes(3000), "no byte is lost or doubled"
            fanout.publish_control(frame)
            assert ours.direct and ours.direct.is_open

    run(loop, scenario())


@LOOPS
def test_a_descriptor_is_let_go_before_it_is_closed(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number may be another connection's a moment later."""
    lost: list[tuple[bool, bool]] = []
    before = ListenerProtocol.connection_lost

    def noting(self: ListenerProtocol, exc: Exception | None) -> None:
        os.fstat(descriptor := self.transport.get_extra_info("socket").fileno())
        before(self, exc)
        lost.append((descriptor >= 0, self.direct is None or self.direct.is_open))

    monkeypatch.setattr(ListenerProtocol, "connection_lost", noting)

    async def scenario() -> None:
        async with live_hub(tmp_path) as hub:
            async with joined(hub.listen):
                pass  # the peer closes
            async with joined(hub.listen) as client:
                client.socket.transport.abort()  # the peer is gone
            async with joined(hub.listen) as client:
                listener_of(hub).cut()
                assert (await client.until_closed())[0] == 1006
            async with joined(hub.listen) as client:
                ours = listener_of(hub)
                ours.close(CloseCode.RATE)
                assert ours.direct and not ours.direct.is_open, "nothing after the close frame"
                assert (await client.until_closed())[0] == CloseCode.RATE

    run(loop, scenario())  # which ends when every connection has
    assert lost == [(True, False)] * 4


# What is not taken


async def test_beyond_the_files_a_newcomer_is_told_and_a_host_still_comes(hub: LiveHub) -> None:
    hub.hub.hall.allow(OpenFiles(KEPT_FILES + 1))
    hub.hub.hall.last_file = None
    async with joined(hub.listen) as inside, peer(hub.listen) as late:
        await late.say(Join(version=1, role=Role.LISTENER))
        code, [failure] = await late.until_closed()
        assert (code, failure.text) == (CloseCode.RATE, FULL)
        secret = host_credential(hub.secret)
        async with joined(hub.listen, Role.HOST, credential=secret):
            assert (await inside.do(RaiseHand, name="Ada")).refused is None
    async with joined(hub.listen):
        pass  # there is room again


async def test_the_last_files_are_for_the_process(hub: LiveHub) -> None:
    async with joined(hub.listen) as inside:
        hub.hub.hall.last_file = 0
        reader, writer = await asyncio.open_connection(LOOPBACK, hub.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert (await inside.do(RaiseHand, name="Ada")).refused is None


async def test_a_hub_that_stops_tells_those_who_joined_and_those_who_did_not(hub: LiveHub) -> None:
    async with joined(hub.listen) as inside, peer(hub.listen) as outside:
        hub.hub.stopping.set()
        for client in (inside, outside):
            code, failures = await client.until_closed()
            assert (code, failures) == (CloseCode.GOING_AWAY, [])
