"""The self-test in its order: what it asks of the person, what it reads meanwhile.

The microphone is listened to from the first moment to the last, so that its errors are counted
while lamps, pins and network are at work, as at a table.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from parvis_device.buttons import Button, MuteSwitch
from parvis_device.errors import ButtonTrouble, LightTrouble
from parvis_device.light import Pattern, Signal
from parvis_device.lights import Light
from parvis_device.selftest import judging, lamps
from parvis_device.selftest.findings import Finding, found
from parvis_device.selftest.hands import MuteTurns, count_presses, watch_mute
from parvis_device.selftest.hearing import Stretch
from parvis_device.selftest.judging import PRESSES_WANTED, MuteSeen
from parvis_device.selftest.listening import Listening
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Prompt


class Person(Protocol):
    """Who sits before the unit."""

    def told(self, prompt: Prompt, **facts: Any) -> None:
        """Say it to them."""

    def shown(self, pattern: Pattern) -> None:
        """Say what the light shows now."""

    async def agrees(self, prompt: Prompt, within_s: float) -> bool | None:
        """Their answer; None: there was none."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long each part takes."""

    listen_s: float = 60.0
    """In which errors of the microphone are counted."""
    quiet_s: float = 3.0
    speak_s: float = 5.0
    press_s: float = 20.0
    settle_s: float = 1.0
    """After the last press that was asked for: what comes then was no finger."""
    mute_s: float = 15.0
    answer_s: float = 30.0
    light_pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the unit. None: it has none by its settings; an error: it has one that cannot be used."""

    listening: Listening | None
    button: Button | ButtonTrouble | None
    mute: MuteSwitch | ButtonTrouble | None
    light: Light | LightTrouble | None
    patterns: Mapping[Signal, Pattern]
    machine: Callable[[], Awaitable[list[Finding]]]
    """Supply, disk, network: what needs nobody."""
    why_silent: Callable[[Exception | None], Finding]
    """What to say of a microphone that gave nothing."""


class Examination:
    """Of one unit; ``person`` None: nobody is there."""

    def __init__(self, parts: Parts, person: Person | None, lengths: Lengths) -> None:
        """Nothing is tried yet."""
        self._parts = parts
        self._person = person
        self._lengths = lengths

    async def run(self) -> list[Finding]:
        """Try everything.

        Raises:
            UnitError: it cannot go on.
        """
        machine = asyncio.ensure_future(self._parts.machine())
        try:
            if self._parts.listening is None:
                return [
                    *(found(says) for says in (Says.NO_MICROPHONE, Says.NO_CAPTURE, Says.NO_CLOCK)),
                    *await self._hands_and_light(),
                    *await machine,
                ]
            return await self._listened(self._parts.listening, machine)
        finally:
            machine.cancel()

    async def _listened(
        self, listening: Listening, machine: Awaitable[list[Finding]]
    ) -> list[Finding]:
        running = asyncio.create_task(listening.run())
        try:
            heard = await listening.started()
            room, voice = await self._room_and_voice(listening) if heard else (None, None)
            findings = [*await self._hands_and_light(), *await machine]
            if heard:
                await self._rest_of(listening)
        finally:
            running.cancel()
            await asyncio.wait([running])
        if not running.cancelled():
            running.result()
        if not heard:
            silent = (Says.NO_CAPTURE, Says.NO_CLOCK)
            why = self._parts.why_silent(listening.trouble)
            return [why, *(found(says) for says in silent), *findings]
        return [*_of_sound(listening, room, voice), *findings]

    async def _room_and_voice(self, listening: Listening) -> tuple[Stretch | None, Stretch | None]:
        """With nobody there: all that is heard until the end is the room."""
        if self._person is None:
            return None, None
        hearing = listening.hearing
        self._person.told(Prompt.QUIET, seconds=self._lengths.quiet_s)
        begun = hearing.blocks
        await listening.for_s(self._lengths.quiet_s)
        quiet = hearing.blocks
        self._person.told(Prompt.SPEAK, seconds=self._lengths.speak_s)
        await listening.for_s(self._lengths.speak_s)
        return hearing.stretch(begun, quiet), hearing.stretch(quiet)

    async def _rest_of(self, listening: Listening) -> None:
        left_s = self._lengths.listen_s - listening.hearing.seconds
        if left_s > 0:
            if self._person is not None and left_s >= 1:
                self._person.told(Prompt.LISTENING, seconds=left_s)
            await listening.for_s(left_s)

    async def _hands_and_light(self) -> list[Finding]:
        return [await self._button(), await self._mute(), await self._light()]

    async def _button(self) -> Finding:
        button = self._parts.button
        if button is None:
            return found(Says.NO_BUTTON)
        if isinstance(button, ButtonTrouble):
            return found(Says.BUTTON_FAILED, why=str(button))
        if getattr(button, "is_down", False):  # pins alone can tell
            return found(Says.BUTTON_DOWN)
        person, lengths = self._person, self._lengths
        if person is None:
            return found(Says.BUTTON_NOT_ASKED)
        person.told(Prompt.PRESS)
        seen = await count_presses(
            button,
            lambda count: person.told(Prompt.PRESSED, count=count),
            PRESSES_WANTED,
            lengths.press_s,
            lengths.settle_s,
        )
        return judging.button(seen)

    async def _mute(self) -> Finding:
        switch, listening = self._parts.mute, self._parts.listening
        if switch is None:
            return found(Says.NO_MUTE)
        if isinstance(switch, ButtonTrouble):
            return found(Says.MUTE_FAILED, why=str(switch))
        person = self._person
        if person is not None:
            person.told(Prompt.MUTE)

        def told(muted: bool) -> None:
            if person is not None:
                person.told(Prompt.MUTED if muted else Prompt.OPEN)

        hearing = None if listening is None else listening.hearing
        turns = MuteTurns(lambda: 0 if hearing is None else hearing.blocks, told)
        await watch_mute(switch, turns, self._lengths.mute_s if person else 0.0)
        levels = (None, None) if hearing is None else _levels(turns, hearing.stretch)
        seen = MuteSeen(turns.muted, turns.both, *levels)
        return judging.mute(seen, asked=person is not None)

    async def _light(self) -> Finding:
        light, person = self._parts.light, self._person
        if light is None:
            return found(Says.NO_LIGHT)
        if isinstance(light, LightTrouble):
            return found(Says.LIGHT_FAILED, why=str(light))
        shown = lamps.signals(with_red=person is not None)
        patterns = self._parts.patterns
        if person is not None:
            person.told(Prompt.LIGHTS)

        def told(signal: Signal) -> None:
            if person is not None:
                person.shown(patterns[signal])

        try:
            await lamps.show(light, shown, patterns, told, self._lengths.light_pace)
        except LightTrouble as error:
            return found(Says.LIGHT_FAILED, why=str(error))
        agreed = None
        if person is not None:
            agreed = await person.agrees(Prompt.SAW_LIGHTS, self._lengths.answer_s)
        return judging.lights(len(shown), agreed)


def _of_sound(listening: Listening, room: Stretch | None, voice: Stretch | None) -> list[Finding]:
    hearing = listening.hearing
    room = room or hearing.stretch()
    assert room is not None, "sound came"
    delivery = listening.delivery
    crystal = delivery.errors is not None  # a file has none
    return [
        judging.microphone(hearing.description, room, voice),
        judging.capture(delivery),
        judging.clock(hearing.clock(), hearing.seconds) if crystal else found(Says.NO_CLOCK),
    ]


def _levels(
    turns: MuteTurns, stretch: Callable[[int, int | None], Stretch | None]
) -> tuple[float | None, float | None]:
    """The microphone's level before it was muted, and while it was."""
    went = [(place, muted) for muted, place in turns.turns]
    muted_at = next((place for place, muted in went if muted), None)
    if muted_at is None:
        return None, None
    opened_at = next((place for place, muted in went if not muted and place >= muted_at), None)
    before, during = stretch(0, muted_at), stretch(muted_at, opened_at)
    return (
        None if before is None else before.floor_dbfs,
        None if during is None else during.floor_dbfs,
    )
