"""What listeners hear of the edge that they listen at."""

from typing import Literal

from pydantic import Field

from parvis_wire.base import Wire


class Venue(Wire):
    """To everybody at an edge: whether the edge reaches the venue's hub. Never stored."""

    type: Literal["venue"] = "venue"
    is_reached: bool


class Move(Wire):
    """To a listener: go on listening at another edge; the old connection stays until then."""

    type: Literal["move"] = "move"
    place: str = Field(min_length=2, max_length=262)
    """Port of the page's host (``:8081``), path of it (``/e/1``), or another origin."""
    within_ms: int = Field(ge=0, le=600_000)
    """Choose a moment of your own within this time; then this connection ends."""


FromEdge = Venue | Move
"""What a listener is told at an edge, besides what the hub says of the room."""
