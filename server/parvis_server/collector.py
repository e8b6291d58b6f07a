"""Python's garbage collector, kept from looking at everything that lasts.

A full collection looks at 60,000 objects of libraries for 50 ms, in which no packet is passed on:
after a few hundred connections that was a gap of 90 ms for everybody. And a listener is 32 objects
more, which go by themselves when the connection ends, since nothing of it refers to itself then:
4,000 were looked at for 60 ms, again and again while more joined.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Never

LOOK_EVERY_S = 0.1

SPARED_AT_ONCE = 100
"""Newcomers after which what they brought is taken out of sight: 3,200 objects, 2 ms."""


async def spare(connections: Callable[[], int]) -> Never:
    """Take what was made at the start out of sight, and then what every hundred newcomers bring.

    Runs until cancelled. ``connections`` tells how many there are.
    """
    gc.collect()
    gc.freeze()
    spared = connections()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = connections()
        if now >= spared + SPARED_AT_ONCE:
            gc.freeze()  # costs nothing: a list is appended to another
            spared = now
        spared = min(spared, now)
