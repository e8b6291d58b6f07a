"""What a person presses: one file per kind of button, and the seam they share."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from parvis_device.button import DEBOUNCE_NS, Debouncer

SETTLE_S = DEBOUNCE_NS / 1e9 + 0.001
"""After the last edge: the contact is at rest then."""


class ButtonEvents(Protocol):
    """Whom a button tells, always on the event loop."""

    def pressed(self) -> None:
        """It went down."""

    def released(self) -> None:
        """It came up again."""

    def quit(self) -> None:
        """The person asked to end the program."""


class Button(Protocol):
    """Anything that can be pressed."""

    async def run(self, events: ButtonEvents) -> None:
        """Watch until cancelled."""


class MuteSwitch(Protocol):
    """A switch that stays where it was put."""

    async def run(self, switched: Callable[[bool], None]) -> None:
        """Tell each time that it is on or off now, until cancelled."""


class Contact:
    """Edges of one contact, on the event loop, become presses and releases."""

    def __init__(self, events: ButtonEvents) -> None:
        """The contact is open."""
        self._events = events
        self._debouncer = Debouncer()

    def closed_from_the_start(self) -> None:
        """Nobody pressed: it counts from when it was open."""
        self._debouncer.stuck(time.monotonic_ns())

    def edge(self, closed: bool, now_ns: int) -> None:
        """The contact closed or opened."""
        self._tell_release(now_ns)
        if self._debouncer.edge(closed=closed, now_ns=now_ns):
            self._events.pressed()
        if not closed:
            loop = asyncio.get_running_loop()
            loop.call_later(SETTLE_S, lambda: self._tell_release(time.monotonic_ns()))

    def _tell_release(self, now_ns: int) -> None:
        if self._debouncer.released(now_ns):
            self._events.released()


def tap(events: ButtonEvents) -> None:
    """A short press."""
    events.pressed()
    events.released()
