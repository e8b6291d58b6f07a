"""No button: the microphone is open from the start."""

import asyncio

from parvis_device.buttons import ButtonEvents


class NoButton:
    """Is never pressed."""

    async def run(self, events: ButtonEvents) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()
