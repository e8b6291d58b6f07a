"""The edges that serve one hub: who is there, how they fare, and where a page should listen. Pure.

An edge is known from its hello to its silence: three missed beats, and it is away, with everybody
who listened there. Pages are sent where most room is left; a little chance spreads a crowd that
asks at once, before the next beats tell of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from parvis_server.net.admission import host_name
from parvis_wire.edges import (
    AWAY_AFTER_S,
    EDGE_VERSION,
    EdgeBeat,
    EdgeHello,
    Refused,
    RefusedWhy,
)

AWAY_NS = round(AWAY_AFTER_S * 1e9)

MAX_EDGES = 200
"""100,000 listeners are 25 edges of two cores."""

MAX_PLACES = 8
"""That a page is told: it tries one after the other."""

FULL_LOAD = 0.9
"""From here on an edge is the last choice: packets wait for its core."""

CHANCE = 0.2
"""Share of the judgement that is chance."""

PENDING_SHARE = 0.02
"""Of an edge's room that each page that was sent there is taken to need, until its next beat."""


@dataclass(slots=True)
class Edge:
    """One edge, from its hello to its silence."""

    hello: EdgeHello
    heard_ns: int
    beat: EdgeBeat | None = None
    sent: int = 0
    """Pages that were sent there since its last beat."""
    draining: bool = False
    """An operator wants it empty."""
    origins: frozenset[str] = field(default_factory=frozenset)

    @property
    def takes(self) -> bool:
        """Whether it takes listeners."""
        beat = self.beat
        gone = self.draining or (beat is not None and beat.draining)
        return not gone and (beat is None or beat.room_left > self.sent)

    def burden(self) -> float:
        """How full it is, 0 to 1 and beyond."""
        beat = self.beat
        if beat is None:
            return self.sent * PENDING_SHARE
        room = max(1, beat.connections + beat.room_left)
        filled = (beat.connections + self.sent) / room
        late = 1.0 if beat.load >= FULL_LOAD else 0.0
        return max(filled, beat.load) + late


class Roster:
    """All edges of a hub."""

    def __init__(self, hub: str) -> None:
        """Nobody is there; ``hub`` is the name of this hub's start."""
        self.hub = hub
        self._edges: dict[str, Edge] = {}
        self._away: dict[str, EdgeHello] = {}
        """Those who may beat again without a hello: it was we who could not hear."""

    def __iter__(self) -> Iterator[Edge]:
        """Those who are there, in the order of their coming."""
        return iter(tuple(self._edges.values()))

    def __len__(self) -> int:
        """How many are there."""
        return len(self._edges)

    def get(self, edge: str) -> Edge | None:
        """An edge that is there."""
        return self._edges.get(edge)

    # What they say

    def hello(self, hello: EdgeHello, now_ns: int) -> Refused | None:
        """An edge comes, or comes back; None: it may serve."""
        if hello.version != EDGE_VERSION:
            return Refused(
                why=RefusedWhy.VERSION,
                text=f"the hub speaks version {EDGE_VERSION} with its edges and this edge "
                f"{hello.version}: install the same Parvis on both",
            )
        known = self._edges.get(hello.edge)
        if known is None and len(self._edges) >= MAX_EDGES:
            return Refused(why=RefusedWhy.BUSY, text=f"this hub has {MAX_EDGES} edges already")
        draining = known is not None and known.draining
        self._edges[hello.edge] = Edge(hello, now_ns, draining=draining, origins=_origins(hello))
        return None

    def beat(self, beat: EdgeBeat, now_ns: int) -> Edge | None:
        """An edge is there; None: it is not known, or serves another hub."""
        if beat.hub != self.hub:
            return None
        hello = self._away.pop(beat.edge, None)
        if hello is not None and beat.edge not in self._edges:
            self.hello(hello, now_ns)
        edge = self._edges.get(beat.edge)
        if edge is None:
            return None
        edge.beat, edge.heard_ns, edge.sent = beat, now_ns, 0
        return edge

    def excuse(self, stalled_ns: int) -> None:
        """This process stood still for so long: beats of that time wait to be read."""
        for edge in self:
            edge.heard_ns += stalled_ns

    def away(self, now_ns: int) -> list[Edge]:
        """Those who have fallen silent; they are forgotten."""
        gone = [edge for edge in self if now_ns - edge.heard_ns >= AWAY_NS]
        for edge in gone:
            del self._edges[edge.hello.edge]
            self._away[edge.hello.edge] = edge.hello
        while len(self._away) > MAX_EDGES:
            del self._away[next(iter(self._away))]
        return gone

    def drop(self, edge: str) -> None:
        """Forget an edge."""
        self._edges.pop(edge, None)

    # Where to listen

    def places(self, random: Random, *, is_public: bool) -> tuple[str, ...]:
        """Where a page should listen, the best first; nothing: where it is.

        Pages from outside the venue (``is_public``) listen outside, those from inside inside.
        """
        open_ = [edge for edge in self if edge.takes and edge.hello.is_public is is_public]
        judged = {edge.hello.edge: edge.burden() + CHANCE * random.random() for edge in open_}
        ranked = sorted(open_, key=lambda edge: judged[edge.hello.edge])[:MAX_PLACES]
        if ranked:
            ranked[0].sent += 1
        return tuple(dict.fromkeys(edge.hello.place for edge in ranked))

    @property
    def connections(self) -> int:
        """At all edges together."""
        return sum(edge.beat.connections for edge in self if edge.beat is not None)

    # By what they are called

    @property
    def names(self) -> frozenset[str]:
        """Of all edges: requests for them are meant for us."""
        return frozenset(name.lower() for edge in self for name in edge.hello.names)

    @property
    def origins(self) -> frozenset[str]:
        """Of all edges that are other origins."""
        return frozenset(origin for edge in self for origin in edge.origins)

    @property
    def ports(self) -> frozenset[str]:
        """Of edges that are ports of the hub's own host."""
        places = (edge.hello.place for edge in self)
        return frozenset(place[1:] for place in places if place.startswith(":"))

    @property
    def public_origin(self) -> str | None:
        """What the audience's links lead to; None: the hub itself."""
        for edge in self:
            if edge.hello.is_public and not edge.draining:
                place = edge.hello.place
                if place.startswith(("http:", "https:")):
                    return place
                if edge.hello.names:
                    return f"https://{edge.hello.names[0]}"
        return None


def _origins(hello: EdgeHello) -> frozenset[str]:
    named = {f"https://{name.lower()}" for name in hello.names} if hello.is_public else set()
    own = {hello.place} if hello.place.startswith("http") else set()
    return frozenset(named | own)


def is_sister(roster: Roster, origin: str, host: str | None) -> bool:
    """Whether a page of this origin is the hub's own at another edge, so that it may use our
    sockets: a worker on another port of the same host, or a named edge."""
    if origin in roster.origins:
        return True
    scheme, _, authority = origin.partition("://")
    named = host_name(host)
    port = authority.rpartition(":")[2]
    same_host = named is not None and host_name(authority) == named
    return scheme in ("http", "https") and same_host and port in roster.ports
