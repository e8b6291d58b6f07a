"""What a ring of LEDs shows, and the bytes that its LEDs take. Pure.

The shape tells the lamps apart without colour: all pixels are red, half of them green, every third
white; green and white together are a half each. Red and white together are the whole ring red but
for the white pixels, since red is never taken away while sound leaves the unit.

Two kinds of LED. WS2812 (and WS2812B) has one wire and reads the length of each pulse: one bit of
colour becomes three of SPI at 2.4 MHz, 110 for a one (0.83 µs high) and 100 for a zero (0.42 µs),
within the data sheet's 0.8 and 0.4 µs ± 0.15. SK9822 has a clock of its own, and five bits of
brightness beside each colour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_device.light import Lamps

MAX_BRIGHTNESS_PERCENT = 25
"""A pixel takes up to 60 mA at full white: 24 of them at a quarter stay below 0.4 A, 12 below
0.2 A, which the computer's 5 V pins and an eye at the table both bear."""

MAX_PIXELS = 60
"""More would take longer to write than a unit's tick, and more current than a quarter allows."""


class RingChip(StrEnum):
    """The LEDs of a ring."""

    WS2812 = "ws2812"
    SK9822 = "sk9822"


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue, 0 to 255 each, before the brightness."""

    red: int = 0
    green: int = 0
    blue: int = 0


DARK = Colour()
RED = Colour(red=255)
GREEN = Colour(green=255)
WHITE = Colour(255, 255, 255)

Frame = tuple[Colour, ...]


def frame_of(lamps: Lamps, pixels: int) -> Frame:
    """The colour of each pixel, beginning at the top and going round clockwise."""
    return tuple(_pixel(lamps, place, pixels) for place in range(pixels))


def _pixel(lamps: Lamps, place: int, pixels: int) -> Colour:
    in_first_half = place < pixels / 2
    every_third = place % 3 == 0
    if lamps.red:
        return WHITE if lamps.white and every_third else RED
    if lamps.green and lamps.white:
        return GREEN if in_first_half else WHITE
    if lamps.green:
        return GREEN if in_first_half else DARK
    return WHITE if lamps.white and every_third else DARK


# --- WS2812 ---

WS2812_HZ = 2_400_000
"""Three SPI bits to each bit of colour at 800 kHz."""

_RESET_US = 300
"""Low for so long, and the LEDs show what they took: 280 µs in newer WS2812B."""

_RESET = bytes(_RESET_US * WS2812_HZ // 8_000_000)


def _ws2812_byte(value: int) -> bytes:
    """Eight bits of colour, the highest first, as 24 bits of SPI."""
    pulses = "".join("110" if value >> bit & 1 else "100" for bit in range(7, -1, -1))
    return int(pulses, 2).to_bytes(3, "big")


_WS2812 = tuple(_ws2812_byte(value) for value in range(256))


def ws2812(frame: Frame, brightness_percent: int) -> bytes:
    """What SPI sends: a rest, green, red and blue of each pixel, a rest that makes them show it.

    The rest before is for controllers whose data line was high.
    """
    sent = [_RESET]
    for colour in frame:
        for value in (colour.green, colour.red, colour.blue):
            sent.append(_WS2812[value * brightness_percent // 100])
    sent.append(_RESET)
    return b"".join(sent)


# --- SK9822 ---

SK9822_HZ = 4_000_000
"""Well below the LEDs' 15 MHz, for wires of 20 cm."""

_FULL_CURRENT = 31


def sk9822(frame: Frame, brightness_percent: int) -> bytes:
    """What SPI sends: 32 zero bits, then 111, the current in 31sts, blue, green and red of each.

    At the end come 32 zero bits, by which an SK9822 shows what it took, and half a clock more for
    each pixel, since each passes the data on half a clock late. A current above 0 is never rounded
    down to dark.
    """
    current = max(1, _FULL_CURRENT * brightness_percent // 100) if brightness_percent else 0
    sent = bytearray(4)
    for colour in frame:
        sent += bytes((0b1110_0000 | current, colour.blue, colour.green, colour.red))
    return bytes(sent) + bytes(4 + (len(frame) + 15) // 16)


CLOCK_HZ: Mapping[RingChip, int] = {RingChip.WS2812: WS2812_HZ, RingChip.SK9822: SK9822_HZ}
"""Of the bus, for each kind."""
