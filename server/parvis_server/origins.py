"""Where links lead: which scheme and which name, by who is to open them. Pure.

The audience gets https only where no browser warns: with certificate files that are good, or
behind a proxy. Otherwise http, since on a phone a warning is worse. Hosts and operators get https
as soon as there is somebody to keep out; on the hub's own machine http is as good. Units know the
hub's certificate by the site's key that vouches for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from parvis_server.certificates import Certificate
from parvis_server.links import LOOPBACK, origin


@dataclass(frozen=True, slots=True)
class Origins:
    """What links begin with."""

    address: str
    """Where others reach this machine."""
    own_address: str
    """Where programs on it do."""
    http_port: int
    https_port: int | None = None
    public: str | None = None
    """An https origin that browsers trust."""

    @property
    def audience(self) -> str:
        """For whoever listens."""
        return self.public or origin(self.address, self.http_port)

    @property
    def units(self) -> str:
        """For units."""
        return self.public or self._own_https or origin(self.address, self.http_port)

    @property
    def operator(self) -> str:
        """For who runs the hub; without a network, or without https, on its own machine only."""
        if self.public is not None:
            return self.public
        alone = self.address == LOOPBACK or self._own_https is None
        return self.here if alone else self._own_https or self.here

    @property
    def here(self) -> str:
        """For programs on this machine."""
        return origin(self.own_address, self.http_port)

    @property
    def secure(self) -> str | None:
        """Where a page on plain http sends those who want to speak; None: nowhere."""
        return self.public or self._own_https

    def host(self, *, over_http: bool) -> str:
        """For who runs a room; ``over_http``: the hub takes hosts on plain http from anywhere."""
        if self.public is None and (over_http or self.address == LOOPBACK):
            return origin(self.address, self.http_port)
        return self.units

    @property
    def _own_https(self) -> str | None:
        if self.https_port is None:
            return None
        return origin(self.address, self.https_port, "https")


def certified_name(certificate: Certificate, names: Iterable[str]) -> str | None:
    """The hub's name that a browser takes this certificate for: one of ``names`` in their order,
    else the first that stands in it."""
    meant = (name for name in names if certificate.speaks_for(name))
    return next(meant, next(iter(certificate.plain_names), None))
