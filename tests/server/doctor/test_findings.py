"""What the doctor says: every line in both languages, its marks, its exit code."""

from __future__ import annotations

import string

import pytest

from parvis_server.doctor.findings import (
    Language,
    Says,
    Verdict,
    conclusion,
    exit_code,
    found,
    language_of,
)


def _named(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


@pytest.mark.parametrize("says", Says, ids=lambda says: says.name)
def test_each_line_is_whole_in_both_languages(says: Says) -> None:
    words = says.value
    assert words.en != words.fr
    assert _named(words.en) == _named(words.fr), "both name the same facts"
    facts = {name: f"<{name}>" for name in _named(words.en) - {"way"}}
    if "way" in _named(words.en):
        facts["fast"] = "yes"
    for language in Language:
        line = found(says, **facts).line(language)
        assert line.startswith(words.verdict.value + " ")
        assert "\n" not in line and "{" not in line


def test_what_is_bad_says_what_to_do() -> None:
    told = (Says.PARVIS_ILL,)  # which repeats what the hub itself says
    for says in Says:
        if says.value.verdict is not Verdict.GOOD and says not in told:
            assert ":" in says.value.en and ":" in says.value.fr, says


def test_hints_fail_nothing() -> None:
    good, hint, bad = found(Says.BUS_GOOD), found(Says.VENUE_AWAY), found(Says.BUS_REFUSES)
    assert exit_code([good, hint]) == 0
    assert exit_code([good, hint, bad]) == 1
    assert conclusion([good, hint], Language.EN) == "All is well."
    assert conclusion([good, bad], Language.FR) == "1 vérification sur 2 a échoué."


def test_a_clock_is_fast_or_slow() -> None:
    assert "is 90 s fast" in found(Says.CLOCK_OFF, seconds=90, fast=True).line(Language.EN)
    assert "a 90 s de retard" in found(Says.CLOCK_OFF, seconds=90, fast=False).line(Language.FR)


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        (None, {}, Language.EN),
        (None, {"LANG": "fr_FR.UTF-8"}, Language.FR),
        (None, {"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, Language.EN),
        (None, {"LANG": "de_DE.UTF-8"}, Language.EN),
        ("fr", {"LANG": "en_US.UTF-8"}, Language.FR),
    ],
)
def test_the_language_is_the_persons(
    asked: str | None, environment: dict[str, str], language: Language
) -> None:
    assert language_of(asked, environment) is language
