"""Where each picture of the guides comes from: ``guides/pictures.toml``, one entry for each.

``by`` says what makes it: ``drawn`` is a function of ``drawn/`` here, anything else a file below
the build's folder that another maker wrote. Every picture has a text for those who do not see it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_hardware.errors import CheckFailed, SourceError
from parvis_hardware.guides.document import Words

DRAWN = "drawn"


class Source(BaseModel):
    """One picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str
    """``drawn``, or the name of the maker."""
    file: str | dict[str, str] | None = None
    """Below the build's folder, with {language} where each has its own; by build, where each
    build has its own."""
    alt: Words


@dataclass(frozen=True, slots=True)
class Pictures:
    """All of them."""

    path: Path
    sources: dict[str, Source]

    def file(self, name: str, language: str, build: str = "") -> str:
        """Where it lies below the build's folder; raises ``SourceError`` for no such picture."""
        source = self.sources.get(name)
        if source is None:
            raise SourceError(self.path, name, "there is no such picture: add it, or name another")
        pattern = source.file or f"pictures/{name}.{{language}}.svg"
        if isinstance(pattern, dict):
            if build not in pattern:
                raise SourceError(self.path, f"{name}.file", f"has none for the build {build!r}")
            pattern = pattern[build]
        return pattern.format(language=language)

    def found(self, name: str, language: str, out: Path, build: str = "") -> str:
        """The same, and it is there; raises ``CheckFailed`` when nothing made it."""
        place = self.file(name, language, build)
        if not (out / place).is_file():
            by = self.sources[name].by
            raise CheckFailed(f"picture {name!r}: {place} is not there: scripts/hardware {by}")
        return place


def read_pictures(path: Path) -> Pictures:
    """The pictures of a file; raises ``SourceError``."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(path, "TOML", str(error)) from error
    sources: dict[str, Source] = {}
    for name, entry in raw.items():
        try:
            sources[name] = Source.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise SourceError(path, f"{name}.{where}", str(first["msg"]).lower()) from error
    return Pictures(path, sources)
