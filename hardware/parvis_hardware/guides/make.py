"""Sets the guides: JSON into one Typst template, a PDF for each language (and build)."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from parvis_hardware import words as words_of_drawings
from parvis_hardware.builds import build as builds
from parvis_hardware.errors import CheckFailed, ToolMissing
from parvis_hardware.guides.document import (
    Guide,
    Lights,
    Picture,
    Step,
    Wires,
    Words,
    read_guide,
)
from parvis_hardware.guides.lights import SHOWN_MS, light_lines
from parvis_hardware.guides.pictures import Pictures, read_pictures
from parvis_hardware.guides.typography import set_for
from parvis_hardware.guides.wires import HEADS, wire_lines
from parvis_hardware.places import HARDWARE, LANGUAGES
from parvis_hardware.stamp import version

GUIDES = HARDWARE / "guides"
TEMPLATE = GUIDES / "templates" / "guide.typ"
LIGHT_WORDS = GUIDES / "lights.toml"
WIRE_WORDS = words_of_drawings.SOURCE
NO_GUIDES = ("pictures", "lights")
"""Files of the folder that are no documents."""

FONT_PACKAGE = "font_source_sans_pro"
SET_IN = "Source Sans Pro"


@dataclass(frozen=True, slots=True)
class Edition:
    """One document that is printed."""

    name: str
    guide: Guide
    build: str | None
    language: str

    @property
    def file(self) -> str:
        """Below the build's folder."""
        of_build = f"-{self.build}" if self.build else ""
        return f"{self.language}/{self.name}{of_build}.pdf"


def guide_files(folder: Path = GUIDES) -> list[Path]:
    """The documents."""
    return sorted(path for path in folder.glob("*.toml") if path.stem not in NO_GUIDES)


def editions(folder: Path = GUIDES) -> Iterator[Edition]:
    """Everything that is printed; raises ``SourceError`` for a document that is not whole."""
    for path in guide_files(folder):
        guide = read_guide(path)
        for build in (*guide.builds,) or (None,):
            for language in LANGUAGES:
                yield Edition(path.stem, guide, build, language)


def draw(out: Path) -> list[Path]:
    """Our own pictures, in each language."""
    from parvis_hardware.guides.drawn import DRAWINGS

    folder = out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, drawing in DRAWINGS.items():
        for language in LANGUAGES:
            path = folder / f"{name}.{language}.svg"
            path.write_text(drawing(language).svg(), encoding="utf-8")
            made.append(path)
    return made


def make_guides(out: Path) -> list[Path]:
    """Every document in each language."""
    pictures = read_pictures(GUIDES / "pictures.toml")
    made = []
    for edition in editions():
        path = out / edition.file
        path.parent.mkdir(parents=True, exist_ok=True)
        (pdf,) = set_pages(edition, pictures, out, "pdf")
        pages = pages_of(pdf)
        if edition.guide.one_page and pages != 1:
            raise CheckFailed(f"{edition.file} has {pages} pages: it is to be one")
        path.write_bytes(pdf)
        made.append(path)
    return made


def differences() -> list[str]:
    """What is not whole in the guides: one line for each; needs no Typst."""
    from parvis_hardware.guides.checks import differences_of

    return differences_of(GUIDES)


def set_pages(edition: Edition, pictures: Pictures, out: Path, form: str) -> list[bytes]:
    """The document as one PDF, or as PNG pages."""
    try:
        import typst
    except ImportError as error:
        raise ToolMissing("typst") from error
    given = given_to_template(edition, pictures, out)
    # Its annotations refuse a template in memory together with folders of fonts.
    compiled: Callable[..., Any] = typst.compile
    made = compiled(
        TEMPLATE.read_bytes(),
        root=str(out),
        font_paths=font_folders(),
        ignore_system_fonts=True,
        format=form,
        ppi=100.0,
        sys_inputs={"guide": json.dumps(given, ensure_ascii=False)},
    )
    return made if isinstance(made, list) else [made]


def given_to_template(edition: Edition, pictures: Pictures, out: Path) -> dict[str, Any]:
    """The document in one language, ready to be set."""
    guide, language = edition.guide, edition.language
    blocks = [_block(block, edition, pictures, out) for block in guide.of_build(edition.build)]
    return {
        "language": language,
        "title": _said(guide.title, language),
        "subtitle": _said(guide.builds.get(edition.build or "", guide.subtitle), language),
        "version": version(),
        "one_page": guide.one_page,
        "tools": {name: _said(words, language) for name, words in guide.tools.items()},
        "blocks": blocks,
    }


def _block(block: Any, edition: Edition, pictures: Pictures, out: Path) -> dict[str, Any]:
    given = dict(_plain(block, edition.language))
    if isinstance(block, Step | Picture):
        name, language = block.picture, edition.language
        given["picture"] = "/" + pictures.found(name, language, out, edition.build or "")
        given["alt"] = pictures.sources[name].alt.of(language)
    if isinstance(block, Step) and block.settings:
        given["code"] = [*block.code, "", *settings_lines(edition.build or "")]
    if isinstance(block, Lights):
        lines = light_lines(LIGHT_WORDS, edition.language)
        given["shown_ms"] = SHOWN_MS
        given["lines"] = [
            asdict(line)
            | {
                key: set_for(edition.language, getattr(line, key))
                for key in ("words", "meaning", "remedy")
            }
            for line in lines
        ]
    if isinstance(block, Wires):
        wires = wire_lines(WIRE_WORDS, edition.build or "", edition.language)
        given["heads"] = HEADS[edition.language]
        given["rows"] = [[set_for(edition.language, cell) for cell in wire] for wire in wires]
    return given


def settings_lines(build: str) -> list[str]:
    """The settings of a build as lines of ``parvis.toml``: what is wired is what is used."""
    program = builds.load(build).program or {}
    return [f"{key} = {json.dumps(value)}" for key, value in program.items()]


def _said(words: Words, language: str) -> str:
    return set_for(language, words.of(language))


def _plain(value: Any, language: str) -> Any:
    """Texts in one language, everything else as it is."""
    if isinstance(value, Words):
        return _said(value, language)
    if isinstance(value, BaseModel):
        return {key: _plain(getattr(value, key), language) for key in type(value).model_fields}
    if isinstance(value, list):
        return [_plain(each, language) for each in value]
    return value


def font_folders() -> list[str]:
    """The letters come from a wheel, so that a guide looks the same wherever it is made."""
    spec = find_spec(FONT_PACKAGE)
    if spec is None:
        raise ToolMissing("font-source-sans-pro")
    return [str(Path(place) / "files") for place in spec.submodule_search_locations or []]


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF has: its page objects, in packed streams too."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            parts.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", b"\n".join(parts)))
