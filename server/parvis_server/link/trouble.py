"""Why the public edge is not reached, in words for the person in the venue. Pure but for types."""

import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from parvis_server.link.entry import SCHEME
from parvis_server.link.handshake import LinkRefused, Refusal
from parvis_server.link.publish_address import PublishAddress
from parvis_wire.errors import BadMessage


class Cause(StrEnum):
    """What kind of trouble it is; ``doctor`` has a sentence for each."""

    NO_NAME = "no_name"
    REFUSED = "refused"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    NO_TLS = "no_tls"
    NO_UPGRADE = "no_upgrade"
    NO_EDGE = "no_edge"
    OTHER_SECRET = "other_secret"
    OTHER_VERSION = "other_version"
    TAKEN = "taken"
    CUT = "cut"
    NONSENSE = "nonsense"


WORDS = {
    Cause.NO_NAME: "no machine is known by that name: check the DNS entry, or this network's DNS",
    Cause.REFUSED: "the machine is there, but nothing listens: start Caddy and parvis edge on it",
    Cause.SILENT: "no answer: check this network's internet, and the edge's firewall (TCP {port})",
    Cause.UNREACHABLE: "this network has no way there: check its internet",
    Cause.CERTIFICATE_EXPIRED: "its certificate has expired: renew it, or set this machine's clock",
    Cause.CERTIFICATE_NOT_YET: "its certificate is not valid yet: set this machine's clock",
    Cause.CERTIFICATE_NAME: "its certificate is for another name: publish to the name it is for",
    Cause.CERTIFICATE_UNKNOWN: "its certificate is signed by nobody known here: for one of your "
    "own, say --publish-ca FILE",
    Cause.NO_TLS: "it does not speak TLS there: put Caddy in front of the edge",
    Cause.NO_UPGRADE: "something on the way answers, and swallows the WebSocket (HTTP {status}): "
    "let the proxy pass upgrades on",
    Cause.NO_EDGE: "it answers, but no parvis edge does (HTTP {status}): start it, or check the "
    "proxy's way to it",
    Cause.OTHER_SECRET: "it does not know this address: copy the one that parvis edge --public "
    "prints now",
    Cause.OTHER_VERSION: "it runs another version of Parvis: bring both to the same",
    Cause.TAKEN: "another hub publishes there already: stop that one, or use another edge",
    Cause.CUT: "the link is cut",
    Cause.NONSENSE: "it says something that is no link: check that the name leads to the edge",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A cause, and where."""

    cause: Cause
    origin: str
    port: int
    status: int = 0

    @classmethod
    def cut(cls, address: PublishAddress) -> Self:
        """Both connections are gone."""
        return cls(Cause.CUT, address.origin, address.port)

    @property
    def words(self) -> str:
        """One line."""
        said = WORDS[self.cause].format(port=self.port, status=self.status)
        return f"the public edge {self.origin}: {said}"


def explain(error: BaseException, address: PublishAddress) -> Trouble:
    """What an error on the way means."""
    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    return Trouble(cause_of(error), address.origin, address.port, status)


def cause_of(error: BaseException) -> Cause:
    """What kind of trouble an error is."""
    match error:
        case LinkRefused(why=Refusal.SECRET):
            return Cause.OTHER_SECRET
        case LinkRefused(why=Refusal.VERSION):
            return Cause.OTHER_VERSION
        case LinkRefused(why=Refusal.TAKEN):
            return Cause.TAKEN
        case ssl.SSLCertVerificationError():
            return _of_certificate(error)
        case ssl.SSLError():
            return Cause.NO_TLS
        case socket.gaierror():
            return Cause.NO_NAME
        case TimeoutError():
            return Cause.SILENT
        case ConnectionRefusedError():
            return Cause.REFUSED
        case ConnectionError() | EOFError() | ConnectionClosed():
            return Cause.CUT
        case OSError():
            return Cause.UNREACHABLE
        case InvalidStatus() if is_unproven(error):
            return Cause.OTHER_SECRET
        case InvalidStatus():
            return Cause.NO_EDGE if error.response.status_code >= 404 else Cause.NO_UPGRADE
        case InvalidHandshake():
            return Cause.NO_UPGRADE
        case LinkRefused() | BadMessage():
            return Cause.NONSENSE
        case _:
            raise TypeError(f"{type(error).__name__} is no trouble of a link") from error


def is_unproven(error: InvalidStatus) -> bool:
    """Whether a public edge refused what was shown in the request, rather than a proxy."""
    response = error.response
    return response.status_code == 401 and response.headers.get("WWW-Authenticate") == SCHEME


# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def _of_certificate(error: ssl.SSLCertVerificationError) -> Cause:
    return {
        _NOT_YET_VALID: Cause.CERTIFICATE_NOT_YET,
        _EXPIRED: Cause.CERTIFICATE_EXPIRED,
        _OTHER_NAME: Cause.CERTIFICATE_NAME,
        _OTHER_ADDRESS: Cause.CERTIFICATE_NAME,
    }.get(error.verify_code, Cause.CERTIFICATE_UNKNOWN)
