"""A bundle's pieces over HTTP, from the hub that offered it.

The way is as private as the WebSocket: where that was encrypted with a certificate that the hub
vouched for, this one has to be the same. Whether the bundle is good is not asked here.
"""

import http.client
import ssl
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

from parvis_device.address import HubAddress

PIECE_BYTES = 1 << 20
"""What a hub gives at once."""
TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Way:
    """Where the offer came from."""

    address: HubAddress
    certificate: bytes | None
    """SHA-256 of the one that was shown; None: nothing is encrypted."""


class Later(Exception):
    """A room is in use, or the hub cannot be reached: try again."""


class Gone(Exception):
    """The hub does not offer it any more."""


class HubPieces:
    """Asks the hub; blocks, so it belongs on a thread."""

    def piece(self, way: Way, path: str, first: int, last: int) -> bytes:
        """The bytes from ``first`` to ``last``, both included.

        Raises:
            Later, Gone: not now, or never.
        """
        status, content = _get(way, path, {"Range": f"bytes={first}-{last}"})
        if status == HTTPStatus.PARTIAL_CONTENT and len(content) == last - first + 1:
            return content
        raise _refusal(status)

    def is_quiet(self, way: Way, path: str) -> bool:
        """Whether the hub lets it be installed now.

        Raises:
            Later, Gone: the hub cannot be asked, or does not know of it.
        """
        status, _ = _get(way, f"{path}/quiet", {})
        if status in (HTTPStatus.NO_CONTENT, HTTPStatus.SERVICE_UNAVAILABLE):
            return status == HTTPStatus.NO_CONTENT
        raise _refusal(status)


def _refusal(status: int) -> Exception:
    if status in (
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    ):
        return Gone(f"the hub has no such bundle for this unit (HTTP {status})")
    return Later(f"the hub says: later (HTTP {status})")


def _get(way: Way, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = _connection(way)
    try:
        connection.connect()
        _look_at(connection, way)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(PIECE_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise Later(f"the hub cannot be reached: {error}") from error
    finally:
        connection.close()


def _connection(way: Way) -> http.client.HTTPConnection:
    host, port = way.address.host, way.address.port
    if not way.address.secure:
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    # The certificate is compared with the one that the hub proved: no authority is needed.
    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=unproven)


def _look_at(connection: http.client.HTTPConnection, way: Way) -> None:
    if not isinstance(connection.sock, ssl.SSLSocket):
        return
    shown = connection.sock.getpeercert(binary_form=True) or b""
    if way.certificate is not None and sha256(shown).digest() != way.certificate:
        raise ConnectionError("it shows another certificate than before")
