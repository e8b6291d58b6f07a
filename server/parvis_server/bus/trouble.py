"""What is wrong with a bus, in one line for people."""

import logging
import socket
import ssl

import nats.errors

from parvis_server.bus.address import BusAddress

log = logging.getLogger(__name__)


class Faults:
    """What the library tells of a connection that does not come about."""

    def __init__(self) -> None:
        """Nothing is told yet."""
        self.first: Exception | None = None

    async def note(self, error: Exception) -> None:
        """Keep the first that says something: the later ones follow from it."""
        if self.first is None and not isinstance(error, nats.errors.NoServersError):
            self.first = error
        if isinstance(error, nats.errors.SlowConsumerError):
            log.warning("the bus: this process is too slow for what comes; some is dropped")
        else:
            log.debug("the bus: %r", error)


def explained(error: BaseException, address: BusAddress) -> str:
    """One line: what is wrong with the bus, and what would be right."""
    # aiohttp wraps what happened to its WebSocket.
    error = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    words = str(error)
    status = getattr(error, "status", None)
    if status == 401:
        return f"the bus at {address} refuses these credentials: see its users, and ours"
    if isinstance(status, int):
        return f"at {address} something answers, but no bus (HTTP {status}): is the address right?"
    if isinstance(error, ssl.SSLCertVerificationError):
        if "match" in words or "not valid for" in words:
            return (
                f"the certificate of the bus at {address} is for another name: use the name that "
                "stands in it"
            )
        return (
            f"the certificate of the bus at {address} is signed by nobody that is trusted here "
            f"({error.verify_message}): name its authority's file as bus.ca"
        )
    if isinstance(error, ssl.SSLError):
        return f"the bus at {address} does not speak TLS as asked ({error.reason}): nats or tls?"
    if "authorization" in words.lower() or "authentication" in words.lower():
        return f"the bus at {address} refuses these credentials: see its users, and ours"
    if isinstance(error, socket.gaierror):
        return f"the bus at {address}: this name leads nowhere: is it right, is there a network?"
    if isinstance(error, ConnectionRefusedError):
        return f"the bus at {address}: nobody listens there: does nats-server run?"
    if isinstance(error, TimeoutError):
        return f"the bus at {address} does not answer: a firewall between, or the wrong port?"
    return f"the bus at {address} cannot be used: {words or type(error).__name__}"
