"""Things that stand in a hall, each drawn once: units, people, loudspeakers, cables."""

from parvis_hardware.guides.drawn.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PALE,
    PAPER,
    RED,
    SAND,
    Canvas,
    Point,
)


def laptop(sheet: Canvas, at: Point, screen: str = "#26323d") -> None:
    """An old laptop, 150 wide and 105 high, from its upper left corner."""
    x, y = at
    sheet.rect((x + 14, y), (122, 78), PALE, thick=2.5, round_=6)
    sheet.rect((x + 21, y + 7), (108, 64), screen, screen, thick=0, round_=2)
    sheet.line(
        [(x + 8, y + 82), (x + 142, y + 82), (x + 150, y + 104), (x, y + 104)],
        thick=2.5,
        fill=PAPER,
        close=True,
    )
    for row in range(2):
        sheet.line(
            [(x + 18, y + 89 + 6 * row), (x + 132, y + 89 + 6 * row)], GREY, thick=1.5, dashes="5 3"
        )


def computer(sheet: Canvas, at: Point) -> None:
    """A Raspberry Pi in a case, 110 × 64: four USB sockets and a network socket on its right."""
    x, y = at
    sheet.rect((x, y), (104, 64), PALE, thick=2.5, round_=8)
    sheet.text((x + 50, y + 37), "Raspberry Pi", 13, GREY)
    for row in range(3):
        sheet.rect((x + 98, y + 6 + 19 * row), (12, 14), PAPER, thick=1.5, round_=1)


def usb_microphone(sheet: Canvas, at: Point, high: float = 96) -> None:
    """A microphone on a gooseneck with a foot; ``at`` is the middle of the foot's lower edge."""
    x, y = at
    sheet.path(
        f"M {x - 30} {y} L {x - 24} {y - 14} L {x + 24} {y - 14} L {x + 30} {y} Z",
        thick=2.5,
        fill=PALE,
    )
    sheet.path(
        f"M {x} {y - 14} C {x} {y - high * 0.6}, {x - 4} {y - high * 0.8}, {x - 22} {y - high}",
        thick=4,
    )
    sheet.path(
        f"M {x - 17} {y - high + 4} l -17 -15 a 8 8 0 0 0 -11 12 l 17 15 Z", thick=2.2, fill=INK
    )


def button(sheet: Canvas, at: Point, radius: float = 24, lit: str = PAPER) -> None:
    """A large round button with a hand on it, seen from above."""
    sheet.disc(at, radius, PALE, thick=2.5)
    sheet.disc(at, radius * 0.74, lit, thick=2)
    hand(sheet, at, radius * 0.5)


PALM = "M -0.66 0 h 1.2 v 0.45 a 0.5 0.5 0 0 1 -0.5 0.5 h -0.2 a 0.5 0.5 0 0 1 -0.5 -0.5 Z"


def hand(sheet: Canvas, at: Point, size: float, colour: str = INK) -> None:
    """A raised hand."""
    x, y = at
    thick = size * 0.24
    for place, long in enumerate((0.75, 0.95, 0.9, 0.65)):
        left = x - size * 0.55 + place * size * 0.36
        sheet.line([(left, y - size * long), (left, y + size * 0.1)], colour, thick=thick)
    thumb = [(x + size * 0.78, y - size * 0.05), (x + size * 0.45, y + size * 0.45)]
    sheet.line(thumb, colour, thick=thick)
    sheet.shape(at, size, PALM, colour, thick=1, fill=colour)


def unit(sheet: Canvas, at: Point, light: str = PAPER) -> None:
    """A finished unit from the front, 84 × 46 with its gooseneck; ``at`` is its lower middle."""
    x, y = at
    sheet.path(
        f"M {x + 18} {y - 44} C {x + 18} {y - 84}, {x + 14} {y - 96}, {x - 4} {y - 110}", thick=3.5
    )
    sheet.path(f"M {x - 1} {y - 105} l -13 -12 a 6 6 0 0 0 -8 9 l 13 12 Z", thick=2, fill=INK)
    sheet.rect((x - 42, y - 46), (84, 46), PALE, thick=2.5, round_=8)
    sheet.disc((x - 8, y - 23), 16, light, thick=2.5)
    hand(sheet, (x - 8, y - 22), 7.5)


def small_unit(sheet: Canvas, at: Point, light: str = PAPER) -> None:
    """A unit on a plan, seen from above, 22 across."""
    sheet.rect((at[0] - 11, at[1] - 11), (22, 22), PALE, thick=1.8, round_=5)
    sheet.disc(at, 6, light, thick=1.6)


def head(sheet: Canvas, at: Point, radius: float = 13, *, face: str = "") -> None:
    """A person on a plan: head and shoulders; ``face`` is where they look (n, s, e, w, or not)."""
    x, y = at
    way = {"n": (0, -1), "s": (0, 1), "e": (1, 0), "w": (-1, 0)}.get(face, (0, 0))
    # Shoulders lie across the way in which one looks.
    flat = "M -1.5 0 a 1.5 0.75 0 1 0 3 0 a 1.5 0.75 0 1 0 -3 0 Z"
    upright = "M 0 -1.5 a 0.75 1.5 0 1 0 0 3 a 0.75 1.5 0 1 0 0 -3 Z"
    shoulders = flat if way[0] == 0 else upright
    sheet.shape(at, radius, shoulders, GREY, thick=1.5, fill="#cfd8df")
    sheet.disc(at, radius * 0.62, SAND, thick=1.8)
    if face:
        nose = (x + way[0] * radius * 0.85, y + way[1] * radius * 0.85)
        sheet.disc(nose, 2.2, INK, INK, thick=0)


PROFILE = (
    "M -0.9 1 C -1 0.6 -0.62 0.55 -0.6 0.35 C -1.2 -0.1 -1 -1.15 -0.38 -1.05 "
    "C -0.02 -1 -0.02 -0.6 0.02 -0.42 L 0.14 -0.2 L 0.02 -0.14 L 0 0 L -0.04 0.14 "
    "C -0.02 0.34 -0.2 0.32 -0.24 0.4 C -0.2 0.6 0.1 0.7 0.1 1 Z"
)


def profile(sheet: Canvas, at: Point, size: float = 60) -> None:
    """Somebody who speaks, from the side, looking to the right; ``at`` is the mouth."""
    sheet.shape(at, size, PROFILE, thick=2.2, fill=SAND)


def loudspeaker(sheet: Canvas, at: Point, way: str = "s", size: float = 20) -> None:
    """A loudspeaker on a plan; its mouth looks to ``way`` (n, s, e, w)."""
    x, y, s = at[0], at[1], size
    turn = {"n": (0, -1), "s": (0, 1), "e": (1, 0), "w": (-1, 0)}[way]
    side = (-turn[1], turn[0])

    def spot(along: float, across: float) -> Point:
        return (
            x + s * (along * turn[0] + across * side[0]),
            y + s * (along * turn[1] + across * side[1]),
        )

    sheet.line(
        [spot(-0.6, -0.45), spot(-0.6, 0.45), spot(0.5, 0.8), spot(0.5, -0.8)], fill=INK, close=True
    )
    for wave in (0.85, 1.2):
        sheet.line(
            [spot(wave, -0.7 * wave), spot(wave * 1.15, 0), spot(wave, 0.7 * wave)], BLUE, thick=2
        )


def phone(sheet: Canvas, at: Point, high: float = 110) -> None:
    """A phone, upright; ``at`` is its upper left corner."""
    wide = high * 0.52
    sheet.rect(at, (wide, high), INK, thick=2, round_=9)
    sheet.rect((at[0] + 5, at[1] + 8), (wide - 10, high - 20), PAPER, PAPER, thick=0, round_=3)


def box(
    sheet: Canvas, at: Point, size: Point, words: str, fill: str = PALE, *, letters: float = 15
) -> None:
    """Something with a name on it."""
    sheet.rect(at, size, fill, round_=7)
    rows = words.count("|")
    y = at[1] + size[1] / 2 + letters * 0.36 - rows * letters * 0.59
    sheet.text((at[0] + size[0] / 2, y), words, letters, bold=False)


def lamps(sheet: Canvas, at: Point, lit: str) -> None:
    """Three lamps in their places: red, green, white; ``lit`` has the first letters of the lit."""
    for place, (letter, colour) in enumerate((("r", RED), ("g", GREEN), ("w", PAPER))):
        on = letter in lit
        sheet.disc(
            (at[0] + 20 * place, at[1]),
            7,
            colour if on else PALE,
            INK if on else "#b9c1c8",
            thick=2.2 if on else 1,
        )


def cable(sheet: Canvas, start: Point, end: Point, colour: str = INK, sag: float = 24) -> None:
    """A cable that hangs a little."""
    mid = (start[0] + end[0]) / 2
    low = max(start[1], end[1]) + sag
    sheet.path(
        f"M {start[0]} {start[1]} C {mid} {low}, {mid} {low}, {end[0]} {end[1]}", colour, thick=3
    )
