"""The HAND button on a Raspberry Pi's pin, through gpiozero."""

import asyncio
import contextlib
import logging
import time
from typing import Any

from parvis_device import pins
from parvis_device.buttons import ButtonEvents, Contact
from parvis_device.errors import ButtonTrouble
from parvis_device.gpio import pin_factory

_log = logging.getLogger(__name__)


class GpioButton:
    """A contact between the HAND pin and ground, with the pin's own pull-up."""

    def __init__(self) -> None:
        """Reserve the pin.

        Raises:
            ButtonTrouble: there are no pins here, or this one is taken.
        """
        try:
            factory = pin_factory()
        except OSError as error:
            raise ButtonTrouble(f"{error}: use --button keyboard") from error
        from gpiozero import Button, GPIOZeroError

        try:
            # No bounce_time: what it does differs from factory to factory; `Debouncer` does it.
            self._button: Any = Button(pins.HAND, pull_up=True, pin_factory=factory)
        except (GPIOZeroError, OSError) as error:
            raise ButtonTrouble(f"the button's pin GPIO {pins.HAND}: {error}") from error

    @property
    def is_down(self) -> bool:
        """Whether the contact is closed now."""
        return bool(self._button.is_pressed)

    async def run(self, events: ButtonEvents) -> None:
        """Watch the pin until cancelled."""
        loop = asyncio.get_running_loop()
        contact = Contact(events)
        if self._button.is_pressed:
            _log.warning("the button is down from the start: stuck? It counts once it was up")
            contact.closed_from_the_start()

        def in_pin_thread(closed: bool) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
                loop.call_soon_threadsafe(contact.edge, closed, time.monotonic_ns())

        self._button.when_pressed = lambda: in_pin_thread(True)
        self._button.when_released = lambda: in_pin_thread(False)
        try:
            await asyncio.Event().wait()
        finally:
            self._button.close()
