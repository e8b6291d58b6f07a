"""The whole self-test with hands, ears and lamps of a test: what is asked, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from parvis_device import pins
from parvis_device.buttons.gpio import GpioButton
from parvis_device.buttons.mute import GpioMuteSwitch
from parvis_device.capture import FRAME_NS, FRAME_SAMPLES, Block, MicrophoneEvents
from parvis_device.errors import ButtonTrouble, LightTrouble, MicrophoneTrouble
from parvis_device.light import LIVE_SIGNALS, PATTERNS, Lamps, Pattern, Signal
from parvis_device.selftest.checks import Check, Verdict
from parvis_device.selftest.examination import Examination, Lengths, Parts
from parvis_device.selftest.findings import Finding, found
from parvis_device.selftest.listening import Listening
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Prompt

LENGTHS = Lengths(
    listen_s=60, quiet_s=0.5, speak_s=0.5, press_s=20, settle_s=0.5, mute_s=20, light_pace=0.001
)


class Voice:
    """A microphone in a quiet room, whose person speaks when the test says so; time is its own."""

    def __init__(self, *, errors: int = 0) -> None:
        self.level = 0.0005
        self.overruns = errors
        self.misses = 0
        self.refusal: Exception | None = None

    def use_frame_samples(self, frame_samples: int) -> None:
        """The hub's wish; here there is none."""

    async def run(self, events: MicrophoneEvents) -> None:
        if self.refusal is not None:
            raise self.refusal
        events.opened("USB table", 0)
        number = 0
        while True:
            samples = np.full(FRAME_SAMPLES, self.level, dtype=np.float32)
            for _ in range(10):
                events.block(Block(number * FRAME_SAMPLES, number * FRAME_NS, samples))
                number += 1
            await asyncio.sleep(0.001)


class Lamp:
    """A light that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[Signal, Lamps]] = []

    def show(self, signal: Signal, lamps: Lamps) -> None:
        self.seen.append((signal, lamps))

    def close(self) -> None:
        """Dark."""


class Obedient:
    """A person who does at once what they are told."""

    def __init__(self, does: dict[Prompt, Callable[[], None]], *, agrees: bool | None) -> None:
        self.prompts: list[Prompt] = []
        self.patterns: list[Pattern] = []
        self._does = does
        self._agrees = agrees

    def told(self, prompt: Prompt, **facts: Any) -> None:
        self.prompts.append(prompt)
        if prompt in self._does:
            asyncio.get_running_loop().call_soon(self._does[prompt])

    def shown(self, pattern: Pattern) -> None:
        self.patterns.append(pattern)

    async def agrees(self, prompt: Prompt, within_s: float) -> bool | None:
        self.prompts.append(prompt)
        return self._agrees


@pytest.fixture
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    made = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", made)
    yield made
    made.reset()


async def nothing_of_the_machine() -> list[Finding]:
    return [found(Says.DISK_GOOD, free=9000)]


def parts(microphone: Voice | None, light: Lamp | LightTrouble, **others: Any) -> Parts:
    usual = Parts(
        listening=None if microphone is None else Listening(microphone),
        button=None,
        mute=None,
        light=light,
        patterns=PATTERNS,
        machine=nothing_of_the_machine,
        why_silent=lambda trouble: found(Says.MICROPHONE_FAILED, why=str(trouble)),
    )
    return replace(usual, **others)


def by_check(findings: list[Finding]) -> dict[Check, Finding]:
    assert len({one.check for one in findings}) == len(findings)
    return {one.check: one for one in findings}


async def press(factory: MockFactory, times: int) -> None:
    pin = factory.pin(pins.HAND)
    for _ in range(times):
        pin.drive_low()
        await asyncio.sleep(0.03)
        pin.drive_high()
        await asyncio.sleep(0.03)


async def examined(
    factory: MockFactory,
    microphone: Voice,
    *,
    presses: int,
    agrees: bool | None,
    press_s: float = 20,
) -> tuple[dict[Check, Finding], Obedient, Lamp]:
    hands: set[asyncio.Task[None]] = set()

    def presses_now() -> None:
        hands.add(asyncio.ensure_future(press(factory, presses)))

    def speak() -> None:
        microphone.level = 0.06

    def mute() -> None:
        microphone.level = 0.0
        factory.pin(pins.MUTE_SENSE).drive_low()

    def open_again() -> None:
        microphone.level = 0.0005
        factory.pin(pins.MUTE_SENSE).drive_high()

    does = {
        Prompt.SPEAK: speak,
        Prompt.PRESS: presses_now,
        Prompt.MUTE: mute,
        Prompt.MUTED: open_again,
    }
    person, lamp = Obedient(does, agrees=agrees), Lamp()
    unit = parts(microphone, lamp, button=GpioButton(), mute=GpioMuteSwitch())
    findings = await Examination(unit, person, replace(LENGTHS, press_s=press_s)).run()
    return by_check(findings), person, lamp


async def test_a_good_unit_is_good_in_every_line(factory: MockFactory) -> None:
    findings, person, lamp = await examined(factory, Voice(), presses=3, agrees=True)
    told = {check: one.says for check, one in findings.items()}
    assert told == {
        Check.BUTTON: Says.PRESSES_SEEN,
        Check.LIGHT: Says.LIGHTS_SEEN,
        Check.MICROPHONE: Says.VOICE_GOOD,
        Check.CAPTURE: Says.CAPTURE_GOOD,
        Check.CLOCK: Says.CLOCK_GOOD,
        Check.MUTE: Says.MUTE_SEEN,
        Check.DISK: Says.DISK_GOOD,
    }
    assert findings[Check.CAPTURE].facts["seconds"] >= 60
    assert findings[Check.MICROPHONE].facts == {"name": "USB table", "peak": -24, "floor": -66}
    assert person.patterns == [PATTERNS[signal] for signal in Signal]
    assert {signal for signal, _ in lamp.seen} == set(Signal)
    assert person.prompts.index(Prompt.SPEAK) < person.prompts.index(Prompt.PRESS)


async def test_a_press_too_many_and_a_wrong_lamp_are_bad(factory: MockFactory) -> None:
    findings, _, _ = await examined(factory, Voice(errors=5), presses=4, agrees=False)
    assert findings[Check.BUTTON].says is Says.PRESSES_TOO_MANY
    assert findings[Check.LIGHT].says is Says.LIGHTS_WRONG
    assert findings[Check.CAPTURE].says is Says.CAPTURE_BROKEN


async def test_a_press_too_few_is_bad_after_its_time(factory: MockFactory) -> None:
    findings, _, _ = await examined(factory, Voice(), presses=2, agrees=None, press_s=0.5)
    assert findings[Check.BUTTON].says is Says.PRESSES_MISSED
    assert findings[Check.BUTTON].facts["seen"] <= 2
    assert findings[Check.LIGHT].verdict is Verdict.NOT_ASKED


async def test_unattended_nothing_that_takes_a_person_is_good(factory: MockFactory) -> None:
    lamp = Lamp()
    unit = parts(Voice(), lamp, button=GpioButton(), mute=GpioMuteSwitch())
    findings = by_check(await Examination(unit, None, LENGTHS).run())
    for check in (Check.BUTTON, Check.LIGHT, Check.MICROPHONE, Check.MUTE):
        assert findings[check].verdict is Verdict.NOT_ASKED, check
    assert findings[Check.CAPTURE].verdict is Verdict.GOOD
    assert findings[Check.MICROPHONE].facts["floor"] == -66


async def test_unattended_red_is_never_lit() -> None:
    lamp = Lamp()
    await Examination(parts(Voice(), lamp), None, LENGTHS).run()
    assert {signal for signal, _ in lamp.seen} == set(Signal) - set(LIVE_SIGNALS)
    assert not any(lamps.red for _, lamps in lamp.seen)


async def test_a_button_that_is_stuck_is_found_without_a_person(factory: MockFactory) -> None:
    button = GpioButton()
    factory.pin(pins.HAND).drive_low()
    findings = by_check(
        await Examination(parts(Voice(), Lamp(), button=button), None, LENGTHS).run()
    )
    assert findings[Check.BUTTON].says is Says.BUTTON_DOWN


async def test_a_switch_that_is_on_at_the_start_is_told(factory: MockFactory) -> None:
    switch = GpioMuteSwitch()
    factory.pin(pins.MUTE_SENSE).drive_low()
    unit = parts(Voice(), Lamp(), mute=switch)
    findings = by_check(await Examination(unit, None, LENGTHS).run())
    assert findings[Check.MUTE].facts["position"][0] == "muted"


async def test_what_cannot_be_used_is_bad_and_the_rest_is_tried() -> None:
    silent = Voice()
    silent.refusal = MicrophoneTrouble("there is no microphone 'unit_mic'")
    broken = parts(
        silent,
        LightTrouble("no pins"),
        button=ButtonTrouble("no pins"),
        mute=ButtonTrouble("no pins"),
    )
    findings = by_check(await Examination(broken, None, LENGTHS).run())
    for check in (Check.BUTTON, Check.MUTE, Check.LIGHT, Check.MICROPHONE):
        assert findings[check].verdict is Verdict.BAD, check
    assert findings[Check.CAPTURE].verdict is Verdict.ABSENT
    assert findings[Check.DISK].verdict is Verdict.GOOD


async def test_a_unit_that_only_plays_has_nothing_to_hear_or_press() -> None:
    findings = by_check(await Examination(parts(None, Lamp()), None, LENGTHS).run())
    for check in (Check.MICROPHONE, Check.CAPTURE, Check.CLOCK, Check.BUTTON, Check.MUTE):
        assert findings[check].verdict is Verdict.ABSENT, check


async def test_a_failure_of_ours_is_not_swallowed() -> None:
    broken = Voice()
    broken.refusal = RuntimeError("the audio thread failed")
    with pytest.raises(RuntimeError, match="audio thread"):
        await Examination(parts(broken, Lamp()), None, LENGTHS).run()
