"""Keeps the light true: shows a new signal at once and plays its pattern."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from parvis_device.light import PATTERNS, Condition, Lamps, Pattern, Signal, choose, lamps_at
from parvis_device.lights import Light
from parvis_device.update.shown import UpdateShown


class Lighting:
    """One light and the pattern that runs on it."""

    def __init__(self, light: Light, patterns: Mapping[Signal, Pattern] = PATTERNS) -> None:
        """The light shows nothing before the first ``update``."""
        self._patterns = patterns
        self._light = light
        self._signal: Signal | None = None
        self._since_ns = 0
        self._shown: tuple[Signal, Lamps] | None = None
        self._changed = asyncio.Event()
        self.updating = UpdateShown.NOTHING
        """What becomes of the program's update; seen at the next ``update``."""

    @property
    def signal(self) -> Signal | None:
        """What is shown now."""
        return self._signal

    def update(self, condition: Condition) -> None:
        """Show what ``condition`` asks for, before this call returns."""
        self.show(choose(replace(condition, update=self.updating)))

    def show(self, signal: Signal) -> None:
        """Show this signal, before this call returns."""
        if signal is self._signal:
            return
        self._signal = signal
        self._since_ns = time.monotonic_ns()
        self._play(self._since_ns)
        self._changed.set()

    async def run(self) -> None:
        """Play the patterns until cancelled."""
        while True:
            self._changed.clear()
            rest_ns = self._play(time.monotonic_ns())
            try:
                async with asyncio.timeout(None if rest_ns is None else rest_ns / 1e9):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _play(self, now_ns: int) -> int | None:
        if self._signal is None:
            return None
        lamps, rest_ns = lamps_at(self._signal, now_ns - self._since_ns, self._patterns)
        if self._shown != (self._signal, lamps):
            self._shown = (self._signal, lamps)
            self._light.show(self._signal, lamps)
        return rest_ns
