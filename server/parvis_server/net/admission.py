"""Who may come in: addresses, names and origins of a request, and the first message. Pure."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from parvis_server.errors import PeerFault
from parvis_server.net.credentials import Keys
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import PROTOCOL_VERSION, HostCredential, Join, ResumeCredential, Role

NOT_FROM_HERE = (
    "this {role} is not paired, and unpaired {role}s may join only from the hub's own machine: "
    "start the hub with --open-house to admit them from anywhere"
)

PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""What proxies add to a request that they pass on: RFC 7239, RFC 9110 section 7.6.3, and custom."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Both ends of a connection, as the hub's kernel knows them."""

    address: str
    own_address: str
    forwarded: bool = False
    """A proxy passed it on: ``address`` is the proxy's, and who stands behind it is not known."""

    @property
    def is_this_machine(self) -> bool:
        """Loopback, or this machine calling itself by its own address."""
        near = self.address == self.own_address or is_loopback(self.address)
        return near and not self.forwarded


def is_loopback(address: str) -> bool:
    """Whether an address never leaves its machine; False for what is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def host_is_known(host_header: str | None, names: frozenset[str]) -> bool:
    """Whether a request was meant for this hub.

    A page of another site can make its own name point to the hub's address (DNS rebinding) and so
    become the same origin; it cannot make the browser send another ``Host``. Addresses
    are safe: nobody else's name is an address.
    """
    host = host_name(host_header)
    if host is None:
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or host in names
    return True


def origin_is_ours(origin: str | None, host_header: str | None, scheme: str) -> bool:
    """Whether a browser's request came from the hub's own page; no Origin is no browser."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        ours = urlsplit(f"//{host_header}")
        secure = scheme in {"wss", "https"}
        default_port = 443 if secure else 80
        return (
            parts.scheme in {"http", "https"}
            and parts.hostname is not None
            and parts.hostname == ours.hostname
            and (parts.port or (443 if parts.scheme == "https" else 80))
            == (ours.port or (443 if parts.scheme == "https" else default_port))
        )
    except ValueError:
        return False


def host_name(host_header: str | None) -> str | None:
    """The host part, in lower case, without port, brackets or the root's dot."""
    if not host_header:
        return None
    try:
        host = urlsplit(f"//{host_header}").hostname
    except ValueError:
        return None
    return host.rstrip(".") if host else None


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Decides about a ``join``."""

    keys: Keys
    has_room: Callable[[str], bool]
    open_house: bool

    def admit(self, join: Join, roles: frozenset[Role], peer: Peer) -> str | None:
        """The participant who comes back, or None for a newcomer.

        Args:
            join: the first message.
            roles: those of the endpoint.
            peer: where it comes from.

        Raises:
            PeerFault: this join is refused; code and text say why.
        """
        if join.version != PROTOCOL_VERSION:
            raise PeerFault(
                CloseCode.VERSION,
                f"this hub speaks version {PROTOCOL_VERSION} of the protocol, not {join.version}",
            )
        if join.role not in roles:
            raise PeerFault(
                CloseCode.FORBIDDEN, f"the role {join.role.value} may not use this endpoint"
            )
        if (join.unit is not None) != (join.role is Role.UNIT):
            raise PeerFault(CloseCode.MALFORMED, "unit: present exactly for the role unit")
        if (join.speaker is not None) != (join.role is Role.SPEAKER):
            raise PeerFault(CloseCode.MALFORMED, "speaker: present exactly for the role speaker")
        self._authorise(join, peer)
        if not self.has_room(join.room):
            raise PeerFault(CloseCode.ROOM_CLOSED, "there is no such room")
        if isinstance(join.credential, ResumeCredential):
            return self.keys.resumed(join.role, join.credential.token)
        return None

    def _authorise(self, join: Join, peer: Peer) -> None:
        if join.role is Role.HOST:
            if not isinstance(join.credential, HostCredential):
                raise PeerFault(CloseCode.UNAUTHORISED, "the secret of the host link is missing")
            if not self.keys.is_host(join.credential.secret):
                raise PeerFault(CloseCode.UNAUTHORISED, "the secret of the host link is wrong")
        sounds = join.role in (Role.UNIT, Role.SPEAKER)
        if sounds and not (self.open_house or peer.is_this_machine):
            raise PeerFault(CloseCode.FORBIDDEN, NOT_FROM_HERE.format(role=join.role.value))
