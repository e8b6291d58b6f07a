"""A sheet to draw on: shapes in, SVG out. Pure. One unit is a pixel; y grows downwards."""

from collections.abc import Sequence
from html import escape

INK, GREY, PALE, PAPER = "#14202b", "#5b6670", "#e8edf1", "#ffffff"
RED, GREEN, BLUE, SAND = "#d1001f", "#008a3e", "#0b63b0", "#f4ead7"
LETTERS = "Source Sans Pro"

Point = tuple[float, float]


class Canvas:
    """Shapes in the order in which they were drawn."""

    def __init__(self, width: int, height: int) -> None:
        """An empty sheet."""
        self.width, self.height = width, height
        self._parts: list[str] = []

    def svg(self) -> str:
        """The picture."""
        size = f'width="{self.width}" height="{self.height}"'
        box = f'viewBox="0 0 {self.width} {self.height}"'
        body = "\n".join(self._parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>\n{body}\n</svg>\n'

    def rect(
        self,
        at: Point,
        size: Point,
        fill: str = PAPER,
        line: str = INK,
        *,
        thick: float = 2.0,
        round_: float = 4.0,
    ) -> None:
        """A box; ``at`` is its upper left corner."""
        self._parts.append(
            f'<rect x="{at[0]:g}" y="{at[1]:g}" width="{size[0]:g}" height="{size[1]:g}" '
            f'rx="{round_:g}" fill="{fill}" stroke="{line}" stroke-width="{thick:g}"/>'
        )

    def disc(
        self, at: Point, radius: float, fill: str = PAPER, line: str = INK, *, thick: float = 2.0
    ) -> None:
        """A circle round ``at``."""
        self._parts.append(
            f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="{fill}" '
            f'stroke="{line}" stroke-width="{thick:g}"/>'
        )

    def line(
        self,
        points: Sequence[Point],
        colour: str = INK,
        *,
        thick: float = 2.0,
        dashes: str = "",
        fill: str = "none",
        close: bool = False,
    ) -> None:
        """Straight from point to point."""
        steps = " L ".join(f"{x:g} {y:g}" for x, y in points)
        self.path(
            f"M {steps}{' Z' if close else ''}", colour, thick=thick, dashes=dashes, fill=fill
        )

    def path(
        self,
        way: str,
        colour: str = INK,
        *,
        thick: float = 2.0,
        dashes: str = "",
        fill: str = "none",
    ) -> None:
        """An SVG path."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(
            f'<path d="{way}" fill="{fill}" stroke="{colour}" stroke-width="{thick:g}" '
            f'stroke-linecap="round" stroke-linejoin="round"{dashed}/>'
        )

    def shape(
        self, at: Point, size: float, way: str, colour: str = INK, *, thick: float, fill: str
    ) -> None:
        """An SVG path in units of ``size`` round ``at``."""
        self._parts.append(
            f'<path transform="translate({at[0]:g} {at[1]:g}) scale({size:g})" d="{way}" '
            f'fill="{fill}" stroke="{colour}" stroke-width="{thick / size:g}" '
            f'stroke-linejoin="round"/>'
        )

    def arrow(
        self,
        start: Point,
        end: Point,
        colour: str = INK,
        *,
        thick: float = 2.0,
        both: bool = False,
    ) -> None:
        """A line with a head at its end, or at both."""
        self.line([start, end], colour, thick=thick)
        self._head(start, end, colour, thick)
        if both:
            self._head(end, start, colour, thick)

    def _head(self, start: Point, end: Point, colour: str, thick: float) -> None:
        dx, dy = end[0] - start[0], end[1] - start[1]
        long = max((dx * dx + dy * dy) ** 0.5, 1e-6)
        dx, dy, size = dx / long, dy / long, 5 + 2 * thick
        back = (end[0] - size * dx, end[1] - size * dy)
        wide = size * 0.45
        self.line(
            [
                end,
                (back[0] - wide * dy, back[1] + wide * dx),
                (back[0] + wide * dy, back[1] - wide * dx),
            ],
            colour,
            thick=1,
            fill=colour,
            close=True,
        )

    def text(
        self,
        at: Point,
        words: str,
        size: float = 15,
        colour: str = INK,
        *,
        anchor: str = "middle",
        bold: bool = False,
        lines: bool = True,
    ) -> None:
        """Words; each ``|`` begins a new line. ``at`` is the middle (or start) of the base line."""
        weight = "700" if bold else "400"
        for row, part in enumerate(words.split("|") if lines else [words]):
            self._parts.append(
                f'<text x="{at[0]:g}" y="{at[1] + row * size * 1.18:g}" font-family="{LETTERS}" '
                f'font-size="{size:g}" font-weight="{weight}" fill="{colour}" '
                f'text-anchor="{anchor}">{escape(part)}</text>'
            )

    def label(
        self, at: Point, words: str, to: Point, size: float = 15, *, anchor: str = "middle"
    ) -> None:
        """Words with a thin line to what they name."""
        self.line([(at[0], at[1] + 5 if to[1] > at[1] else at[1] - size), to], GREY, thick=1)
        self.disc(to, 2.2, GREY, GREY, thick=0)
        self.text(at, words, size, anchor=anchor)
