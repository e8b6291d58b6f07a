"""The edges that serve one hub: who is there, how they fare, and where a page should listen. Pure.

An edge is known from its hello to its silence: three missed beats, and it is away, with everybody
who listened there. Pages are told the places with a weight each, the room that is left there, and
choose by chance in proportion: so a crowd that asks within one second, before the next beats tell
of it, is spread although everybody gets the same answer (edges keep it for a second).
"""

from collections.abc import Iterable, Iterator
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

MAX_PLACES = 32
"""That a page is told: with all edges of 100,000 listeners among them, each gets its share."""

FULL_LOAD = 0.9
"""From here on an edge is the last choice: packets wait for its core."""

UNTOLD_WEIGHT = 1_000
"""Of an edge that came within the last second, and did not say yet how much room it has."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A place where a page may listen."""

    place: str
    weight: int
    """Listeners that it would still take well; 0: only when all others fail."""


def by_chance(offers: Iterable[Offer], random: Random) -> list[Offer]:
    """In an order that is drawn: each is the first as often as its weight says.

    Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006): the order of
    exponential times whose rates are the weights.
    """

    def arrives(offer: Offer) -> tuple[bool, float]:
        return not offer.weight, random.expovariate(1.0) / max(1, offer.weight)

    return sorted(offers, key=arrives)


@dataclass(slots=True)
class Edge:
    """One edge, from its hello to its silence."""

    hello: EdgeHello
    heard_ns: int
    beat: EdgeBeat | None = None
    draining: bool = False
    """An operator wants it empty."""
    origins: frozenset[str] = field(default_factory=frozenset)

    @property
    def takes(self) -> bool:
        """Whether it takes listeners."""
        beat = self.beat
        gone = self.draining or (beat is not None and beat.draining)
        return not gone and (beat is None or beat.room_left > 0)

    @property
    def free(self) -> int:
        """How many more it would take well: bounded by connections and by its core, of which as
        much is left as for the share of its room that is not filled."""
        beat = self.beat
        if beat is None:
            return UNTOLD_WEIGHT
        if beat.load >= FULL_LOAD:
            return 0
        by_core = (beat.connections + beat.room_left) * (1 - beat.load)
        return max(1, min(beat.room_left, round(by_core)))


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
        edge.beat, edge.heard_ns = beat, now_ns
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

    def offers(self, random: Random, *, is_public: bool) -> tuple[Offer, ...]:
        """Where a page may listen, in an order that is drawn; nothing: where it is.

        Pages from outside the venue (``is_public``) listen outside, those from inside inside.
        """
        open_ = [edge for edge in self if edge.takes and edge.hello.is_public is is_public]
        offers = {edge.hello.place: Offer(edge.hello.place, edge.free) for edge in open_}
        return tuple(by_chance(offers.values(), random)[:MAX_PLACES])

    def places(self, random: Random, *, is_public: bool) -> tuple[str, ...]:
        """Where one listener may go, the place to take first."""
        return tuple(offer.place for offer in self.offers(random, is_public=is_public))

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
