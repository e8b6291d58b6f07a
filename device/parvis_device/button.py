"""From a bouncing contact or a repeating key to presses: pure, with time as an argument.

The libraries under the pins debounce each in their own way (one waits for quiet, one locks out,
one loses edges), and the mock not at all, so the unit does it here: raw edges in, presses out.
"""

from dataclasses import dataclass

DEBOUNCE_NS = 25_000_000
"""Arcade and tactile switches bounce for 1 to 10 ms; a tap by a finger lasts 50 ms and more."""

KEY_REPEAT_NS = 700_000_000
"""A terminal repeats a held key after at most 660 ms, then every 30 ms or so."""

LONG_PRESS_NS = 800_000_000
"""A press that is meant lasts 50 to 300 ms; nobody holds a button for 0.8 s by accident."""

HOST_HOLD_NS = 400_000_000
"""A host's hold silences the hall, which is urgent; a tap is over by then."""

STUCK_NS = 60_000_000_000
"""A button that is down for longer is held by a book or a broken spring, not by a finger."""


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
    _down: bool = False
    """A press counted, and its release did not yet."""

    def edge(self, *, closed: bool, now_ns: int) -> bool:
        """Take one edge; True when it is a press. ``now_ns`` never decreases."""
        quiet = self._settled_ns is None or now_ns - self._settled_ns >= DEBOUNCE_NS
        was_closed, self._closed = self._closed, closed
        self._settled_ns = now_ns
        pressed = closed and not was_closed and quiet
        self._down = self._down or pressed
        return pressed

    def released(self, now_ns: int) -> bool:
        """Whether the contact, open for ``DEBOUNCE_NS``, has just ended a press: once for each."""
        if not self._down or self._closed or self._settled_ns is None:
            return False
        if now_ns - self._settled_ns < DEBOUNCE_NS:
            return False
        self._down = False
        return True

    def stuck(self, now_ns: int) -> None:
        """The contact is closed from the start: that is no press, and neither is its release."""
        self._closed, self._settled_ns = True, now_ns


@dataclass(slots=True)
class KeyRepeat:
    """Presses from the characters of a terminal, which repeats a key that is held down."""

    _last_ns: int | None = None

    def character(self, now_ns: int) -> bool:
        """Take one character of the button's key; True when it is a press of its own."""
        last_ns, self._last_ns = self._last_ns, now_ns
        return last_ns is None or now_ns - last_ns >= KEY_REPEAT_NS


@dataclass(slots=True)
class Hold:
    """One press of the button, from down to up: how long it lasts, and what came of it."""

    since_ns: int
    acts: bool = False
    """It did something when it went down: what follows is no tap and no long press."""
    long: bool = False
    """It lasted for long, and that was told."""
    stuck: bool = False
    """It lasts for so long that no finger does it, and that was told."""

    def became_long(self, now_ns: int, after_ns: int) -> bool:
        """Whether it has just lasted for long: once, and only when it did nothing before."""
        if self.acts or self.long or now_ns - self.since_ns < after_ns:
            return False
        self.long = True
        return True

    def became_stuck(self, now_ns: int) -> bool:
        """Whether it has just become stuck: once."""
        if self.stuck or now_ns - self.since_ns < STUCK_NS:
            return False
        self.stuck = True
        return True

    @property
    def is_tap(self) -> bool:
        """Ended now, it was a short press that did nothing yet."""
        return not (self.acts or self.long)
