"""The ports that the hub listens on, and one uvicorn server for each of them."""

import asyncio
import contextlib
import socket
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from parvis_server.encryption import Encryption
from parvis_server.net.arrival import PLAIN, Arrival, Listened
from parvis_server.net.entrance import Entrance
from parvis_server.net.http_protocol import HubConfig, HubHttpProtocol
from parvis_server.net.listener_hall import ListenerHall
from parvis_server.net.websocket_protocol import HubWebSocketProtocol
from parvis_server.ports import BACKLOG

PING_INTERVAL_S = 5.0
PING_TIMEOUT_S = 10.0

GRACE_S = 2
"""For connections to end after the hub said goodbye; all in all it stops within three seconds."""

TLS_HANDSHAKE_S = 5
"""As long as a join may take; asyncio's own 60 s would let silent peers pile up."""

TLS_GOODBYE_S = 1
"""For the peer's last word; asyncio's own 30 s would outlast the hub's three seconds."""


TLS_READ_BYTES = 16_384
"""What a connection over TLS reads at once: one record (RFC 8446, section 5.1)."""


class LeanTls(SSLProtocol):
    """asyncio's TLS, which would keep 256 kB for each connection, and take as much at each read."""

    max_size = TLS_READ_BYTES


@dataclass(frozen=True, slots=True)
class Listener:
    """One port: plain http, or https with a certificate."""

    socket: socket.socket
    encryption: Encryption | None = None

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self.socket.getsockname()[1])

    @property
    def scheme(self) -> Literal["http", "https"]:
        """What its links begin with."""
        return "http" if self.encryption is None else "https"

    @property
    def certificate(self) -> bytes | None:
        """SHA-256 of the certificate (DER) that it shows now; None: it does not encrypt."""
        return None if self.encryption is None else self.encryption.certificate.digest

    def arrival(self) -> Arrival:
        """What is true of every connection that it takes."""
        if self.encryption is None:
            return PLAIN
        utc_ms = time.time_ns() // 1_000_000
        good = self.encryption.kind == "files" and self.encryption.certificate.is_good(utc_ms)
        return Arrival(certificate=self.certificate, publicly_certified=good)


class HubServer(uvicorn.Server):
    """uvicorn's server as one task of ours: no signal handlers, and it says when it listens."""

    def __init__(self, config: uvicorn.Config, encryption: Encryption | None) -> None:
        """It does not listen yet."""
        super().__init__(config)
        self._encryption = encryption
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        if self._encryption is None:
            await super().startup(sockets)
        else:
            await self._startup_encrypted(self._encryption, sockets or [])
        self.listening.set()

    async def _startup_encrypted(
        self, encryption: Encryption, sockets: list[socket.socket]
    ) -> None:
        """As uvicorn does it, with bounds on the time and memory of every connection."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()

        def encrypted() -> LeanTls:
            return LeanTls(
                loop,
                HubHttpProtocol(self.config, self.server_state, self.lifespan.state),
                encryption.context,
                None,  # type: ignore[arg-type]  # nobody waits for the handshake
                server_side=True,
                ssl_handshake_timeout=TLS_HANDSHAKE_S,
                ssl_shutdown_timeout=TLS_GOODBYE_S,
            )

        self.servers = [
            await loop.create_server(encrypted, sock=listening, backlog=BACKLOG)
            for listening in sockets
        ]
        self.started = True


def make_server(
    application: ASGIApp, listener: Listener, hall: ListenerHall | None = None
) -> HubServer:
    """The server of one listener.

    Args:
        application: everything but ``/ws/listen``.
        listener: the port.
        hall: where the audience goes, which somebody else runs; None: nobody listens here.
    """
    config = HubConfig(
        Listened(application, listener.arrival),
        http=HubHttpProtocol,
        ws=HubWebSocketProtocol,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=PING_TIMEOUT_S,
        ws_per_message_deflate=False,
        backlog=BACKLOG,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # A proxy on this machine must not make everybody look like it, nor anybody like us.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    if hall is not None:
        config.entrance = Entrance(hall, lambda checks: Listened(checks, listener.arrival))
    return HubServer(config, listener.encryption)
