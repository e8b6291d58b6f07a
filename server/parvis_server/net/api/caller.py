"""Who asks the API: an address, the secret that it shows, and whether others read along."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from parvis_server.net.admission import Peer
from parvis_server.net.arrival import is_encrypted, is_forwarded


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    address: str
    secret: str | None = None
    private: bool = False
    """Nobody on the network reads along: it came encrypted, or from this machine."""

    @classmethod
    def of(cls, request: HTTPConnection, secret: str | None) -> "Caller":
        """Whoever made this request, with the secret that it shows."""
        address = request.client.host if request.client is not None else ""
        server = request.scope.get("server")
        own_address = server[0] if server else "unknown"
        peer = Peer(address, own_address, is_forwarded(request.scope))
        return cls(address, secret, is_encrypted(request.scope) or peer.is_this_machine)
