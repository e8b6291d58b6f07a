"""``parvis-unit devices``: the microphones of this machine, with a level meter each, and the
loudspeakers."""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table

from parvis_audio.level import SILENT_DBFS, level_dbfs
from parvis_device import native_noise, sound_cards
from parvis_device.errors import MicrophoneTrouble, SoundCardTrouble, UsageError
from parvis_device.sound_cards import Side, SoundCard

METER_S = 0.1
BLOCK_S = 0.01
METER_CHARACTERS = 30
METER_FLOOR_DBFS = -60.0
"""The left end of a meter: a quiet room."""

NO_MICROPHONE = "no microphone is plugged in"
NO_LOUDSPEAKER = "no loudspeaker is plugged in"


@dataclass(slots=True)
class Meter:
    """One microphone's level; written by the audio thread, read by the terminal."""

    device: SoundCard
    trouble: str = ""
    level_dbfs: float = SILENT_DBFS
    loudest_dbfs: float = SILENT_DBFS
    blocks: int = 0
    stream: Any = field(default=None, repr=False)

    def callback(self, indata: Any, frames: int, when: Any, status: Any) -> None:
        """Called by PortAudio in its own thread. Plain attributes: each is written whole."""
        samples = np.frombuffer(bytes(indata), dtype=np.float32)[:: self.device.channels]
        self.level_dbfs = level_dbfs(samples)
        self.loudest_dbfs = max(self.loudest_dbfs, self.level_dbfs)
        self.blocks += 1

    def open(self) -> None:
        """Start listening; what goes wrong is shown instead of the meter."""
        try:
            self.stream = sound_cards.open_stream(
                Side.MICROPHONE,
                self.device,
                rate_hz=self.device.rate_hz,
                channels=self.device.channels,
                block_samples=round(self.device.rate_hz * BLOCK_S),
                latency_s=METER_S,
                callback=self.callback,
                finished=lambda: None,
            )
        except SoundCardTrouble as error:
            self.trouble = str(error)

    def close(self) -> None:
        """Let go of the device."""
        if self.stream is not None:
            sound_cards.close_stream(self.stream)

    def as_json(self) -> dict[str, object]:
        """The meter as one JSON object."""
        return {
            **_card_as_json(self.device),
            "level_dbfs": round(self.loudest_dbfs, 1) if self.blocks else None,
            "trouble": self.trouble or None,
        }


def _card_as_json(card: SoundCard) -> dict[str, object]:
    return {
        "index": card.index,
        "name": card.name,
        "channels": card.channels,
        "rate_hz": card.rate_hz,
        "default": card.is_default,
    }


def bar(level_dbfs: float) -> str:
    """A level as a bar of ``METER_CHARACTERS``, from ``METER_FLOOR_DBFS`` to 0."""
    share = min(1.0, max(0.0, 1.0 - level_dbfs / METER_FLOOR_DBFS))
    filled = round(share * METER_CHARACTERS)
    return "█" * filled + "·" * (METER_CHARACTERS - filled)


def meter_table(meters: list[Meter]) -> Table:
    """The table as it is now."""
    table = _table("microphone", "level")
    for meter in meters:
        table.add_row(*_card_words(meter.device), _level_words(meter))
    return table


def loudspeaker_table(cards: tuple[SoundCard, ...]) -> Table:
    """Every device that can play."""
    table = _table("loudspeaker")
    for card in cards:
        table.add_row(*_card_words(card))
    return table


def _table(kind: str, *further: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("index", kind, "rate", *further):
        table.add_column(title, justify="right" if title in ("index", "rate") else "left")
    return table


def _card_words(card: SoundCard) -> tuple[str, str, str]:
    name = card.name + (" (default)" if card.is_default else "")
    return str(card.index), name, f"{card.rate_hz} Hz"


def _level_words(meter: Meter) -> str:
    if meter.trouble:
        return meter.trouble
    if not meter.blocks:
        return "waiting for sound"
    return f"{bar(meter.level_dbfs)} {meter.level_dbfs:6.1f} dBFS"


async def show_devices(seconds: float | None, *, as_json: bool) -> None:
    """List microphones and loudspeakers; with ``seconds`` 0, without listening to the former.

    Raises:
        UsageError: JSON without an end.
        MicrophoneTrouble: there is neither a microphone nor a loudspeaker.
        PortAudioMissing: the library is not installed.
    """
    if as_json and seconds is None:
        raise UsageError("--json needs an end: add --seconds 3")
    with native_noise.captured():
        sound_cards.rescan()
        meters = [Meter(device) for device in sound_cards.cards(Side.MICROPHONE)]
        loudspeakers = sound_cards.cards(Side.LOUDSPEAKER)
        if not (meters or loudspeakers or as_json):
            raise MicrophoneTrouble("no microphone is plugged in, and no loudspeaker")
        if not as_json:
            Console().print(loudspeaker_table(loudspeakers) if loudspeakers else NO_LOUDSPEAKER)
            if not meters:
                Console().print(NO_MICROPHONE)
                return
        try:
            if seconds != 0:
                for meter in meters:
                    meter.open()
            await _show(meters, seconds, quiet=as_json)
        finally:
            for meter in meters:
                meter.close()
    if as_json:
        found = {
            "devices": [meter.as_json() for meter in meters],
            "loudspeakers": [_card_as_json(card) for card in loudspeakers],
        }
        print(json.dumps(found))


async def _show(meters: list[Meter], seconds: float | None, *, quiet: bool) -> None:
    if quiet or seconds == 0 or not sys.stdout.isatty():
        await _wait(seconds or 0.0 if seconds is not None else None)
        if not quiet:
            Console().print(meter_table(meters))
        return
    with Live(meter_table(meters), refresh_per_second=round(1 / METER_S)) as live:
        watching = asyncio.create_task(_redraw(live, meters))
        try:
            await _wait(seconds)
        finally:
            watching.cancel()


async def _redraw(live: Live, meters: list[Meter]) -> None:
    while True:
        live.update(meter_table(meters))
        await asyncio.sleep(METER_S)


async def _wait(seconds: float | None) -> None:
    """Until the time is over or Ctrl-C."""
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
