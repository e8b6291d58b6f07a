"""What the demo shows in the terminal: links, a QR code, the floor and the line.

In a terminal a calm picture that changes in place; elsewhere one plain line for each change, and
the links at once as ``listen: URL`` and ``host: URL`` for scripts.
"""

import io
from dataclasses import dataclass
from typing import Protocol, TextIO

import segno
from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parvis_wire.floor import Surface, Turn, TurnState
from parvis_wire.room_view import RoomView

KEYS = (("h", "your table's button"), ("n", "Next"), ("q", "end"))


@dataclass(frozen=True, slots=True)
class Links:
    """Where to go with a phone, and as the host."""

    listen: str
    host: str


class Screen(Protocol):
    """Shows the evening."""

    def open(self, links: Links) -> None:
        """The hub answers: show where it is."""

    def show(self, view: RoomView) -> None:
        """The room changed."""

    def note(self, words: str) -> None:
        """Say something about the demo itself."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class PlainScreen:
    """One line for each change, on any stream."""

    def __init__(self, stream: TextIO) -> None:
        """Every line is flushed: a script waits for it."""
        self._stream = stream
        self._shown = ""

    def open(self, links: Links) -> None:
        """Print the links."""
        self.note(f"listen: {links.listen}")
        self.note(f"host: {links.host}")

    def show(self, view: RoomView) -> None:
        """Print floor and line when they changed."""
        words = f"floor: {floor_words(view)}; line: {line_words(view)}"
        if words != self._shown:
            self._shown = words
            self.note(words)

    def note(self, words: str) -> None:
        """Print a line."""
        print(words, file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to restore."""


class LiveScreen:
    """A picture in the terminal that changes in place."""

    def __init__(self, console: Console) -> None:
        """Nothing is shown before the hub answers."""
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._links: Links | None = None
        self._view: RoomView | None = None
        self._note = ""
        self._console = console

    def open(self, links: Links) -> None:
        """Show links and QR code."""
        self._links = links
        self._console.print(qr_words(links.listen), highlight=False, soft_wrap=True)
        self._live.start()
        self._draw()

    def show(self, view: RoomView) -> None:
        """Draw the room."""
        self._view = view
        self._draw()

    def note(self, words: str) -> None:
        """Show one line below the room."""
        self._note = words
        if self._links is None:
            self._console.print(words)
        else:
            self._draw()

    def close(self) -> None:
        """Leave the last picture standing."""
        if self._live.is_started:
            self._live.stop()

    def _draw(self) -> None:
        if self._links is not None:
            self._live.update(picture(self._links, self._view, self._note), refresh=True)


def picture(links: Links, view: RoomView | None, note: str) -> Group:
    """The whole picture below the QR code."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="fold")
    table.add_row("listen", Text(links.listen, style="bold"))
    table.add_row("host", links.host)
    table.add_row("", "")
    table.add_row("floor", _floor_text(view))
    table.add_row("line", line_words(view) if view else "")
    table.add_row("", "")
    table.add_row("keys", "   ".join(f"[bold]{key}[/] {words}" for key, words in KEYS))
    table.add_row("", Text(note, style="yellow"))
    return Group(Padding(table, (1, 1)))


def floor_words(view: RoomView) -> str:
    """Who has the floor, and how far they are."""
    return ", ".join(_turn_words(turn) for turn in view.floor) or "free"


def line_words(view: RoomView) -> str:
    """The raised hands, first come first."""
    hands = (f"{place} {hand.name}" for place, hand in enumerate(view.line, start=1))
    return "  ".join(hands) or "nobody"


def qr_words(url: str) -> str:
    """A QR code in half-block characters, dark on light whatever the terminal's colours."""
    drawn = io.StringIO()
    segno.make(url, error="L").terminal(out=drawn, compact=True)
    return drawn.getvalue()


def _turn_words(turn: Turn) -> str:
    if turn.written:
        how = "is read out" if turn.state is TurnState.LIVE else "asks"
        return f"{turn.name} ({how}: {turn.text})"
    if turn.state is TurnState.LIVE:
        return f"{turn.name} (live)"
    where = "go to a table and press" if turn.surface is Surface.PHONE else "may press"
    return f"{turn.name} ({where})"


def _floor_text(view: RoomView | None) -> Text:
    if view is None:
        return Text("the tables are coming …", style="dim")
    live = any(turn.state is TurnState.LIVE for turn in view.floor)
    style = "bold red" if live else "green" if view.floor else "dim"
    return Text(floor_words(view), style=style)
