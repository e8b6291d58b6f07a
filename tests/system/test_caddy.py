"""A hub behind a real Caddy with the Caddyfile of docs/: page, sockets, stream, API, addresses."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import Peer, host_credential, peer
from fakes.processes import free_port, running, wait_for_port
from parvis_server.config import NetworkSettings
from parvis_server.net.pages import read_pages
from parvis_wire.commands import SilenceAll
from parvis_wire.messages import Role

pytestmark = [pytest.mark.system, pytest.mark.beside]

CADDYFILE = Path(__file__).parents[2] / "docs" / "caddy" / "Caddyfile"
NAME = "hall.test"
VISITOR, STRANGER = "127.0.0.2", "127.0.0.3"
"""Other addresses of this machine: a visitor of Caddy, and somebody who goes past it."""

TRIAL = """{{
	admin off
	grace_period 1s
	local_certs
	skip_install_trust
	auto_https disable_redirects
	default_bind {loopback}
	http_port {http_port}
	https_port {port}
	storage file_system {folder}
}}
import {caddyfile}
"""
"""Around the Caddyfile as it is: an authority of its own, and ports that anybody may take."""


@dataclass
class Front:
    """Caddy, and the hub behind it."""

    hub: LiveHub
    port: int
    trusting: ssl.SSLContext

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.port}"

    def client(self) -> httpx.AsyncClient:
        """A browser on another machine, as far as Caddy can see."""
        way = httpx.AsyncHTTPTransport(verify=self.trusting, local_address=VISITOR)
        named = {"Host": f"{NAME}:{self.port}"}
        there = f"https://{LOOPBACK}:{self.port}"
        return httpx.AsyncClient(transport=way, base_url=there, headers=named, trust_env=False)

    @asynccontextmanager
    async def socket(self, path: str = "/ws/listen", **headers: str) -> AsyncIterator[Peer]:
        async with peer(
            f"wss://{NAME}:{self.port}{path}",
            host=LOOPBACK,
            port=self.port,
            ssl=self.trusting,
            origin=self.origin,
            local_addr=(VISITOR, 0),
            additional_headers=headers,
        ) as connected:
            yield connected


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.fail("no caddy on this machine: run scripts/setup test")
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html><head></head><title>Audience</title>")
    network = NetworkSettings(
        host=LOOPBACK, port=0, tls_port=None, names=(NAME,), behind_proxy=(LOOPBACK,)
    )
    async with live_hub(tmp_path / "hub", network=network, pages=read_pages(static)) as hub:
        port, config = free_port(), tmp_path / "Caddyfile"
        config.write_text(
            TRIAL.format(
                loopback=LOOPBACK,
                http_port=free_port(),
                port=port,
                folder=tmp_path / "caddy",
                caddyfile=CADDYFILE,
            )
        )
        said = {"PARVIS_NAME": f"{NAME}:{port}", "PARVIS_HUB": f"{LOOPBACK}:{hub.port}"}
        said |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        arguments = ("run", "--config", str(config), "--adapter", "caddyfile")
        with running(caddy, *arguments, env=said) as server:
            server.wait_for("certificate obtained successfully")
            wait_for_port(port)
            root = tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"
            yield Front(hub, port, ssl.create_default_context(cafile=str(root)))


async def test_everything_comes_through_and_addresses_are_those_of_the_visitors(
    front: Front,
) -> None:
    hub = front.hub
    async with front.client() as browser:
        page = await browser.get("/r/main", extensions={"sni_hostname": NAME})
        assert page.status_code == 200 and "Audience" in page.text
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert page.headers["cross-origin-opener-policy"] == "same-origin", "https is believed"
        assert f"wss://{NAME}:{front.port}" in page.headers["content-security-policy"]
        assert "server" not in page.headers
        room = await browser.get("/api/v1/rooms/main", extensions={"sni_hostname": NAME})
        assert room.json()["link"] == f"https://{NAME}/r/main"
        async with (
            browser.stream("GET", "/listen.mp3", extensions={"sni_hostname": NAME}) as stream,
            front.socket(**{"X-Forwarded-For": "192.0.2.66"}) as phone,
            front.socket() as console,
        ):
            await phone.join()
            await console.join(Role.HOST, credential=host_credential(hub.secret))
            assert {seat.connection.peer.address for seat in hub.live.seats} == {VISITOR}
            for seat in hub.live.seats:
                there = seat.connection.peer
                assert there.encrypted and not there.is_this_machine
            assert (await console.do(SilenceAll, on=True)).refused is None
            hub.engine.say(b"\xf8\xff\xfe", 50)
            while len(phone.packets) < 50:
                await phone.hear()
            assert stream.headers["content-type"] == "audio/mpeg"
            async for heard in stream.aiter_bytes():
                assert heard
                break


async def test_who_goes_past_caddy_is_not_believed(front: Front) -> None:
    forged = {"X-Forwarded-For": "192.0.2.66", "X-Forwarded-Proto": "https"}
    async with peer(
        front.hub.listen, local_addr=(STRANGER, 0), additional_headers=forged
    ) as stranger:
        await stranger.join()
        [seat] = front.hub.live.seats
        assert seat.connection.peer.address == STRANGER
        assert not seat.connection.peer.encrypted
