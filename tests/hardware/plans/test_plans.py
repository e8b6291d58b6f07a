"""Power, levels and first voltages: the plans hold, their sums are right, mistakes are seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_hardware.circuit import sources
from parvis_hardware.circuit.netlist import UNIT_BUILDS, Netlist, parse
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE
from parvis_hardware.plans import acoustics, bringup, power
from parvis_hardware.plans import sources as plans
from parvis_server.media.levelling import PROGRAM, TALKER
from parvis_server.media.limiter import CEILING_DBFS

POWER = (HARDWARE / "power.toml").read_text("utf-8")
ACOUSTICS = (HARDWARE / "acoustics.toml").read_text("utf-8")
CASE_MM = (110.0, 141.0, 45.0)
WORDS = (HARDWARE / "bringup.toml").read_text("utf-8")


def of(build: str, *changes: tuple[str, str]) -> Netlist:
    text = (HARDWARE / "netlist.toml").read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse(text, sources.kinds()).of_build(build)


def table_budget(*changes: tuple[str, str]) -> list[str]:
    known = power.parse(POWER)
    return power.findings(power.budget("table", "pi4", of("table", *changes), known), known)


def test_the_plans_hold() -> None:
    assert plans.power_findings() == [] and plans.acoustic_findings() == []


def test_the_table_units_budget_is_the_sum_of_its_parts() -> None:
    [table] = [plan for plan in plans.budgets() if plan.build == "table"]
    assert table.board_5v.most == 192 + 6 + 35
    assert table.board_5v.fault == 732 + 6 + 35
    assert table.gpio_pin_ma == pytest.approx(1000 * (3.3 - 1.9) / 330)
    assert table.most_w == pytest.approx(6.0 + 0.005 * (233 + 100 + table.rail_3v3_ma))
    assert table.poe_class == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("most = 192", "most = 480"),
            "the control board's 5 V: 521.0 mA, and its fuse holds 500.0",
        ),
        (("fault = 732", "fault = 2732"), "the supply with a ring at full white"),
        (("typical = 60, most = 100", "typical = 60, most = 1400"), "the supply: 14.2 W"),
    ],
)
def test_too_much_current_is_seen(change: tuple[str, str], said: str) -> None:
    assert any(said in line for line in table_budget(change)), table_budget(change)


def test_too_much_for_a_pin_is_seen() -> None:
    red = '[parts.R5]\nkind = "resistor"\nvalue = "330 ohm"'
    said = table_budget((red, red.replace("330", "47")))
    assert said == ["table with Raspberry Pi 4 B: a GPIO pin: 29.8 mA, and a pin gives 16.0"]


def test_a_value_that_is_no_resistance_is_named() -> None:
    red = '[parts.R5]\nkind = "resistor"\nvalue = "330 ohm"'
    with pytest.raises(SourceError, match=r"netlist\.toml, parts\.R5: value '330R': say 330 ohm"):
        table_budget((red, red.replace("330 ohm", "330R")))


def test_a_pi_5_in_a_closed_case_wants_a_cool_room() -> None:
    known = power.parse(POWER)
    [said] = power.findings(power.budget("table", "pi5", of("table"), known, CASE_MM), known)
    assert "the air in the closed case" in said and "over 24 °C" in said


@given(st.floats(0.1, 20.0), st.floats(0.1, 20.0))
def test_a_case_warms_in_proportion(first_w: float, second_w: float) -> None:
    known = power.parse(POWER)
    one, other = (power.air_rise_k(watts, CASE_MM, known.heat) for watts in (first_w, second_w))
    assert one / first_w == pytest.approx(other / second_w)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("amperes = 3.0", "ampere = 3.0"), "power.toml, supplies.table."),
        (("room_c = 25.0", "room_c = "), "power.toml, the file: it is no TOML"),
    ],
)
def test_a_bad_power_table_is_one_clear_line(change: tuple[str, str], said: str) -> None:
    with pytest.raises(SourceError) as told:
        power.parse(POWER.replace(*change))
    assert said in str(told.value)


def test_a_voice_falls_six_decibels_for_each_doubling() -> None:
    assert acoustics.at_distance(60, 0.5) == pytest.approx(66.02, abs=0.01)
    assert acoustics.at_distance(60, 1.0) == 60


def test_a_full_scale_sine_at_the_capsule_is_full_scale() -> None:
    electret = acoustics.parse(ACOUSTICS).microphones["electret_codec_zero"]
    # 1 V peak over 30 dB of gain and -46 dBV at 94 dB SPL: a sine of 107 dB SPL.
    assert acoustics.full_scale_db_spl("electret", electret) == pytest.approx(107)


def test_the_gain_reaches_the_hubs_own_targets() -> None:
    table = acoustics.parse(ACOUSTICS)
    capsule, converter, talker, program, limited = acoustics.gain_structure(
        "electret_codec_zero", table, loud=True
    )
    assert capsule.headroom_db > 0 and converter.headroom_db > 0
    assert talker.mean_dbfs == TALKER.target_lufs
    assert program.mean_dbfs == PROGRAM.target_lufs
    assert limited.peak_dbfs == CEILING_DBFS
    for stage in (capsule, converter, talker):
        assert stage.peak_dbfs - stage.mean_dbfs == pytest.approx(table.talker.crest_db)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("preamplifier_db = 30.0", "preamplifier_db = 42.0"),
            "a loud voice clips at the converter",
        ),
        (("rate_hz = 48000\n[microphones.mems", "rate_hz = 16000\n[microphones.mems"), "16000 Hz"),
        (("reverberation_s = 1.0", "reverberation_s = 90.0"), "farther than the critical distance"),
    ],
)
def test_a_microphone_that_does_not_do_is_seen(change: tuple[str, str], said: str) -> None:
    assert ACOUSTICS.count(change[0]) == 1
    table = acoustics.parse(ACOUSTICS.replace(*change))
    assert any(said in line for line in acoustics.findings("electret_codec_zero", table))


def test_a_microphone_without_its_level_is_one_clear_line() -> None:
    with pytest.raises(SourceError, match="how loud is 0 dBFS"):
        acoustics.parse(ACOUSTICS.replace("sensitivity_dbv_pa = -46.0\n", ""))


@pytest.mark.parametrize("build", UNIT_BUILDS)
def test_the_sheet_names_every_net_of_the_board(build: str) -> None:
    netlist = sources.netlist().of_build(build)
    listed = {ring.net for ring in bringup.rings(netlist)}
    for net, pins in netlist.nets.items():
        places = [netlist.part_of(pin).where for pin in pins]
        if len([place for place in places if place not in ("computer", "outside")]) > 1:
            assert net in listed
    assert ("5V", "GND") in bringup.apart(netlist) and ("3V3", "GND") in bringup.apart(netlist)
    volts = {said.net: said for said in bringup.voltages(netlist)}
    assert volts["5V"].low_v < 5.0 < volts["5V"].high_v and "HAND" in volts
    for language in ("en", "fr"):
        words = {key: said[language] for key, said in bringup.read_words(WORDS).items()}
        text = bringup.document("X", netlist, words, "v1")
        assert all(f"`{net}`" in text for net in listed)
        assert ("0,30 V" in text) == (language == "fr")


def test_a_contact_that_a_pin_would_misread_is_seen() -> None:
    weak = of(
        "table",
        (
            '[parts.R1]\nkind = "resistor"\nvalue = "1 kohm"',
            '[parts.R1]\nkind = "resistor"\nvalue = "4.7 kohm"',
        ),
    )
    assert bringup.findings(weak) == ["HAND is 1.06 V while closed: a zero is under 0.8 V"]
    assert bringup.findings(of("table")) == []


def test_a_language_with_a_missing_word_is_named() -> None:
    with pytest.raises(SourceError, match=r"bringup\.toml, rings: no words in 'fr'"):
        bringup.read_words(WORDS.replace('fr = "Ces broches doivent sonner entre elles"\n', ""))
