"""What a hub shows in its requests for ``/bus`` and ``/ws/link``, before it gets any place. Pure.

Theory of operation. Anybody can open a WebSocket of a public edge; only who knows the publish
address may hold one. So the request itself carries a proof, in ``Authorization``: HMAC-SHA-256 with
a key of its own over the path, who the hub is, the time and a nonce. It is good for a minute, once.
Whose clock is off learns the edge's from the refusal (``Date``), and shows another at once: a hub
that was just switched on may not know the time.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from parvis_server.link.proof import new_nonce

HEADER = "Authorization"
SCHEME = "Parvis"
CONTEXT = b"parvis entry v1|"

GOOD_MS = 60_000
"""Either way: both clocks are set by the network, or by the refusal, which tells whole seconds."""

OFF_MS = 5_000
"""A clock that is nearer than this was not why a proof was refused."""

MAX_REMEMBERED = 4_096
"""Proofs of the last two minutes; a hub that tries every second shows some four hundred."""

_SHOWN = re.compile(
    SCHEME + r" hub=([A-Za-z0-9_-]{1,32}), at=(\d{1,15}), nonce=([0-9a-f]{32}), mac=([0-9a-f]{64})"
)


def _mac(key: bytes, path: str, hub: str, utc_ms: int, nonce: str) -> str:
    said = "|".join((path, hub, str(utc_ms), nonce))
    return hmac.new(key, CONTEXT + said.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Shown:
    """The hub's side: makes a proof for each request."""

    key: bytes = field(repr=False)
    hub: str
    """The ``HubId`` of this start."""
    ahead_ms: int = 0
    """By how much the edge's clock is ahead of ours, as far as it was told."""

    def headers(self, path: str, utc_ms: int) -> dict[str, str]:
        """For one request for this path."""
        at_ms, nonce = utc_ms + self.ahead_ms, new_nonce()
        mac = _mac(self.key, path, self.hub, at_ms, nonce)
        return {HEADER: f"{SCHEME} hub={self.hub}, at={at_ms}, nonce={nonce}, mac={mac}"}

    def refused(self, date: str | None, utc_ms: int, shown_ahead_ms: int | None = None) -> bool:
        """The edge refused; whether its ``Date`` says that our clock was why, so that another
        proof may be taken.

        Args:
            date: of the refusal.
            utc_ms: our clock.
            shown_ahead_ms: what ``ahead_ms`` was when the refused proof was made, where another
                connection may have learnt the time since; None: as it is now.
        """
        before_ms = self.ahead_ms if shown_ahead_ms is None else shown_ahead_ms
        try:
            theirs_ms = round(parsedate_to_datetime(date or "").timestamp() * 1000)
        except (ValueError, OverflowError):
            return False
        ahead_ms = theirs_ms - utc_ms
        if abs(ahead_ms - self.ahead_ms) > OFF_MS:
            self.ahead_ms = ahead_ms
        return abs(self.ahead_ms - before_ms) > OFF_MS


class Proofs:
    """The edge's side: knows a good proof, and takes each once."""

    def __init__(self, key: bytes) -> None:
        """None was shown yet."""
        self._key = key
        self._taken: OrderedDict[str, int] = OrderedDict()
        """Nonces, and until when they could be shown again."""

    def hub(self, path: str, shown: str | None, utc_ms: int) -> str | None:
        """Who shows this for a path; None: nobody that may come in."""
        found = _SHOWN.fullmatch(shown or "")
        if found is None:
            return None
        hub, at_ms, nonce, mac = found[1], int(found[2]), found[3], found[4]
        if not hmac.compare_digest(_mac(self._key, path, hub, at_ms, nonce), mac):
            return None
        if abs(utc_ms - at_ms) > GOOD_MS or not self._take(nonce, at_ms, utc_ms):
            return None
        return hub

    def _take(self, nonce: str, at_ms: int, utc_ms: int) -> bool:
        while self._taken and next(iter(self._taken.values())) < utc_ms:
            self._taken.popitem(last=False)
        if nonce in self._taken or len(self._taken) >= MAX_REMEMBERED:
            return False
        self._taken[nonce] = utc_ms + 2 * GOOD_MS
        return True
