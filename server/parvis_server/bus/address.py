"""Where a bus is, and what a client proves itself to it with."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from parvis_server.errors import UsageError

SCHEMES = ("nats", "tls", "ws", "wss")
WHAT_IS_RIGHT = (
    "say nats://host:4222, tls://host:4222, ws://host/bus or wss://host/bus; several of a cluster "
    "with commas"
)


class Shows(Protocol):
    """Proves in the request for a WebSocket who asks."""

    def headers(self) -> dict[str, str]:
        """For one request."""

    def refused(self, date: str | None) -> bool:
        """It was not taken, by a server whose clock shows this; whether another one may be."""


@dataclass(frozen=True, slots=True)
class BusAddress:
    """One NATS server, or several of a cluster."""

    urls: tuple[str, ...]
    """Without user and password."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    credentials: Path | None = None
    """File with a JWT and an nkey seed, as ``nsc`` makes it."""
    ca: Path | None = None
    """PEM file with the authority that vouches for the server; None: those of the system."""
    shows: Shows | None = field(default=None, repr=False, compare=False)
    """What the request for a WebSocket carries besides."""

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        credentials: Path | None = None,
        ca: Path | None = None,
    ) -> Self:
        """Read URLs that stand with commas between them.

        Raises:
            UsageError: one of them cannot be the address of a bus; passwords are not repeated.
        """
        urls = []
        for one in text.split(","):
            url, url_user, url_password = _split(one.strip())
            urls.append(url)
            user, password = user or url_user, password or url_password
        is_web = {url.startswith("ws") for url in urls}
        if len(is_web) > 1:
            raise UsageError("the bus: WebSocket addresses (ws, wss) and others do not mix")
        for path, what in ((credentials, "credentials"), (ca, "certificate authority")):
            if path is not None and not path.is_file():
                raise UsageError(f"the bus: there is no file {path} with its {what}")
        return cls(tuple(urls), user, password, token, credentials, ca)

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way reads along."""
        return all(url.startswith(("tls:", "wss:")) for url in self.urls)

    def context(self) -> ssl.SSLContext:
        """How the server's certificate is checked.

        Raises:
            UsageError: the authority's file holds no certificate.
        """
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (ssl.SSLError, OSError) as error:
            raise UsageError(f"the bus: {self.ca} holds no certificate ({error})") from None

    def __str__(self) -> str:
        """For people and logs."""
        return ", ".join(self.urls)


def _split(url: str) -> tuple[str, str | None, str | None]:
    """The URL without its user and password, and these."""
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        port = parts.port
    except ValueError:
        raise UsageError(f"the bus has no such address: {WHAT_IS_RIGHT}") from None
    host = parts.hostname
    if parts.scheme not in SCHEMES or not host or port == 0:
        shown = url.rpartition("@")[2]
        raise UsageError(f"the bus: {shown!r} is no address of a NATS server: {WHAT_IS_RIGHT}")
    named = f"[{host}]" if ":" in host else host
    if port is None and not parts.scheme.startswith("ws"):
        port = 4222
    place = named if port is None else f"{named}:{port}"
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return f"{parts.scheme}://{place}{parts.path}", user, password
