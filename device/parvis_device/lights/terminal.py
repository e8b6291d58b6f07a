"""The light in a terminal: one line, drawn anew; without a terminal, a plain line per change."""

import sys
from typing import TextIO

from parvis_device.light import PATTERNS, Lamps, Signal

_CLEAR_LINE = "\r\x1b[K"
_COLOURS = {"red": "\x1b[91m", "green": "\x1b[92m", "white": "\x1b[97m", "off": "\x1b[90m"}
_PLAIN = "\x1b[0m"


class TerminalLight:
    """Three lamps and the words for them."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """``stream`` is standard output unless given."""
        self._stream = sys.stdout if stream is None else stream
        self._terminal = self._stream.isatty()
        self._shown: Signal | None = None

    def show(self, signal: Signal, lamps: Lamps) -> None:
        """Draw the line, or print ``light: SIGNAL`` when the signal is new."""
        if self._terminal:
            words = f"{signal.value.replace('_', ' ')}: {PATTERNS[signal].meaning}"
            self._write(f"{_CLEAR_LINE}{_drawn(lamps)}  {words}")
        elif signal is not self._shown:
            self._write(f"light: {signal.value}\n")
        self._shown = signal

    def close(self) -> None:
        """Leave the terminal's line."""
        if self._terminal:
            self._write(_CLEAR_LINE)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _drawn(lamps: Lamps) -> str:
    """The three lamps in their order; shape tells lit from dark without colour."""
    states = (("red", lamps.red), ("green", lamps.green), ("white", lamps.white))
    return " ".join(
        f"{_COLOURS[name if lit else 'off']}{'●' if lit else '○'}{_PLAIN}" for name, lit in states
    )
