"""The ring of LEDs: shapes that need no colour, red for red alone, and the bytes of both chips."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.errors import LightTrouble
from parvis_device.light import DARK as NO_LAMP
from parvis_device.light import PATTERNS, Lamps, Signal
from parvis_device.lights.ring import RingLight
from parvis_device.ring import (
    DARK,
    MAX_BRIGHTNESS_PERCENT,
    MAX_PIXELS,
    RED,
    Colour,
    Frame,
    RingChip,
    frame_of,
    sk9822,
    ws2812,
)
from parvis_device.spi import SpiBus

SHOWN = {pattern.lamps for pattern in PATTERNS.values()} | {
    pattern.rest for pattern in PATTERNS.values()
}
colours = st.builds(Colour, *[st.integers(0, 255)] * 3)
frames = st.lists(colours, min_size=1, max_size=MAX_PIXELS).map(tuple)
percents = st.integers(0, MAX_BRIGHTNESS_PERCENT)


@pytest.mark.parametrize("pixels", [4, 12, 16, 24])
@pytest.mark.parametrize("lamps", SHOWN)
def test_red_is_shown_exactly_for_the_red_lamp(lamps: Lamps, pixels: int) -> None:
    assert (RED in frame_of(lamps, pixels)) == lamps.red


@pytest.mark.parametrize("pixels", [4, 12, 16, 24])
def test_no_two_look_alike_without_colour(pixels: int) -> None:
    def shape(lamps: Lamps) -> tuple[int, ...]:
        """Which pixels differ from which: what is left without colour."""
        frame = frame_of(lamps, pixels)
        brightness = {one: place for place, one in enumerate(dict.fromkeys((DARK, *frame)))}
        return tuple(brightness[pixel] for pixel in frame)

    for one, other in combinations(SHOWN, 2):
        assert shape(one) != shape(other), (one, other)


def read_ws2812(sent: bytes) -> Frame:
    """What the LEDs understand of it, by the length of the pulses."""
    bits = "".join(f"{byte:08b}" for byte in sent).strip("0") + "00"
    pulses = [bits[place : place + 3] for place in range(0, len(bits) // 3 * 3, 3)]
    assert set(pulses) <= {"100", "110"}
    colour_bits = "".join(pulse[1] for pulse in pulses)
    values = [int(colour_bits[n : n + 8], 2) for n in range(0, len(colour_bits), 8)]
    return tuple(
        Colour(red, green, blue)
        for green, red, blue in zip(values[::3], values[1::3], values[2::3], strict=True)
    )


@given(frames, percents)
def test_a_ws2812_understands_what_was_meant(frame: Frame, percent: int) -> None:
    dimmed = tuple(
        Colour(*(value * percent // 100 for value in (c.red, c.green, c.blue))) for c in frame
    )
    assert read_ws2812(ws2812(frame, percent)) == dimmed


def test_a_ws2812s_bytes() -> None:
    sent = ws2812((Colour(red=0x80, green=255, blue=0),), 100)
    ones, zeros, half = "110" * 8, "100" * 8, "110" + "100" * 7
    assert sent.strip(b"\0") == int(ones + half + zeros, 2).to_bytes(9, "big")
    rest = len(sent) - len(sent.lstrip(b"\0")), len(sent) - len(sent.rstrip(b"\0"))
    assert min(rest) * 8 / 2.4 >= 280, "a rest in µs, before and after"


def test_an_sk9822s_bytes() -> None:
    sent = sk9822((Colour(1, 2, 3), Colour(255, 0, 0)), 25)
    assert sent == bytes.fromhex("00000000 e7030201 e70000ff 00000000 00")
    assert sk9822((RED,), 1)[4] == 0xE1, "never rounded down to dark"
    assert sk9822((RED,), 0)[4] == 0xE0


@given(frames, percents)
def test_an_sk9822s_clock_reaches_the_last_pixel(frame: Frame, percent: int) -> None:
    sent = sk9822(frame, percent)
    after = len(sent) - 4 - 4 * len(frame)
    assert (after - 4) * 8 >= len(frame) / 2
    assert not any(sent[:4]) and not any(sent[-after:])


@given(st.sampled_from(sorted(SHOWN, key=repr)), st.integers(4, MAX_PIXELS))
def test_the_current_stays_within_what_the_pins_give(lamps: Lamps, pixels: int) -> None:
    frame = read_ws2812(ws2812(frame_of(lamps, pixels), MAX_BRIGHTNESS_PERCENT))
    milliamperes = sum(20 * (c.red + c.green + c.blue) / 255 for c in frame)
    assert milliamperes <= 15 * pixels


class Wire:
    """A bus that keeps what was sent."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[bytes] = []
        self.broken = broken
        self.open = True

    def write(self, sent: bytes) -> None:
        if self.broken:
            raise LightTrouble("the ring's bus takes nothing more (Input/output error)")
        self.sent.append(sent)

    def close(self) -> None:
        self.open = False


@pytest.mark.parametrize("chip", RingChip)
def test_the_ring_is_dark_before_and_after(chip: RingChip) -> None:
    wire = Wire()
    light = RingLight(wire, chip, 12, 25)
    light.show(Signal.LIVE, Lamps(red=True))
    light.close()
    encode = ws2812 if chip is RingChip.WS2812 else sk9822
    dark, red = (encode(frame_of(lamps, 12), 25) for lamps in (NO_LAMP, Lamps(red=True)))
    assert wire.sent == [dark, red, dark]
    assert not wire.open


def test_a_ring_that_fails_is_said_and_its_bus_let_go() -> None:
    wire = Wire()
    light = RingLight(wire, RingChip.SK9822, 12, 25)
    wire.broken = True
    with pytest.raises(LightTrouble, match="takes nothing more"):
        light.show(Signal.LIVE, Lamps(red=True))
    with pytest.raises(LightTrouble):
        light.close()
    assert not wire.open


def test_a_bus_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LightTrouble, match=r"No such file.*dtparam=spi=on.*--light gpio"):
        SpiBus(2_400_000, tmp_path / "spidev0.0")
    plain = tmp_path / "plain"
    plain.touch()
    with pytest.raises(LightTrouble, match="no SPI bus"):
        SpiBus(2_400_000, plain)
