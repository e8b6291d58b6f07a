"""Where pages listen, and what operators see of the edges and do to them."""

from collections.abc import Iterable
from typing import Annotated, Protocol

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from parvis_server.net.api.asking import FOR_EVERYBODY, NOT_KEPT, Asker, faults
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.operators import Operators
from parvis_server.net.edges.requests import EXTENSION
from parvis_server.net.edges.roster import Offer
from parvis_server.room.audience import Listed
from parvis_wire.edges import EdgeId, Place
from parvis_wire.fields import RoomName

DRAIN_S = 60.0
"""Everybody moves within this time unless it is said otherwise: nobody hears it."""


class EdgePlaces(BaseModel):
    """Where a page may listen; none: where it came from."""

    model_config = ConfigDict(frozen=True)

    edges: tuple[Place, ...]
    weights: tuple[Annotated[int, Field(ge=0)], ...]
    """Of each place the room that is left: a page draws one in proportion, since many may have got
    the same answer; 0: only when all others fail."""

    @classmethod
    def of(cls, offers: Iterable[Offer]) -> "EdgePlaces":
        """What the hub offers."""
        told = tuple(offers)
        return cls(
            edges=tuple(offer.place for offer in told),
            weights=tuple(offer.weight for offer in told),
        )


class EdgeInfo(BaseModel):
    """One edge, as it said last."""

    model_config = ConfigDict(frozen=True)

    edge: EdgeId
    place: Place
    names: tuple[str, ...]
    is_public: bool
    """It stands outside the venue."""
    listeners: int
    connections: int
    """With those who run rooms and speak."""
    room_left: int
    load: float
    """Share of its core that is used, 0 to 1."""
    draining: bool


class EdgeList(BaseModel):
    """All edges that are there."""

    model_config = ConfigDict(frozen=True)

    edges: tuple[EdgeInfo, ...]


class DrainRequest(BaseModel):
    """How an edge is to be emptied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within_s: float = Field(default=DRAIN_S, gt=0, le=600)


class EdgesOfHub(Protocol):
    """The edges of a hub."""

    def offers(self, through: str | None) -> tuple[Offer, ...]:
        """Where a page may listen that came from the edge ``through``; None: from the hub."""

    def listed(self) -> Iterable[EdgeInfo]:
        """All that are there."""

    async def people(self, room: str) -> tuple[Listed, ...]:
        """Who gave a name in this room, at all of them: asked when a host wants to see it."""

    def drain(self, edge: str, within_s: float) -> bool:
        """Move everybody from this edge to others; False: there is no such edge."""


class NoEdges:
    """A hub without any."""

    def offers(self, through: str | None) -> tuple[Offer, ...]:
        """Stay here."""
        return ()

    def listed(self) -> Iterable[EdgeInfo]:
        """None."""
        return ()

    async def people(self, room: str) -> tuple[Listed, ...]:
        """Nobody."""
        return ()

    def drain(self, edge: str, within_s: float) -> bool:
        """There is none."""
        return False


def edge_routes(edges: EdgesOfHub, operators: Operators) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["edges"], dependencies=NOT_KEPT)

    @routes.get("/rooms/{room}/edges", responses=faults(), openapi_extra=FOR_EVERYBODY)
    async def show_places(request: Request, room: RoomName) -> EdgePlaces:
        """Where a page listens to a room: a port of its own host (`:8081`), a path of it (`/e/1`),
        or an origin. It draws one in proportion to `weights`, and another where it reaches none.
        Says nothing of the room, there or not."""
        through = request.scope.get("extensions", {}).get(EXTENSION)
        return EdgePlaces.of(edges.offers(through))

    @routes.get("/edges", responses=faults(401, 403))
    async def list_edges(caller: Asker) -> EdgeList:
        """Which edges are there, and how they fare. For operators."""
        operators.check(caller)
        return EdgeList(edges=tuple(edges.listed()))

    @routes.post("/edges/{edge}/drain", status_code=202, responses=faults(401, 403, 404))
    async def drain_edge(
        caller: Asker, edge: Annotated[EdgeId, Path()], body: DrainRequest
    ) -> EdgeList:
        """Move everybody from an edge to others, for an upgrade: nobody hears it, and the edge ends
        when it is empty. For operators."""
        operators.check(caller)
        if not edges.drain(edge, body.within_s):
            raise ApiFault(404, "not_found", "no edge of this name is there")
        return EdgeList(edges=tuple(edges.listed()))

    return routes
