"""What a build is (``builds/NAME.toml``): its board, sound, enclosure, limits and program."""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_hardware.builds import bom
from parvis_hardware.builds.bom import Line
from parvis_hardware.circuit.netlist import BUILDS
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

BUILDS_FOLDER = HARDWARE / "builds"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Table):
    """The same in both languages."""

    en: str
    fr: str


class Limits(_Table):
    """What the parts may cost, in the list's currency; None = no limit."""

    without_computer_eur: float | None = None
    with_computer_eur: float | None = None


class Status(_Table):
    """Month or date of each step; empty until somebody did it."""

    drawn: str
    built: str
    measured: str


class Build(_Table):
    """One build."""

    title: Words
    computer: str
    enclosures: tuple[str, ...]
    microphone: str
    not_bought: tuple[str, ...]
    limits: Limits
    status: Status
    program: Mapping[str, Any] | None = None
    """What the unit's program is told: settings of ``parvis.toml``."""
    without_ring: Mapping[str, Any] = {}
    """What it is told instead when three lamps are fitted and no ring."""


def parse(text: str, source: str) -> Build:
    """The build of a source text.

    Raises:
        SourceError: it is no TOML, a key is unknown or missing.
    """
    try:
        return Build.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(source, "the file", f"it is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        entry = ".".join(map(str, first["loc"])) or "the file"
        raise SourceError(source, entry, first["msg"]) from error


@functools.cache
def load(name: str) -> Build:
    """A build of the checkout."""
    return parse((BUILDS_FOLDER / f"{name}.toml").read_text("utf-8"), f"builds/{name}.toml")


def bom_path(name: str) -> Path:
    """Where a build's list of parts lies."""
    return BUILDS_FOLDER / name / "bom.csv"


@functools.cache
def load_bom(name: str) -> tuple[Line, ...]:
    """A build's list of parts."""
    return bom.parse(bom_path(name).read_text("utf-8"), bom_source(name))


def bom_source(name: str) -> str:
    """What errors call the list."""
    return f"builds/{name}/bom.csv"


def load_all() -> dict[str, Build]:
    """Every build of the checkout, by name."""
    return {name: load(name) for name in BUILDS}
