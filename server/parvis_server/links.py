"""The links that people open: addresses that others can reach, spelled as URLs."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from parvis_server.net.credentials import Keys
from parvis_wire.floor import Access, Invite, InviteRole
from parvis_wire.messages import DEFAULT_ROOM

EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})

LOOPBACK = "127.0.0.1"

DOCUMENTATION_ADDRESS = "192.0.2.1"
"""TEST-NET-1 (RFC 5737): belongs to nobody; asking for the way to it sends nothing."""

VIRTUAL_PREFIXES = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "lxc", "tun", "tap", "wg")
"""Interfaces that no phone in the hall is on."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One IPv4 address of this machine."""

    name: str
    address: str


def origin(address: str, port: int, scheme: str = "http") -> str:
    """``http://ADDRESS[:PORT]``; IPv6 in brackets, the scheme's own port left out."""
    host = f"[{address}]" if ":" in address else address
    own_port = 443 if scheme == "https" else 80
    return f"{scheme}://{host}" if port == own_port else f"{scheme}://{host}:{port}"


def setup(operator_origin: str, secret: str) -> str:
    """What makes whoever opens it an operator, once."""
    return f"{operator_origin}/operator#setup={secret}"


@dataclass(frozen=True, slots=True)
class RoomLinks:
    """The links of rooms, without the hub's origin; secrets are in the fragment, which browsers
    send to nobody."""

    keys: Keys

    def audience(self, room: str, access: Access) -> str:
        """What the audience opens; for a closed room it leads to the door only."""
        return f"/r/{room}{self._audience_key(room, access)}"

    def host(self, room: str) -> str:
        """What the host opens."""
        which = "" if room == DEFAULT_ROOM else f"r={room}&"
        return f"/host#{which}k={self.keys.host_secret_of(room)}"

    def screen(self, room: str) -> str:
        """What the screen of an open room's hall opens; other rooms' need an invitation."""
        return f"/screen#r={room}"

    def invite(self, room: str, invite: Invite) -> str:
        """What somebody opens who was invited."""
        token = self.keys.invite_token(room, invite.number, invite.role)
        if invite.role is InviteRole.SCREEN:
            return f"/screen#r={room}&k={token}"
        if invite.role in (InviteRole.HOST, InviteRole.COHOST):
            return f"/host#r={room}&k={token}"
        return f"/r/{room}#k={token}"

    def seat(self, room: str, access: Access, unit_name: str) -> str:
        """What the code at a unit leads to: the room, with this unit's button as one's own."""
        key = self._audience_key(room, access)
        return f"/r/{room}{key + '&' if key else '#'}seat={self.keys.seat_code(room, unit_name)}"

    def _audience_key(self, room: str, access: Access) -> str:
        return f"#k={self.keys.audience_token(room)}" if access is Access.PRIVATE else ""


def choose_address(listening_on: str, routed: str | None, interfaces: Iterable[Interface]) -> str:
    """The address that others reach this machine at.

    Args:
        listening_on: the address that the hub is bound to.
        routed: this machine's address on the way out, when there is a way.
        interfaces: all addresses, for a network without a way out.
    """
    if listening_on not in EVERY_ADDRESS:
        return listening_on
    if routed is not None and is_reachable(routed):
        return routed
    candidates = [
        interface
        for interface in interfaces
        if is_reachable(interface.address) and not interface.name.startswith(VIRTUAL_PREFIXES)
    ]
    private = (i.address for i in candidates if ipaddress.ip_address(i.address).is_private)
    anything = (i.address for i in candidates)
    return next(private, next(anything, LOOPBACK))


def is_reachable(address: str) -> bool:
    """Whether this is an address that leads from other machines to this one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)


def reachable_address(listening_on: str) -> str:
    """``choose_address`` for this machine as it is now."""
    return choose_address(listening_on, _routed_address(), _interfaces())


def reachable_addresses(listening_on: str) -> tuple[str, ...]:
    """Every address that others may reach this machine at, the best first; none: no network."""
    best = reachable_address(listening_on)
    if listening_on not in EVERY_ADDRESS:
        return (best,)
    others = (
        interface.address
        for interface in _interfaces()
        if is_reachable(interface.address) and not interface.name.startswith(VIRTUAL_PREFIXES)
    )
    return tuple(dict.fromkeys(each for each in (best, *others) if each != LOOPBACK))


def _routed_address() -> str | None:
    """This machine's address on its way out. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((DOCUMENTATION_ADDRESS, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _interfaces() -> list[Interface]:
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return [
        Interface(name, entry.address)
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if name in up and entry.family == socket.AF_INET
    ]


def own_names() -> frozenset[str]:
    """Names under which browsers on this network may know this machine."""
    short = socket.gethostname().lower().rstrip(".")
    first = short.partition(".")[0]
    return frozenset({short, first, f"{first}.local", f"{first}.lan", f"{first}.home"})
