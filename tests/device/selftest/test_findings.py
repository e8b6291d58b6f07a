"""The table's words: both languages whole, verdicts told from each other, one line at the end."""

from __future__ import annotations

import json
import string
import tomllib
from pathlib import Path

import pytest

from parvis_device.light import PATTERNS, Signal
from parvis_device.selftest.checks import MARKS, Check, Verdict
from parvis_device.selftest.findings import as_json, conclusion, exit_code, found, in_order
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import LIGHTS, Language, Prompt, language_of, light_words

REPOSITORY = Path(__file__).parents[3]


def names_in(words: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)


@pytest.mark.parametrize("says", list(Says))
def test_both_languages_say_the_same_figures(says: Says) -> None:
    words = says.value
    assert names_in(words.en) == names_in(words.fr)
    assert words.en != words.fr or "{" in words.en


@pytest.mark.parametrize("prompt", list(Prompt))
def test_so_do_the_prompts(prompt: Prompt) -> None:
    assert names_in(prompt.value[0]) == names_in(prompt.value[1])


def test_every_check_can_pass_or_needs_a_person_and_can_fail() -> None:
    for check in Check:
        verdicts = {says.value.verdict for says in Says if says.value.check is check}
        assert Verdict.GOOD in verdicts and verdicts & {Verdict.BAD, Verdict.HINT}, check
        assert check.of(Language.FR) and check.of(Language.EN)
    assert len(set(MARKS.values())) == len(Verdict)


def test_the_lights_have_the_french_of_the_printed_guides() -> None:
    guide = tomllib.loads((REPOSITORY / "hardware/guides/lights.toml").read_text(encoding="utf-8"))
    for signal in Signal:
        words = PATTERNS[signal].words
        assert light_words(PATTERNS[signal], Language.FR) == LIGHTS[words] == guide["words"][words]
        assert light_words(PATTERNS[signal], Language.EN) == words


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        (None, {}, Language.EN),
        (None, {"LANG": "fr_FR.UTF-8"}, Language.FR),
        (None, {"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, Language.EN),
        (Language.FR, {"LANG": "en_GB.UTF-8"}, Language.FR),
    ],
)
def test_the_language(
    asked: Language | None, environment: dict[str, str], language: Language
) -> None:
    assert language_of(asked, environment) is language


GOOD = found(Says.PRESSES_SEEN)
HINT = found(Says.POWER_UNKNOWN)
BAD = found(Says.DISK_FULL, free=1)
NOT_ASKED = found(Says.LIGHTS_NOT_ASKED, count=25)
ABSENT = found(Says.NO_MUTE)


def test_one_bad_line_fails_the_test_and_nothing_else_does() -> None:
    fine = [GOOD, HINT, NOT_ASKED, ABSENT]
    assert exit_code(fine) == 0 and exit_code([*fine, BAD]) == 1
    assert conclusion([GOOD, ABSENT], Language.EN) == "All is well."
    assert conclusion([GOOD, HINT], Language.EN) == "It works; 1 to know about."
    assert conclusion(fine, Language.FR).startswith("Rien n'a échoué ; 1 point")
    assert conclusion([*fine, BAD], Language.EN) == "1 check of 5 failed."
    assert conclusion([BAD, BAD], Language.FR) == "2 vérifications sur 2 ont échoué."


def test_the_table_has_its_own_order() -> None:
    ordered = in_order([BAD, ABSENT, NOT_ASKED, GOOD])
    assert [one.check for one in ordered] == [Check.BUTTON, Check.LIGHT, Check.MUTE, Check.DISK]


def test_a_program_gets_verdicts_words_and_figures() -> None:
    low = found(Says.POWER_LOW, troubles=("too warm", "trop chaud"), bits="0x8")
    told = json.loads(json.dumps(as_json([GOOD, NOT_ASKED, low], Language.FR)))
    assert (told["passed"], told["complete"]) == (False, False)
    assert told["checks"][2] == {
        "check": "power",
        "verdict": "bad",
        "says": "power_low",
        "line": low.line(Language.FR),
        "facts": {"troubles": "too warm", "bits": "0x8"},
    }
    assert "trop chaud" in told["checks"][2]["line"]
