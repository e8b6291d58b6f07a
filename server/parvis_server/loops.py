"""The event loop of hub and edge: uvloop where it is installed, asyncio's own elsewhere."""

import asyncio
import logging

log = logging.getLogger(__name__)

WITHOUT = (
    "uvloop is not installed for this platform: asyncio's own loop serves, which carries fewer "
    "listeners"
)


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop for a process that serves an audience."""
    try:
        import uvloop
    except ImportError:
        log.info(WITHOUT)
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
