"""Writes the sheet for the first power as PDF, each unit and language: the adapter to files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typst

from parvis_hardware.builds.build import load
from parvis_hardware.circuit import sources
from parvis_hardware.circuit.netlist import UNIT_BUILDS
from parvis_hardware.pictures import font_folder
from parvis_hardware.places import HARDWARE, LANGUAGES
from parvis_hardware.plans import bringup
from parvis_hardware.stamp import version


def bringup_findings() -> list[str]:
    """Inputs of the units whose levels a pin would misread; and the words are whole."""
    bringup.read_words((HARDWARE / bringup.SOURCE).read_text("utf-8"))
    whole = sources.netlist()
    return [
        f"{build}: {line}"
        for build in UNIT_BUILDS
        for line in bringup.findings(whole.of_build(build))
    ]


def make_bringup(out: Path) -> list[Path]:
    """``LANGUAGE/bring-up-BUILD.pdf``."""
    words = bringup.read_words((HARDWARE / bringup.SOURCE).read_text("utf-8"))
    # Its annotations refuse a text in memory together with folders of fonts.
    compiled: Callable[..., Any] = typst.compile
    made = []
    for language in LANGUAGES:
        for name in UNIT_BUILDS:
            told = {key: said[language] for key, said in words.items()}
            title = getattr(load(name).title, language)
            text = bringup.document(title, sources.netlist().of_build(name), told, version())
            path = out / language / f"bring-up-{name}.pdf"
            path.parent.mkdir(parents=True, exist_ok=True)
            compiled(text.encode("utf-8"), output=path, font_paths=[font_folder()])
            made.append(path)
    return made
