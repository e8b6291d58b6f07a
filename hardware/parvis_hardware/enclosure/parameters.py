"""What an enclosure is made from, read out of ``hardware/enclosure/*.toml``.

Every table refuses an unknown, missing or impossible key with one line that names file and key.
All lengths are millimetres, angles degrees, forces newtons.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE

TABLES = HARDWARE / "enclosure"
"""Where the tables lie."""

Length = Annotated[float, Field(ge=0.0, le=500.0)]
Positive = Annotated[float, Field(gt=0.0, le=500.0)]
Span = tuple[float, float]


class Table(BaseModel):
    """A frozen table that knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


TableType = TypeVar("TableType", bound=Table)


class Box(Table):
    """A connector or part of a board, as a box in the board's drawing."""

    x: Span
    y: Span
    z: Span
    opening: Literal["none", "connector", "plug"] = "none"
    """What the hole in the wall lets through."""
    plug: tuple[Positive, Positive] | None = None
    """The plug's grip: across the wall, and upwards."""
    label: str = ""
    """Engraved beside the hole."""


class Board(Table):
    """A computer: outline, mounting holes, boxes for everything that stands on it."""

    title: str
    size: tuple[Positive, Positive, Positive]
    corner_radius: Positive
    holes: tuple[tuple[Positive, Positive], ...]
    hole_diameter: Positive
    turn_deg: Literal[90, 180]
    """Seen from above: 90 brings the short edge x = max to the back, 180 the edge y = 0."""
    behind_edge_mm: Length
    beside_edge_mm: Length
    boxes: dict[str, Box]


class Microphone(Table):
    """How a microphone stands on the lid."""

    title: str
    hole_mm: Length
    thread_mm: Length
    nut_across_mm: Length
    nut_height_mm: Length
    stem_mm: Length
    tail_mm: Length


class Button(Table):
    """The bought push button."""

    title: str
    hole_mm: Positive
    flange_mm: Positive
    flange_height_mm: Positive
    body_mm: Positive
    depth_mm: Positive
    plunger_mm: Positive
    plunger_proud_mm: Positive
    travel_mm: Positive
    activation_n: Positive
    panel_mm: Span


class Ring(Table):
    """The bought light ring."""

    title: str
    pixels: int
    outside_mm: Positive
    inside_mm: Positive
    board_mm: Positive
    pixel_height_mm: Positive


class Lamps(Table):
    """Three LEDs instead of the ring."""

    title: str
    hole_mm: Positive
    body_mm: Positive
    flange_mm: Positive
    flange_height_mm: Positive
    high_mm: Positive
    legs_mm: Positive


class Mute(Table):
    """The bought switch."""

    title: str
    hole_mm: Positive
    body_mm: tuple[Positive, Positive, Positive]


class Jack(Table):
    """The bought socket for an assistive switch."""

    title: str
    hole_mm: Positive
    body_mm: Positive
    depth_mm: Positive
    nut_mm: Positive


class Insert(Table):
    """The bought heat-set insert."""

    title: str
    hole_mm: Positive
    outside_mm: Positive
    length_mm: Positive
    wall_mm: Positive


class Screw(Table):
    """The bought screws."""

    title: str
    through_mm: Positive
    head_mm: Positive
    lid_length_mm: Positive


class Foot(Table):
    """The bought rubber foot."""

    title: str
    diameter_mm: Positive
    height_mm: Positive


class Perfboard(Table):
    """The control board: soldered by the maker on a prototype board."""

    title: str
    size_mm: tuple[Positive, Positive, Positive]
    hole_from_end_mm: Positive
    hole_mm: Positive
    parts_mm: Positive
    margin_mm: Positive
    solder_mm: Positive


class Bar(Table):
    """A ballast bar of steel."""

    size: tuple[Positive, Positive, Positive]
    at: tuple[float, Positive]


class Parts(Table):
    """All bought parts (``parts.toml``)."""

    button: Button
    ring: Ring
    lamps: Lamps
    mute: Mute
    jack: Jack
    insert: Insert
    screw: Screw
    foot: Foot
    perfboard: Perfboard


class PrintRules(Table):
    """What every printed part is held to (``print.toml``)."""

    bed_mm: tuple[Positive, Positive]
    wall_min_mm: Positive
    overhang_max_deg: Annotated[float, Field(gt=0.0, lt=90.0)]
    ledge_max_mm: Positive
    fit_mm: Positive
    slide_mm: Positive
    draft_deg: Annotated[float, Field(ge=0.0, le=15.0)]
    raised_min_mm: Positive
    button_force_n: Span
    button_travel_mm: Span
    button_width_min_mm: Positive


class Form(Table):
    """The plastic, the same for every enclosure (``form.toml``)."""

    wall_mm: Positive
    floor_mm: Positive
    top_mm: Positive
    post_mm: Positive
    post_width_mm: Positive
    lip_mm: Positive
    lip_height_mm: Positive
    corner_mm: Positive
    pocket_wall_mm: Positive
    disc_rim_mm: Positive
    disc_skirt_mm: Positive
    disc_window_mm: Positive
    ring_drop_mm: Positive
    lamp_holder_mm: Positive
    lamp_holder_inside_mm: Positive
    edge_mm: Positive
    foot_chamfer_mm: Positive
    letter_mm: Positive
    cap_mm: Positive
    cap_foot_mm: Positive
    cap_rim_mm: Positive
    hand_raised_mm: Positive


class Outer(Table):
    """One enclosure: what goes in, and its outer form (``enclosures.toml``)."""

    title: str
    build: str
    board: str
    microphone: str
    width: Positive
    corner_radius: Positive
    front_height: Positive
    slope_deg: Annotated[float, Field(ge=0.0, le=20.0)]
    disc_y: Positive
    board_front: Positive
    mute: tuple[float, Positive]
    microphone_at: tuple[float, Positive]
    jack: tuple[Positive, Positive]
    ballast: tuple[Bar, ...]
    perfboard: tuple[float, Positive] | None = None
    """Middle of the control board on posts of its own; none when it sits on the header."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that decides one enclosure."""

    name: str
    outer: Outer
    board: Board
    microphone: Microphone
    parts: Parts
    form: Form
    rules: PrintRules


def read_enclosures(folder: Path = TABLES) -> tuple[Parameters, ...]:
    """All enclosures of the tables.

    Raises:
        SourceError: a table that cannot be read, a key that is unknown, missing or impossible.
    """
    boards = _read_each(folder / "boards.toml", Board)
    microphones = _read_each(folder / "microphones.toml", Microphone)
    parts = _parse(folder / "parts.toml", Parts, _load(folder / "parts.toml"))
    form = _parse(folder / "form.toml", Form, _load(folder / "form.toml"))
    rules = _parse(folder / "print.toml", PrintRules, _load(folder / "print.toml"))
    found = []
    source = folder / "enclosures.toml"
    for name, outer in _read_each(source, Outer).items():
        board = _named(source, f"{name}.board", outer.board, boards)
        microphone = _named(source, f"{name}.microphone", outer.microphone, microphones)
        found.append(Parameters(name, outer, board, microphone, parts, form, rules))
    return tuple(found)


def _named(source: Path, key: str, name: str, known: dict[str, TableType]) -> TableType:
    if name not in known:
        raise SourceError(source, key, f"{name!r} is not known; there are {', '.join(known)}")
    return known[name]


def _read_each(source: Path, kind: type[TableType]) -> dict[str, TableType]:
    return {name: _parse(source, kind, value, name) for name, value in _load(source).items()}


def _load(source: Path) -> dict[str, object]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourceError(source, "the file", "is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(source, "the file", f"is not TOML: {error}") from None


def _parse(source: Path, kind: type[TableType], value: object, name: str = "") -> TableType:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *map(str, first["loc"])]).strip(".")
        got = "" if first["type"] == "missing" else f", not {first['input']!r}"
        raise SourceError(source, key, first["msg"] + got) from None
