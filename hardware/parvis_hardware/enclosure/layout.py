"""Where everything in an enclosure lies, by arithmetic, and the refusal of what cannot be.

World of an enclosure: x to the right of its middle, y from the front edge to the back, z up from
the table without feet; millimetres. The lid's top is the plane through ``front_height`` at y = 0
that rises by ``slope_deg`` towards the back.
"""

from dataclasses import dataclass
from math import cos, radians, tan

from parvis_hardware.enclosure.parameters import Box, Parameters
from parvis_hardware.errors import SourceError

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WorldBox:
    """A box of a board in the enclosure's world."""

    name: str
    x: Range
    y: Range
    z: Range
    source: Box


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in the back or right wall for a connector: its middle, size, and sill above the
    table."""

    name: str
    wall: str
    """``back`` or ``right``."""
    middle: float
    """Along the wall: x at the back, y at the right."""
    width: float
    bottom: float
    top: float
    label: str


@dataclass(frozen=True, slots=True)
class Pocket:
    """A ballast bar on the floor: its corner, width (x), length (y) and height."""

    x: float
    y: float
    width: float
    length: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one enclosure."""

    parameters: Parameters
    depth: float
    board_bottom: float
    seam: float
    """Height at which lid and base meet."""
    holes: tuple[tuple[float, float], ...]
    """Board posts, x and y."""
    board_x: Range
    board_y: Range
    boxes: tuple[WorldBox, ...]
    openings: tuple[Opening, ...]
    columns: tuple[tuple[float, float], ...]
    """Lid screws, x and y."""
    pockets: tuple[Pocket, ...]
    perfboard_bottom: float
    perfboard_holes: tuple[tuple[float, float], ...]
    feet: tuple[tuple[float, float], ...]
    tail: tuple[float, float] | None
    """Slot of the microphone's tail in the back wall: x and height of its upper end."""

    @property
    def half(self) -> float:
        """Half the outer width."""
        return self.parameters.outer.width / 2

    def top_at(self, y: float) -> float:
        """Height of the lid's outer surface above the table at ``y``."""
        outer = self.parameters.outer
        return outer.front_height + y * tan(radians(outer.slope_deg))

    def inside_at(self, y: float) -> float:
        """Height of the lid's inner surface at ``y``."""
        form, outer = self.parameters.form, self.parameters.outer
        return self.top_at(y) - form.top_mm / cos(radians(outer.slope_deg))

    @property
    def disc_radius(self) -> float:
        """Radius of the translucent disc at its top."""
        return self.skirt_radius + self.parameters.form.top_mm

    @property
    def skirt_radius(self) -> float:
        """Outer radius of the tube under the disc."""
        parts, form = self.parameters.parts, self.parameters.form
        return parts.ring.outside_mm / 2 + form.disc_rim_mm


def lay_out(parameters: Parameters) -> Layout:
    """Place everything.

    Raises:
        SourceError: a parameter that breaks the enclosure; names it and says what would do.
    """
    _refuse_impossible(parameters)
    form, outer, board = parameters.form, parameters.outer, parameters.board
    half = outer.width / 2
    turned = board.turn_deg == 90
    wide, deep = (board.size[1], board.size[0]) if turned else (board.size[0], board.size[1])
    right = half - form.wall_mm - board.beside_edge_mm
    board_x = (right - wide, right)
    board_y = (outer.board_front, outer.board_front + deep)
    depth = board_y[1] + board.behind_edge_mm + form.wall_mm
    bottom = form.floor_mm + form.post_mm
    top = bottom + board.size[2]

    def place(x: float, y: float) -> tuple[float, float]:
        return (right - y, board_y[0] + x) if turned else (right - x, board_y[1] - y)

    boxes = tuple(_world_box(name, box, place, top) for name, box in board.boxes.items())
    layout = Layout(
        parameters=parameters,
        depth=depth,
        board_bottom=bottom,
        seam=top - parameters.rules.fit_mm,
        holes=tuple(place(*hole) for hole in board.holes),
        board_x=board_x,
        board_y=board_y,
        boxes=boxes,
        openings=tuple(_openings(parameters, boxes, board_x, board_y)),
        columns=_columns(parameters, board_x, depth),
        pockets=tuple(Pocket(*bar.at, *bar.size) for bar in outer.ballast),
        perfboard_bottom=_over_ballast(parameters),
        perfboard_holes=_perfboard_holes(parameters),
        feet=_feet(parameters, depth),
        tail=_tail(parameters, board_x, bottom),
    )
    _refuse_crowded(layout)
    return layout


def _world_box(name: str, box: Box, place: object, top: float) -> WorldBox:
    assert callable(place)
    first, second = place(box.x[0], box.y[0]), place(box.x[1], box.y[1])
    x = (min(first[0], second[0]), max(first[0], second[0]))
    y = (min(first[1], second[1]), max(first[1], second[1]))
    return WorldBox(name, x, y, (top + box.z[0], top + box.z[1]), box)


def _openings(
    parameters: Parameters, boxes: tuple[WorldBox, ...], board_x: Range, board_y: Range
) -> list[Opening]:
    fit = parameters.rules.fit_mm
    found = []
    for box in boxes:
        if box.source.opening == "none":
            continue
        wall = "back" if box.y[1] > board_y[1] else "right"
        along = box.x if wall == "back" else box.y
        middle, width, upward = sum(along) / 2, along[1] - along[0], box.z
        if box.source.opening == "plug" and box.source.plug is not None:
            width = box.source.plug[0]
            centre = sum(box.z) / 2
            upward = (centre - box.source.plug[1] / 2, centre + box.source.plug[1] / 2)
        found.append(
            Opening(
                box.name,
                wall,
                middle,
                width + 2 * fit,
                upward[0] - fit,
                upward[1] + fit,
                box.source.label,
            )
        )
    return found


def _columns(
    parameters: Parameters, board_x: Range, depth: float
) -> tuple[tuple[float, float], ...]:
    """Four near the corners; those at the back give way to the board, outwards."""
    width = parameters.form.post_width_mm / 2
    inset = parameters.form.corner_mm - width
    x = parameters.outer.width / 2 - inset
    beside = parameters.rules.fit_mm + width
    left, right = min(-x, board_x[0] - beside), max(x, board_x[1] + beside)
    return ((-x, inset), (x, inset), (left, depth - inset), (right, depth - inset))


def _feet(parameters: Parameters, depth: float) -> tuple[tuple[float, float], ...]:
    inset = parameters.form.corner_mm + parameters.parts.foot.diameter_mm / 2 + 2.0
    x = parameters.outer.width / 2 - parameters.parts.foot.diameter_mm / 2 - 4.0
    return ((-x, inset), (x, inset), (-x, depth - inset), (x, depth - inset))


def _over_ballast(parameters: Parameters) -> float:
    """Height of the control board: its wire ends stay off the steel."""
    tallest = max((bar.size[2] for bar in parameters.outer.ballast), default=0.0)
    solder = parameters.parts.perfboard.solder_mm
    return parameters.form.floor_mm + tallest + solder + parameters.rules.fit_mm


def _perfboard_holes(parameters: Parameters) -> tuple[tuple[float, float], ...]:
    board = parameters.parts.perfboard
    if parameters.outer.perfboard is None:
        return ()
    x, y = parameters.outer.perfboard
    reach = board.size_mm[1] / 2 - board.hole_from_end_mm
    return ((x, y - reach), (x, y + reach))


def _tail(parameters: Parameters, board_x: Range, bottom: float) -> tuple[float, float] | None:
    """The slot stands between board and left column, over the ballast."""
    tail = parameters.microphone.tail_mm
    if tail == 0.0:
        return None
    left = -parameters.outer.width / 2 + parameters.form.corner_mm
    return ((left + board_x[0]) / 2, bottom + 8.0 + tail)


def _refuse_impossible(parameters: Parameters) -> None:
    """What is wrong with single tables, whatever the layout."""
    form, rules, parts = parameters.form, parameters.rules, parameters.parts
    for name in ("wall_mm", "floor_mm", "lip_mm", "pocket_wall_mm", "disc_window_mm", "cap_rim_mm"):
        if getattr(form, name) < rules.wall_min_mm:
            _refuse("form.toml", name, f"{getattr(form, name)} is under {rules.wall_min_mm}")
    for name in ("top_mm", "wall_mm", "floor_mm"):
        if getattr(form, name) - form.letter_mm < rules.wall_min_mm:
            _refuse("form.toml", "letter_mm", f"leaves less than {rules.wall_min_mm} of {name}")
    wall = (form.post_width_mm - parts.insert.hole_mm) / 2
    if wall < parts.insert.wall_mm:
        need = parts.insert.hole_mm + 2 * parts.insert.wall_mm
        _refuse(
            "form.toml", "post_width_mm", f"leaves {wall:.2f} round an insert: {need:.1f} or more"
        )
    if parts.insert.hole_mm >= parts.insert.outside_mm:
        _refuse(
            "parts.toml", "insert.hole_mm", "is not narrower than the insert: it would not hold"
        )
    depth = form.floor_mm + form.post_mm - rules.wall_min_mm
    if parts.insert.length_mm + 0.5 > depth:
        _refuse("form.toml", "post_mm", f"holds {depth:.1f}: {parts.insert.length_mm + 0.5} needed")
    _refuse_screw(parameters)
    low, high = parts.button.panel_mm
    if not low <= form.top_mm <= high:
        _refuse("form.toml", "top_mm", f"the button grips {low} to {high}, not {form.top_mm}")
    if parts.ring.inside_mm < parts.button.hole_mm + 2 * rules.wall_min_mm:
        _refuse(
            "parts.toml", "ring.inside_mm", f"{parts.ring.inside_mm} does not go round the button"
        )
    if form.disc_rim_mm < rules.wall_min_mm + rules.fit_mm / 2:
        _refuse("form.toml", "disc_rim_mm", f"under {rules.wall_min_mm} and the ring's air")
    _refuse_lamps(parameters)
    _refuse_button(parameters)


def _refuse_lamps(parameters: Parameters) -> None:
    """The lamps' holder goes round the button and has plastic round each lamp."""
    form, parts, rules = parameters.form, parameters.parts, parameters.rules
    inside = form.lamp_holder_inside_mm
    if inside < parts.button.body_mm + 2 * rules.fit_mm:
        wrong = f"{inside} does not go round the button's {parts.button.body_mm}"
        _refuse("form.toml", "lamp_holder_inside_mm", wrong)
    wall = ((parts.ring.outside_mm - inside) / 2 - parts.lamps.hole_mm) / 2
    if wall < rules.wall_min_mm:
        wrong = f"leaves {wall:.2f} beside each lamp: {rules.wall_min_mm} needed"
        _refuse("parts.toml", "lamps.hole_mm", wrong)
    if form.lamp_holder_mm < rules.wall_min_mm:
        _refuse("form.toml", "lamp_holder_mm", f"under {rules.wall_min_mm}")
    proud = parts.lamps.high_mm - parts.lamps.flange_height_mm - form.lamp_holder_mm
    room = form.ring_drop_mm - form.disc_window_mm
    if proud > room:
        wrong = f"{parts.lamps.high_mm}: the lamps would stand {proud:.1f} high in {room:.1f}"
        _refuse("parts.toml", "lamps.high_mm", wrong)


def _refuse_screw(parameters: Parameters) -> None:
    """A lid screw bites three threads or more, and ends inside the hole behind the insert."""
    form, parts = parameters.form, parameters.parts
    seam = form.floor_mm + form.post_mm + parameters.board.size[2] - parameters.rules.fit_mm
    low, high = seam + 3.0, seam + parts.insert.length_mm + 2.0
    if not low <= parts.screw.lid_length_mm <= high:
        found = f"{parts.screw.lid_length_mm}: {low:.1f} to {high:.1f} reaches the insert"
        _refuse("parts.toml", "screw.lid_length_mm", found)


def _refuse_button(parameters: Parameters) -> None:
    form, rules, button = parameters.form, parameters.rules, parameters.parts.button
    low, high = rules.button_force_n
    if not low <= button.activation_n <= high:
        _refuse("parts.toml", "button.activation_n", f"{button.activation_n} N: {low} to {high} N")
    low, high = rules.button_travel_mm
    if not low <= button.travel_mm <= high:
        _refuse("parts.toml", "button.travel_mm", f"{button.travel_mm}: {low} to {high}")
    if form.cap_mm < rules.button_width_min_mm:
        _refuse("form.toml", "cap_mm", f"{form.cap_mm} is under {rules.button_width_min_mm}")
    if form.hand_raised_mm < rules.raised_min_mm:
        _refuse("form.toml", "hand_raised_mm", f"a finger needs {rules.raised_min_mm}")
    if form.cap_foot_mm > button.plunger_mm:
        _refuse("form.toml", "cap_foot_mm", f"wider than the plunger, {button.plunger_mm}")
    if button.travel_mm > button.plunger_proud_mm + 0.01:
        _refuse("parts.toml", "button.travel_mm", "the cap's foot would go under the flange")


def _refuse_crowded(layout: Layout) -> None:
    """What does not fit together."""
    given, name = layout.parameters, layout.parameters.name
    outer, form, rules = given.outer, given.form, given.rules
    source = "enclosures.toml"
    if outer.width > rules.bed_mm[0] or layout.depth > rules.bed_mm[1]:
        size = f"{outer.width:.0f} x {layout.depth:.0f}"
        _refuse(source, f"{name}.width", f"{size} is over the bed {rules.bed_mm}")
    if layout.board_x[0] < -layout.half + form.wall_mm:
        _refuse(source, f"{name}.width", f"{outer.width} is too narrow for the board")
    if outer.disc_y - layout.disc_radius < form.edge_mm + rules.wall_min_mm:
        least = layout.disc_radius + form.edge_mm + rules.wall_min_mm
        _refuse(
            source, f"{name}.disc_y", f"{outer.disc_y}: {least:.1f} or more, or the disc is cut"
        )
    room = layout.top_at(outer.disc_y) - form.floor_mm - 1.0
    if given.parts.button.depth_mm > room:
        _refuse(
            source,
            f"{name}.front_height",
            f"the button needs {given.parts.button.depth_mm} under the lid, there are {room:.1f}",
        )
    if outer.corner_radius > form.corner_mm + form.post_width_mm / 2:
        _refuse(source, f"{name}.corner_radius", f"{outer.corner_radius} cuts the corner columns")
    hole = given.parts.insert.hole_mm / 2 + rules.wall_min_mm
    if any(abs(x) + hole > layout.half for x, _ in layout.columns):
        _refuse(source, f"{name}.width", f"{outer.width} leaves no room for a lid screw")
    for pocket in layout.pockets:
        if max(-pocket.x, pocket.x + pocket.width) > layout.half - form.wall_mm - rules.fit_mm:
            _refuse(source, f"{name}.ballast", f"the bar at {pocket.x} would go through the wall")
    if given.microphone.hole_mm and (
        form.top_mm + given.microphone.nut_height_mm > given.microphone.thread_mm
    ):
        _refuse("microphones.toml", f"{outer.microphone}.thread_mm", "too short for lid and nut")


def _refuse(source: str, entry: str, wrong: str) -> None:
    raise SourceError(source, entry, wrong)
