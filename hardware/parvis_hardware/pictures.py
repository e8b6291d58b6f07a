"""Drawings as PNG: the same glyphs on every machine, because the fonts come with the libraries."""

import functools
import importlib.util
from pathlib import Path

import typst

from parvis_hardware.errors import ToolMissing

FONT = "DejaVu Sans"
"""In every drawing; it comes with matplotlib."""
PIXELS_PER_INCH = 144.0
MARGIN_PT = 8


@functools.cache
def font_folder() -> Path:
    """Where the font's files lie."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ToolMissing("matplotlib")
    return Path(found.origin).with_name("mpl-data") / "fonts" / "ttf"


def png_beside(svg: Path) -> Path:
    """Write ``NAME.png`` beside ``NAME.svg``, on white."""
    page = (
        f"#set page(width: auto, height: auto, margin: {MARGIN_PT}pt, fill: white)\n"
        f'#image("{svg.name}")\n'
    )
    source = svg.with_suffix(".typ")
    source.write_text(page, encoding="utf-8")
    try:
        image = typst.compile(source, font_paths=[font_folder()], format="png", ppi=PIXELS_PER_INCH)
    finally:
        source.unlink()
    assert isinstance(image, bytes)
    png = svg.with_suffix(".png")
    png.write_bytes(image)
    return png
