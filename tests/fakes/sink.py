"""A connection that a fan-out writes to, and its time, as a test says."""

import asyncio
from dataclasses import dataclass, field

from parvis_server.net.outlet import Outlet


@dataclass
class FakeSink:
    """A connection whose network a test holds up."""

    frames: list[bytes] = field(default_factory=list)
    buffered: int = 0
    direct: Outlet | None = None
    closed: int | None = None
    expected: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def write_frame(self, frame: bytes) -> None:
        self.frames.append(frame)
        if len(self.frames) == self.expected:
            self.reached.set()

    async def got(self, count: int) -> None:
        """Wait for so many frames."""
        self.expected = count
        if len(self.frames) < count:
            await self.reached.wait()

    def buffered_bytes(self) -> int:
        return self.buffered

    def close(self, code: int, reason: str = "") -> None:
        self.closed = code


@dataclass
class FakeClock:
    """Monotonic time that a test moves; each look may cost some."""

    now: int = 0
    cost: int = 0

    def __call__(self) -> int:
        self.now += self.cost
        return self.now
