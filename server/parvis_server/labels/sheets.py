"""Labels as PDF: each unit's own, and sheets of all to be cut; French and English.

Typst sets them in memory: what is secret on them is in no file but the PDF, which is its owner's.
"""

import json
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from parvis_server.errors import UsageError
from parvis_server.labels import Label, qr_picture
from parvis_server.labels.lights import LIGHTS, ring_of

LANGUAGES = ("fr", "en")

MAX_WORD_CHARACTERS = 16
"""A longer word of a name may be broken anywhere."""

PICTURE_PPI = 220.0
"""Of a label as a picture: its codes can be read from a screen."""

FONT_PACKAGE = "font_source_sans_pro"


def sheet(labels: Sequence[Label], language: str, seat: Callable[[str], str] | None) -> bytes:
    """A4 sheets of all labels, five units each, with marks where to cut; a PDF."""
    return _made(labels, language, seat, "sheet", "pdf")


def single(
    label: Label, language: str, seat: Callable[[str], str] | None, *, form: str = "pdf"
) -> bytes:
    """One unit's label: a page of 90 × 54 mm for each side, a PDF; as ``png``, the visible side."""
    return _made([label], language, seat, "single", form)


def words_of(language: str) -> dict[str, Any]:
    """What is written on the labels."""
    text = resources.files("parvis_server.labels").joinpath(f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def breakable(name: str) -> str:
    """The name with places to break in words that no line would hold."""
    words = name.split(" ")
    broken = ("\u200b".join(word) if len(word) > MAX_WORD_CHARACTERS else word for word in words)
    return " ".join(broken)


def _made(
    labels: Sequence[Label],
    language: str,
    seat: Callable[[str], str] | None,
    layout: str,
    form: str,
) -> bytes:
    words = words_of(language)
    lights = [
        {
            "ring": ring_of(LIGHTS[said["signal"]]),
            "lamps": LIGHTS[said["signal"]].lamps,
            "steps_ms": LIGHTS[said["signal"]].steps_ms,
            "meaning": said["meaning"],
        }
        for said in words["lights"]
    ]
    given = {
        "layout": layout,
        "language": language,
        "version": version(),
        "words": words,
        "lights": lights,
        "labels": [_one(label, seat) for label in labels],
    }
    return _set(json.dumps(given, ensure_ascii=False), form)


def _one(label: Label, seat: Callable[[str], str] | None) -> dict[str, Any]:
    return {
        "name": breakable(label.name),
        "folder": label.folder,
        "code": label.spelled,
        "code_picture": qr_picture(label.scanned),
        "hotspot": label.hotspot.name,
        "password": label.hotspot.password,
        "wifi_picture": qr_picture(label.hotspot.scanned),
        "seat": None if seat is None else qr_picture(seat(label.name)),
    }


def _set(given: str, form: str) -> bytes:
    try:
        import typst
    except ImportError as error:
        raise UsageError(
            "labels are set by typst, which is not here: pip install 'parvis[hub]', or say --no-pdf"
        ) from error
    template = resources.files("parvis_server.labels").joinpath("label.typ").read_bytes()
    # Its annotations refuse a template in memory together with folders of fonts.
    compiled: Callable[..., bytes | list[bytes]] = typst.compile
    made = compiled(
        template,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format=form,
        ppi=PICTURE_PPI,
        sys_inputs={"labels": given},
    )
    return made if isinstance(made, bytes) else made[0]


def _fonts() -> list[str]:
    """The folder of the wheel with the letters; typst has others in it, for names without them."""
    spec = find_spec(FONT_PACKAGE)
    places = [] if spec is None else spec.submodule_search_locations or []
    return [str(Path(place) / "files") for place in places]


@cache
def version() -> str:
    """Of Parvis, and in a checkout the commit too: stands on each label."""
    released = metadata.version("parvis")
    checkout = Path(__file__).parents[3]
    if not (checkout / ".git").exists():
        return released
    asked = ("git", "-C", str(checkout), "describe", "--always", "--dirty", "--tags")
    try:
        found = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return released
    return f"{released} ({found.stdout.strip()})"
