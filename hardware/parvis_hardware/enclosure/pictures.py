"""The pictures of one enclosure: each step of the assembly, open, closed, and taken apart.

``PICTURES`` says what each id shows; guides use the ids. Nothing in a picture is a word, so one
set serves every language.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parvis_hardware.enclosure.assembly import Assembly
from parvis_hardware.enclosure.base import insert_places
from parvis_hardware.enclosure.drawing import Arrow, Colour, Item, View, draw
from parvis_hardware.enclosure.harness import make_wires
from parvis_hardware.enclosure.meshes import Mesh, mesh_of
from parvis_hardware.enclosure.rays import Floats

WIDTH = 1000
COLOURS: dict[str, Colour] = {
    "base": (176, 187, 199),
    "lid": (196, 205, 214),
    "diffuser": (252, 248, 236),
    "lamp_holder": (226, 220, 204),
    "red lamp": (206, 48, 52),
    "green lamp": (70, 160, 84),
    "white lamp": (250, 250, 250),
    "button_cap": (247, 199, 66),
    "button": (84, 90, 100),
    "ring": (58, 66, 84),
    "pixels": (250, 250, 250),
    "board": (104, 158, 112),
    "codec_board": (96, 128, 172),
    "control_board": (196, 164, 92),
    "control_parts": (108, 114, 126),
    "heat_sink": (90, 96, 106),
    "mute": (206, 208, 212),
    "jack": (96, 102, 112),
    "mount": (92, 98, 108),
    "mount nut": (92, 98, 108),
    "gooseneck": (112, 118, 128),
    "microphone": (70, 76, 86),
    "ballast": (140, 150, 164),
}
GROUP_COLOURS: dict[str, Colour] = {
    "board": (206, 208, 210),
    "board inserts": (222, 178, 84),
    "perfboard inserts": (222, 178, 84),
    "perfboard screws": (128, 134, 144),
    "lid inserts": (222, 178, 84),
    "board screws": (128, 134, 144),
    "lid screws": (128, 134, 144),
    "feet": (70, 74, 82),
    "ballast": (140, 150, 164),
}
DARK_BOXES = ("header", "header_socket", "header_wires", "processor", "camera", "display")
FRONT_LEFT = View(-32.0, 34.0)
FROM_ABOVE = View(-28.0, 52.0)
BEHIND = View(152.0, 24.0)
BELOW = View(-32.0, -38.0)
FLIP = np.diag([1.0, -1.0, -1.0])
"""Turned over about the x axis."""
LIFT_MM = 42.0
Shift = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Set:
    """The meshes of an assembly, by piece."""

    assembly: Assembly
    meshes: dict[str, Mesh]
    groups: dict[str, str]

    def items(self, wanted: Iterable[str], by: Shift = (0.0, 0.0, 0.0)) -> list[Item]:
        """The pieces of these groups, moved."""
        chosen = set(wanted)
        return [
            Item(mesh.moved(by), _colour(name, self.groups[name]))
            for name, mesh in self.meshes.items()
            if self.groups[name] in chosen
        ]

    def flipped(self, wanted: Iterable[str], by: Shift = (0.0, 0.0, 0.0)) -> list[Item]:
        """The pieces of these groups turned over, then moved."""
        return [Item(item.mesh.turned(FLIP).moved(by), item.colour) for item in self.items(wanted)]

    def middle(self, group: str) -> Floats:
        """The middle of the box round a group."""
        low, high = self.span(group)
        result: Floats = (low + high) / 2
        return result

    def span(self, group: str) -> tuple[Floats, Floats]:
        """Corners of the box round a group."""
        points = np.concatenate(
            [self.meshes[n].triangles.reshape(-1, 3) for n, g in self.groups.items() if g == group]
        )
        return points.min(axis=0), points.max(axis=0)

    @property
    def out_of_lid(self) -> Floats:
        """The direction out of the lid's top."""
        slope = np.radians(self.assembly.layout.parameters.outer.slope_deg)
        return np.array([0.0, -np.sin(slope), np.cos(slope)])


Drawn = tuple[list[Item], View, list[Arrow]]


def draw_all(assembly: Assembly, folder: Path) -> list[Path]:
    """Draw every picture of an enclosure into ``folder``; returns the files."""
    pieces = (*assembly.pieces, *assembly.instead)
    meshes = {piece.name: mesh_of(piece.solid) for piece in pieces}
    groups = {piece.name: piece.group for piece in pieces}
    parts = Set(assembly, meshes, groups)
    files = []
    for name, compose in PICTURES.items():
        items, view, arrows = compose(parts)
        path = folder / f"{name}.png"
        draw(items, view, WIDTH, path, arrows)
        files.append(path)
    return files


def _colour(name: str, group: str) -> Colour:
    if name in DARK_BOXES:
        return (74, 80, 90)
    return COLOURS.get(name) or GROUP_COLOURS.get(group) or COLOURS[group]


def _shift(direction: Floats, length: float) -> Shift:
    x, y, z = (float(part) for part in direction * length)
    return (x, y, z)


def _arrow(above: Floats, length: float, along: Floats | None = None) -> Arrow:
    """Down onto ``above``, or against ``along``."""
    back = np.array([0.0, 0.0, 1.0]) if along is None else along
    start = above + back * length
    return Arrow(tuple(map(float, start)), tuple(map(float, above)))  # type: ignore[arg-type]


INSERTS = ("board inserts", "perfboard inserts")
BOARDS = ("board", "perfboard")
BOARD_SCREWS = ("board screws", "perfboard screws")
INSIDE = ("base", *INSERTS, *BOARDS, *BOARD_SCREWS, "ballast")
ON_LID = ("diffuser", "ring", "button", "button_cap", "mute", "jack", "mount")
ALL = (*INSIDE, "lid", *ON_LID, "gooseneck", "lid screws", "feet", "lid inserts")


def _base_empty(parts: Set) -> Drawn:
    return parts.items(["base"]), FROM_ABOVE, []


def _base_inserts(parts: Set) -> Drawn:
    items = parts.items(["base"]) + parts.items(INSERTS, (0.0, 0.0, 22.0))
    arrows = [
        _arrow(np.array([x, y, top + 3.0]), 11.0)
        for x, y, top in insert_places(parts.assembly.layout)
    ]
    return items, FROM_ABOVE, arrows


def _base_board(parts: Set) -> Drawn:
    """The board with its screws over it, the ballast in place."""
    lift = (0.0, 0.0, LIFT_MM)
    items = parts.items(["base", *INSERTS, "ballast"]) + parts.items(BOARDS, lift)
    items += parts.items(BOARD_SCREWS, (0.0, 0.0, LIFT_MM + 26.0))
    low, high = parts.span("board")
    front = np.array([(low[0] + high[0]) / 2, low[1] - 6.0, low[2] + 8.0])
    return items, FROM_ABOVE, [_arrow(front, LIFT_MM - 14.0)]


def _base_ballast(parts: Set) -> Drawn:
    lift = LIFT_MM if len(parts.assembly.layout.pockets) == 1 else 30.0
    items = parts.items(["base", *INSERTS])
    items += parts.items(["ballast"], (0.0, 0.0, lift))
    arrows = []
    for pocket in parts.assembly.layout.pockets:
        place = np.array([pocket.x + pocket.width / 2, pocket.y - 5.0, 14.0])
        arrows.append(_arrow(place, lift - 12.0))
    return items, FROM_ABOVE, arrows


def _lid_under(parts: Set) -> Drawn:
    """The lid on its top, the inserts over its columns."""
    items = parts.flipped(["lid"]) + parts.flipped(["lid inserts"], (0.0, 0.0, 24.0))
    seam = parts.assembly.layout.seam
    arrows = [
        _arrow(np.array([x, -y, -seam + 3.0]), 12.0) for x, y in parts.assembly.layout.columns
    ]
    return items, View(-32.0, 46.0), arrows


def _lid_ring(parts: Set) -> Drawn:
    """The ring over the disc, which lies on its top."""
    out = parts.out_of_lid * np.array([1.0, -1.0, -1.0])
    lifted = _shift(out, -30.0)
    items = parts.flipped(["diffuser"]) + parts.flipped(["ring"], lifted)
    centre = parts.middle("ring") * np.array([1.0, -1.0, -1.0])
    side = centre + np.array([31.0, 0.0, 0.0])
    return items, View(-24.0, 40.0), [_arrow(side - out * 8.0, 20.0, -out)]


def _lid_lamps(parts: Set) -> Drawn:
    """The lamps' holder over the disc, which lies on its top, and the lamps over the holder."""
    out = parts.out_of_lid * np.array([1.0, -1.0, -1.0])
    items = parts.flipped(["diffuser"]) + parts.flipped(["lamp_holder"], _shift(out, -24.0))
    items += parts.flipped(["lamps"], _shift(out, -42.0))
    centre = parts.middle("lamp_holder") * np.array([1.0, -1.0, -1.0])
    side = centre + np.array([31.0, 0.0, 0.0])
    return items, View(-24.0, 40.0), [_arrow(side - out * 8.0, 16.0, -out)]


def _lid_disc(parts: Set) -> Drawn:
    """The disc with its ring over the lid."""
    out = parts.out_of_lid
    items = parts.items(["lid"]) + parts.items(["diffuser", "ring"], _shift(out, LIFT_MM))
    side = parts.middle("diffuser") + np.array([-36.0, 0.0, 0.0])
    return items, FRONT_LEFT, [_arrow(side + out * 5.0, LIFT_MM - 10.0, out)]


def _lid_button(parts: Set) -> Drawn:
    out = parts.out_of_lid
    items = parts.items(["lid", "diffuser", "ring"]) + parts.items(["button"], _shift(out, 48.0))
    items += parts.items(["button_cap"], _shift(out, 66.0))
    side = parts.middle("diffuser") + np.array([-24.0, 0.0, 0.0])
    return items, FRONT_LEFT, [_arrow(side + out * 8.0, 34.0, out)]


def _lid_controls(parts: Set) -> Drawn:
    """Switch, socket and microphone go into the lid, which is seen from below."""
    items = parts.flipped(["lid", "diffuser", "ring", "button", "mute", "jack", "mount"])
    return items, View(-32.0, 48.0), []


def _harness_in(parts: Set) -> Drawn:
    """The open unit: the lid lies on its top to the left of the base, wires between."""
    depth = parts.assembly.layout.depth
    away = (-2.35 * parts.assembly.layout.half, depth, 0.0)
    top = parts.span("lid")[1][2]
    lid = (away[0], away[1], float(top) * 0.98)
    items = parts.items(INSIDE)
    items += parts.flipped(["lid", *ON_LID], lid)
    wires = make_wires(parts.assembly.layout, lid)
    items += [Item(mesh_of(solid), colour) for solid, colour in wires]
    return items, View(-14.0, 56.0), []


def _closed(parts: Set) -> Drawn:
    """From below: the four screws go in, then the feet."""
    items = parts.items([*INSIDE, "lid", *ON_LID, "feet"])
    items += parts.items(["lid screws"], (0.0, 0.0, -26.0))
    up = np.array([0.0, 0.0, -1.0])
    arrows = [_arrow(np.array([x, y, -3.0]), 10.0, up) for x, y in parts.assembly.layout.columns]
    return items, BELOW, arrows


def _front(parts: Set) -> Drawn:
    return parts.items(ALL), FRONT_LEFT, []


def _back_ports(parts: Set) -> Drawn:
    return parts.items([g for g in ALL if g != "gooseneck"]), BEHIND, []


def _assembled(parts: Set) -> Drawn:
    """The unit as it stands on a table: dark plastic, the disc lit."""
    dark: dict[Colour, Colour] = {
        COLOURS["lid"]: (78, 86, 98),
        COLOURS["base"]: (66, 73, 84),
        COLOURS["diffuser"]: (255, 236, 200),
    }
    items = [Item(i.mesh, dark.get(i.colour, i.colour)) for i in parts.items(ALL)]
    return items, View(-34.0, 27.0), []


def _exploded(parts: Set) -> Drawn:
    up = 1.0
    items = parts.items(["base", *INSERTS, "feet"])
    items += parts.items(["lid screws"], (0.0, 0.0, -34.0 * up))
    items += parts.items(["ballast"], (0.0, 0.0, 26.0))
    items += parts.items(BOARDS, (0.0, 0.0, 48.0))
    items += parts.items(BOARD_SCREWS, (0.0, 0.0, 66.0))
    items += parts.items(["lid", "lid inserts"], (0.0, 0.0, 105.0))
    items += parts.items(["mute", "mount", "jack"], (0.0, 0.0, 122.0))
    items += parts.items(["ring"], (0.0, 0.0, 136.0))
    items += parts.items(["diffuser"], (0.0, 0.0, 154.0))
    items += parts.items(["button"], (0.0, 0.0, 190.0))
    items += parts.items(["button_cap"], (0.0, 0.0, 204.0))
    return items, View(-30.0, 24.0), []


PICTURES: dict[str, Callable[[Set], Drawn]] = {
    "base_empty": _base_empty,
    "base_inserts": _base_inserts,
    "base_ballast": _base_ballast,
    "base_board": _base_board,
    "lid_under": _lid_under,
    "lid_ring": _lid_ring,
    "lid_lamps": _lid_lamps,
    "lid_disc": _lid_disc,
    "lid_button": _lid_button,
    "lid_controls": _lid_controls,
    "harness_in": _harness_in,
    "closed": _closed,
    "front": _front,
    "back_ports": _back_ports,
    "exploded": _exploded,
    "assembled": _assembled,
}
"""What each id shows."""
