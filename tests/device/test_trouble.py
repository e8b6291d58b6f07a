"""Every way of not having a hub: what the light and the log say."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from fakes.hub import LOOPBACK, running_hub
from fakes.processes import free_port
from parvis_device.address import HubAddress
from parvis_device.hub_addresses import GivenAddress
from parvis_device.light import LinkState
from parvis_device.link import HubLink
from parvis_device.sender import QUEUE_PACKETS
from parvis_device.trouble import explain
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import HubMessage, ResumeCredential
from parvis_wire.stage import LinkKind, UnitTraits

ADDRESS = HubAddress.parse("http://hub.example:8000")


class Listener:
    """Remembers what the link tells."""

    def __init__(self) -> None:
        self.states: list[LinkState] = []
        self._changed = asyncio.Event()

    def hub_said(self, message: HubMessage) -> None:
        pass

    def link_changed(self, state: LinkState) -> None:
        self.states.append(state)
        self._changed.set()

    def second_changed(self) -> None:
        pass

    def packet_leaves(self) -> None:
        pass

    def packet_came(self, packet: bytes, arrival_ns: int) -> None:
        pass

    async def until(self, state: LinkState, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while self.states.count(state) < times:
                self._changed.clear()
                await self._changed.wait()


def link_to(url: str, events: Listener, **more: LinkKind) -> HubLink:
    return HubLink(
        GivenAddress(HubAddress.parse(url)), name="T", traits=UnitTraits(**more), events=events
    )


async def told(
    url: str, state: LinkState, caplog: pytest.LogCaptureFixture, tries: int = 1
) -> list[str]:
    """The log lines until the link was in ``state`` for ``tries`` tries."""
    events = Listener()
    with caplog.at_level(logging.INFO, "parvis_device"):
        running = asyncio.create_task(link_to(url, events).run())
        try:
            await events.until(state, tries)
        finally:
            running.cancel()
            await asyncio.wait([running])
    return [record.getMessage() for record in caplog.records]


async def test_nobody_listens_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://{LOOPBACK}:{free_port()}"
    lines = await told(url, LinkState.LOST, caplog, tries=3)
    [line] = lines
    assert line.startswith("no hub listens at 127.0.0.1:") and "trying again" in line


async def test_a_name_that_nobody_knows(caplog: pytest.LogCaptureFixture) -> None:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    trouble = explain(error, ADDRESS)
    assert trouble.link is LinkState.WRONG_ADDRESS
    assert "nobody knows the name 'hub.example'" in trouble.words


def test_no_network() -> None:
    trouble = explain(socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), ADDRESS)
    assert trouble.link is LinkState.LOST and "is there a network?" in trouble.words


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def says_hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ready\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_something_else_answers(caplog: pytest.LogCaptureFixture) -> None:
    server = await asyncio.start_server(says_hello, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        [line] = await told(f"http://{LOOPBACK}:{port}", LinkState.WRONG_ADDRESS, caplog)
    assert "is no Parvis hub" in line


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (404, LinkState.WRONG_ADDRESS, "no Parvis hub (HTTP 404)"),
        (200, LinkState.WRONG_ADDRESS, "no Parvis hub (HTTP 200)"),
        (403, LinkState.NOT_ALLOWED, "does not let this unit in"),
        (503, LinkState.LOST, "is not ready (HTTP 503)"),
        (421, LinkState.WRONG_ADDRESS, "add the name to network.names"),
    ],
)
async def test_a_web_server(
    status: int, state: LinkState, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus(status), "no\n")

    async def never(connection: ServerConnection) -> None:
        raise AssertionError("the handshake was refused")

    async with serve(never, LOOPBACK, 0, process_request=refuse) as server:
        port = server.sockets[0].getsockname()[1]
        [line] = await told(f"http://{LOOPBACK}:{port}", state, caplog)
    assert words in line


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        (CloseCode.FORBIDDEN, LinkState.NOT_ALLOWED, "does not let this unit in: because"),
        (CloseCode.UNAUTHORISED, LinkState.NOT_ALLOWED, "credential: because"),
        (CloseCode.VERSION, LinkState.NOT_ALLOWED, "another version"),
        (CloseCode.ROOM_CLOSED, LinkState.WRONG_ADDRESS, "no open room 'main': because"),
        (CloseCode.GOING_AWAY, LinkState.LOST, "lost the hub"),
        (CloseCode.RATE, LinkState.LOST, "lost the hub"),
    ],
)
async def test_the_hub_says_why(
    code: CloseCode, state: LinkState, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_hub() as hub:
        hub.turn_away = (code, "because")
        [line] = await told(hub.url, state, caplog)
    assert words in line


async def test_what_is_no_message_breaks_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub() as hub:
        events = Listener()
        running = asyncio.create_task(link_to(hub.url, events).run())
        await events.until(LinkState.JOINED)
        with caplog.at_level(logging.WARNING, "parvis_device"):
            await hub.say_text("{")
            await events.until(LinkState.LOST)
        running.cancel()
        await asyncio.wait([running])
    assert "cannot be read" in caplog.messages[0]


def test_other_errors_are_ours_and_pass() -> None:
    with pytest.raises(KeyError):
        explain(KeyError("x"), ADDRESS)
    assert explain(TimeoutError(), ADDRESS).words == "no answer from hub.example:8000"
    assert (
        "Network is unreachable" in explain(OSError(101, "Network is unreachable"), ADDRESS).words
    )
    two = OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] ...")
    assert "no hub listens" in explain(two, ADDRESS).words


async def test_a_superseded_unit_comes_back_as_somebody_new() -> None:
    async with running_hub() as hub:
        events = Listener()
        running = asyncio.create_task(link_to(hub.url, events).run())
        await events.until(LinkState.JOINED)
        hub.cut()
        await hub.until(lambda hub: len(hub.joins) == 2)
        hub.turn_away = (CloseCode.SUPERSEDED, "joined again elsewhere")
        hub.cut()
        await hub.until(lambda hub: len(hub.joins) == 3)
        hub.turn_away = None
        await hub.until(lambda hub: len(hub.joins) == 4)
        running.cancel()
        await asyncio.wait([running])
    resumes = [isinstance(join.credential, ResumeCredential) for join in hub.joins]
    assert resumes == [False, True, True, False]


async def test_without_a_connection_nothing_is_kept() -> None:
    link = link_to("http://127.0.0.1:1", Listener())
    link.send_packet(b"x")
    link.send_message(RaiseHand(id="c1"))
    await link.flush()
    assert link.dropped_packets == 0


@pytest.mark.parametrize("kind", list(LinkKind))
async def test_a_network_that_stands_still_costs_the_oldest_packets(kind: LinkKind) -> None:
    """The hub's side stops reading: packets pile up to 100 ms, then the oldest give way."""
    stuck, over = asyncio.Event(), asyncio.Event()

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        for text in _WELCOME:
            await connection.send(text)
        connection.transport.pause_reading()
        stuck.set()
        await over.wait()

    listening = socket.create_server((LOOPBACK, 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    async with serve(handler, sock=listening, compression=None, close_timeout=0) as server:
        events = Listener()
        url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        link = link_to(url, events, link=kind)
        running = asyncio.create_task(link.run())
        await events.until(LinkState.JOINED)
        await stuck.wait()
        async with asyncio.timeout(20):
            while link.dropped_packets < QUEUE_PACKETS:
                link.send_packet(bytes(400))
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        over.set()


_WELCOME = (
    '{"type":"welcome","participant":"u","resume":"t","ssrc":1}',
    '{"type":"snapshot","view":{"room":"main","title":"T","seq":0}}',
)
