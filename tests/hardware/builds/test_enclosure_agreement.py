"""Enclosure, lists of parts, netlist and control board mean the same things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis_hardware.builds import enclosure
from parvis_hardware.builds.bom import Line
from parvis_hardware.builds.build import load, load_bom
from parvis_hardware.circuit import sources
from parvis_hardware.enclosure.layout import Layout, lay_out
from parvis_hardware.enclosure.parameters import read_enclosures


@pytest.fixture(scope="module")
def layout() -> Layout:
    [given] = [given for given in read_enclosures() if given.name == "small_zero2w"]
    return lay_out(given)


def said(layout: Layout, lines: tuple[Line, ...]) -> list[str]:
    return enclosure.of_enclosure(load("small"), lines, layout)


def test_they_differ_in_nothing(layout: Layout) -> None:
    assert enclosure.differences() == []
    assert said(layout, load_bom("small")) == []


@pytest.mark.parametrize("reference", ["E2", "E3", "E4", "E5"])
def test_a_wrong_count_is_seen(layout: Layout, reference: str) -> None:
    lines = tuple(
        replace(line, quantity=line.quantity + 1) if reference in line.references else line
        for line in load_bom("small")
    )
    [line] = said(layout, lines)
    assert line.startswith("small_zero2w takes ") and f" of {reference}, " in line


def test_other_bars_and_screws_are_seen(layout: Layout) -> None:
    lines = tuple(
        replace(
            line,
            description=line.description.replace("x 60 mm", "x 61 mm").replace("x 16,", "x 12,"),
        )
        for line in load_bom("small")
    )
    found = said(layout, lines)
    assert len(found) == 2 and "lid screws" in found[0] and "x 60 mm" in found[1]


def test_another_ring_and_a_larger_board_are_seen(layout: Layout) -> None:
    netlist = sources.netlist().of_build("small")
    ring = replace(netlist.parts["LR1"], value="16 pixels")
    other = replace(netlist, parts={**netlist.parts, "LR1": ring})
    larger = replace(sources.board(), rows=14)
    assert [
        line.partition(" has ")[2] for line in enclosure.of_electronics(other, larger, layout)
    ] == [
        "a ring of 12 pixels, the netlist 16 pixels",
        "room for 70.0 x 31.5, the control board is 62.0 x 36.6",
    ]
