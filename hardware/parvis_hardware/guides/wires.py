"""The wires of a build, one a line, from the netlist; ``wires.toml`` has their words in French."""

import tomllib
from pathlib import Path
from typing import Any

from parvis_hardware.circuit import harness, sources
from parvis_hardware.errors import SourceError

BRIDGE = {"en": "bridge", "fr": "pont"}

HEADS = {
    "en": ("cable", "", "from", "to", "colour", "mm", "ends"),
    "fr": ("câble", "", "de", "à", "couleur", "mm", "extrémités"),
}


def wire_lines(path: Path, build: str, language: str) -> list[list[str]]:
    """Cable, number, from, to, colour, length in mm, what is at both ends.

    Raises:
        SourceError: a word of the netlist has no French.
    """
    words = tomllib.loads(path.read_text(encoding="utf-8"))
    netlist = sources.netlist().of_build(build)
    lines = []
    for row in harness.wire_rows(netlist):
        cable, number, first, second, _, colour, _, length_mm, *ends = row
        reference, _, name = cable.partition(" ")
        if language == "fr":
            name = _french(path, words, "cables", name)
            colour = _french(path, words, "colours", colour)
            ends = [_french(path, words, "ends", end) for end in ends]
        told = BRIDGE[language] if number == "bridge" else number
        joined = " → ".join(ends)
        lines.append([f"{reference} {name}", told, first, second, colour, length_mm, joined])
    return lines


def _french(path: Path, words: dict[str, Any], table: str, english: str) -> str:
    french = words.get(table, {}).get(english)
    if not french:
        raise SourceError(path, table, f"{english!r}, which the netlist says, has no French")
    return str(french)
