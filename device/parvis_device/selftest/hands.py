"""Presses of the button and turns of the MUTE switch, counted while a person is asked for them."""

import asyncio
from collections.abc import Callable

from parvis_device.buttons import Button, MuteSwitch


class Presses:
    """Counts what a button tells."""

    def __init__(self, told: Callable[[int], None]) -> None:
        """``told`` is called with each new count."""
        self.count = 0
        self._told = told
        self._changed = asyncio.Event()

    def pressed(self) -> None:
        """It went down."""
        self.count += 1
        self._told(self.count)
        self._changed.set()

    def released(self) -> None:
        """It came up: not counted."""

    def quit(self) -> None:
        """The person wants to end: there come no more."""
        self._changed.set()

    async def come(self, wanted: int, within_s: float, settle_s: float) -> None:
        """Wait for so many, and then for those that nobody made."""
        try:
            async with asyncio.timeout(within_s):
                while self.count < wanted:
                    self._changed.clear()
                    before = self.count
                    await self._changed.wait()
                    if self.count == before:
                        return
        except TimeoutError:
            return
        await asyncio.sleep(settle_s)


async def count_presses(
    button: Button, told: Callable[[int], None], wanted: int, within_s: float, settle_s: float
) -> int:
    """How often a button was pressed when it was to be pressed ``wanted`` times."""
    presses = Presses(told)
    watching = asyncio.create_task(button.run(presses))
    try:
        await presses.come(wanted, within_s, settle_s)
    finally:
        await _end(watching)
    return presses.count


class MuteTurns:
    """Where the MUTE switch stands, and when it was turned."""

    def __init__(self, place: Callable[[], int], told: Callable[[bool], None]) -> None:
        """``place``: how many blocks of sound came by now; ``told``: of each turn."""
        self.muted = False
        self.turns: list[tuple[bool, int]] = []
        """Where it went, and after how many blocks."""
        self._place = place
        self._told = told
        self._changed = asyncio.Event()

    def switched(self, muted: bool) -> None:
        """It was turned."""
        self.muted = muted
        self.turns.append((muted, self._place()))
        self._told(muted)
        self._changed.set()

    @property
    def both(self) -> bool:
        """It was on, and is off again."""
        return any(muted for muted, _ in self.turns) and not self.muted

    async def come(self, within_s: float) -> None:
        """Wait until it was on and is off again."""
        try:
            async with asyncio.timeout(within_s):
                while not self.both:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return


async def watch_mute(switch: MuteSwitch, turns: MuteTurns, within_s: float) -> None:
    """Watch the switch until it was on and off again, or the time is over."""
    watching = asyncio.create_task(switch.run(turns.switched))
    try:
        await turns.come(within_s)
    finally:
        await _end(watching)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel it; what had failed in it comes out."""
    if task.cancel():
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()
