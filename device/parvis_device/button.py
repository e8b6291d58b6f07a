"""From a bouncing contact or a repeating key to presses: pure, with time as an argument.

The libraries under the pins debounce each in their own way (one waits for quiet, one locks out,
one loses edges), and the mock not at all, so the unit does it here: raw edges in, presses out.
"""

from dataclasses import dataclass

DEBOUNCE_NS = 25_000_000
"""Arcade and tactile switches bounce for 1 to 10 ms; a tap by a finger lasts 50 ms and more."""

KEY_REPEAT_NS = 700_000_000
"""A terminal repeats a held key after at most 660 ms, then every 30 ms or so."""


@dataclass(slots=True)
class Debouncer:
    """One press for each time that the contact closes and stays closed or open in between.

    The press counts at its *first* edge, so debouncing adds no delay; what the contact does in the
    following ``DEBOUNCE_NS`` is bounce. The contact must then have been open for as long before
    it can count again, so a bouncing release is no press.
    """

    _closed: bool = False
    _settled_ns: int | None = None
    """When the last press or the last edge after it happened; None before the first."""

    def edge(self, *, closed: bool, now_ns: int) -> bool:
        """Take one edge; True when it is a press. ``now_ns`` never decreases."""
        quiet = self._settled_ns is None or now_ns - self._settled_ns >= DEBOUNCE_NS
        was_closed, self._closed = self._closed, closed
        self._settled_ns = now_ns
        return closed and not was_closed and quiet


@dataclass(slots=True)
class KeyRepeat:
    """Presses from the characters of a terminal, which repeats a key that is held down."""

    _last_ns: int | None = None

    def character(self, now_ns: int) -> bool:
        """Take one character of the button's key; True when it is a press of its own."""
        last_ns, self._last_ns = self._last_ns, now_ns
        return last_ns is None or now_ns - last_ns >= KEY_REPEAT_NS
