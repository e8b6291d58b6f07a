"""A list of parts is read strictly, summed exactly, and agrees with everything else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.make_pins import Pin
from parvis_hardware.builds import agreement, bom
from parvis_hardware.builds.bom import Line, parse, totals
from parvis_hardware.builds.build import bom_path, load, load_bom
from parvis_hardware.builds.build import parse as parse_build
from parvis_hardware.builds.checks import rows_with_totals
from parvis_hardware.circuit import sources
from parvis_hardware.circuit.netlist import BUILDS, UNIT_BUILDS
from parvis_hardware.errors import SourceError


def row(**changes: str) -> str:
    cells = {
        "reference": "R1 R3",
        "quantity": "2",
        "group": "part",
        "description": "resistor",
        "value": "1 kohm",
        "manufacturer": "Yageo",
        "part_number": "MFR-25FBF52-1K",
        "substitutes": "any",
        "unit_price": "0.02",
        "currency": "EUR",
        "date": "2026-11",
        "openness": "public datasheet",
        "verified": "known",
    }
    cells |= changes
    return f"{','.join(bom.COLUMNS)}\n{','.join(cells[name] for name in bom.COLUMNS)}\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"part_number": ""}, "x.csv, line 2 (R1 R3): no part number: each line needs one"),
        ({"part_number": "  "}, "no part number"),
        ({"manufacturer": ""}, "no manufacturer"),
        ({"unit_price": ""}, "no unit price"),
        ({"currency": ""}, "no currency"),
        ({"reference": ""}, "x.csv, line 2 (no reference): no reference"),
        ({"reference": "R1 r3"}, "'r3' is no reference like R1"),
        ({"quantity": "3"}, "quantity '3' for 2 references"),
        ({"quantity": "two"}, "quantity 'two' for 2 references"),
        ({"quantity": "0", "reference": "R1"}, "quantity '0' for 1 references"),
        ({"unit_price": "cheap"}, "price 'cheap' is no number"),
        ({"unit_price": "-1"}, "price '-1': more than 0"),
        ({"unit_price": "NaN"}, "price 'NaN': more than 0"),
        ({"date": "November"}, "date 'November': say the month, 2026-11"),
        ({"date": "2026-13"}, "date '2026-13': say the month"),
        ({"group": "parts"}, "groups are part, computer, option"),
        ({"verified": "yes,no"}, "it has not 13 cells"),
        ({"reference": "R1 R1"}, "x.csv, R1: it is in two lines"),
    ],
)
def test_a_bad_line_is_named(changes: dict[str, str], said: str) -> None:
    with pytest.raises(SourceError) as told:
        parse(row(**changes), "x.csv")
    assert said in str(told.value) and "\n" not in str(told.value)


def test_other_columns_are_refused() -> None:
    with pytest.raises(SourceError, match=r"x\.csv, line 1: the columns are reference, quantity"):
        parse("part,price\nR1,2\n", "x.csv")


def test_two_currencies_are_not_summed() -> None:
    first = parse(row(), "x.csv")
    second = parse(row(currency="USD", reference="R5 R6"), "x.csv")
    with pytest.raises(SourceError, match="EUR and USD cannot be summed"):
        totals(first + second, "x.csv")


@given(
    st.lists(
        st.tuples(
            st.integers(1, 50),
            st.decimals("0.01", "500", places=2),
            st.sampled_from(["part", "computer", "option"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_totals_are_exact_sums(wanted: list[tuple[int, Decimal, str]]) -> None:
    text = row().splitlines()[0] + "\n"
    for number, (quantity, price, group) in enumerate(wanted, start=1):
        cells = {"reference": f"R{number}", "quantity": str(quantity), "group": group}
        text += row(unit_price=str(price), **cells).splitlines()[1] + "\n"
    sums = totals(parse(text, "x.csv"), "x.csv")
    everything = sum((quantity * price for quantity, price, _ in wanted), Decimal(0))
    assert sums.together + sums.options == everything
    assert sums.computer == sum(
        (quantity * price for quantity, price, group in wanted if group == "computer"), Decimal(0)
    )


def test_the_small_unit_costs_what_it_may() -> None:
    sums = totals(load_bom("small"), "small")
    assert sums.parts <= 60 and sums.together <= 85
    assert (sums.currency, sums.date) == ("EUR", "2026-11")


def test_a_unit_that_costs_too_much_is_seen() -> None:
    dear = tuple(
        replace(line, unit_price=line.unit_price + 10) if line.references == ("A2",) else line
        for line in load_bom("small")
    )
    said = agreement.within_limits(load("small"), dear, "small")
    assert said == [
        "the parts without the computer cost 68.00 EUR, over 60",
        "the parts with the computer cost 87.50 EUR, over 85",
    ]


@pytest.mark.parametrize("name", BUILDS)
def test_the_written_list_ends_with_its_sums(name: str) -> None:
    rows = rows_with_totals(load_bom(name), name)
    assert len({len(cells) for cells in rows}) == 1
    assert [cells[2] for cells in rows[-4:-1]] == [
        "parts without the computer",
        "parts with the computer",
        "options, in no sum",
    ]
    assert "not quoted" in rows[-1][2]


def small_without(reference: str) -> tuple[Line, ...]:
    return tuple(line for line in load_bom("small") if reference not in line.references)


def small_with(reference: str, **changes: str) -> tuple[Line, ...]:
    changed = []
    for line in load_bom("small"):
        if reference in line.references:
            line = replace(line, **changes)  # type: ignore[arg-type]
        changed.append(line)
    return tuple(changed)


def test_lists_and_netlist_differ_in_nothing_and_each_difference_is_seen() -> None:
    netlist = sources.netlist().of_build("small")
    compare = agreement.bom_and_netlist
    build = load("small")
    assert compare(build, load_bom("small"), netlist) == []
    assert compare(build, small_without("D1"), netlist) == [
        "D1 is in the netlist and not in the list of parts"
    ]
    assert compare(build, small_with("C3", value="47 uF"), netlist) == [
        "C3 is 470 uF in the netlist and 47 uF in the list of parts"
    ]
    extra = (*load_bom("small"), *parse(row(reference="R98 R99"), "x.csv"))
    assert compare(build, extra, netlist) == [
        "R98 is in the list of parts and not in the netlist",
        "R99 is in the list of parts and not in the netlist",
    ]


def test_harness_and_list_differ_in_nothing_and_each_difference_is_seen() -> None:
    netlist = sources.netlist().of_build("small")
    compare = agreement.bom_and_harness
    build = load("small")
    assert compare(build, load_bom("small"), netlist) == []
    assert compare(build, small_without("W10"), netlist) == [
        "cable W9 is in the harness and not in the list of parts",
        "cable W10 is in the harness and not in the list of parts",
    ]
    assert compare(build, small_with("P5", part_number="XHP-3"), netlist) == [
        "cable W5 ends in XHP-4, the list of parts has XHP-3 as P5"
    ]
    assert compare(build, small_with("J6", part_number="B4B-XH-A"), netlist) == [
        "XHP-5 fits B5B-XH-A, the list of parts has B4B-XH-A"
    ]
    extra = (*load_bom("small"), *parse(row(reference="W77", quantity="1"), "x.csv"))
    assert compare(build, extra, netlist) == [
        "cable W77 is in the list of parts and not in the harness"
    ]


def test_the_program_uses_what_is_wired() -> None:
    netlist = sources.netlist()
    table = load("table")
    assert agreement.program_and_netlist(table, netlist.of_build("table")) == []
    assert agreement.program_and_netlist(table, netlist.of_build("small")) == [
        "the program uses BUZZER, and no wire leads from that pin to Q1"
    ]
    assert len(agreement.program_and_netlist(table, netlist.of_build("hub"))) == 7


def test_the_programs_ring_is_the_one_that_is_wired() -> None:
    netlist, table = sources.netlist().of_build("table"), load("table")
    assert table.program is not None
    assert table.program["light"] == "ring"
    larger = table.model_copy(update={"program": {**table.program, "ring_pixels": 16}})
    assert agreement.program_and_netlist(larger, netlist) == [
        "the program lights 16 pixels, the ring has 12 pixels"
    ]
    unused = table.model_copy(update={"program": {**table.program, "light": "gpio"}})
    assert agreement.program_and_netlist(unused, netlist) == [
        "a ring is wired, and the program's light is gpio"
    ]


def test_the_three_lamps_instead_of_the_ring_are_wired_too() -> None:
    for name in UNIT_BUILDS:
        build, netlist = load(name), sources.netlist().of_build(name)
        assert build.without_ring == {"light": "gpio"}
        nothing = build.model_copy(update={"without_ring": {"light": "none"}})
        assert agreement.program_and_netlist(nothing, netlist) == [
            "without a ring the program's light is none"
        ]
        parts = {key: part for key, part in netlist.parts.items() if key != "D3"}
        nets = {key: tuple(p for p in pins if "D3." not in p) for key, pins in netlist.nets.items()}
        assert agreement.program_and_netlist(build, replace(netlist, parts=parts, nets=nets)) == [
            "the program uses LIGHT_GREEN, and no wire leads from that pin to D3"
        ]


def test_pins_that_program_and_table_see_differently_are_seen() -> None:
    hand = Pin("hand", 17, 11, "input", "", "", used=True)
    buzzer = Pin("buzzer", 16, 36, "output", "", "", used=True)
    ring = Pin("ring_data", 10, 19, "output", "", "", used=False)
    texts = ["pins.HAND", "pins.RING_DATA pins.LAMP"]
    assert agreement.program_and_pins((hand, buzzer, ring), texts) == [
        "BUZZER is used in pins.toml, and no source of the program names it",
        "RING_DATA is not used in pins.toml, and the program names it",
        "the program names pin LAMP, which pins.toml has not",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("link = ", "linc = "), "program.linc: Extra inputs are not permitted"),
        (('button = "gpio"', 'button = "knob"'), "program.button: Input should be 'gpio'"),
    ],
)
def test_a_setting_that_the_program_has_not_is_one_clear_line(
    change: tuple[str, str], said: str
) -> None:
    text = bom_path("table").parents[1].joinpath("table.toml").read_text("utf-8")
    build = parse_build(text.replace(*change), "builds/table.toml")
    with pytest.raises(SourceError) as told:
        agreement.program_and_netlist(build, sources.netlist().of_build("table"))
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[status]", "[state]"), "builds/table.toml, "),
        (("built = ", "build = "), "status."),
        (('en = "Table unit", ', ""), "builds/table.toml, title.en: Field required"),
        (("limits = {}", "limits = {"), "it is no TOML"),
    ],
)
def test_a_bad_build_is_one_clear_line(change: tuple[str, str], said: str) -> None:
    text = bom_path("table").parents[1].joinpath("table.toml").read_text("utf-8")
    assert change[0] in text
    with pytest.raises(SourceError) as told:
        parse_build(text.replace(*change), "builds/table.toml")
    assert said in str(told.value)


@pytest.mark.parametrize("name", BUILDS)
def test_nobody_has_built_or_measured_one(name: str) -> None:
    status = load(name).status
    assert status.drawn and not status.built and not status.measured
