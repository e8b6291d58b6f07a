"""What the schematic says is connected is read off the drawing and is the netlist."""

from __future__ import annotations

import pytest

from parvis_hardware.circuit import schematic, sources
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

SOURCE = (HARDWARE / "schematic.toml").read_text("utf-8")


def said(*changes: tuple[str, str]) -> list[str]:
    text = SOURCE
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the schematic"
        text = text.replace(old, new)
    return schematic.differences(schematic.parse(text, sources.netlist()), sources.netlist())


def test_the_schematic_is_the_netlist() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # a line that does not reach
        (
            ("[16.5, -8, 24.5, -8]", "[16.5, -8, 24, -8]"),
            "the drawing parts net MUTE_CONTACT: S2.2C from",
        ),
        # a line that joins what is apart
        (
            ("[39, 0, 40, 0]", "[39, 0, 43, 0]"),
            "as 5V/5V_BOARD; in the netlist they are 5V, 5V_BOARD",
        ),
        # a wrong name
        (
            ('["LIGHT_GREEN", 6, -10', '["LIGHT_RED", 6, -10'),
            "in the netlist they are LIGHT_GREEN, LIGHT_RED",
        ),
        # a diode the wrong way round
        (('"D5", 24, -27.5, 24, -24.5', '"D5", 24, -24.5, 24, -27.5'), "in the netlist they are"),
        # a part that is missing, and one that is not there
        (('["C4", 18, -8, 18, -11], ', ""), "C4.1 of net MUTE_CONTACT is not drawn"),
        (('["J3.1", 21.5, -8]', '["J8.1", 21.5, -8]'), "the drawing has J8.1, the netlist not"),
    ],
)
def test_a_drawing_that_says_something_else_is_seen(change: tuple[str, str], words: str) -> None:
    found = said(change)
    assert any(words in line for line in found), found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('["C4", 18, -8, 18, -11]', '["C9", 18, -8, 18, -11]'), "there is no part C9"),
        (('["C4", 18, -8, 18, -11]', '["C4", 18, -8, 18]'), "schematic.toml, sheets.control: "),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(change: tuple[str, str], words: str) -> None:
    with pytest.raises(SourceError) as told:
        said(change)
    assert words in str(told.value) and "\n" not in str(told.value)


def test_lines_that_cross_are_not_joined() -> None:
    sheet = schematic.Sheet(
        name="cross",
        title="",
        builds=(),
        lines=(((0, 0), (4, 0)), ((2, -2), (2, 2)), ((4, -1), (4, 0))),
    )
    groups = schematic.drawn_nets([sheet])
    assert len(groups) == 2
    assert schematic.passes((2, 0), sheet.lines[0]) and not schematic.passes((4, 0), sheet.lines[0])
