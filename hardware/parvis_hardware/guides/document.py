"""A guide as data: blocks in both languages. What is not whole is one line that names it.

Every text has both languages side by side, so that a missing one is seen where it is missing, and
every step has a picture and a check.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_hardware.errors import SourceError

_WORD = Annotated[str, Field(min_length=1)]
_CODE = re.compile(r"`[^`]+`")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """One text in both languages, in Typst's markup (*strong*, `code`)."""

    en: _WORD
    fr: _WORD

    def of(self, language: str) -> str:
        """The text in this language."""
        return self.fr if language == "fr" else self.en


class Part(_Strict):
    """Of a document; some builds have parts that others do not have."""

    builds: list[str] = []
    """Those that have this part; none named: all."""


class Heading(Part):
    """A new section."""

    kind: Literal["heading"]
    title: Words


class Text(Part):
    """Paragraphs."""

    kind: Literal["text"]
    text: Words


class Points(Part):
    """A list; ``boxes``: each with a box to tick."""

    kind: Literal["points"]
    items: list[Words] = Field(min_length=1)
    title: Words | None = None
    boxes: bool = False


class Table(Part):
    """Rows under heads."""

    kind: Literal["table"]
    heads: list[Words | str] = Field(min_length=1)
    rows: list[list[Words | str]] = Field(min_length=1)
    """A plain string is the same in both languages: a figure, a name, a part number."""
    widths: list[int] | None = None
    """Shares of the line."""


class Picture(Part):
    """One picture with what it shows."""

    kind: Literal["picture"]
    picture: _WORD
    caption: Words
    width_mm: int = Field(default=150, ge=20, le=180)
    turned: bool = False
    """On a page of its own, its left side down, as large as it goes: for a wide drawing."""


class Note(Part):
    """Set apart: a hint, or a warning."""

    kind: Literal["note"]
    text: Words
    warning: bool = False


class Step(Part):
    """Something that a person does, and how they see that it is right."""

    kind: Literal["step"]
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Words
    do: list[Words] = Field(min_length=1)
    picture: _WORD
    check: Words
    minutes: int = Field(ge=1, le=600)
    tools: list[str] = []
    """Names of the document's ``tools``."""
    code: list[str] = []
    """Lines to type."""
    settings: bool = False
    """Below them, the settings of this build for the unit's ``parvis.toml``."""


class Wires(Part):
    """The table of a build's wires, from the netlist."""

    kind: Literal["wires"]


class Lights(Part):
    """The table of what the light says, from the unit's own patterns."""

    kind: Literal["lights"]


Block = Annotated[
    Heading | Text | Points | Table | Picture | Note | Step | Lights | Wires,
    Field(discriminator="kind"),
]


class Guide(_Strict):
    """One document."""

    title: Words
    subtitle: Words
    builds: dict[str, Words] = {}
    """One document is made for each; none: one document."""
    tools: dict[str, Words] = {}
    one_page: bool = False
    blocks: list[Block] = Field(min_length=1)

    def of_build(self, build: str | None) -> list[Block]:
        """The blocks that this build's document has."""
        return [block for block in self.blocks if not block.builds or build in block.builds]


def read_guide(path: Path) -> Guide:
    """The document of a file.

    Raises:
        SourceError: it is not whole; names the entry, and the language that is missing.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(path, "TOML", str(error)) from error
    try:
        guide = Guide.model_validate(raw)
    except ValidationError as error:
        raise _told(path, raw, error) from error
    _refuse_loose_ends(path, guide)
    return guide


def words_in(value: Any) -> list[Words]:
    """Every text of a document or of a part of it."""
    if isinstance(value, Words):
        return [value]
    if isinstance(value, BaseModel):
        return [
            found for key in type(value).model_fields for found in words_in(getattr(value, key))
        ]
    if isinstance(value, dict):
        return [found for each in value.values() for found in words_in(each)]
    if isinstance(value, list | tuple):
        return [found for each in value for found in words_in(each)]
    return []


def _told(path: Path, raw: dict[str, Any], error: ValidationError) -> SourceError:
    first = error.errors(include_url=False)[0]
    # Pydantic names the variant too: the block's kind after its number, and which type of a cell.
    names = [
        part
        for place, part in enumerate(first["loc"])
        if not (place == 2 and first["loc"][0] == "blocks") and part not in ("Words", "str")
    ]
    entry, place = [], raw
    for name in names:
        entry.append(str(name + 1) if isinstance(name, int) else name)
        place = _below(place, name)
        if isinstance(place, dict) and "id" in place:
            entry[-1] += f" ({place['id']})"
    wrong = "is missing" if first["type"] == "missing" else str(first["msg"]).lower()
    if entry and entry[-1] in ("en", "fr") and first["type"] in ("missing", "string_too_short"):
        wrong = f"{'French' if entry[-1] == 'fr' else 'English'} is missing"
    return SourceError(path, " ".join(entry) or "document", wrong)


def _below(place: Any, name: str | int) -> Any:
    try:
        return place[name]
    except (KeyError, IndexError, TypeError):
        return None


def _refuse_loose_ends(path: Path, guide: Guide) -> None:
    """What no type can say: names that nothing has, doubled steps, code that differs."""
    steps = [block for block in guide.blocks if isinstance(block, Step)]
    seen: set[str] = set()
    for step in steps:
        if step.id in seen:
            raise SourceError(path, f"step {step.id}", "is there twice: give it another id")
        seen.add(step.id)
        for tool in step.tools:
            if tool not in guide.tools:
                known = ", ".join(guide.tools)
                raise SourceError(path, f"step {step.id}", f"tool {tool!r} is none of: {known}")
    for block in guide.blocks:
        for build in block.builds:
            if build not in guide.builds:
                known = ", ".join(guide.builds)
                where = f"step {block.id}" if isinstance(block, Step) else block.kind
                raise SourceError(path, where, f"build {build!r} is none of: {known}")
    for block in guide.blocks:
        if isinstance(block, Table) and any(len(row) != len(block.heads) for row in block.rows):
            first = block.heads[0]
            title = first if isinstance(first, str) else first.en
            raise SourceError(path, f"table {title!r}", f"each row has {len(block.heads)} cells")
    for words in words_in(guide):
        if sorted(_CODE.findall(words.en)) != sorted(_CODE.findall(words.fr)):
            raise SourceError(path, repr(words.en[:60]), "`code` differs between the languages")
