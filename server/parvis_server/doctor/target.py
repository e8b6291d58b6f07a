"""What the doctor looks at: a publish address, an edge, a hub; and which ways lead there. Pure."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from parvis_server.errors import UsageError
from parvis_server.link.publish_address import PublishAddress


@dataclass(frozen=True, slots=True)
class Target:
    """Where to look, and with which secret, if any."""

    host: str
    port: int
    encrypted: bool
    address: PublishAddress | None = None
    """Of a publish address: bus and link are looked at, too."""
    authority: Path | None = None
    """PEM file that vouches for the certificate; None: those of the system."""
    is_edge: bool = False
    """There shall be an edge, behind which a hub is."""

    @classmethod
    def published(cls, address: PublishAddress, authority: Path | None = None) -> Self:
        """The public edge of a publish address."""
        return cls(address.host, address.port, address.encrypted, address, authority, is_edge=True)

    @classmethod
    def at(cls, text: str, authority: Path | None = None, *, is_edge: bool = False) -> Self:
        """Hub or edge at ``https://room.example``, or any link to it.

        Raises:
            UsageError: it cannot be such an address.
        """
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            port = parts.port
        except ValueError as error:
            raise UsageError(
                f"{text!r} is no address ({error}): say https://room.example"
            ) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{text!r} is no address of a hub or edge: say https://room.example")
        encrypted = parts.scheme == "https"
        usual = 443 if encrypted else 80
        port = usual if port is None else port
        return cls(parts.hostname, port, encrypted, None, authority, is_edge)

    @property
    def origin(self) -> str:
        """What browsers reach it by."""
        return f"http{'s' if self.encrypted else ''}://{self.authority_part}"

    @property
    def authority_part(self) -> str:
        """Name, and port where it is not the usual one: the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.encrypted else 80) else f"{host}:{self.port}"

    def socket(self, path: str) -> str:
        """URL of a WebSocket there."""
        return f"ws{'s' if self.encrypted else ''}://{self.authority_part}{path}"
