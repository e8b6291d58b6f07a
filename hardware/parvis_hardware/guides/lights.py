"""What the light says, from the unit's own patterns: the one source is ``parvis_device.light``.

English words and meanings are the program's. ``lights.toml`` has their French, keyed by the
English: words that change in the program have no French until somebody writes it, and the build
says so. What to do stands there in both languages, for each signal.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parvis_device.light import (
    ANSWERED_FOR_NS,
    NS_PER_MS,
    PATTERNS,
    REFUSED_FOR_NS,
    Pattern,
    Signal,
)
from parvis_hardware.errors import SourceError

LAMPS = ("red", "green", "white")

SHOWN_MS = 3000
"""Long enough for every pattern to be told from the others."""


ENDS_MS = {
    Signal.REFUSED: REFUSED_FOR_NS // NS_PER_MS,
    Signal.ANSWERED: ANSWERED_FOR_NS // NS_PER_MS,
}
"""Signals that are over by themselves."""


@dataclass(frozen=True, slots=True)
class LightLine:
    """One signal, in one language."""

    signal: str
    words: str
    meaning: str
    remedy: str
    lanes: Mapping[str, list[tuple[int, int]]]
    """For each lamp, from when to when it is lit, in ms, within ``SHOWN_MS``."""


def light_lines(path: Path, language: str) -> list[LightLine]:
    """Every signal, the strongest first.

    Raises:
        SourceError: a pattern without French, or a signal without what to do.
    """
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    for stale in said.get("remedies", {}).keys() - {signal.value for signal in Signal}:
        raise SourceError(path, f"remedies.{stale}", "the unit has no such signal")
    return [_line(path, said, language, Signal(s), PATTERNS[s]) for s in PATTERNS]


def lanes_of(pattern: Pattern, end_ms: int = SHOWN_MS) -> dict[str, list[tuple[int, int]]]:
    """When each lamp is lit, until ``end_ms`` at most."""
    lit: dict[str, list[tuple[int, int]]] = {lamp: [] for lamp in LAMPS}
    at_ms, place = 0, 0
    while at_ms < end_ms:
        steady = len(pattern.steps_ms) == 1
        step_ms = end_ms if steady else pattern.steps_ms[place % len(pattern.steps_ms)]
        until_ms = min(at_ms + step_ms, end_ms)
        lamps = pattern.lamps if place % 2 == 0 else pattern.rest
        for lamp in LAMPS:
            if getattr(lamps, lamp):
                lit[lamp].append((at_ms, until_ms))
        at_ms, place = until_ms, place + 1
    return lit


def _line(
    path: Path, said: dict[str, Any], language: str, signal: Signal, pattern: Pattern
) -> LightLine:
    remedy = said.get("remedies", {}).get(signal.value, {}).get(language)
    if not remedy:
        raise SourceError(path, f"remedies.{signal.value}", f"{language} is missing")
    words, meaning = pattern.words, pattern.meaning
    if language == "fr":
        words = _french(path, said, "words", words)
        meaning = _french(path, said, "meanings", meaning)
    lanes = lanes_of(pattern, min(ENDS_MS.get(signal, SHOWN_MS), SHOWN_MS))
    return LightLine(signal.value, words, meaning, remedy, lanes)


def _french(path: Path, said: dict[str, Any], table: str, english: str) -> str:
    french = said.get(table, {}).get(english)
    if not french:
        raise SourceError(path, table, f"{english!r}, which the unit's light says, has no French")
    return str(french)
