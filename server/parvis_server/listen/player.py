"""Pulls the listener's sound in real time, on absolute deadlines."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_server.listen.sinks import Sinks

FRAME_NS = 10_000_000

MAX_CATCH_UP_FRAMES = 1_000
"""10 s: a machine that slept for longer does not write the night into the file."""


class Sounding(Protocol):
    """What is played: the program's playback, or a return's."""

    @property
    def playing(self) -> bool:
        """Whether the last frame was of the hub."""
        ...

    @property
    def buffer_ms(self) -> float:
        """How much is held."""
        ...

    def pull(self, now_ns: int) -> NDArray[np.float32]:
        """The next 10 ms."""
        ...


class Player:
    """One frame every 10 ms from the playback to the sinks."""

    def __init__(
        self,
        playback: Sounding,
        sinks: Sinks,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """``now_ns``: the monotonic clock."""
        self.buffer_sum_ms = 0.0
        self.buffered_frames = 0
        """Frames during which the program was held, and the sum of what was held."""
        self.heard = False
        """Whether anything of the program was ever played."""
        self.start_ns = now_ns()
        """When the first output sample was heard."""
        self._playback = playback
        self._sinks = sinks
        self._now_ns = now_ns

    async def run(self, seconds: float | None) -> None:
        """Play for so long, or until cancelled; raises ``OutputError``."""
        self.start_ns = deadline_ns = self._now_ns()
        end_ns = None if seconds is None else self.start_ns + round(seconds * 1e9)
        while end_ns is None or deadline_ns < end_ns:
            now_ns = self._now_ns()
            if now_ns < deadline_ns:
                await asyncio.sleep((deadline_ns - now_ns) / 1e9)
                continue
            behind = (now_ns - deadline_ns) // FRAME_NS - MAX_CATCH_UP_FRAMES
            deadline_ns += max(0, behind) * FRAME_NS
            self._step(deadline_ns)
            deadline_ns += FRAME_NS

    def _step(self, deadline_ns: int) -> None:
        frame = self._playback.pull(deadline_ns)
        self._sinks.write(frame)
        if self._playback.playing:
            self.heard = True
            self.buffer_sum_ms += self._playback.buffer_ms
            self.buffered_frames += 1

    @property
    def buffer_mean_ms(self) -> float:
        """Mean of what was held while the program played."""
        return self.buffer_sum_ms / self.buffered_frames if self.buffered_frames else 0.0
