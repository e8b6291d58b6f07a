"""A public edge as it stands on a rented machine: `parvis edge --public` behind a real Caddy."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.processes import Program, command, free_port, running, wait_for_port
from parvis_server.link.publish_address import PublishAddress

LOOPBACK = "127.0.0.1"
NAME = "localhost"
"""The one name that every machine resolves without being asked."""

VISITOR = "127.0.0.2"
"""Another address of this machine: somebody who comes from elsewhere."""

CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
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

HOW_TO_JOIN = r"parvis hub --publish '(\S+)'"


@dataclass
class PublicEdge:
    """The edge, Caddy in front of it, and what its hub is given."""

    program: Program
    address: PublishAddress
    authority: Path
    port: int
    """Of Caddy."""

    @property
    def origin(self) -> str:
        """Where phones reach it."""
        return f"https://{NAME}:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        """Of a phone's connections."""
        there = {"host": LOOPBACK, "port": self.port, "local_addr": (VISITOR, 0)}
        return {**there, "ssl": self.trusting, "origin": self.origin}

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    def browser(self) -> httpx.AsyncClient:
        """Somebody elsewhere."""
        way = httpx.AsyncHTTPTransport(verify=self.trusting, local_address=VISITOR)
        return httpx.AsyncClient(transport=way, base_url=self.origin, trust_env=False)

    async def until_reached(self) -> None:
        """Wait until the edge reaches its hub, and the link carries sound."""
        pause = asyncio.Event()
        async with self.browser() as browser, asyncio.timeout(30):
            while (await browser.get("/healthz")).json() != {"status": "ok"}:
                with suppress(TimeoutError):
                    await asyncio.wait_for(pause.wait(), 0.1)
        await asyncio.to_thread(self.program.wait_for, "the hub in the venue is linked")


@contextmanager
def public_edge(folder: Path, hub_port: int | None = None) -> Iterator[PublicEdge]:
    """Both started, and the address read from what the edge prints; ``hub_port``: where its hub
    reaches it, if something stands between."""
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.fail("no caddy on this machine: run scripts/setup test")
    folder.mkdir(exist_ok=True)
    port, behind, config = free_port(), free_port(), folder / "Caddyfile"
    config.write_text(
        TRIAL.format(
            loopback=LOOPBACK,
            http_port=free_port(),
            port=port,
            folder=folder / "caddy",
            caddyfile=CADDYFILE,
        )
    )
    said = {"PARVIS_NAME": f"{NAME}:{port}", "PARVIS_PORT": str(behind)}
    said |= {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (
        running(caddy, "run", "--config", str(config), "--adapter", "caddyfile", env=said) as front,
        edge_process(folder / "edge", f"{NAME}:{hub_port or port}", behind) as edge,
    ):
        front.wait_for("certificate obtained successfully")
        wait_for_port(port)
        address = PublishAddress.parse(edge.wait_for(HOW_TO_JOIN)[1])
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        yield PublicEdge(edge, address, root, port)


@contextmanager
def edge_process(folder: Path, name: str, port: int, *more: str) -> Iterator[Program]:
    """`parvis edge --public`, behind a proxy on this machine."""
    arguments = ("--public", name, "--port", str(port), "--data", str(folder))
    there = () if more else ("--host", LOOPBACK, "--behind-proxy", LOOPBACK)
    with running(*command("parvis", "edge", *arguments, *there, *more)) as edge:
        edge.wait_for("in the venue: ")
        yield edge
