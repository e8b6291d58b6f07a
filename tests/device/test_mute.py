"""The MUTE switch: from its pin to what leaves the unit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from fakes.hub import running_hub
from fakes.running_unit import unit_at
from parvis_device import pins
from parvis_device.app import make_mute
from parvis_device.buttons.mute import GpioMuteSwitch, Latch
from parvis_device.config import load
from parvis_device.errors import ButtonTrouble
from parvis_device.light import Signal


class Switched:
    """What was told, in order."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self._changed = asyncio.Event()

    def __call__(self, muted: bool) -> None:
        self.told.append(muted)
        self._changed.set()

    async def until(self, told: list[bool]) -> None:
        async with asyncio.timeout(20):
            while self.told != told:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def mock_pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    factory = MockFactory()
    before, Device.pin_factory = Device.pin_factory, factory
    yield factory
    factory.close()
    Device.pin_factory = before


async def test_a_bouncing_switch_silences_at_once_and_lets_go_once() -> None:
    switched = Switched()
    latch = Latch(switched)
    latch.edge(True)
    assert switched.told == [True], "at its first touch"
    for closed in (False, True, False, True, False):
        latch.edge(closed)
    assert switched.told == [True], "an open contact may bounce"
    await switched.until([True, False])


async def test_the_switch_on_its_pin(mock_pins: MockFactory) -> None:
    switched = Switched()
    pin = mock_pins.pin(pins.MUTE_SENSE)
    switch = GpioMuteSwitch()
    pin.drive_low()
    running = asyncio.create_task(switch.run(switched))
    await switched.until([True])  # it was on from the start
    pin.drive_high()
    await switched.until([True, False])
    pin.drive_low()
    await switched.until([True, False, True])
    with pytest.raises(ButtonTrouble, match=f"GPIO {pins.MUTE_SENSE}"):
        GpioMuteSwitch()
    running.cancel()
    await asyncio.wait([running])
    GpioMuteSwitch()  # the pin was given back


def test_only_a_unit_with_its_button_on_the_pins_has_one(mock_pins: MockFactory) -> None:
    assert make_mute(load(None, {"hub": "auto"})) is not None
    assert make_mute(load(None, {"hub": "auto", "button": "keyboard"})) is None
    assert make_mute(load(None, {"microphone": "none", "loudspeaker": "default"})) is None


class FakeMute:
    """Turned by the test."""

    def __init__(self) -> None:
        self.turn: Callable[[bool], None] = lambda muted: None

    async def run(self, switched: Callable[[bool], None]) -> None:
        self.turn = switched
        await asyncio.Event().wait()


async def test_no_sound_leaves_a_muted_unit_and_the_turn_goes_on_after() -> None:
    mute = FakeMute()
    async with running_hub() as hub, unit_at(hub, mute=mute) as bench:
        await bench.take_floor()
        mute.turn(True)
        assert bench.light.signal is Signal.MUTED and not bench.light.lamps.red
        await hub.until(lambda hub: bool(hub.packets[-1].flags))  # the last of the talk says so
        count = len(hub.packets)
        levels = len(hub.levels)
        await hub.until(lambda hub: len(hub.levels) > levels + 2)
        assert len(hub.packets) == count
        assert hub.levels[-1].level_dbfs == -127.0, "nobody hears how loud a muted table is"
        assert all(level.muted for level in hub.levels[levels:]), "the console says why"
        mute.turn(False)
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > count + 5)
        assert not hub.levels[-1].muted, "told at once: in a turn no other level follows"
        assert "leave_floor" not in hub.command_types


async def test_a_hand_may_be_raised_while_muted_and_nothing_opens() -> None:
    mute = FakeMute()
    async with running_hub() as hub, unit_at(hub, mute=mute) as bench:
        await bench.light.until(Signal.IDLE)
        mute.turn(True)
        await bench.light.until(Signal.MUTED)
        bench.button.press()
        await bench.light.until(Signal.NEXT)
        await hub.grant()
        await bench.light.until(Signal.GRANTED)
        bench.button.press()
        await bench.light.until(Signal.MUTED)
        assert not hub.packets
        mute.turn(False)
        await bench.light.until(Signal.LIVE)
        await hub.until(lambda hub: len(hub.packets) > 5)
