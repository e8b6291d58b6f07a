"""Buttons and lights at their hardware: gpiozero's mock pins, a pseudo-terminal, pipes."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import struct
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from parvis_device import pins
from parvis_device.buttons.gpio import GpioButton
from parvis_device.buttons.keyboard import KeyboardButton, KeyDevice, KeyEvents
from parvis_device.buttons.keys import code_of
from parvis_device.buzzers.gpio import GpioBuzzer
from parvis_device.errors import ButtonTrouble, LightTrouble
from parvis_device.light import DARK, GREEN_AND_WHITE, RED, Lamps, Signal
from parvis_device.lights.gpio import GpioLight
from parvis_device.lights.terminal import TerminalLight

EVENT = struct.Struct("@llHHi")


class Presses:
    """Counts presses and the wish to quit."""

    def __init__(self) -> None:
        self.count = 0
        self.releases = 0
        self.quits = 0
        self._changed = asyncio.Event()

    def pressed(self) -> None:
        self.count += 1
        self._changed.set()

    def released(self) -> None:
        self.releases += 1
        self._changed.set()

    def quit(self) -> None:
        self.quits += 1
        self._changed.set()

    async def until(self, count: int, quits: int = 0) -> None:
        async with asyncio.timeout(20):
            while (self.count, self.quits) != (count, quits):
                self._changed.clear()
                await self._changed.wait()

    async def until_released(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.releases != count:
                self._changed.clear()
                await self._changed.wait()

    async def until_quit(self) -> None:
        async with asyncio.timeout(20):
            while not self.quits:
                self._changed.clear()
                await self._changed.wait()


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
def mock_pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.close()
    Device.pin_factory = before


async def test_the_button_on_its_pin(mock_pins: MockFactory) -> None:
    presses = Presses()
    running = asyncio.create_task(GpioButton().run(presses))
    await asyncio.sleep(0)
    pin = mock_pins.pin(pins.HAND)
    for _ in range(3):  # a bouncing contact
        pin.drive_low()
        pin.drive_high()
    pin.drive_low()
    await presses.until(1)
    assert presses.releases == 0, "it bounced, and is still down"
    pin.drive_high()
    await presses.until_released(1)
    await stopped(running)
    GpioButton()  # the pin was given back


async def test_a_button_that_is_down_from_the_start(
    mock_pins: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    presses = Presses()
    button, pin = GpioButton(), mock_pins.pin(pins.HAND)
    pin.drive_low()
    running = asyncio.create_task(button.run(presses))
    await asyncio.sleep(0)
    pin.drive_high()
    await asyncio.sleep(0.06)  # longer than a contact bounces: nothing is to come
    assert (presses.count, presses.releases) == (0, 0)
    assert caplog.text.count("down from the start") == 1
    pin.drive_low()
    await presses.until(1)
    await stopped(running)


def test_the_buzzer_on_its_pin(mock_pins: MockFactory) -> None:
    buzzer = GpioBuzzer()
    with pytest.raises(LightTrouble, match=f"GPIO {pins.BUZZER}"):
        GpioBuzzer()
    buzzer.chime(2)
    deadline = time.monotonic() + 5
    while not mock_pins.pin(pins.BUZZER).state and time.monotonic() < deadline:
        time.sleep(0.005)
    assert mock_pins.pin(pins.BUZZER).state
    buzzer.close()
    GpioBuzzer().close()


def test_the_light_on_its_pins(mock_pins: MockFactory) -> None:
    def lit() -> tuple[bool, ...]:
        numbers = (pins.LIGHT_RED, pins.LIGHT_GREEN, pins.LIGHT_WHITE)
        return tuple(bool(mock_pins.pin(number).state) for number in numbers)

    light = GpioLight()
    assert lit() == (False, False, False)
    light.show(Signal.LIVE, RED)
    assert lit() == (True, False, False)
    light.show(Signal.NO_MICROPHONE, GREEN_AND_WHITE)
    assert lit() == (False, True, True)
    with pytest.raises(LightTrouble, match=f"GPIO {pins.LIGHT_RED}"):
        GpioLight()
    light.close()
    GpioLight().close()


def test_a_taken_pin_is_told(mock_pins: MockFactory) -> None:
    kept = GpioButton()
    with pytest.raises(ButtonTrouble, match=f"GPIO {pins.HAND}"):
        GpioButton()
    assert kept


def test_a_machine_without_pins_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nonsense")
    monkeypatch.setattr(Device, "pin_factory", None)
    with pytest.raises(ButtonTrouble, match="use --button keyboard"):
        GpioButton()
    with pytest.raises(LightTrouble, match="use --light terminal"):
        GpioLight()


async def test_lines_on_standard_input_are_presses() -> None:
    reading, writing = os.pipe()
    presses = Presses()
    with os.fdopen(reading) as stream, os.fdopen(writing, "wb", buffering=0) as script:
        running = asyncio.create_task(KeyboardButton(stream).run(presses))
        script.write(b"\npress\n")
        await presses.until(2)
        script.write(b"\ndow")
        await presses.until(3)
        script.write(b"n\n")
        await presses.until(4)
        assert presses.releases == 3
        script.write(b"up\n")
        await presses.until_released(4)
        await stopped(running)


async def test_an_empty_standard_input_leaves_the_unit_running() -> None:
    with os.fdopen(os.open(os.devnull, os.O_RDONLY)) as stream:
        running = asyncio.create_task(KeyboardButton(stream).run(Presses()))
        await asyncio.sleep(0)
        assert not running.done()
        await stopped(running)


async def test_a_terminal() -> None:
    controller, terminal = pty.openpty()
    presses = Presses()
    with os.fdopen(terminal, "r+b", buffering=0) as raw, io.TextIOWrapper(raw) as stream:
        before = termios.tcgetattr(terminal)
        running = asyncio.create_task(KeyboardButton(stream).run(presses))
        await asyncio.sleep(0)
        os.write(controller, b" ")
        await presses.until(1)
        os.write(controller, b"h")
        await presses.until(2)
        assert presses.releases == 1
        os.write(controller, b"h")
        await presses.until_released(2)
        os.write(controller, b"l")
        await presses.until(3)
        await presses.until_released(3)
        os.write(controller, b"   x")  # a held key, and one that means nothing
        os.write(controller, b"q")
        await presses.until_quit()
        await stopped(running)
        after = termios.tcgetattr(terminal)
        assert (before[3], after[3]) == (after[3], before[3]), "the terminal is as it was"
    os.close(controller)


def key(value: int, kind: int = 1) -> bytes:
    return EVENT.pack(0, 0, kind, 57, value)


def test_key_events() -> None:
    events = KeyEvents()
    assert [*events.edges(key(1) + key(2) + key(2))] == [True]
    assert [*events.edges(key(0))] == [False]
    split = key(1)
    assert [*events.edges(split[:7])] == []
    assert [*events.edges(split[7:])] == [True]
    assert [*events.edges(key(1, kind=4) + key(0, kind=0))] == []


def test_one_key_of_several() -> None:
    events = KeyEvents(code_of("space"))
    other = EVENT.pack(0, 0, 1, 30, 1)
    assert [*events.edges(other + key(1) + other + key(0))] == [True, False]
    assert [code_of(name) for name in ("115", "F13", "nonsense", "0", "99999")] == [
        115,
        183,
        None,
        None,
        None,
    ]


async def test_a_key_device_is_grabbed_and_may_be_unplugged_while_it_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("fcntl.ioctl", lambda opened, what, how: asked.append((what, how)))
    monkeypatch.setattr("parvis_device.buttons.keyboard._RETRY_S", 0.01)
    path = tmp_path / "event0"
    os.mkfifo(path)
    presses = Presses()
    running = asyncio.create_task(KeyDevice(path).run(presses))
    plugged = os.open(path, os.O_RDWR)
    os.write(plugged, key(1))
    await presses.until(1)
    os.close(plugged)  # the end of what can be read, as when it is unplugged
    await presses.until_released(1)
    again = os.open(path, os.O_RDWR)
    os.write(again, key(1) + key(0))
    await presses.until_released(2)
    assert presses.count == 2
    await stopped(running)
    os.close(again)
    assert set(asked) == {(0x40044590, 1)}, "EVIOCGRAB, on: no press types into a console"


async def test_a_key_device(tmp_path: Path) -> None:
    path = tmp_path / "event0"
    os.mkfifo(path)
    presses = Presses()
    keeper = os.open(path, os.O_RDWR)
    running = asyncio.create_task(KeyDevice(path).run(presses))
    os.write(keeper, key(1) + key(0))
    await presses.until_released(1)
    assert presses.count == 1
    await stopped(running)
    os.close(keeper)


def test_a_key_device_without_permission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ButtonTrouble, match="add this user to the group input"):
        KeyDevice(tmp_path / "event0")


def test_a_key_device_that_can_never_be_pressed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no input")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(ButtonTrouble, match="no input device"):
            KeyDevice(path)


def test_without_standard_input_there_is_no_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ButtonTrouble, match="standard input is closed"):
        KeyboardButton()


def test_a_plain_light_prints_each_signal_once() -> None:
    out = io.StringIO()
    light = TerminalLight(out)
    for lamps in (RED, DARK, RED):
        light.show(Signal.LIVE, lamps)
    light.show(Signal.IDLE, Lamps(white=True))
    light.close()
    assert out.getvalue() == "light: live\nlight: idle\n"


def test_a_terminals_light_is_one_line_and_readable_without_colour() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    light = TerminalLight(out)
    light.show(Signal.LIVE, RED)
    light.close()
    assert "●" in out.getvalue() and out.getvalue().count("○") == 2
    assert "live: sound leaves this unit" in out.getvalue()
    assert "\n" not in out.getvalue()
