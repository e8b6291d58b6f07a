"""From an address to a connected WebSocket, and what was seen of the way there.

A hub that encrypts with a key of its own has a certificate that no authority signed: it is accepted
for the time of an introduction, in which the hub has to vouch for it with the site's key. So the
certificate is verified as usual first; only where that fails, and the unit has an identity, the
connection is made again without, and its certificate is remembered.
"""

import hashlib
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from websockets.asyncio.client import ClientConnection

from parvis_device.address import HubAddress
from parvis_device.connection import open_connection
from parvis_device.introduction import Wiring
from parvis_wire.stage import LinkKind


@dataclass(frozen=True, slots=True)
class Dialed:
    """A connection on which nothing was said yet."""

    connection: ClientConnection
    wiring: Wiring


class Dialer:
    """Opens connections for one unit; makes its TLS contexts once, when they are needed."""

    def __init__(self, *, own_certificates: bool) -> None:
        """``own_certificates``: whether whoever introduces itself may vouch for its own."""
        self._own_certificates = own_certificates
        self._verifying: ssl.SSLContext | None = None
        self._unproven: ssl.SSLContext | None = None

    async def dial(self, address: HubAddress, link: LinkKind, *, chosen: bool = True) -> Dialed:
        """A connection to this hub.

        Args:
            address: where it is.
            link: how the unit is connected.
            chosen: whether a person gave the address. Of one that was announced, an authority only
                knows that it is the announcer's.

        Raises:
            OSError, InvalidHandshake: nobody is there, no hub, or none that may be trusted.
        """
        if not address.secure:
            connection = await open_connection(address, link)
            return Dialed(connection, Wiring(own_machine=_is_here(connection)))
        try:
            return await self._dial_securely(address, link, self._verify, named=chosen)
        except ssl.SSLCertVerificationError:
            if not self._own_certificates:
                raise
        return await self._dial_securely(address, link, self._trust_later, named=False)

    async def _dial_securely(
        self, address: HubAddress, link: LinkKind, context: ssl.SSLContext, *, named: bool
    ) -> Dialed:
        connection = await open_connection(address, link, context)
        tls = connection.transport.get_extra_info("ssl_object")
        certificate = hashlib.sha256(tls.getpeercert(binary_form=True)).digest()
        return Dialed(connection, Wiring(_is_here(connection), certificate, named))

    @property
    def _verify(self) -> ssl.SSLContext:
        if self._verifying is None:
            self._verifying = ssl.create_default_context()
        return self._verifying

    @property
    def _trust_later(self) -> ssl.SSLContext:
        if self._unproven is None:
            self._unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._unproven.check_hostname = False
            self._unproven.verify_mode = ssl.CERT_NONE
        return self._unproven


def _is_here(connection: ClientConnection) -> bool:
    """Whether the other end is on this very machine."""
    own: Any = connection.transport.get_extra_info("sockname")
    peer: Any = connection.transport.get_extra_info("peername")
    return peer is not None and (own[0] == peer[0] or ip_address(peer[0]).is_loopback)
