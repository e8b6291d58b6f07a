"""Before any route: requests that were not meant for this hub, and headers on every answer.

An ASGI middleware. Answers 421 to a ``Host`` that is not ours (DNS rebinding) and 403 to a
WebSocket from another site's page, and adds the security headers to everything.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from parvis_server.net.admission import host_is_known, host_name, is_loopback
from parvis_server.net.arrival import arrival_of, is_encrypted, is_forwarded, origin_is_ours

_PLAIN_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]{1,255}")

OPENER_POLICY = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Only where browsers heed it: elsewhere they put an error into the page's console."""

LASTING = {"Strict-Transport-Security": "max-age=31536000"}
"""HSTS (RFC 6797), a year: only where a certificate was shown that browsers trust. With the hub's
own it would lock its audience out of http."""

UNKNOWN_HOST = (
    "This hub does not go by that name. Open it by its address, or add the name to network.names "
    "in its settings.\nCe serveur ne porte pas ce nom : ouvrez-le par son adresse.\n"
)
FOREIGN_ORIGIN = "This socket is for the hub's own page.\n"

FIXED_HEADERS = {
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

OPERATOR_PATH = "/operator"
SCANS = {"Permissions-Policy": "microphone=(), camera=(self), geolocation=()"}
"""Operators scan the labels of units."""


def content_security_policy(host: str, sisters: Iterable[str] = ()) -> str:
    """The policy of every page; sockets are named for Safari before 15.4 ('self' was http only).

    ``sisters`` are other places where its sockets may be: origins, or ports of this host.
    """
    is_plain = _PLAIN_HOST.fullmatch(host) is not None
    sockets = f" ws://{host} wss://{host}" if is_plain else ""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    for sister in sisters:
        if sister.startswith(":"):
            sockets += f" ws://{name}{sister} wss://{name}{sister}" if is_plain else ""
        else:
            sockets += f" ws{sister.removeprefix('http')}"
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
        "style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"connect-src 'self'{sockets}; manifest-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


class Guard:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        names: Callable[[], frozenset[str]],
        is_sister: Callable[[str, str], bool] = lambda origin, host: False,
        sisters: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Guard ``app``.

        Args:
            app: what is behind.
            names: those of this hub, besides addresses and localhost.
            is_sister: whether a page of this origin may use the sockets of this ``Host`` too: the
                page comes from the hub or from another edge.
            sisters: where pages may find further sockets: origins, or ports of this host.
        """
        self.app = app
        self._names = names
        self._is_sister = is_sister
        self._sisters = sisters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host")
        policy = content_security_policy(host or "", self._sisters())
        fixed = _headers_for(scope, host)
        guarded = _with_headers(send, {**fixed, "Content-Security-Policy": policy})
        if not host_is_known(host, self._names()):
            await _refuse(scope, receive, guarded, 421, UNKNOWN_HOST)
        elif scope["type"] == "websocket" and not self._may_use_sockets(scope, headers):
            await _refuse(scope, receive, guarded, 403, FOREIGN_ORIGIN)
        else:
            await self.app(scope, receive, guarded)

    def _may_use_sockets(self, scope: Scope, headers: Headers) -> bool:
        origin, host = headers.get("origin"), headers.get("host")
        own = origin_is_ours(origin, host, scope["scheme"], forwarded=is_forwarded(scope))
        return own or self._is_sister(origin or "", host or "")


def behind(proxies: Sequence[str], app: ASGIApp) -> ASGIApp:
    """The application behind reverse proxies: what these say of the client's address and scheme is
    believed, and nobody else's word."""
    return cast(ASGIApp, ProxyHeadersMiddleware(app, list(proxies)))  # type: ignore[arg-type]


def _is_trusted(scheme: str, host: str | None) -> bool:
    """Whether browsers take the page for a secure context."""
    name = host_name(host) or ""
    local = is_loopback(name) or name == "localhost" or name.endswith(".localhost")
    return local or scheme in {"https", "wss"}


def _headers_for(scope: Scope, host: str | None) -> dict[str, str]:
    """Those of every answer, and those that only some browsers may get."""
    trusted = OPENER_POLICY if _is_trusted(scope["scheme"], host) else {}
    lasting = LASTING if is_encrypted(scope) and arrival_of(scope).publicly_certified else {}
    scans = SCANS if scope["path"] == OPERATOR_PATH else {}
    return {**FIXED_HEADERS, **trusted, **lasting, **scans}


def _with_headers(send: Send, fixed: Mapping[str, str]) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            for name, value in fixed.items():
                headers.setdefault(name, value)
        await send(message)

    return guarded


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    prefix = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": f"{prefix}.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": body})
