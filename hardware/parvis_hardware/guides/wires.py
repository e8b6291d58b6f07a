"""The wires of a build, one a line, from the netlist; ``words.toml`` has their words in French."""

from pathlib import Path

from parvis_hardware.circuit import harness, sources
from parvis_hardware.words import Speaker, read_french

HEADS = {
    "en": ("cable", "", "from", "to", "colour", "mm", "ends"),
    "fr": ("câble", "", "de", "à", "couleur", "mm", "extrémités"),
}


def wire_lines(path: Path, build: str, language: str) -> list[list[str]]:
    """Cable, number, from, to, colour, length in mm, what is at both ends.

    Raises:
        SourceError: a word of the netlist has no French.
    """
    say = Speaker(language, read_french(path), path)
    netlist = sources.netlist().of_build(build)
    lines = []
    for row in harness.wire_rows(netlist):
        cable, number, first, second, _, colour, _, length_mm, *ends = row
        reference, _, name = cable.partition(" ")
        told = say("phrases", number) if number == "bridge" else number
        joined = " → ".join(say("ends", end) for end in ends)
        said = f"{reference} {say('cables', name)}"
        lines.append([said, told, first, second, say("colours", colour), length_mm, joined])
    return lines
