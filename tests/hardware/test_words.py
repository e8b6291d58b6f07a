"""The words of the drawings: whole in both languages, and what lacks is one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis_hardware.circuit import draw_perfboard, harness, schematic, sources, spoken
from parvis_hardware.errors import SourceError
from parvis_hardware.guides.wires import wire_lines
from parvis_hardware.words import SOURCE, Speaker, read_french, speaker, unused


def test_every_word_has_its_french_and_no_other_is_kept() -> None:
    assert spoken.differences() == []


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('lid = "couvercle"\n', "words.toml, places: 'lid' has no French"),
        ('buzzer = "avertisseur"\n', "words.toml, boxes: 'buzzer' has no French"),
        ('white = "blanche"\n\n[sheets]', "words.toml, values: 'white' has no French"),
        ('"USB 2.0" = "USB 2.0"\n', "words.toml, gauges: 'USB 2.0' has no French"),
        ('"to: {end}" = "à : {end}"\n', "words.toml, phrases: 'to: {end}' has no French"),
    ],
)
def test_a_word_without_french_stops_with_one_line(
    tmp_path: Path, line: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SOURCE.read_text("utf-8")
    assert text.count(line) == 1
    path = tmp_path / "words.toml"
    path.write_text(text.replace(line, line[line.find("[") :] if "[" in line else ""), "utf-8")
    monkeypatch.setattr(spoken, "speaker", lambda said: Speaker(said, read_french(path), path))
    [found] = spoken.differences()
    assert found.startswith(named)


def test_a_word_that_nothing_says_any_more_is_named() -> None:
    french = {table: dict(words) for table, words in read_french().items()}
    french["places"]["cellar"] = "cave"
    say = Speaker("fr", french)
    spoken.say_everything(say)
    assert unused(say) == ["words.toml, places: nothing says 'cellar' any more: take it out"]


def test_words_that_are_no_toml_are_named(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text("[places", encoding="utf-8")
    with pytest.raises(SourceError, match=r"words\.toml, the file: it is no TOML"):
        read_french(path)


def test_values_have_their_signs_and_the_languages_decimal_sign() -> None:
    english, french = speaker("en"), speaker("fr")
    assert (english.value("10 kohm"), french.value("10 kohm")) == ("10 kΩ", "10 kΩ")
    assert english.value("0.5 A") == "0.5\u00a0A" and french.value("0.5 A") == "0,5\u00a0A"
    assert french.value("470 uF") == "470 µF" and french.value("74AHCT125N") == "74AHCT125N"
    assert (english.value("red"), french.value("red")) == ("red", "rouge")


def test_the_french_drawings_are_french() -> None:
    netlist, say = sources.netlist(), speaker("fr")
    drawn = harness.wireviz_input(netlist.of_build("table"), "DejaVu Sans", say)
    assert drawn["connectors"]["J5"]["subtype"] == "carte de commande"
    assert drawn["connectors"]["D2"]["type"] == "LED rouge"
    assert drawn["cables"]["W5"]["notes"].startswith("de\u00a0: JST XHP-4\nà\u00a0: soudé")
    bridges = drawn["cables"]["W5 ponts"]
    assert (bridges["length"], bridges["length_unit"]) == (30, "mm")
    assert "JST" not in bridges["notes"], "a bridge joins lamp to lamp"
    [control] = [sheet for sheet in sources.sheets() if sheet.name == "control"]
    told = schematic.in_language(control, say)
    assert "LR1 : anneau, 12 px".replace(" :", "\u00a0:") in {box.title for box in told.boxes}
    assert "Dessiné, pas encore construit" in schematic.foot_of(told, "v1", say)
    sheets = draw_perfboard.drawings(sources.board(), netlist, (), say)
    assert "côté soudures" in sheets["perfboard_wires"] and "2,54 mm" in sheets["perfboard"]
    assert "seen from above" not in "".join(sheets.values())
    [bridge, _] = [line for line in wire_lines(SOURCE, "table", "fr") if line[1] == "pont"]
    assert bridge[4] == "noir"
