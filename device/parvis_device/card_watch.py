"""A sound card that comes and goes: used again and again, whichever way its sound flows.

A device that vanishes often just stops calling back, so silence of ``STALL_S`` counts as unplugged.
PortAudio sees a device that comes back only after it was started anew (``sound_cards.SoundCards``),
so it is opened once a second until it is there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Never

from parvis_device.errors import AudioThreadFailed, SoundCardTrouble
from parvis_device.sound_cards import SoundCard, SoundCards

STALL_S: Final = 1.0
"""No callback for this long: the device is gone. The longest stall of a healthy one is 0.1 s."""
START_S: Final = 3.0
"""A sound server may take this long to wake a device that slept."""
LOOK_S: Final = 0.25
"""How often silence is looked for: not at each block."""
RETRY_S: Final = 1.0
CLOSE_S: Final = 3 * STALL_S


async def use_for_ever(
    use: Callable[[Callable[[], None]], Awaitable[str]],
    *,
    wait_at_start: bool,
    lost: Callable[[str], None],
    missed: Callable[[], None],
) -> Never:
    """Use a device until cancelled, however often it goes.

    Args:
        use: opens the device, calls what it is given when it is open, and returns why it is gone,
            or nothing: open it anew at once.
        wait_at_start: wait for a device that is not there, the first time, too.
        lost: is told why, once for each loss.
        missed: is told of each attempt that found none, after ``lost``.

    Raises:
        SoundCardTrouble: it cannot be opened at the start, or not by waiting.
    """
    may_wait, told = wait_at_start, False

    def opened() -> None:
        nonlocal may_wait, told
        may_wait, told = True, False

    while True:
        try:
            reason = await use(opened)
        except SoundCardTrouble as error:
            if not (may_wait and error.retryable):
                raise
            reason = str(error)
        if not reason:
            continue
        if not told:
            lost(reason)
            told = True
        missed()
        await asyncio.sleep(RETRY_S)


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in that time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def let_go(cards: SoundCards, stream: Any, card: SoundCard) -> None:
    """Close the device's stream.

    Raises:
        AudioThreadFailed: PortAudio hangs; that ends the process, and systemd starts it anew.
    """
    try:
        async with asyncio.timeout(CLOSE_S):
            await asyncio.to_thread(cards.close, stream)
    except TimeoutError as error:
        raise AudioThreadFailed(f"PortAudio does not let go of {card.name}") from error
