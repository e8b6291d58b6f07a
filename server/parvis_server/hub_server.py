"""The ports that the hub listens on, and one uvicorn server for each of them."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from parvis_server.net.http_protocol import HubHttpProtocol
from parvis_server.net.websocket_protocol import HubWebSocketProtocol
from parvis_server.ports import BACKLOG

PING_INTERVAL_S = 5.0
PING_TIMEOUT_S = 10.0

GRACE_S = 2
"""For connections to end after the hub said goodbye; all in all it stops within three seconds."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One port with one scheme; a second one with the hub's own certificate joins the list."""

    socket: socket.socket
    scheme: str = "http"

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self.socket.getsockname()[1])


class HubServer(uvicorn.Server):
    """uvicorn's server as one task of ours: no signal handlers, and it says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        """It does not listen yet."""
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self.listening.set()


def make_server(application: ASGIApp) -> HubServer:
    """The server of one listener."""
    return HubServer(
        uvicorn.Config(
            application,
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
    )
