"""The guides: whole in both languages, with pictures, checks and commands that there are."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.config import LightKind, UnitConfig
from parvis_device.light import PATTERNS, Signal
from parvis_hardware.builds.build import load, load_bom
from parvis_hardware.circuit.netlist import UNIT_BUILDS
from parvis_hardware.errors import CheckFailed, SourceError
from parvis_hardware.guides import make
from parvis_hardware.guides.checks import commands_in, commands_of, differences_of
from parvis_hardware.guides.document import Lights, Step, read_guide, words_in
from parvis_hardware.guides.drawn import DRAWINGS
from parvis_hardware.guides.lights import LAMPS, SHOWN_MS, lanes_of, light_lines
from parvis_hardware.guides.make import (
    GUIDES,
    draw,
    editions,
    given_to_template,
    guide_files,
    pages_of,
    set_pages,
    settings_lines,
)
from parvis_hardware.guides.pictures import read_pictures
from parvis_hardware.guides.typography import FIXED, NARROW, set_for

STEP = """
[title]
en = "A guide"
fr = "Un guide"
[subtitle]
en = "short"
fr = "court"
[[blocks]]
kind = "step"
id = "plug"
title = { en = "Plug", fr = "Brancher" }
do = [{ en = "Do it.", fr = "Faites." }]
picture = "tonight-plugged"
check = { en = "it is in", fr = "c'est dedans" }
minutes = 2
"""


def guide_with(folder: Path, text: str) -> Path:
    """A copy of the guides in which the first document is this one alone."""
    shutil.copytree(GUIDES, folder, dirs_exist_ok=True)
    for path in guide_files(folder):
        path.unlink()
    (folder / "a.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_guides_are_whole() -> None:
    assert differences_of(GUIDES) == []


def test_what_the_issue_asks_for_is_there() -> None:
    files = {edition.file for edition in editions()}
    for language in ("fr", "en"):
        assert {
            f"{language}/{name}.pdf"
            for name in (
                *("unit-tonight", "venue", "evening", "troubleshooting", "conventions"),
                *("assembly-table", "assembly-small", "assembly-hub"),
            )
        } <= files
    guide = read_guide(GUIDES / "assembly.toml")
    for build in guide.builds:
        steps = [block for block in guide.of_build(build) if isinstance(block, Step)]
        assert len(steps) >= 3 and all(step.check and step.picture for step in steps)
    assert read_guide(GUIDES / "evening.toml").one_page
    lit = read_guide(GUIDES / "troubleshooting.toml")
    assert any(isinstance(block, Lights) for block in lit.blocks)


@pytest.mark.parametrize(
    ("was", "is_", "line"),
    [
        (', fr = "Brancher"', "", r"a\.toml, blocks 1 \(plug\) title fr: French is missing"),
        ('en = "Plug", ', "", r"a\.toml, blocks 1 \(plug\) title en: English is missing"),
        ('fr = "Faites."', 'fr = ""', r"a\.toml, blocks 1 \(plug\) do 1 fr: French is missing"),
        ('picture = "tonight-plugged"\n', "", r"a\.toml, blocks 1 \(plug\) picture: is missing"),
        ('check = { en = "it is in", fr = "c\'est dedans" }\n', "", r"\(plug\) check: is missing"),
        ('"tonight-plugged"', '"no-such"', r"a\.toml: picture 'no-such' is not in pictures\.toml"),
        ("minutes = 2", "minutes = 0", r"\(plug\) minutes: "),
        ("minutes = 2", 'minutes = 2\ntools = ["saw"]', r"step plug: tool 'saw' is none of"),
        ("minutes = 2", 'minutes = 2\nbuilds = ["huge"]', r"step plug: build 'huge' is none of"),
        ("minutes = 2", 'minutes = 2\ncode = ["parvis-unit fly"]', r"`parvis-unit fly` is no"),
        ("Do it.", "Do `parvis label`.", r"`code` differs between the languages"),
        ("[title]", "[title", r"a\.toml, TOML: "),
        ("minutes = 2", "minutes = 2\nminuets = 2", r"\(plug\) minuets: "),
    ],
)
def test_what_is_not_whole_is_one_line_that_names_it(
    tmp_path: Path, was: str, is_: str, line: str
) -> None:
    assert was in STEP
    assert differences_of(guide_with(tmp_path / "good", STEP)) == []
    found = differences_of(guide_with(tmp_path / "bad", STEP.replace(was, is_)))
    assert len(found) == 1 and "\n" not in found[0]
    with pytest.raises(AssertionError, match=line):
        raise AssertionError(found[0])


def test_the_guide_has_the_settings_and_the_screws_of_the_build() -> None:
    guide = read_guide(GUIDES / "assembly.toml")
    for name in UNIT_BUILDS:
        steps = [block for block in guide.of_build(name) if isinstance(block, Step)]
        assert [step.id for step in steps if step.settings] == ["card"]
        told = tomllib.loads("\n".join(settings_lines(name)))
        assert told == load(name).program and told["light"] == "ring"
        assert UnitConfig(**told).light_kind is LightKind.RING
        [instead] = load(name).without_ring.items()
        [card] = [step for step in steps if step.settings]
        assert any(f'`{instead[0]} = "{instead[1]}"`' in words.en for words in card.do)
        bought = " ".join(line.part_number for line in load_bom(name))
        for words in (words.en for step in steps for words in words_in(step)):
            for length in re.findall(r"M2\.5 × (\d+)", words):
                assert f"M2.5x{length}" in bought, words


def test_a_step_that_is_there_twice(tmp_path: Path) -> None:
    twice = STEP + STEP[STEP.index("[[blocks]]") :]
    (found,) = differences_of(guide_with(tmp_path, twice))
    assert "step plug: is there twice" in found


def test_a_signal_without_french_stops_the_build(tmp_path: Path) -> None:
    folder = guide_with(tmp_path, STEP)
    path = folder / "lights.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"green, slow" = "vert lent"\n', ""), encoding="utf-8")
    (found,) = differences_of(folder)
    assert found.startswith("lights.toml, words: 'green, slow'") and "no French" in found
    path.write_text(text.replace("[remedies.next]", "[remedies.nexd]"), encoding="utf-8")
    assert "remedies.nexd: the unit has no such signal" in differences_of(folder)[0]


def test_the_light_is_the_units_own() -> None:
    for language in ("fr", "en"):
        lines = light_lines(GUIDES / "lights.toml", language)
        assert [line.signal for line in lines] == [signal.value for signal in PATTERNS]
    for signal, pattern in PATTERNS.items():
        lanes = lanes_of(pattern)
        for at_ms in range(0, SHOWN_MS, 20):
            place, left = 0, at_ms % pattern.cycle_ms
            while left >= pattern.steps_ms[place]:
                left -= pattern.steps_ms[place]
                place += 1
            lamps = pattern.lamps if place % 2 == 0 else pattern.rest
            for lamp in LAMPS:
                shown = any(begin <= at_ms < end for begin, end in lanes[lamp])
                assert shown == getattr(lamps, lamp), (signal, lamp, at_ms)


def test_a_refusal_is_shown_as_three_flashes() -> None:
    lines = {line.signal: line for line in light_lines(GUIDES / "lights.toml", "en")}
    assert len(lines[Signal.REFUSED].lanes["green"]) == 3
    assert len(lines[Signal.ANSWERED].lanes["green"]) == 1


def test_every_command_that_a_guide_names_is_one() -> None:
    named = {found for path in guide_files() for found in commands_in(read_guide(path))}
    assert ("parvis", "label") in named and ("parvis-unit", "devices") in named
    for program, command in named:
        assert command in commands_of(program), f"{program} {command}"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_drawn_in_both_languages_and_stays_on_its_sheet(name: str) -> None:
    for language in ("fr", "en"):
        svg = DRAWINGS[name](language).svg()
        assert svg.startswith("<svg ") and svg.rstrip().endswith("</svg>")


def test_a_picture_that_nobody_made_is_told(tmp_path: Path) -> None:
    pictures = read_pictures(GUIDES / "pictures.toml")
    with pytest.raises(CheckFailed, match=r"harness_table\.fr\.svg is not there"):
        pictures.found("harness", "fr", tmp_path, "table")
    with pytest.raises(SourceError, match="no-such: there is no such picture"):
        pictures.found("no-such", "fr", tmp_path)
    with pytest.raises(SourceError, match=r"pictures\.toml, harness\.file: has none for the build"):
        pictures.found("harness", "fr", tmp_path, "huge")


def test_a_template_gets_one_language_and_no_other(tmp_path: Path) -> None:
    pictures = read_pictures(GUIDES / "pictures.toml")
    for edition in editions():
        for block in edition.guide.of_build(edition.build):
            if hasattr(block, "picture"):
                place = pictures.file(block.picture, edition.language, edition.build or "")
                (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / place).touch()
        given_ = given_to_template(edition, pictures, tmp_path)
        assert given_["language"] == edition.language
        assert "'fr'" not in repr(given_["blocks"]), "no text in both languages is left"
        assert len(given_["blocks"]) == len(edition.guide.of_build(edition.build))


def test_pages_are_set_and_the_evenings_page_is_one(tmp_path: Path) -> None:
    made = draw(tmp_path)
    assert len(made) == 2 * len(DRAWINGS) and all(path.stat().st_size > 300 for path in made)
    pictures = read_pictures(GUIDES / "pictures.toml")
    for edition in editions():
        if edition.name in ("evening", "troubleshooting"):
            (pdf,) = set_pages(edition, pictures, tmp_path, "pdf")
            assert pdf.startswith(b"%PDF")
            assert pages_of(pdf) == (1 if edition.name == "evening" else 2)


def test_a_page_too_many_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "".join(f'{{ en = "a {n}", fr = "un {n}" }},' for n in range(90))
    head = STEP[: STEP.index("[[blocks]]")]
    text = f'one_page = true\n{head}[[blocks]]\nkind = "points"\nitems = [{points}]\n'
    folder = guide_with(tmp_path / "guides", text)
    monkeypatch.setattr(make, "GUIDES", folder)
    monkeypatch.setattr(make, "editions", lambda: editions(folder))
    with pytest.raises(CheckFailed, match=r"en/a\.pdf has \d pages: it is to be one"):
        make.make_guides(tmp_path / "out")


def test_french_spaces() -> None:
    assert set_for("fr", "Prêt ? Oui : « 20 cm » !") == (
        f"Prêt{NARROW}? Oui{FIXED}: «{FIXED}20{FIXED}cm{FIXED}»{NARROW}!"
    )
    assert set_for("en", "It's 5 V: `it's 5 V`") == f"It’s 5{FIXED}V: `it's 5 V`"


@given(st.text(alphabet="ab 1:;!?»«`'"), st.sampled_from(["fr", "en"]))
def test_typography_changes_spaces_and_apostrophes_alone(text: str, language: str) -> None:
    told = set_for(language, text)
    plain = told.replace(FIXED, " ").replace(NARROW, " ")
    assert plain.replace("’", "'") == text
    assert told.count("`") == text.count("`")
