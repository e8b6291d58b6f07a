"""The handshake of ``/ws/listen``: the checks of every request, without a task that waits for them.

The checks are ASGI applications around other applications, and none of them waits for anything: so
a handshake is driven through them in one call, and no code stands beside theirs.
"""

from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers as ScopeHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from parvis_server.net.listener_hall import ListenerHall

LISTEN_PATH = "/ws/listen"


class Entrance:
    """The checks of every request, for the handshakes of one port."""

    def __init__(self, hall: ListenerHall, wrapped: Callable[[ASGIApp], ASGIApp]) -> None:
        """``wrapped`` notes how the connections of this port come."""
        self.hall = hall
        self._checks = wrapped(hall.around(self._inside))
        self._let_in = False

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._let_in = True

    def refusal(self, scope: MutableMapping[str, Any]) -> list[Message]:
        """What to answer instead of a welcome, in ASGI's messages; none: it may come in."""
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            said.append(message)

        self._let_in = False
        checking = self._checks(scope, receive, send)
        try:
            checking.send(None)  # type: ignore[attr-defined]  # a coroutine that never waits
        except StopIteration:
            if self._let_in or said:
                return said
        raise AssertionError("the checks of a handshake answer at once, or let it in")


def request_of(method: bytes, target: bytes, version: bytes, headers: list[Any]) -> Request:
    """What uvicorn read, as websockets wants it."""
    named = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
    protocol = f"HTTP/{version.decode('ascii')}"
    return Request(target.decode("ascii"), named, method.decode("ascii"), protocol)


def response_of(said: list[Message]) -> Response:
    """ASGI's refusal of a handshake, as uvicorn writes it."""
    start, body = said[0], b"".join(message.get("body", b"") for message in said[1:])
    raw = ScopeHeaders(raw=list(start["headers"]))
    headers = Headers([*raw.items(), ("Connection", "close")])
    return Response(start["status"], HTTPStatus(start["status"]).phrase, headers, body)
