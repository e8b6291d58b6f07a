"""The guides keep their promise: at most six acts, one typed field, both languages alike."""

import re
from pathlib import Path

import pytest

from parvis_device.light import Signal
from parvis_device.provisioning.card import CARD_NAME, ERROR_NAME
from parvis_firmware.places import CHECKOUT, FIRMWARE

GUIDES = {language: FIRMWARE / f"guide.{language}.md" for language in ("en", "fr")}
DOCUMENTS = sorted(FIRMWARE.glob("*.md"))
LINK = re.compile(r"\]\(([^)#]+)\)")


def text_of(language: str) -> str:
    return GUIDES[language].read_text(encoding="utf-8")


@pytest.mark.parametrize("language", GUIDES)
def test_six_acts_at_most(language: str) -> None:
    acts = re.findall(r"^(\d+)\. \*\*", text_of(language), re.MULTILINE)
    assert acts == [str(number) for number in range(1, len(acts) + 1)]
    assert 1 <= len(acts) <= 6


@pytest.mark.parametrize("language", GUIDES)
def test_the_files_are_called_as_the_unit_calls_them(language: str) -> None:
    assert f"`{CARD_NAME}`" in text_of(language) and f"`{ERROR_NAME}`" in text_of(language)


def test_both_languages_say_as_much() -> None:
    shapes = [
        [line[:2] for line in text_of(language).splitlines() if re.match(r"\d\.|\||#|- ", line)]
        for language in GUIDES
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (Signal.NOT_SET_UP, "white, four blinks"),
        (Signal.SETTING_UP, "green and white in turn"),
        (Signal.NO_HUB, "white, two blinks"),
        (Signal.NO_MICROPHONE, "green and white, long and short"),
        (Signal.NOT_ALLOWED, "white, three blinks"),
    ],
)
def test_the_lights_are_the_units_own(signal: Signal, words: str) -> None:
    states = (CHECKOUT / "docs" / "talk-states.md").read_text(encoding="utf-8")
    assert f"| {signal.value} | {words} |" in states
    assert f"| {words} |" in text_of("en")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if ":" not in link]
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_the_table_of_results_starts_empty() -> None:
    lines = (FIRMWARE / "bringup.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2, "a row is a board that somebody tried: raise this number with it"


def test_the_table_of_what_goes_wrong_names_tests_that_there_are() -> None:
    text = (CHECKOUT / "firmware/README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 15
    for file, test in named:
        code = (CHECKOUT / file).read_text(encoding="utf-8")
        assert f"def {test}(" in code, f"{file} has no {test}"
