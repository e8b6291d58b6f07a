"""The bus over a real nats-server: order, questions, losses, wrong credentials, bounds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.bus_server import LOOPBACK, Way, answered, on_bus, running_server
from fakes.edged_hub import becomes
from parvis_server.bus import nats_bus
from parvis_server.bus import server as bus_server
from parvis_server.bus.address import BusAddress
from parvis_server.bus.bus import NoAnswer, NobodyThere
from parvis_server.bus.client import MAX_PENDING_BYTES
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.bus.server import BusServer, WebSocketDoor
from parvis_server.certificates import make_own
from parvis_server.errors import UserError


async def test_publications_questions_and_their_order() -> None:
    """Over TCP and over WebSocket alike; a bus does not hear itself."""
    async with running_server(WebSocketDoor()) as server:
        web = replace(server.address, urls=(f"ws://{LOOPBACK}:{server.web_port}",))
        async with on_bus(server.address) as hub, on_bus(web) as edge:
            heard: list[bytes] = []
            own: list[bytes] = []
            edge.subscribe("room.*.news", heard.append)
            hub.subscribe("room.*.news", own.append)
            hub.answer("hello", lambda question, answer: answer(question.upper()))
            hub.answer("silence", lambda question, answer: None)
            assert await answered(edge, "hello", b"you") == b"YOU"  # so the others are there too
            for number in range(200):
                hub.publish("room.main.news", b"%d" % number)
            await becomes(lambda: len(heard) == 200)
            assert heard == [b"%d" % number for number in range(200)]
            assert own == []
            with pytest.raises(NobodyThere):
                await edge.ask("nobody", b"", 5)
            with pytest.raises(NoAnswer):
                await edge.ask("silence", b"", 0.05)
            hub.publish("room.main.news", b"x" * (hub_max() + 1))
            assert hub.dropped == 1
            with pytest.raises(NoAnswer, match="too large"):
                await edge.ask("hello", b"x" * (hub_max() + 1), 5)


def hub_max() -> int:
    return bus_server.MAX_PAYLOAD_BYTES


async def test_a_mistake_in_a_handler_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The next publication is handled."""
    async with running_server() as server:
        async with on_bus(server.address) as one, on_bus(server.address) as other:
            heard: list[bytes] = []

            def handle(payload: bytes) -> None:
                heard.append(payload)
                if payload == b"bad":
                    raise ValueError("of the test")

            hearing = other.subscribe("x", handle)
            other.answer("ready", lambda question, answer: answer(b""))
            await answered(one, "ready", b"")
            one.publish("x", b"bad")
            one.publish("x", b"good")
            await becomes(lambda: heard == [b"bad", b"good"])
            hearing.end()
            await answered(one, "ready", b"")
            one.publish("x", b"nobody")
            await answered(one, "ready", b"")
            assert heard == [b"bad", b"good"]
        assert "could not be handled" in caplog.text


async def test_a_killed_server_comes_back_and_everybody_with_it() -> None:
    """Subscriptions and answers go on by themselves, under the same address."""
    async with (
        running_server() as server,
        on_bus(server.address) as hub,
        on_bus(server.address) as edge,
    ):
        told: list[bool] = []
        hub.link_taps.add(told.append)
        hub.answer("hello", lambda question, answer: answer(b"yes"))
        assert await answered(edge, "hello", b"") == b"yes"
        address = server.address
        os.kill(_pid_of_server(), signal.SIGKILL)
        await becomes(lambda: told[:1] == [False])
        if not hub.is_connected:
            hub.publish("x", b"lost")
            assert hub.dropped == 1
            with pytest.raises(NoAnswer):
                await hub.ask("x", b"", 5)
        await becomes(lambda: told == [False, True] and edge.is_connected)
        assert server.address == address
        assert await answered(edge, "hello", b"") == b"yes"


def _pid_of_server() -> int:
    """Of the one nats-server that this process started."""
    own = str(os.getpid())
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = status.read_text()
        except OSError:
            continue
        if "Name:\tnats-server" in lines and f"PPid:\t{own}\n" in lines:
            return int(status.parent.name)
    raise AssertionError("no nats-server is a child of this process")


async def test_a_cut_network_is_noticed_bounded_and_heals() -> None:
    """Nothing waits for ever, little waits at all, and what was old is not sent afterwards."""
    async with running_server() as server:
        way = Way(int(server.address.urls[0].rpartition(":")[2]))
        far = replace(server.address, urls=(f"nats://{LOOPBACK}:{await way.start()}",))
        async with on_bus(server.address) as edge, on_bus(far) as hub:
            heard: list[bytes] = []
            edge.subscribe("sound", heard.append)
            edge.answer("ready", lambda question, answer: answer(b""))
            await answered(hub, "ready", b"")
            way.open.clear()
            sent = 0
            while hub.is_connected:
                hub.publish("sound", sent.to_bytes(4) + b"x" * 4_000)
                sent += 1
                await asyncio.sleep(0.002)
            # The kernel's buffers and the proxy's took some, our line no more than its bound.
            assert sent - hub.dropped < 1_000
            way.open.set()
            await becomes(lambda: hub.is_connected)
            await answered(hub, "ready", b"")
            hub.publish("sound", b"new")
            await becomes(lambda: heard[-1:] == [b"new"])
            # What was on its way when the network was cut may have come, once; nothing else.
            assert len(heard) <= sent - hub.dropped + 1
        await way.stop()


async def test_what_the_network_does_not_take_is_dropped_and_counted() -> None:
    """Publishing never waits: beyond a bound it is left out."""
    async with running_server() as server, on_bus(server.address) as bus:
        each = b"x" * 60_000
        for _ in range(200):
            bus.publish("sound", each)  # in one turn: nothing can have gone out
        assert 150 < bus.dropped < 200
        await becomes(lambda: bus.waiting_bytes == 0)
        dropped = bus.dropped
        bus.publish("sound", each)
        assert bus.dropped == dropped
    assert MAX_PENDING_BYTES == 65_536


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "refuses these credentials"),
        ({"urls": (f"nats://{LOOPBACK}:1",)}, "nobody listens there"),
        ({"urls": ("nats://no-such-host.invalid:4222",)}, "leads nowhere"),
    ],
)
async def test_what_is_wrong_is_said_once(
    change: dict[str, object], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line, while it goes on trying."""
    caplog.set_level(logging.WARNING)
    async with running_server() as server:
        bus = NatsBus(replace(server.address, **change), "test")  # type: ignore[arg-type]
        running = asyncio.create_task(bus.run())
        await becomes(lambda: bus.attempts >= 2)
        running.cancel()
        await asyncio.wait([running])
        lines = [one.getMessage() for one in caplog.records if words in one.getMessage()]
        assert len(lines) == 1
        assert "wrong" not in lines[0]
        assert "going on trying" in lines[0]


@pytest.mark.parametrize(
    ("names", "trusts", "words"),
    [
        (("localhost",), True, None),
        (("other.example",), True, "is for another name"),
        (("localhost",), False, "signed by nobody that is trusted here"),
    ],
)
async def test_over_tls_the_certificate_is_checked(
    names: tuple[str, ...],
    trusts: bool,
    words: str | None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its name and who signed it; what is wrong is said in words."""
    caplog.set_level(logging.WARNING)
    pem = tmp_path / "own.pem"
    _write(pem, make_own(names, (), time.time_ns() // 1_000_000))
    async with running_server(WebSocketDoor(certificate=pem, key=pem)) as server:
        url = f"wss://localhost:{server.web_port}"
        address = replace(server.address, urls=(url,), ca=pem if trusts else None)
        if words is None:
            async with on_bus(address) as bus:
                with pytest.raises(NobodyThere):
                    await bus.ask("nobody", b"", 5)
            return
        bus = NatsBus(address, "test")
        running = asyncio.create_task(bus.run())
        await becomes(lambda: bus.attempts >= 1)
        running.cancel()
        await asyncio.wait([running])
        assert words in caplog.text


def _write(path: Path, text: bytes) -> None:
    path.write_bytes(text)


async def test_without_the_program_one_line_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before anything is started."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(UserError, match="nats-server is not installed"):
        BusServer()


async def test_its_settings_are_for_our_eyes_alone() -> None:
    """The password stands in a file of mode 0600, in a folder of mode 0700."""
    async with running_server() as server:
        settings = _settings_of(_pid_of_server())
        assert _modes(settings) == [0o600, 0o700]
        assert server.address.password is not None
        assert server.address.password in _text(settings)
    assert not os.path.lexists(settings)  # noqa: ASYNC240


def _settings_of(pid: int) -> Path:
    command = (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")
    return Path(command[command.index("-c") + 1])


def _modes(settings: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (settings, settings.parent)]


def _text(path: Path) -> str:
    return path.read_text()


async def test_a_bus_ends_when_it_is_told_to_though_its_library_takes_that_for_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = asyncio.Event()

    async def swallows(self: object, *_: object, **__: object) -> None:
        try:
            tried.set()
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise OSError("the connection failed") from None

    monkeypatch.setattr("nats.aio.client.Client.connect", swallows)
    monkeypatch.setattr(nats_bus, "leave", lambda client: asyncio.sleep(0))
    running = asyncio.ensure_future(NatsBus(BusAddress(("nats://127.0.0.1:1",)), "hub").run())
    await tried.wait()
    running.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_it_ends_although_the_library_takes_the_end_for_its_own_while_it_subscribes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library waits for its writer in there, and forgets that it was cancelled."""
    tried = asyncio.Event()

    async def swallows(self: object, *_: object, **__: object) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            tried.set()
            await asyncio.sleep(3600)

    async with running_server() as server:
        bus = NatsBus(server.address, "hub")
        running = asyncio.ensure_future(bus.run())
        await becomes(lambda: bus.is_connected)
        monkeypatch.setattr("nats.aio.client.Client.subscribe", swallows)
        bus.subscribe("any", lambda payload: None)
        await tried.wait()
        running.cancel()
        await asyncio.wait({running}, timeout=10)
        assert running.cancelled()
