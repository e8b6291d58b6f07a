"""Lets units find this hub: ``_parvis._tcp.local.`` by mDNS (RFC 6762, 6763).

The words are ``v=1``, ``site`` (fingerprint of the site's key), ``room`` and ``tls`` (1: the port
speaks TLS). A second hub of the same name gets a number behind it. A network without multicast is
no reason to end anything: units then need an address.
"""

import asyncio
import contextlib
import ipaddress
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)

SERVICE = "_parvis._tcp.local."

MAX_LABEL_BYTES = 63
"""RFC 1035, section 2.3.4."""

USUAL_PORTS = frozenset({443, 8443, 80, 8080})

ROOM_FOR_A_NUMBER_BYTES = 4
"""A name that is taken gets one."""

GOODBYE_S = 1.0
"""Of the three seconds in which the hub stops; the goodbyes themselves take a quarter."""

SAID_TO_NOBODY = (
    "the hub cannot announce itself on this network (%s): give units its address, "
    "or set network.announce = false"
)


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said on the network."""

    machine: str
    """This machine's name, for people."""
    port: int
    tls: bool
    site: str
    room: str
    addresses: tuple[str, ...]
    """The best first."""

    @property
    def name(self) -> str:
        """What the service is called. Hubs on one machine do not hear each other's answers (the
        kernel gives those to one of them), so they are told apart by their ports."""
        which = "" if self.port in USUAL_PORTS else f" ({self.port})"
        return f"{_label(f'Parvis on {self.machine}', which)}{which}.{SERVICE}"

    @property
    def host(self) -> str:
        """A host name of the hub's own: the machine's may be announced by another program already,
        with other addresses."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.machine.lower()).strip("-")
        return f"{_label(f'parvis-{plain}-{self.port}')}.local."

    @property
    def words(self) -> dict[str, str]:
        """The TXT record."""
        tls = "1" if self.tls else "0"
        return {"v": "1", "site": self.site, "room": self.room, "tls": tls}

    def service(self) -> "ServiceInfo":
        """As the library takes it."""
        from zeroconf import ServiceInfo  # a hub that does not announce does not load it

        return ServiceInfo(
            SERVICE,
            self.name,
            port=self.port,
            properties=self.words,
            server=self.host,
            addresses=[ipaddress.ip_address(address).packed for address in self.addresses],
        )


class Announcer:
    """Announces the hub from ``run`` until it is cancelled."""

    def __init__(self, announced: Announced, interfaces: Sequence[str] | None = None) -> None:
        """On the interfaces with these addresses; None: with those that are announced."""
        self._announced = announced
        self._interfaces = list(interfaces or announced.addresses)
        self.name: str | None = None
        """What the hub is called on the network; None: nobody is told."""
        self.settled = asyncio.Event()
        """It is announced, or it could not be."""

    async def run(self) -> None:
        """Announce until cancelled; then say goodbye, within ``GOODBYE_S``."""
        # In a thread: the library takes 30 ms, and packets must not wait for it.
        library = await asyncio.to_thread(import_module, "zeroconf.asyncio")
        from zeroconf import Error

        try:
            zeroconf = library.AsyncZeroconf(interfaces=self._interfaces)
        except (OSError, Error) as error:
            self._failed(error)
            return
        service = self._announced.service()
        try:
            await (await zeroconf.async_register_service(service, allow_name_change=True))
            self.name = service.name.removesuffix(f".{SERVICE}")
            log.info("announced on this network as %r", self.name)
            self.settled.set()
            await asyncio.Event().wait()
        except (OSError, Error) as error:
            self._failed(error)
        finally:
            await _leave(zeroconf, service, registered=self.name is not None)
            self.name = None

    def _failed(self, error: Exception) -> None:
        log.warning(SAID_TO_NOBODY, error or type(error).__name__)
        self.settled.set()


async def _leave(zeroconf: "AsyncZeroconf", service: "ServiceInfo", *, registered: bool) -> None:
    """Withdraw the service; a network that is gone must not hold the end up."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(GOODBYE_S):
            if registered:
                await (await zeroconf.async_unregister_service(service))
            await zeroconf.async_close()


def _label(text: str, behind: str = "") -> str:
    """One label of a DNS name, or its beginning: bounded in bytes, without a dot."""
    room = MAX_LABEL_BYTES - ROOM_FOR_A_NUMBER_BYTES - len(behind)
    return text.replace(".", "-").encode()[:room].decode(errors="ignore").strip()
