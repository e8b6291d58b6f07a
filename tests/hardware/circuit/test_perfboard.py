"""The perforated board: every part has its place, and the wires are the netlist."""

from __future__ import annotations

import itertools

import pytest

from parvis_hardware.circuit import perfboard, sources
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

SOURCE = (HARDWARE / "perfboard.toml").read_text("utf-8")


def test_the_wires_join_each_net_and_nothing_else() -> None:
    board, netlist = sources.board(), sources.netlist()
    pins = board.holes()
    joined: dict[tuple[int, int], set[tuple[int, int]]] = {hole: {hole} for hole in pins.values()}
    for route in perfboard.route(board, netlist):
        group = set().union(*(joined.get(hole, {hole}) for hole in route.holes))
        for hole in group:
            joined[hole] = group
    for net, wired in netlist.nets.items():
        holes = {pins[pin] for pin in wired if pin in pins}
        for hole in holes:
            assert holes <= joined[hole], net
            assert joined[hole] & set(pins.values()) == holes, net


def test_bare_wires_neither_cross_nor_touch() -> None:
    board = sources.board()
    bare = [route for route in perfboard.route(board, sources.netlist()) if not route.insulated]
    assert len(bare) > 20
    pins = {hole: pin for pin, hole in board.holes().items()}
    for first, second in itertools.combinations(bare, 2):
        if first.net != second.net:
            assert not set(first.holes) & set(second.holes)
    for route in bare:
        for hole in route.holes:
            net = sources.netlist().net_of(pins[hole]) if hole in pins else route.net
            assert net == route.net
        for one, next_one in itertools.pairwise(route.holes):
            assert perfboard.distance(one, next_one) == 1


def test_the_board_fits_the_enclosures() -> None:
    wide, high = sources.board().size_mm
    assert wide <= 62.1 and high <= 32


def test_header_numbers_lie_as_on_the_computer() -> None:
    [header] = [place for place in sources.board().places if place.reference == "J1"]
    assert header.pins["1"] == (3, 2) and header.pins["2"] == (3, 1)
    assert header.pins["39"] == (22, 2) and header.pins["40"] == (22, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("F1 = { 1 = [4, 4]", "F1 = { 1 = [25, 4]"),
            "parts.F1.1: hole [25, 4] is not on the board",
        ),
        (("F1 = { 1 = [4, 4]", "F1 = { 1 = [8, 4]"), "hole [8, 4] has F1.1 already"),
        (("F1 = { 1 = [4, 4], ", "F1 = { "), "parts.F1: pin 1: the part or the place has none"),
        (("R2 = {", "R20 = {"), "R2 has no place on the board"),
        (("body = [3.6, 3.4, 6.4, 4.6]", "body = [3.6, 3.4, 9.4, 4.6]"), "its body overlaps F1's"),
    ],
)
def test_a_place_that_cannot_be_is_one_clear_line(change: tuple[str, str], said: str) -> None:
    assert SOURCE.count(change[0]) == 1
    with pytest.raises(SourceError) as told:
        perfboard.parse(SOURCE.replace(*change), sources.netlist())
    assert said in str(told.value) and str(told.value).startswith("perfboard.toml, ")
