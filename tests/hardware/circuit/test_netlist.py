"""The netlist as it is keeps every rule; each rule sees the mistake that it is for."""

from __future__ import annotations

import pytest

from parvis_hardware import pins
from parvis_hardware.circuit import rules, sources, wiring
from parvis_hardware.circuit.netlist import BUILDS, Netlist, parse
from parvis_hardware.circuit.parts import read_kinds
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

SOURCE = (HARDWARE / "netlist.toml").read_text("utf-8")


def changed(*changes: tuple[str, str], build: str = "small") -> Netlist:
    """The netlist of a build with some of its text replaced."""
    text = SOURCE
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the netlist"
        text = text.replace(old, new)
    return parse(text, sources.kinds()).of_build(build)


@pytest.mark.parametrize("build", BUILDS)
def test_every_build_keeps_every_rule(build: str) -> None:
    netlist = sources.netlist().of_build(build)
    assert rules.findings(netlist) == []
    assert wiring.findings(netlist) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('LIGHT_GREEN = ["A1.31"', 'LIGHT_GREEN = ["A1.29"'),
            "A1.29 is in net LIGHT_RED already",
        ),
        (('RING_DATA = ["A1.19"', 'RING_DATA = ["A1.41"'), "a computer has no pin '41' but"),
        (('BUZZER = ["A1.36"', 'BUZZER = ["A1.37"'), "a computer has no pin '37' but"),
        (('"U1.1Y", "R12.1"', '"U1.7Y", "R12.1"'), "a gate_74ahct125 has no pin '7Y'"),
        (('"BZ1.P"', '"BZ2.P"'), "there is no part 'BZ2'"),
        (('["J2.1", "S1.NO", "YE"]', '["J2.1", "S3.NO", "YE"]'), "there is no part 'S3'"),
        (('kind = "electret"', 'kind = "electrett"'), "kind 'electrett' is not in parts.toml"),
        (('name = "ring"', 'nme = "ring"'), "unexpected keyword argument 'nme'"),
        (("hold_ma = 500", "holds_ma = 500"), "unexpected keyword argument 'holds_ma'"),
    ],
)
def test_what_cannot_be_written_down_is_one_clear_line(change: tuple[str, str], said: str) -> None:
    with pytest.raises(SourceError) as told:
        changed(change)
    assert said in str(told.value)
    assert str(told.value).startswith("netlist.toml, ") and "\n" not in str(told.value)


def test_a_part_of_a_build_that_is_none_is_refused() -> None:
    with pytest.raises(SourceError, match=r"netlist\.toml, parts\.MK1: no build 'tiny'"):
        changed(
            ('where = "gooseneck"\nbuilds = ["small"]', 'where = "gooseneck"\nbuilds = ["tiny"]')
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # two drive one
        (('"U1.1A"]', '"U1.1A", "U1.3Y"]'), "net RING_DATA is driven 2 times: by A1.19 and U1.3Y"),
        (('"U1.3A", ', '"U1.3A", "U1.3Y", '), "net GND is driven 2 times"),
        # connected to nothing
        (('"R10.2", ', ""), "R10.2 is connected to nothing"),
        (('RED_LAMP = ["R5.2", "J5.1", "D2.A"]', 'RED_LAMP = ["R5.2"]'), "D2.A is connected"),
        (
            ('RED_LAMP = ["R5.2", "J5.1", "D2.A"]', 'RED_LAMP = ["R5.2"]'),
            "net RED_LAMP ends at R5.2",
        ),
        # 5 V where 3.3 V is the most
        (
            (
                '"A2.3V3", "J1.1", "R2.2", "R4.2"]',
                '"A2.3V3", "J1.1", "R2.2"]\nX = ["R4.2", "A1.2"]',
            ),
            "A1.15 stands 3.6 V, net MUTE_SENSE brings 5 V",
        ),
        # an input without a level
        (('"R10.1", ', ""), "U1.1A has no level of its own in net RING_DATA with its plug pulled"),
        # what people reach
        (
            ('JACK_TIP = ["F2.1", ', "JACK_TIP = ["),
            "J9.TIP is reached from outside and has no fuse",
        ),
        (('"D1.K", ', ""), "J9.TIP is reached from outside and has no clamp (ESD) behind F2"),
        (
            (
                '"C1.1", "D1.K", "F2.2", "J2.1", "S1.NO"]\nJACK_TIP = [',
                '"D1.K", "F2.2", "J2.1", "S1.NO"]\nJACK_TIP = ["C1.1", ',
            ),
            "J9.TIP is reached from outside: net JACK_TIP has more than its fuse",
        ),
        # the ribbon the wrong way round
        (('"J1.6", "J1.9"', '"J1.6", "J1.9", "J1.39"'), "puts the computer's pin 2 (5 V) on J1.39"),
    ],
)
def test_a_broken_rule_is_seen(change: tuple[str, str], said: str) -> None:
    assert any(said in line for line in rules.findings(changed(change)))


def test_a_ring_without_its_level_shifter_is_seen() -> None:
    straight = changed(
        ('"R10.1", "U1.1A"]', '"R10.1", "R12.1"]'),
        ('RING_DATA_GATE = ["U1.1Y", "R12.1"]\n', ""),
        ('"U1.1OE", ', '"U1.1OE", "U1.1A", '),
    )
    assert "LR1.DIN needs 3.5 V for a one, A1.19 drives 3.3 V" in rules.findings(straight)


def test_an_input_at_the_clamp_itself_is_seen() -> None:
    straight = changed(
        ('HAND_CONTACT = ["R1.2"', 'HAND_CONTACT = ["R1.2", "U1.3A"'),
        ('"U1.3A", "U1.4A"', '"U1.4A"'),
    )
    assert "U1.3A lies at the clamp itself: put a resistor between" in rules.findings(straight)


def test_a_supply_that_is_fed_backwards_is_seen() -> None:
    joined = changed(
        ('3V3 = ["A1.1", "A2.3V3"', '3V3 = ["A1.1", "F2.2", "A2.3V3"'),
        ('"D1.K", "F2.2"', '"D1.K"'),
        ('"F2.1", "J4.1"', '"J4.1"'),
        ('5V = ["A1.4"', '5V = ["A1.4", "F2.1"'),
    )
    assert "A1.1 gives 3.3 V and would be fed 5 V by 3V3" in rules.findings(joined)


def test_an_outside_apparatus_without_a_word_on_its_protection_is_seen() -> None:
    unsaid = changed(('protection = "the hall\'s own desk"', 'protection = ""'), build="hub")
    assert any("DK1.AUX_P is reached from outside" in line for line in rules.findings(unsaid))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('["J2.1", "S1.NO", "YE"]', '["J2.1", "S1.C", "YE"]'),
            "cable W2 joins J2.1 (net HAND_CONTACT) to S1.C (net GND)",
        ),
        (('["J2.1", "S1.NO", "YE"], ', ""), "no cable brings net HAND_CONTACT together"),
        (('"J2.1", "S1.NO", "YE"', '"J2.1", "S1.NO", "yellow"'), "'yellow' is no colour"),
        (('links = [["D2.K", "D3.K"], ', "links = ["), "no cable brings net GND together: "),
    ],
)
def test_a_cable_that_disagrees_is_seen(change: tuple[str, str], said: str) -> None:
    assert any(said in line for line in wiring.findings(changed(change)))


def test_a_pin_that_the_netlist_wires_elsewhere_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    swapped = SOURCE.replace('"A1.29", "J1.29"', '"A1.29x').replace('"A1.31"', '"A1.29"')
    swapped = swapped.replace('"A1.29x', '"A1.31", "J1.29"')
    netlist = parse(swapped, sources.kinds())
    monkeypatch.setattr(sources, "netlist", lambda: netlist)
    assert sources.pin_differences() == [
        "light_red is header pin 29: the netlist has LIGHT_GREEN there",
        "light_green is header pin 31: the netlist has LIGHT_RED there",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('pins = { 1 = "pasive" }', "kinds.x.pins.1: 'pasive' is not a valid PinType"),
        ('pins = { 1 = { type = "feed", volt = 5 } }', "kinds.x.pins.1: "),
        ('pins = { 1 = "passive" }\njoins = [["1", "2"]]', "kinds.x: it has no pin '2'"),
    ],
)
def test_a_kind_that_cannot_be_is_one_clear_line(wrong: str, said: str) -> None:
    with pytest.raises(SourceError, match=r"parts\.toml, ") as told:
        read_kinds(f"[kinds.x]\n{wrong}\n", (), ())
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("gpio = 22", "gpio = 17"), "mute_sense: GPIO 17 is not header pin 15 but 11"),
        (("gpio = 22\nheader_pin = 15", "gpio = 17\nheader_pin = 11"), "GPIO 17 is taken by hand"),
        (("gpio = 22\nheader_pin = 15", "gpio = 18\nheader_pin = 12"), "reserved for i2s_audio"),
        (("gpio = 22", "gpio = 41"), "GPIO 41 is not header pin 15 but nowhere"),
        (("gpio = 22", "pin = 22"), "a pin: "),
    ],
)
def test_a_doubled_or_impossible_pin_stops_with_one_line(
    change: tuple[str, str], said: str
) -> None:
    text = pins.SOURCE.read_text("utf-8")
    assert change[0] in text
    with pytest.raises(SourceError) as told:
        pins.parse(text.replace(*change))
    assert str(told.value).startswith("pins.toml, ") and said in str(told.value)
