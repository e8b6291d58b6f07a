"""Whose pages may use an edge's sockets: those of its hub and of the other edges. Pure."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from parvis_server.net.admission import host_name


class Sisters:
    """The places of one house."""

    def __init__(self, places: Iterable[str]) -> None:
        """``places``: ``:8080`` is a port of the same host, anything else an origin."""
        given = tuple(places)
        self._ports = frozenset(int(one[1:]) for one in given if one.startswith(":"))
        self._origins = frozenset(one.rstrip("/") for one in given if not one.startswith(":"))

    def has(self, origin: str, host_header: str) -> bool:
        """Whether a page of this origin may use the sockets of this host."""
        if origin in self._origins:
            return True
        try:
            theirs = urlsplit(origin)
            port = theirs.port or (443 if theirs.scheme == "https" else 80)
        except ValueError:
            return False
        same_host = theirs.hostname is not None and theirs.hostname == host_name(host_header)
        return same_host and theirs.scheme in ("http", "https") and port in self._ports
