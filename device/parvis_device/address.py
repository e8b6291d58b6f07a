"""Where the hub is: from what a person types to the WebSocket to open. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from parvis_device.errors import BadHubAddress
from parvis_wire.messages import DEFAULT_ROOM

UNIT_ENDPOINT = "/ws/unit"

_SCHEMES = {"http": ("ws", 80), "https": ("wss", 443), "ws": ("ws", 80), "wss": ("wss", 443)}
_ROOM_PATH = re.compile(r"/r/([a-z0-9][a-z0-9-]{0,63})/?")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_EXPECTED = "write it like http://192.168.1.20:8080"


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A hub that a unit can try to reach."""

    secure: bool
    host: str
    port: int
    room: str = DEFAULT_ROOM

    @classmethod
    def parse(cls, text: str) -> "HubAddress":
        """Read ``http://HOST:PORT`` (also https, ws, wss, or the room's link for listeners).

        Raises:
            BadHubAddress: it cannot be an address of a hub.
        """
        if "://" not in text:
            raise BadHubAddress(f"{text!r} is no hub address: {_EXPECTED}")
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise BadHubAddress(f"{text!r} is no hub address ({error}): {_EXPECTED}") from error
        if parts.scheme not in _SCHEMES:
            raise BadHubAddress(
                f"{text!r}: a hub speaks http or https, not {parts.scheme}: {_EXPECTED}"
            )
        if not parts.hostname or not _is_host(parts.hostname) or parts.username:
            raise BadHubAddress(f"{text!r} names no machine: {_EXPECTED}")
        scheme, usual_port = _SCHEMES[parts.scheme]
        return cls(
            secure=scheme == "wss",
            host=parts.hostname,
            port=usual_port if port is None else port,
            room=_room(text, parts.path),
        )

    @property
    def url(self) -> str:
        """The WebSocket of the units."""
        return f"{'wss' if self.secure else 'ws'}://{self}{UNIT_ENDPOINT}"

    def __str__(self) -> str:
        """Machine and port, for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _is_host(name: str) -> bool:
    """Whether it could be a name or an address; labels of a name have 1 to 63 characters."""
    labels = name.removesuffix(".").split(".")
    return _HOST.fullmatch(name) is not None and all(0 < len(label) < 64 for label in labels)


def _room(text: str, path: str) -> str:
    if path in ("", "/", UNIT_ENDPOINT, "/host"):
        return DEFAULT_ROOM
    named = _ROOM_PATH.fullmatch(path)
    if named is None:
        raise BadHubAddress(f"{text!r}: a hub has no path {path}: {_EXPECTED}")
    return named[1]
