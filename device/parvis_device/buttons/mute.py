"""The MUTE switch on a Raspberry Pi's pin, through gpiozero: closed is muted.

It silences at the first touch of its contact, and lets sound leave again only when the contact was
open for as long as it may bounce: a doubt is silence. Where no switch is wired, the pin's pull-up
says *open*, for ever.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from parvis_device import pins
from parvis_device.buttons import SETTLE_S
from parvis_device.errors import ButtonTrouble
from parvis_device.gpio import pin_factory

_log = logging.getLogger(__name__)


class Latch:
    """What a contact that bounces says, on the event loop."""

    def __init__(self, switched: Callable[[bool], None]) -> None:
        """The contact is open."""
        self._switched = switched
        self._closed = False
        self._told = False
        self._opening: asyncio.TimerHandle | None = None

    def edge(self, closed: bool) -> None:
        """The contact closed or opened."""
        self._closed = closed
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if closed:
            self._tell(True)
        else:
            loop = asyncio.get_running_loop()
            self._opening = loop.call_later(SETTLE_S, self._tell, False)

    def _tell(self, muted: bool) -> None:
        if muted is not self._told:
            self._told = muted
            self._switched(muted)


class GpioMuteSwitch:
    """A contact between the MUTE pin and ground, with the pin's own pull-up."""

    def __init__(self) -> None:
        """Reserve the pin.

        Raises:
            ButtonTrouble: there are no pins here, or this one is taken.
        """
        from gpiozero import Button, GPIOZeroError

        try:
            # No bounce_time: what it does differs from factory to factory; `Latch` does it.
            self._contact: Any = Button(pins.MUTE_SENSE, pull_up=True, pin_factory=pin_factory())
        except (GPIOZeroError, OSError) as error:
            raise ButtonTrouble(f"the mute switch's pin GPIO {pins.MUTE_SENSE}: {error}") from error

    async def run(self, switched: Callable[[bool], None]) -> None:
        """Watch the pin until cancelled."""
        loop = asyncio.get_running_loop()
        latch = Latch(switched)

        def in_pin_thread(closed: bool) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                loop.call_soon_threadsafe(latch.edge, closed)

        self._contact.when_pressed = lambda: in_pin_thread(True)
        self._contact.when_released = lambda: in_pin_thread(False)
        if self._contact.is_pressed:
            latch.edge(True)
        try:
            await asyncio.Event().wait()
        finally:
            self._contact.close()
