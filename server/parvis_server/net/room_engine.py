"""The engine of a room that need not sound all the time.

A room that has not begun, or is over, has no engine process; what was said about its stage is kept
and told to the next one. Between ``wake`` and ``rest`` it hands everything to the engine that runs.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Never, Protocol

from parvis_server.engine.stage import CheckOutput, SetStage
from parvis_server.net.engine import Engine


class RunningEngine(Engine, Protocol):
    """An engine with a life of its own."""

    async def run(self) -> None:
        """Run until cancelled."""


@dataclass(frozen=True, slots=True, eq=False)
class _Life:
    """One engine from its waking to its rest."""

    engine: RunningEngine
    over: asyncio.Event = field(default_factory=asyncio.Event)


class RoomEngine:
    """An ``Engine`` that sleeps until it is woken."""

    def __init__(self, make: Callable[[], RunningEngine]) -> None:
        """``make`` makes the engine of each life."""
        self.woken_ns: int | None = None
        """Since when it should tick; None while it sleeps."""
        self._make = make
        self._life: _Life | None = None
        self._awake = asyncio.Event()
        self._never = asyncio.Event()
        self._stage = SetStage()
        self._restarts = 0
        self._dropped = 0

    @property
    def running(self) -> RunningEngine | None:
        """The engine of this life; None while it sleeps."""
        return None if self._life is None else self._life.engine

    @property
    def ready(self) -> asyncio.Event:
        """Set while an engine is live."""
        return self._never if self._life is None else self._life.engine.ready

    @property
    def restarts(self) -> int:
        """Live engines that had to be replaced, in all lives."""
        return self._restarts + (0 if self._life is None else self._life.engine.restarts)

    @property
    def dropped_packets(self) -> int:
        """Packets that no engine could take, in all lives."""
        return self._dropped + (0 if self._life is None else self._life.engine.dropped_packets)

    def wake(self) -> None:
        """Run an engine from now on; does nothing when one runs."""
        if self._life is None:
            self._life = _Life(self._make())
            self._life.engine.set_stage(self._stage)
            self.woken_ns = time.monotonic_ns()
            self._awake.set()

    def rest(self) -> None:
        """Run none; does nothing when none runs."""
        if self._life is not None:
            self._restarts, self._dropped = self.restarts, self.dropped_packets
            self._life.over.set()
            self._life = self.woken_ns = None
            self._awake.clear()

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this from now on; whoever is woken gets it too."""
        self._stage = stage
        if self._life is not None:
            self._life.engine.set_stage(stage)

    def check_output(self, command: CheckOutput) -> bool:
        """Begin a sound check; False when no engine could take it."""
        return self._life is not None and self._life.engine.check_output(command)

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        """Hand over a source's packet; dropped and counted while it sleeps."""
        if self._life is None:
            self._dropped += 1
        else:
            self._life.engine.send_packet(rtp, arrival_ns)

    async def run(self) -> Never:
        """Live one life after the other until cancelled."""
        while True:
            await self._awake.wait()
            life = self._life
            if life is None:  # put to rest before it began
                continue
            async with asyncio.TaskGroup() as group:
                running = group.create_task(life.engine.run())
                await life.over.wait()
                running.cancel()
