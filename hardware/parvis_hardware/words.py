"""The words of drawings and of tables of wires, in each language.

The sources and the programs that draw are English; ``words.toml`` has the French, one table for
each kind of word. Who draws asks a ``Speaker`` for every word and so cannot forget one: a word
without French is an error that names it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parvis_hardware.errors import SourceError
from parvis_hardware.guides.typography import set_for
from parvis_hardware.places import HARDWARE

SOURCE = HARDWARE / "words.toml"

_SIGNS = {" kohm": " kΩ", " ohm": " Ω", " uF": " µF", "mm2": "mm²"}
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_WORD = re.compile(r"[a-zé ]+")

French = Mapping[str, Mapping[str, str]]
"""By table and English word."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says words in one language, and remembers which it was asked for."""

    language: str
    french: French = field(default_factory=dict)
    source: Path = SOURCE
    asked: set[tuple[str, str]] = field(default_factory=set)
    """Table and English word."""

    def __call__(self, table: str, english: str) -> str:
        """The word, with the signs of its units and its fixed spaces.

        Raises:
            SourceError: it has no French.
        """
        self.asked.add((table, english))
        if self.language != "fr":
            return self._set(english)
        french = self.french.get(table, {}).get(english)
        if not french:
            wrong = f"{english!r} has no French: write it there"
            raise SourceError(self.source, table, wrong)
        return self._set(french)

    def value(self, value: str) -> str:
        """A part's value: a word (``red``), or figures with their unit, or a type or a name."""
        if _WORD.fullmatch(value):
            return self("values", value)
        return self._set(_DECIMAL_POINT.sub(",", value) if self.language == "fr" else value)

    def _set(self, words: str) -> str:
        for plain, sign in _SIGNS.items():
            words = words.replace(plain, sign)
        return set_for(self.language, words)


def read_french(path: Path = SOURCE) -> French:
    """The words of a file; raises ``SourceError`` for what is no TOML."""
    try:
        tables: French = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(path, "the file", f"it is no TOML: {error}") from error
    return tables


def speaker(language: str) -> Speaker:
    """Says the checkout's words."""
    return Speaker(language, read_french())


def unused(said: Speaker) -> list[str]:
    """Words of the file that nobody asked this speaker for."""
    return [
        f"{said.source.name}, {table}: nothing says {english!r} any more: take it out"
        for table, words in said.french.items()
        for english in words
        if (table, english) not in said.asked
    ]
