"""An active buzzer on a Raspberry Pi's pin, through gpiozero: on or off, its tone is its own."""

from typing import Any

from parvis_device import pins
from parvis_device.errors import LightTrouble
from parvis_device.gpio import pin_factory

NOTE_S = 0.12
"""Heard at the table, and not taken for an alarm."""


class GpioBuzzer:
    """A buzzer behind a transistor."""

    def __init__(self) -> None:
        """Reserve the pin, quiet.

        Raises:
            LightTrouble: there are no pins here, or this one is taken.
        """
        try:
            factory = pin_factory()
        except OSError as error:
            raise LightTrouble(f"{error}: leave --buzzer out") from error
        from gpiozero import Buzzer, GPIOZeroError

        try:
            self._buzzer: Any = Buzzer(pins.BUZZER, initial_value=False, pin_factory=factory)
        except (GPIOZeroError, OSError) as error:
            raise LightTrouble(f"the buzzer's pin GPIO {pins.BUZZER}: {error}") from error

    def chime(self, times: int) -> None:
        """Sound so many short notes, and return at once."""
        self._buzzer.beep(on_time=NOTE_S, off_time=NOTE_S, n=times, background=True)

    def close(self) -> None:
        """Be quiet and give the pin back."""
        self._buzzer.close()
