"""The address with which a hub publishes: its public edge, and the secret they share. Pure.

``https://room.example/#p1-`` + 24 characters of the secret + 6 that check them, all in base64url
(RFC 4648, section 5). It stands in the fragment, which nothing sends anywhere. What the two sides
show each other is derived from it (HKDF, RFC 5869, one label each), so that neither the bus' server
nor a log of one connection holds the secret itself.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parvis_server.errors import UsageError

SECRET_BYTES = 18
"""144 bits; 128 cannot be guessed (OWASP ASVS 7.2.3), and 18 bytes are 24 characters evenly."""

VERSION = "p1"
CHECK_CHARACTERS = 6
"""36 bits: an address that was cut off or mistyped is told from one that is not known."""

LINK_PATH, BUS_PATH = "/ws/link", "/bus"

_SECRET_CHARACTERS = SECRET_BYTES * 4 // 3
_FRAGMENT = re.compile(r"p(\d{1,3})-([A-Za-z0-9_-]*)")
_EXPECTED = "copy the whole line that parvis edge --public printed"


@dataclass(frozen=True, slots=True)
class BusUser:
    """Who somebody is on the bus, and what proves it."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class PublishAddress:
    """A public edge, and what a hub proves itself to it with."""

    host: str
    """Name or address; of IPv6 without brackets."""
    port: int
    encrypted: bool
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what would send sound and names over the internet in the clear.

        Raises:
            UsageError: it would.
        """
        if not self.encrypted and not _is_this_machine(self.host):
            raise UsageError(
                f"http://{self.host} is not encrypted, and whoever is on the way could listen and "
                "act: publish to https://"
            )
        if len(self.secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(self.secret)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what the edge printed.

        Raises:
            UsageError: it cannot be such an address; the text says why, and never its secret.
        """
        shown = text.strip().partition("#")[0]
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError as error:
            raise UsageError(f"{shown!r} is no address ({error}): {_EXPECTED}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{shown!r} is no address of a public edge: {_EXPECTED}")
        if parts.path not in ("", "/") or parts.query or parts.username is not None:
            raise UsageError(f"{shown!r} says more than where the edge is: {_EXPECTED}")
        secret = _secret_of(parts.fragment, shown)
        encrypted = parts.scheme == "https"
        usual_port = 443 if encrypted else 80
        return cls(parts.hostname, usual_port if port is None else port, encrypted, secret)

    @property
    def fragment(self) -> str:
        """What stands behind the ``#``."""
        secret = base64.urlsafe_b64encode(self.secret).decode()
        return f"{VERSION}-{secret}{_check(secret)}"

    def whole(self) -> str:
        """The address with its secret: only for the person who copies it, and its own file."""
        return f"{self.origin}/#{self.fragment}"

    @property
    def origin(self) -> str:
        """What browsers reach the edge by."""
        return f"http{'s' if self.encrypted else ''}://{self.authority}"

    @property
    def authority(self) -> str:
        """Name, and port where it is not the usual one."""
        usual = self.port == (443 if self.encrypted else 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if usual else f"{host}:{self.port}"

    @property
    def link_url(self) -> str:
        """The WebSocket that carries sound."""
        return f"ws{'s' if self.encrypted else ''}://{self.authority}{LINK_PATH}"

    @property
    def bus_url(self) -> str:
        """NATS over WebSocket."""
        return f"ws{'s' if self.encrypted else ''}://{self.authority}{BUS_PATH}"

    @cached_property
    def link_key(self) -> bytes:
        """What both ends of the link prove that they know."""
        return self._derived("link")

    @cached_property
    def entry_key(self) -> bytes:
        """What a hub shows in its requests that it knows."""
        return self._derived("entry")

    @cached_property
    def site(self) -> str:
        """The ``SiteName`` of this hub and its edges on the bus."""
        return self._derived("site").hex()[:24]

    @cached_property
    def hub(self) -> BusUser:
        """The hub, on the bus."""
        return BusUser("hub", self._derived("bus user hub").hex())

    @cached_property
    def edge(self) -> BusUser:
        """Every edge, on the bus."""
        return BusUser("edge", self._derived("bus user edge").hex())

    @cached_property
    def link(self) -> BusUser:
        """The end of the link at the edge, on the bus."""
        return BusUser("link", self._derived("bus user link").hex())

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What no log may hold."""
        users = (self.hub, self.edge, self.link)
        passwords = (user.password for user in users)
        keys = (self.link_key.hex(), self.entry_key.hex())
        return self.fragment, self.fragment[len(VERSION) + 1 :], *passwords, *keys

    def __str__(self) -> str:
        """Where it is, for people and logs."""
        return self.origin

    def _derived(self, purpose: str) -> bytes:
        info = f"parvis publish {VERSION}|{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self.secret)


def _secret_of(fragment: str, shown: str) -> bytes:
    if not fragment:
        raise UsageError(f"{shown!r} ends before its secret (behind the #): {_EXPECTED}")
    known = _FRAGMENT.fullmatch(fragment)
    if known is None:
        raise UsageError(f"what follows the # of {shown!r} is no secret: {_EXPECTED}")
    if f"p{known[1]}" != VERSION:
        raise UsageError(
            f"the address of {shown!r} was made by another version of Parvis: bring hub and edge "
            "to the same version, and copy what parvis edge --public prints then"
        )
    secret, check = known[2][:_SECRET_CHARACTERS], known[2][_SECRET_CHARACTERS:]
    whole = len(known[2]) == _SECRET_CHARACTERS + CHECK_CHARACTERS
    if not whole or check != _check(secret):
        raise UsageError(f"the address of {shown!r} was cut off or mistyped: {_EXPECTED}")
    return base64.urlsafe_b64decode(secret)


def _check(secret: str) -> str:
    digest = hashlib.sha256(f"parvis publish {VERSION}|{secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:CHECK_CHARACTERS]


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
