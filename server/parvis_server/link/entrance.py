"""The edge's entrance for hubs: whoever shows no proof is refused before a WebSocket is opened."""

import logging
import time
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

from parvis_server.link.entry import HEADER, SCHEME, Proofs
from parvis_server.net.rate import TokenBucket

log = logging.getLogger(__name__)

TOLD_AT_ONCE, TOLD_PER_S = 20, 1
"""Lines of the log about who was refused: a flood of them must not fill a disk."""

WHO = (
    "This is for the hub that publishes here, by the address that the edge printed.\n"
    "Réservé au serveur qui publie ici, par l'adresse que l'edge a affichée.\n"
)
LATER = "Too many hubs are here already: try again.\nTrop de serveurs sont déjà là : réessayez.\n"


class Entrance:
    """Of one public edge."""

    def __init__(
        self,
        key: bytes,
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """``key`` is ``PublishAddress.entry_key``."""
        self._proofs = Proofs(key)
        self._utc_ms = utc_ms
        self._now_ns = now_ns
        self._told = TokenBucket(per_s=TOLD_PER_S, burst=TOLD_AT_ONCE)
        self.refused = 0
        """Requests that showed no proof, since the start."""

    async def hub(self, websocket: WebSocket) -> str | None:
        """The hub that asks; None: nobody we know, and the request was refused."""
        path = str(websocket.scope["path"])
        hub = self._proofs.hub(path, websocket.headers.get(HEADER), self._utc_ms())
        if hub is None:
            self.refused += 1
            if self._told.take(1, self._now_ns()):
                whose = websocket.client.host if websocket.client else "somebody"
                log.info("refused %s at %s: no proof of the publish address", whose, path)
            await refuse(websocket, 401, WHO, {"WWW-Authenticate": SCHEME})
        return hub


async def refuse(
    websocket: WebSocket, status: int, words: str, headers: dict[str, str] | None = None
) -> None:
    """Answer a request for a WebSocket with plain words."""
    more = {"Cache-Control": "no-store", **(headers or {})}
    await websocket.send_denial_response(PlainTextResponse(words, status, more))
