"""Draws each build's harness with WireViz and writes its list of wires: the adapter to files."""

import csv
import shutil
import warnings
from pathlib import Path

from parvis_hardware.circuit import harness, sources
from parvis_hardware.circuit.netlist import BUILDS, Netlist
from parvis_hardware.errors import ToolMissing
from parvis_hardware.pictures import FONT, png_beside
from parvis_hardware.places import LANGUAGES
from parvis_hardware.words import Speaker, speaker

TIERS_APART_INCH, CABLES_APART_INCH = "0.6", "0.2"
"""WireViz' own 2 and 0.33 make a drawing so wide that nobody can read it on a page of A4."""


def make(out: Path) -> list[Path]:
    """For each build: the drawing as SVG and PNG in each language, the wires as CSV."""
    if shutil.which("dot") is None:
        raise ToolMissing("Graphviz (dot)")
    made = []
    for build in BUILDS:
        netlist = sources.netlist().of_build(build)
        for language in LANGUAGES:
            path = out / "pictures" / "electronics" / f"harness_{build}.{language}.svg"
            made += _draw(netlist, path, speaker(language))
        made.append(_write_list(netlist, out / "harness" / f"{build}.csv"))
    return made


def _draw(netlist: Netlist, path: Path, say: Speaker) -> list[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # WireViz's own, on newer Pythons
        from wireviz import wireviz
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = wireviz.parse(harness.wireviz_input(netlist, FONT, say), return_types="harness")
    drawn.graph.attr("graph", ranksep=TIERS_APART_INCH, nodesep=CABLES_APART_INCH)
    path.write_text(drawn.svg, encoding="utf-8")
    return [path, png_beside(path)]


def _write_list(netlist: Netlist, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(harness.WIRE_COLUMNS), *harness.wire_rows(netlist)])
    return path
