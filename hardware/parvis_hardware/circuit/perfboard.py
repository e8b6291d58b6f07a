"""The control board on a perforated board: places of the parts, and wires found from the netlist.

Theory of operation: for each net a tree of wires is grown over the grid of holes on the solder
side, from what is joined to the nearest of its other pins (Dijkstra's search). Such a wire is bare
and lies flat: it passes no pin of another net, crosses and touches no other wire. Where there is no
such way, or only a long one, an insulated wire goes straight from pin to pin. So the wires are the
netlist by construction; what can be wrong is a place.
"""

import heapq
import itertools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from parvis_hardware.circuit.netlist import Netlist
from parvis_hardware.errors import SourceError

SOURCE = "perfboard.toml"
WHERE = "control board"

TURN_COST = 0.4
"""A straight wire is easier to lay."""
DETOUR = (2.0, 4.0)
"""A bare wire may be twice as long as the straight way, and four holes."""

Hole = tuple[int, int]
Edge = tuple[Hole, Hole]
Body = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """One part on the board: the hole of each pin, and what its body covers, in holes."""

    reference: str
    pins: Mapping[str, Hole]
    body: Body


@dataclass(frozen=True, slots=True)
class Board:
    """The board with its parts."""

    columns: int
    rows: int
    pitch_mm: float
    edge_mm: float
    places: tuple[Place, ...]

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        wide = (self.columns - 1) * self.pitch_mm + 2 * self.edge_mm
        return wide, (self.rows - 1) * self.pitch_mm + 2 * self.edge_mm

    def holes(self) -> dict[str, Hole]:
        """Every pin's hole."""
        return {
            f"{place.reference}.{pin}": hole
            for place in self.places
            for pin, hole in place.pins.items()
        }


@dataclass(frozen=True, slots=True)
class Route:
    """A wire of a net: bare over these holes, or insulated, straight between two pins."""

    net: str
    holes: tuple[Hole, ...]
    insulated: bool


def parse(text: str, netlist: Netlist) -> Board:
    """The board of a source text.

    Raises:
        SourceError: a pin that is missing, doubled, outside, or bodies that overlap.
    """
    table = tomllib.loads(text)
    places = [_place(name, row) for name, row in table["parts"].items()]
    places.append(_header(table["header"]))
    board = Board(
        table["columns"], table["rows"], table["pitch_mm"], table["edge_mm"], tuple(places)
    )
    _refuse_wrong_pins(board, netlist)
    _refuse_wrong_holes(board)
    _refuse_overlap(board)
    return board


def _place(name: str, row: Mapping[str, Any]) -> Place:
    if "body" not in row:
        raise SourceError(SOURCE, f"parts.{name}", "no body: say what it covers")
    pins = {pin: (hole[0], hole[1]) for pin, hole in row.items() if pin != "body"}
    left, top, right, bottom = row["body"]
    return Place(name, pins, (left, top, right, bottom))


def _header(row: Mapping[str, Any]) -> Place:
    column, line = row["pin_1"]
    pins = {
        str(number): (column + (number - 1) // 2, line - (number + 1) % 2)
        for number in range(1, 41)
    }
    left, top, right, bottom = row["body"]
    return Place(row["part"], pins, (left, top, right, bottom))


def _refuse_wrong_pins(board: Board, netlist: Netlist) -> None:
    placed = {place.reference: place for place in board.places}
    for reference, part in netlist.parts.items():
        if part.where != WHERE:
            continue
        if reference not in placed:
            raise SourceError(SOURCE, "parts", f"{reference} has no place on the board")
        missing = sorted(set(part.kind.pins) ^ set(placed[reference].pins))
        if missing:
            raise SourceError(
                SOURCE, f"parts.{reference}", f"pin {missing[0]}: the part or the place has none"
            )
    for reference in placed:
        if reference not in netlist.parts or netlist.parts[reference].where != WHERE:
            raise SourceError(SOURCE, f"parts.{reference}", "the netlist has it not on this board")


def _refuse_wrong_holes(board: Board) -> None:
    taken: dict[Hole, str] = {}
    for pin, hole in board.holes().items():
        entry = f"parts.{pin}"
        if not (1 <= hole[0] <= board.columns and 1 <= hole[1] <= board.rows):
            raise SourceError(SOURCE, entry, f"hole {list(hole)} is not on the board")
        if hole in taken:
            raise SourceError(SOURCE, entry, f"hole {list(hole)} has {taken[hole]} already")
        taken[hole] = pin


def _refuse_overlap(board: Board) -> None:
    for number, place in enumerate(board.places):
        for other in board.places[:number]:
            first, second = place.body, other.body
            apart_x = first[2] <= second[0] or second[2] <= first[0]
            apart_y = first[3] <= second[1] or second[3] <= first[1]
            if not (apart_x or apart_y):
                raise SourceError(
                    SOURCE, f"parts.{place.reference}", f"its body overlaps {other.reference}'s"
                )


def route(board: Board, netlist: Netlist) -> tuple[Route, ...]:
    """The wires of all nets; short nets first, because they find a bare way most easily."""
    holes = board.holes()
    pins_of = {
        net: [holes[pin] for pin in pins if pin in holes] for net, pins in netlist.nets.items()
    }
    grid = _Grid(board, set(holes.values()))
    routes: list[Route] = []
    for net in sorted(pins_of, key=lambda net: (_extent(pins_of[net]), net)):
        if len(pins_of[net]) > 1:
            routes += grid.connect(net, pins_of[net])
    return tuple(routes)


def _extent(holes: list[Hole]) -> tuple[int, int]:
    if not holes:
        return 0, 0
    columns, rows = [hole[0] for hole in holes], [hole[1] for hole in holes]
    return len(holes), max(columns) - min(columns) + max(rows) - min(rows)


def distance(first: Hole, second: Hole) -> int:
    """Steps along rows and columns."""
    return abs(first[0] - second[0]) + abs(first[1] - second[1])


class _Grid:
    """The holes, and which of them are taken."""

    def __init__(self, board: Board, pins: set[Hole]) -> None:
        self._columns, self._rows = board.columns, board.rows
        self._taken = set(pins)

    def connect(self, net: str, pins: list[Hole]) -> list[Route]:
        """Join ``pins``, each new wire from what is joined already."""
        own, joined, routes = set(pins), {pins[0]}, []
        while waiting := own - joined:
            path = self._search(joined, waiting)
            if path is None:
                start, end = min(
                    itertools.product(sorted(joined & own), sorted(waiting)),
                    key=lambda pair: distance(*pair),
                )
                routes.append(Route(net, (start, end), insulated=True))
                joined.add(end)
            else:
                routes.append(Route(net, tuple(path), insulated=False))
                joined |= set(path)
                self._taken |= set(path)
        return routes

    def _search(self, joined: set[Hole], wanted: set[Hole]) -> list[Hole] | None:
        """The cheapest bare way from what is joined to one of ``wanted``; None for a long one."""
        queue: list[tuple[float, Hole, Hole | None]] = [(0.0, hole, None) for hole in joined]
        heapq.heapify(queue)
        before: dict[Hole, Hole | None] = {}
        while queue:
            cost, hole, came_from = heapq.heappop(queue)
            if hole in before:
                continue
            before[hole] = came_from
            if hole in wanted:
                straight = min(distance(hole, other) for other in joined)
                short = cost <= DETOUR[0] * straight + DETOUR[1]
                return _walk_back(hole, before) if short else None
            for step in self._steps(hole):
                if step not in before and (step not in self._taken or step in wanted):
                    price = 1.0 + (TURN_COST if _turns(came_from, hole, step) else 0.0)
                    heapq.heappush(queue, (cost + price, step, hole))
        return None

    def _steps(self, hole: Hole) -> Iterable[Hole]:
        for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            column, row = hole[0] + across, hole[1] + down
            if 1 <= column <= self._columns and 1 <= row <= self._rows:
                yield column, row


def _turns(before: Hole | None, at: Hole, after: Hole) -> bool:
    return before is not None and (
        (at[0] - before[0], at[1] - before[1]) != (after[0] - at[0], after[1] - at[1])
    )


def _walk_back(hole: Hole, before: Mapping[Hole, Hole | None]) -> list[Hole]:
    path, at = [hole], before[hole]
    while at is not None:
        path.append(at)
        at = before[at]
    return path[::-1]
