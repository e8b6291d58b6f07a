"""A device that comes and goes, whichever way its sound flows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import cast

import pytest

from parvis_device import card_watch
from parvis_device.card_watch import let_go, set_within, use_for_ever
from parvis_device.errors import AudioThreadFailed, MicrophoneTrouble, PortAudioMissing
from parvis_device.sound_cards import SoundCard, SoundCards

CARD = SoundCard(index=0, name="Card", channels=1, rate_hz=48_000)


class Enough(Exception):
    """Nothing more is written down."""


class Device:
    """Goes through what is written down, one attempt after the other."""

    def __init__(self, *attempts: str | Exception) -> None:
        self.told: list[str] = []
        self.misses = 0
        self._attempts = iter(attempts)

    async def use(self, is_open: Callable[[], None]) -> str:
        """An error: it does not open. A text: it opened, and was lost for this reason."""
        found = next(self._attempts, Enough())
        if isinstance(found, Exception):
            raise found
        is_open()
        return found

    async def run(self, *, wait_at_start: bool = False) -> None:
        await use_for_ever(
            self.use, wait_at_start=wait_at_start, lost=self.told.append, missed=self._missed
        )

    def _missed(self) -> None:
        assert self.told, "the light says it first"
        self.misses += 1


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_watch, "RETRY_S", 0.0)


async def test_each_loss_is_told_once_however_long_it_lasts() -> None:
    gone = MicrophoneTrouble("there is no microphone")
    device = Device("went silent", gone, gone, gone, "ended", gone, "ended again")
    with pytest.raises(Enough):
        await device.run()
    assert device.told == ["went silent", "ended", "ended again"]
    assert device.misses == 7, "each attempt is food for the watchdog"


async def test_one_that_is_not_there_at_the_start_ends_the_unit_unless_told_to_wait() -> None:
    gone = MicrophoneTrouble("there is no microphone")
    with pytest.raises(MicrophoneTrouble):
        await Device(gone, "never").run()
    waiting = Device(gone, gone, "unplugged")
    with pytest.raises(Enough):
        await waiting.run(wait_at_start=True)
    assert waiting.told == ["there is no microphone", "unplugged"]


async def test_what_waiting_does_not_mend_ends_the_unit() -> None:
    with pytest.raises(PortAudioMissing):
        await Device("unplugged", PortAudioMissing("install it")).run(wait_at_start=True)


async def test_to_be_opened_anew_is_no_loss() -> None:
    device = Device("", "", "unplugged", "")
    with pytest.raises(Enough):
        await device.run()
    assert (device.told, device.misses) == (["unplugged"], 1)


async def test_an_event_that_comes_in_time_and_one_that_does_not() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.001)
    event.set()
    assert await set_within(event, 5.0)


class Cards:
    """Lets go at once, or never."""

    def __init__(self, released: threading.Event) -> None:
        self.closed: list[str] = []
        self._released = released

    def close(self, stream: str) -> None:
        self._released.wait(10)
        self.closed.append(stream)


async def test_a_library_that_does_not_let_go_ends_the_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    cards = Cards(released)
    monkeypatch.setattr(card_watch, "CLOSE_S", 0.01)
    try:
        with pytest.raises(AudioThreadFailed, match="does not let go of Card"):
            await let_go(cast(SoundCards, cards), "a", CARD)
    finally:
        released.set()
    monkeypatch.setattr(card_watch, "CLOSE_S", 5.0)
    await let_go(cast(SoundCards, cards), "b", CARD)
    assert "b" in cards.closed
