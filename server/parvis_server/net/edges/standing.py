"""Whether this hub is the one that edges serve. Pure.

Two hubs that publish under one site would both answer. So a hub listens before it beats, gives way
to one that beats, and takes its place when that one has been silent for three seconds. Of two that
find each other beating, after a network was cut and healed, the one with the greater name gives
way.
"""

from enum import Enum, auto

from parvis_wire.edges import AWAY_AFTER_S, BEAT_EVERY_S

AWAY_NS = round(AWAY_AFTER_S * 1e9)
LISTEN_NS = round(1.25 * BEAT_EVERY_S * 1e9)
"""A hub that is there beats once in this time."""


class State(Enum):
    """How far a hub has come."""

    LISTENING = auto()
    SERVING = auto()
    YIELDING = auto()


class Standing:
    """Of one hub on one bus."""

    def __init__(self, hub: str, *, is_alone: bool = False) -> None:
        """``is_alone``: the bus is ours, and no other hub can be on it."""
        self.hub = hub
        self._is_alone = is_alone
        self.state = State.SERVING if is_alone else State.LISTENING
        self._since_ns: int | None = None
        self._other_ns: int | None = None

    @property
    def serves(self) -> bool:
        """Whether it beats, and answers edges."""
        return self.state is State.SERVING

    def connected(self, now_ns: int) -> None:
        """The bus is there: who else is?"""
        self._since_ns = now_ns
        if self.state is State.YIELDING:
            self._other_ns = now_ns

    def heard(self, hub: str, now_ns: int) -> None:
        """A hub's beat."""
        if hub == self.hub or self._is_alone:
            return
        self._other_ns = now_ns
        if self.state is State.LISTENING or (self.serves and self.hub > hub):
            self.state = State.YIELDING

    def look(self, now_ns: int) -> None:
        """What time does to it."""
        if self.serves:
            return
        listens = self.state is State.LISTENING
        since_ns, quiet_ns = (self._since_ns, LISTEN_NS) if listens else (self._other_ns, AWAY_NS)
        if since_ns is not None and now_ns - since_ns >= quiet_ns:
            self.state = State.SERVING
