"""What waits for the bus' client: what cannot wait, and aside of it what may. Pure but for events.

Theory of operation. Beats, news and what relayed people are told go out in their order. Answers to
requests for pages are large, strangers ask for them, and nobody is harmed when they come a second
later: they stand *aside*, and go one at a time, only when nothing else waits and the network has
taken what it was given. What is too old by then is worth nothing: whoever asked has given up.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Act = TypeVar("Act")

MAX_ASIDE_BYTES = 262_144
MAX_ASIDE = 256
"""Short refusals are no more than that either."""

ASIDE_NS = 3_000_000_000
"""An edge waits so long for an answer."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One message."""

    subject: str
    payload: bytes


@dataclass(slots=True)
class Line(Generic[Act]):
    """Acts in their order; those that are publications are counted."""

    acts: deque[Act | Publication] = field(default_factory=deque)
    size_bytes: int = 0
    """Of what cannot wait."""
    aside_bytes: int = 0
    handed_aside_bytes: int = 0
    """Of what stood aside and was handed on last: it takes no room from what cannot wait."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    empty: asyncio.Event = field(default_factory=asyncio.Event)
    is_stuck: bool = False
    """The network takes nothing at this moment."""
    _aside: deque[tuple[int, Publication]] = field(default_factory=deque)

    @property
    def has_aside(self) -> bool:
        """Whether anything stands aside."""
        return bool(self._aside)

    def put(self, act: Act | Publication) -> None:
        """Behind what waits."""
        self.acts.append(act)
        if isinstance(act, Publication):
            self.size_bytes += len(act.payload)
        self.empty.clear()
        self.wake.set()

    def pop(self) -> Act | Publication:
        """The next that cannot wait."""
        act = self.acts.popleft()
        if isinstance(act, Publication):
            self.size_bytes -= len(act.payload)
        return act

    def put_aside(self, publication: Publication, instead: bytes, now_ns: int) -> bool:
        """Let it wait for a quiet moment, or ``instead`` where too much does; False: neither."""
        if self.aside_bytes + len(publication.payload) > MAX_ASIDE_BYTES:
            publication = Publication(publication.subject, instead)
        if len(self._aside) >= MAX_ASIDE:
            return False
        self._aside.append((now_ns + ASIDE_NS, publication))
        self.aside_bytes += len(publication.payload)
        self.wake.set()
        return True

    def pop_aside(self, now_ns: int) -> Publication | None:
        """The next of those, to be handed on now; what is too old is left out."""
        while self._aside:
            until_ns, publication = self._aside.popleft()
            self.aside_bytes -= len(publication.payload)
            if now_ns < until_ns:
                self.handed_aside_bytes = len(publication.payload)
                return publication
        return None
