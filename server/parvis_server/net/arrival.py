"""How a request came to the hub: encrypted or not, with which certificate, from whose page. Pure.

Each listener tells it in ``scope["extensions"]``; what a proxy passed on was encrypted by the
proxy, if at all, with a certificate that the hub does not know.
"""

import ipaddress
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from parvis_server.net.admission import PROXY_HEADERS, Peer

EXTENSION = "parvis.arrival"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a listener says of the connections that it takes."""

    certificate: bytes | None = None
    """SHA-256 of the certificate (DER) that the hub showed, its own or one of files: it vouches for
    it with the site's key. None: it did not encrypt, or a proxy stands between."""
    publicly_certified: bool = False
    """Whether the hub showed certificate files that are still good: browsers take no other offer
    of this name from then on (HSTS)."""


PLAIN = Arrival()


def told(scope: MutableMapping[str, Any], arrival: Arrival) -> None:
    """Note in a request's scope how it came."""
    scope.setdefault("extensions", {})[EXTENSION] = arrival


def arrival_of(scope: Scope) -> Arrival:
    """How this request or socket came."""
    noted = scope.get("extensions", {}).get(EXTENSION, PLAIN)
    known = isinstance(noted, Arrival) and not is_forwarded(scope)
    return noted if known else PLAIN


def is_encrypted(scope: Scope) -> bool:
    """Whether it came over TLS, as far as a proxy that is believed says so."""
    return scope.get("scheme") in {"https", "wss"}


def is_forwarded(scope: Scope) -> bool:
    """Whether a proxy passed it on."""
    headers = Headers(scope=scope)
    return any(name in headers for name in PROXY_HEADERS)


def is_inside(scope: Scope, *, from_lan: bool) -> bool:
    """Whether it came from this machine, or (``from_lan``) from a private network beside it.

    What a proxy passed on came from wherever its visitors are, also one on this machine.
    """
    client, server = scope.get("client"), scope.get("server")
    address = client[0] if client else ""
    peer = Peer(address, server[0] if server else "unknown", is_forwarded(scope))
    return peer.is_this_machine or (from_lan and not peer.forwarded and _is_private(address))


def _is_private(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_private


def origin_is_ours(
    origin: str | None, host_header: str | None, scheme: str, *, forwarded: bool = False
) -> bool:
    """Whether a browser's request came from the hub's own page; no Origin is no browser.

    A page of the other scheme is another page. But a proxy that nobody named in ``behind_proxy``
    may have taken the encryption off: what it passed on (``forwarded``, which no page can pretend)
    may come from an https page.
    """
    if origin is None:
        return True
    encrypted = scheme in {"wss", "https"} or (forwarded and origin.startswith("https:"))
    own_scheme, own_port = ("https", 443) if encrypted else ("http", 80)
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host_header}")
        same_host = theirs.hostname is not None and theirs.hostname == ours.hostname
        same_port = (theirs.port or own_port) == (ours.port or own_port)
        return theirs.scheme == own_scheme and same_host and same_port
    except ValueError:
        return False


class Listened:
    """Wraps the application for one listener: notes how everything that it takes came."""

    def __init__(self, app: ASGIApp, arrival: Callable[[], Arrival]) -> None:
        """``arrival`` is asked at every request: certificates are renewed."""
        self._app = app
        self._arrival = arrival

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or socket."""
        told(scope, self._arrival())
        await self._app(scope, receive, send)
