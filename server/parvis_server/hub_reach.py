"""How this hub is reached: its listeners, names and links, its announcement, and what is missing.

Certificates and addresses are looked at once a minute: a certificate is renewed while the hub runs,
and a laptop moves from one network to another.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Never, Protocol

from parvis_server import links
from parvis_server.certificates import WARNED_DAYS, Certificate
from parvis_server.config import HubSettings
from parvis_server.encryption import Encryption
from parvis_server.hub_server import Listener
from parvis_server.mdns import Announced, Announcer
from parvis_server.net.api.seams import ListenerFacts
from parvis_server.origins import Origins, certified_name
from parvis_wire.messages import DEFAULT_ROOM
from parvis_wire.stage import Alarm, AlarmKind

LOOK_EVERY_S = 60.0
"""At certificates and addresses."""


class Standing(Protocol):
    """What counts here of the hub's trust."""

    @property
    def claimed(self) -> bool:
        """Whether it has an operator."""

    @property
    def plain_host(self) -> bool:
        """Whether hosts may use plain http from other machines."""


class HubReach:
    """Implements ``Reach`` of the API."""

    def __init__(
        self,
        settings: HubSettings,
        standing: Standing,
        site: str,
        utc_ms: Callable[[], int],
    ) -> None:
        """``site`` is the fingerprint of the site's key. It listens on nothing yet."""
        self.listening_on: Sequence[Listener] = ()
        self._settings = settings
        self._standing = standing
        self._site = site
        self._utc_ms = utc_ms
        self._announcer: Announcer | None = None
        self._known_names = frozenset(
            {*(name.lower() for name in settings.network.names), *links.own_names()}
        )

    # Names and links

    @property
    def names(self) -> frozenset[str]:
        """By which requests may call the hub, besides addresses."""
        files = self._files
        return self._known_names | frozenset(() if files is None else files.plain_names)

    @property
    def origins(self) -> Origins:
        """Where links lead at this moment."""
        host = self._settings.network.host
        return Origins(
            address=links.reachable_address(host),
            own_address=links.LOOPBACK if host in links.EVERY_ADDRESS else host,
            http_port=next(each.port for each in self.listening_on if each.scheme == "http"),
            https_port=self._https_port,
            public=self._public,
        )

    def audience_origin(self) -> str:
        """What the audience's links begin with."""
        return self.origins.audience

    def host_origin(self) -> str:
        """What hosts' links begin with; before the hub has an operator, they may use http."""
        over_http = self._standing.plain_host or not self._standing.claimed
        return self.origins.host(over_http=over_http)

    @property
    def _public(self) -> str | None:
        names = [*self._settings.network.names, *sorted(links.own_names())]
        if self._behind_proxy:
            return links.origin(names[0], 443, "https")
        files = self._files
        if files is None or not files.is_good(self._utc_ms()):
            return None
        name = certified_name(files, names)
        return None if name is None else links.origin(name, self._https_port or 443, "https")

    @property
    def _behind_proxy(self) -> bool:
        network = self._settings.network
        return bool(network.behind_proxy and network.names)

    @property
    def _encryption(self) -> Encryption | None:
        found = (each.encryption for each in self.listening_on if each.encryption is not None)
        return next(found, None)

    @property
    def _https_port(self) -> int | None:
        ports = (each.port for each in self.listening_on if each.scheme == "https")
        return next(ports, None)

    @property
    def _files(self) -> Certificate | None:
        """The certificate that somebody gave."""
        encryption = self._encryption
        given = encryption is not None and encryption.kind == "files"
        return encryption.certificate if encryption is not None and given else None

    # ``Reach``

    def listeners(self) -> Sequence[ListenerFacts]:
        """The ports, as they are now."""
        return [_facts(each) for each in self.listening_on]

    @property
    def announced(self) -> bool:
        """Whether units find it by mDNS."""
        return self._announcer is not None and self._announcer.name is not None

    def missing(self) -> Sequence[str]:
        """Words for what an operator should see to; the page translates them."""
        return [word for word, holds in self._faults().items() if holds]

    def _faults(self) -> dict[str, bool]:
        days = None if self._files is None else self._files.days_left(self._utc_ms())
        return {
            "https": self._https_port is None and not self._behind_proxy,
            "certificate": self._https_port is not None and days is None and not self._behind_proxy,
            "certificate_expired": days is not None and days <= 0,
            "certificate_soon": days is not None and 0 < days <= WARNED_DAYS,
            "mdns": self._announcer is not None
            and self._announcer.settled.is_set()
            and not self.announced,
        }

    def alarms(self) -> Iterator[Alarm]:
        """For the hosts of every room: a certificate that ends, or has ended."""
        files = self._files
        if files is None:
            return
        days = files.days_left(self._utc_ms())
        if days <= WARNED_DAYS:
            yield Alarm(kind=AlarmKind.CERTIFICATE, value=round(days, 1))

    # What is said at the start

    def notes(self) -> list[str]:
        """What whoever starts the hub should know of its ports and certificate."""
        return [*self._port_notes(), *self._certificate_notes()]

    def operator_note(self) -> str | None:
        """For whoever opens the operator's link: that the browser will ask, and how to answer."""
        encryption = self._encryption
        own = encryption is not None and encryption.kind == "own"
        if encryption is None or not own or not self.origins.operator.startswith("https"):
            return None
        return (
            "The browser will warn, because this hub made its certificate itself. Go on if the "
            f"SHA-256 fingerprint is {encryption.certificate.fingerprint}"
        )

    def _port_notes(self) -> Iterator[str]:
        network, port = self._settings.network, self._https_port
        if port is not None and network.tls_port and port != network.tls_port:
            yield (
                f"port {network.tls_port} is taken by another program, so https is on port {port} "
                "this time: choose one with --tls-port to keep it"
            )

    def _certificate_notes(self) -> Iterator[str]:
        files = self._files
        if files is None:
            return
        days = files.days_left(self._utc_ms())
        if days <= 0:
            yield (
                f"the certificate ended {-days:.0f} days ago: browsers refuse it, and the "
                "audience's links are http. Renew the files; the hub takes them without a restart"
            )
        elif not files.is_good(self._utc_ms()):
            yield "the certificate is not valid yet: is this machine's clock right?"
        elif days <= WARNED_DAYS:
            yield f"the certificate ends in {days:.0f} days: renew the files, without a restart"
        if certified_name(files, self._known_names) is None:
            yield (
                f"the certificate is for {', '.join(files.names) or 'no name'}: set the name that "
                "people type in network.names"
            )

    # While the hub runs

    async def watch(self) -> Never:
        """Look after the certificates, and announce the hub where that is wanted."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renew())
            if self._settings.network.announce:
                group.create_task(self._announce())
        raise AssertionError("an endless watch ended")

    async def _renew(self) -> Never:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for listener in self.listening_on:
                if listener.encryption is not None:
                    listener.encryption.refresh(self._utc_ms())

    async def _announce(self) -> Never:
        """Announce what is true now, and anew when the network changes."""
        while True:
            said = self.announcement()
            async with asyncio.TaskGroup() as group:
                if said.addresses:
                    self._announcer = Announcer(said)
                    running = group.create_task(self._announcer.run())
                else:
                    running = group.create_task(asyncio.sleep(0))
                await self._until_other(said)
                running.cancel()

    async def _until_other(self, said: Announced) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.announcement() != said:
                return

    def announcement(self) -> Announced:
        """What is said on the network; without addresses: nothing."""
        addresses = links.reachable_addresses(self._settings.network.host)
        port = self._https_port
        return Announced(
            machine=socket.gethostname().partition(".")[0] or "this machine",
            port=port if port is not None else self.origins.http_port,
            tls=port is not None,
            site=self._site,
            room=DEFAULT_ROOM,
            addresses=tuple(each for each in addresses if links.is_reachable(each)),
        )


def _facts(listener: Listener) -> ListenerFacts:
    if listener.encryption is None:
        return ListenerFacts("http", listener.port)
    certificate = listener.encryption.certificate
    return ListenerFacts(
        "https",
        listener.port,
        certificate=listener.encryption.kind,
        expires_utc_ms=certificate.not_after_utc_ms,
        fingerprint=certificate.fingerprint,
    )
