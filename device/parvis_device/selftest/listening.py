"""Listens to the microphone of a unit while everything else is tried."""

import asyncio

from parvis_device.capture import Block, Microphone
from parvis_device.errors import MicrophoneTrouble
from parvis_device.selftest.hearing import Delivery, Hearing

START_S = 5.0
"""A sound server wakes its device within 3."""
BLOCKS_AWAY_S = 2.0
"""How much longer than the sound itself its coming may take: a microphone that is lost is
looked for once a second."""


class Listening:
    """One microphone and what it delivered."""

    def __init__(self, microphone: Microphone) -> None:
        """Nothing runs yet."""
        self.hearing = Hearing()
        self.trouble: MicrophoneTrouble | None = None
        """Why it could not be opened."""
        self._microphone = microphone
        self._more = asyncio.Event()
        self._over = False

    async def run(self) -> None:
        """Listen until cancelled or until a file is over."""
        try:
            await self._microphone.run(self)
        except MicrophoneTrouble as error:
            self.trouble = error
        finally:
            self._over = True
            self._more.set()

    async def started(self) -> bool:
        """Whether sound comes."""
        return await self.until(self.hearing.seconds, START_S)

    async def for_s(self, seconds: float) -> None:
        """Until so much more sound came, or it does not come any more."""
        await self.until(self.hearing.seconds + seconds, seconds + BLOCKS_AWAY_S)

    async def until(self, seconds: float, within_s: float) -> bool:
        """Whether more sound than this came since the start, within that time."""
        try:
            async with asyncio.timeout(within_s):
                while self.hearing.seconds <= seconds and not self._over:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pass
        return self.hearing.seconds > seconds

    @property
    def delivery(self) -> Delivery:
        """How well the blocks came."""
        errors: int | None = getattr(self._microphone, "overruns", None)  # a file has none
        return self.hearing.delivery(errors)

    def block(self, block: Block) -> None:
        """One more block."""
        self.hearing.block(block)
        self._more.set()

    def opened(self, description: str, latency_ns: int) -> None:
        """Sound comes (again)."""
        self.hearing.opened(description)

    def lost(self, reason: str) -> None:
        """No sound comes."""
        self.hearing.lost()
