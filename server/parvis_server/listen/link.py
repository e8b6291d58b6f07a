"""Where to listen: from the link that a hub prints to the WebSocket to open. Pure."""

import re
import ssl
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from parvis_server.errors import UsageError
from parvis_wire.messages import DEFAULT_ROOM

LISTEN_ENDPOINT, SPEAK_ENDPOINT = "/ws/listen", "/ws/speak"

_SCHEMES = {"http": ("ws", 80), "https": ("wss", 443)}
_ROOM_PATH = re.compile(r"/r/([a-z0-9][a-z0-9-]{0,63})/?")
_EXPECTED = "give the listener link, like http://192.168.1.20:8080/r/main"


@dataclass(frozen=True, slots=True)
class ListenerLink:
    """A room on a hub."""

    url: str
    """The WebSocket of the listeners."""
    host: str
    port: int
    room: str = DEFAULT_ROOM
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    """For https; None: the certificates that this machine knows."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``http://HOST[:PORT]/r/ROOM`` (or https; without a path: the default room).

        Raises:
            UsageError: it cannot be such a link.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{text!r} is no link ({error}): {_EXPECTED}") from error
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise UsageError(f"{text!r} is no listener link: {_EXPECTED}")
        scheme, usual_port = _SCHEMES[parts.scheme]
        port = usual_port if port is None else port
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(
            url=f"{scheme}://{host}:{port}{LISTEN_ENDPOINT}",
            host=parts.hostname,
            port=port,
            room=_room(text, parts.path),
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether it leads to https."""
        return self.url.startswith("wss:")

    def trusting(self, trust: ssl.SSLContext) -> Self:
        """The same room, of a hub that shows a certificate which this context takes."""
        return replace(self, trust=trust)

    @property
    def speak_url(self) -> str:
        """The WebSocket of the remote speakers."""
        return self.url.removesuffix(LISTEN_ENDPOINT) + SPEAK_ENDPOINT

    def __str__(self) -> str:
        """Machine and port, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _room(text: str, path: str) -> str:
    if path in ("", "/"):
        return DEFAULT_ROOM
    named = _ROOM_PATH.fullmatch(path)
    if named is None:
        raise UsageError(f"{text!r} names no room: {_EXPECTED}")
    return named[1]
