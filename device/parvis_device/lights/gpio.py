"""Three lamps on a Raspberry Pi's pins, through gpiozero.

On or off only: software PWM flickers under load.
"""

from typing import Any

from parvis_device import pins
from parvis_device.errors import LightTrouble
from parvis_device.gpio import pin_factory
from parvis_device.light import Lamps, Signal


class GpioLight:
    """Red, green and white LED."""

    def __init__(self) -> None:
        """Reserve the pins, dark.

        Raises:
            LightTrouble: there are no pins here, or one is taken.
        """
        try:
            factory = pin_factory()
        except OSError as error:
            raise LightTrouble(f"{error}: use --light terminal") from error
        from gpiozero import LED, GPIOZeroError

        self._leds: list[Any] = []
        for pin in (pins.LIGHT_RED, pins.LIGHT_GREEN, pins.LIGHT_WHITE):
            try:
                self._leds.append(LED(pin, initial_value=False, pin_factory=factory))
            except (GPIOZeroError, OSError) as error:
                self.close()
                raise LightTrouble(f"the light's pin GPIO {pin}: {error}") from error

    def show(self, signal: Signal, lamps: Lamps) -> None:
        """Switch the lamps."""
        for led, lit in zip(self._leds, (lamps.red, lamps.green, lamps.white), strict=True):
            led.value = lit

    def close(self) -> None:
        """Go dark and give the pins back."""
        for led in self._leds:
            led.off()
            led.close()
        self._leds = []
