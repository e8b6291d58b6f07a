"""The harness is made from the netlist: every wire is there once, with what it takes to make it."""

from __future__ import annotations

import pytest

from parvis_hardware.circuit import harness, sources
from parvis_hardware.circuit.netlist import BUILDS
from parvis_hardware.places import LANGUAGES
from parvis_hardware.words import speaker


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("build", BUILDS)
def test_each_wire_is_listed_and_drawn_once(build: str, language: str) -> None:
    netlist = sources.netlist().of_build(build)
    rows = harness.wire_rows(netlist)
    listed = [(row[2], row[3]) for row in rows]
    wanted = [
        (wire.first, wire.second) for cable in netlist.cables.values() for wire in cable.wires
    ]
    wanted += [link for cable in netlist.cables.values() for link in cable.links]
    assert sorted(listed) == sorted(wanted)
    drawn = harness.wireviz_input(netlist, "DejaVu Sans", speaker(language))
    assert len(drawn["connections"]) == len(rows)
    counts = sum(cable["wirecount"] for cable in drawn["cables"].values())
    assert counts == len(rows)


@pytest.mark.parametrize("build", BUILDS)
def test_a_wire_says_all_that_it_takes_to_make_it(build: str) -> None:
    netlist = sources.netlist().of_build(build)
    for row in harness.wire_rows(netlist):
        assert len(row) == len(harness.WIRE_COLUMNS) and all(row)
        said = dict(zip(harness.WIRE_COLUMNS, row, strict=True))
        assert said["net"] == netlist.net_of(said["from"]) == netlist.net_of(said["to"])
        assert int(said["length mm"]) >= 30
        assert said["colour"] in harness.COLOURS.values()


def test_the_connectors_have_the_pins_and_nets_of_the_netlist() -> None:
    drawn = harness.wireviz_input(sources.netlist().of_build("table"), "DejaVu Sans", speaker("en"))
    assert drawn["connectors"]["J5"] == {
        "type": "JST XHP-4",
        "subtype": "control board",
        "pins": [1, 2, 3, 4],
        "pinlabels": ["RED_LAMP", "GREEN_LAMP", "WHITE_LAMP", "GND"],
        "show_pincount": False,
    }
    assert [{"J2": [1]}, {"W2": [1]}, {"S1": ["NO"]}] in drawn["connections"]
    assert "W1" not in drawn["cables"], "the table unit's board sits on the header"
