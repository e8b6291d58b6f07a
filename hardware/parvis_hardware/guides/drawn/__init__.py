"""Our own pictures, by name: each a function of the language that gives a drawing."""

from collections.abc import Callable, Mapping

from parvis_hardware.guides.drawn import building, network, tonight, venue
from parvis_hardware.guides.drawn.canvas import Canvas

DRAWINGS: Mapping[str, Callable[[str], Canvas]] = {
    **tonight.DRAWINGS,
    **venue.DRAWINGS,
    **network.DRAWINGS,
    **building.DRAWINGS,
}
