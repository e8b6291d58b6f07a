"""The hub's HTTP protocol: uvicorn's, with a limit on the time that a request's head may take.

Without it, a peer that sends one header line a minute holds a connection for ever.
"""

import asyncio
from typing import cast

import h11
import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from parvis_server.net import sockets
from parvis_server.net.entrance import LISTEN_PATH, Entrance, request_of
from parvis_server.net.listener_protocol import ListenerProtocol

HEAD_TIMEOUT_S = 5.0
"""From the connection, or the request's first byte, to the end of its head."""


class HubConfig(uvicorn.Config):
    """uvicorn's settings of one port, and the way in for its listeners."""

    entrance: Entrance | None = None
    """None: ``/ws/listen`` is a socket like any other."""


class HubHttpProtocol(H11Protocol):
    """One HTTP connection of the hub."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Tune the socket and wait for a request, once it is this connection's turn."""
        super().connection_made(transport)
        if self._is_beyond_the_last_file():
            transport.abort()  # there is no file left to answer with
            return
        sockets.tune(transport)
        entrance = cast(HubConfig, self.config).entrance
        if entrance is None or entrance.hall.turnstile.passes(self._let_in):
            self._watch_head()
        else:
            transport.pause_reading()

    def _let_in(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._unwatch_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; the clock runs exactly while a head is incomplete."""
        super().data_received(data)
        if self.transport.get_protocol() is not self or self._answering():
            self._unwatch_head()
        elif self._head_timer is None and self.conn.trailing_data[0]:
            self._watch_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over; its ``join`` has a time limit of its own."""
        self._unwatch_head()
        entrance = cast(HubConfig, self.config).entrance
        if entrance is None or self.scope["path"] != LISTEN_PATH:
            super().handle_websocket_upgrade(event)
            return
        self.connections.discard(self)
        listener = ListenerProtocol(entrance.hall, self.connections)
        self.transport.set_protocol(listener)
        request = request_of(event.method, event.target, event.http_version, self.headers)
        listener.upgrade(self.transport, request, self._socket_scope(), entrance)

    def _socket_scope(self) -> Scope:
        """The request as ASGI describes a WebSocket."""
        scheme = "wss" if self.scheme == "https" else "ws"
        answers: dict[str, dict[str, str]] = {"websocket.http.response": {}}
        return {**self.scope, "type": "websocket", "scheme": scheme, "extensions": answers}

    def _is_beyond_the_last_file(self) -> bool:
        entrance = cast(HubConfig, self.config).entrance
        last = None if entrance is None else entrance.hall.last_file
        return last is not None and sockets.file_of(self.transport) > last

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._head_is_late)

    def _unwatch_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self._answering() and not self.transport.is_closing():
            self.transport.abort()
