"""The README's tables are made, and one that is stale or unknown is seen."""

from __future__ import annotations

import pytest

from parvis_hardware import readme
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE


def test_the_readme_is_fresh_and_has_every_table() -> None:
    assert readme.differences() == []


def test_a_stale_table_is_made_anew() -> None:
    text = readme.README.read_text("utf-8")
    assert readme.filled(text.replace("| HAND | 17 |", "| HAND | 27 |")) == text


def test_a_table_that_nothing_makes_is_named() -> None:
    with pytest.raises(
        SourceError, match=r"README\.md, colours: nothing makes it; known are status"
    ):
        readme.filled("<!-- made: colours -->\n<!-- end -->")


def test_the_readme_says_that_nobody_built_one() -> None:
    text = readme.README.read_text("utf-8")
    assert "Nobody has built or measured any of this yet" in text
    assert "| Small unit | 2026-11 |  |  |" in text


def test_the_licence_is_whole() -> None:
    text = (HARDWARE / "LICENSE").read_text("utf-8")
    assert text.startswith("CERN Open Hardware Licence Version 2 - Strongly Reciprocal")
    assert "8.6 This Licence" in text
