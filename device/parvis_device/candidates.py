"""Hubs that announce themselves on this network (mDNS, RFC 6762 and 6763): which one to try. Pure.

A hub announces ``_parvis._tcp.local.`` with its port and these words: ``v=1``, ``site=`` the
fingerprint of the site's key, ``room=`` the room, and ``tls=1`` when the port is an https one.
Anybody can announce anything: a unit that was paired tries the hubs of its site first and last,
and their proof decides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from parvis_device.address import HubAddress
from parvis_device.errors import BadHubAddress

SERVICE = "_parvis._tcp.local."
VERSION = "1"

MAX_CANDIDATES = 32
"""No venue has as many hubs; whoever announces more does so to be a nuisance."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One announced hub."""

    name: str
    """What its service is called."""
    address: HubAddress
    site: str
    """The fingerprint of its site's key, as it says."""


def candidate(
    service: str, hosts: Sequence[str], port: int | None, words: Mapping[str, str | None]
) -> Candidate | None:
    """What was announced, if a unit can use it."""
    host = next(iter(sorted(filter(_usable, hosts), key=lambda host: ":" in host)), None)
    if words.get("v") != VERSION or host is None or not port:
        return None
    scheme = "https" if words.get("tls") == "1" else "http"
    written = f"[{host}]" if ":" in host else host
    room = words.get("room") or ""
    try:
        address = HubAddress.parse(f"{scheme}://{written}:{port}{room and f'/r/{room}'}")
    except BadHubAddress:
        return None
    return Candidate(service.removesuffix(f".{SERVICE}"), address, words.get("site") or "")


def usable(
    found: Sequence[Candidate], site: str | None, failed: Collection[HubAddress]
) -> list[Candidate]:
    """Those to try, the best first: of the unit's own site, if it has one; those that failed last
    come last."""
    own = [one for one in found if site is None or one.site == site]
    return sorted(own, key=lambda one: one.address in failed)


def _usable(host: str) -> bool:
    """An address that means the same on every network card: fe80:: does not."""
    try:
        return not ip_address(host).is_link_local or ":" not in host
    except ValueError:
        return False
