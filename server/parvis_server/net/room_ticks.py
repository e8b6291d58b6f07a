"""What is due in a live room with time: deadlines of absence, hosts' status, pulse and clocks."""

import asyncio
from typing import TYPE_CHECKING

from parvis_server.net.framing import text_frame

if TYPE_CHECKING:
    from parvis_server.net.live_room import LiveRoom

TICK_S = 0.25
STATUS_EVERY_TICKS = 2
PULSE_EVERY_TICKS = 4
TIME_EVERY_TICKS = 40


class RoomTicks:
    """The ticks of one room."""

    def __init__(self, live: "LiveRoom") -> None:
        """None has passed."""
        self._live = live
        self._ticks = 0

    async def run(self) -> None:
        """Tick every quarter of a second; runs until cancelled."""
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while True:
            deadline = max(deadline + TICK_S, loop.time())
            await asyncio.sleep(deadline - loop.time())
            self.tick()

    def tick(self) -> None:
        """What is due now."""
        live = self._live
        self._ticks += 1
        live.apply(live.room.expire(live.now_ns()))
        if self._ticks % STATUS_EVERY_TICKS == 0:
            live.end_lone_seconds()
            live.stage.tick()
            if len(live.host_fanout):
                live.host_fanout.publish_control(text_frame(live.status()))
        if self._ticks % PULSE_EVERY_TICKS == 0:
            self._tell_pulse()
        if self._ticks % TIME_EVERY_TICKS == 0:
            live.bulletin.everybody(live.time())

    def _tell_pulse(self) -> None:
        live = self._live
        view = live.bulletin.view
        pulse = live.audience.pulse(
            live.listeners,
            shows_counts=view.rules.shows_counts,
            yes=None if view.ask is None else live.room.answers,
        )
        if pulse is not None:
            live.bulletin.everybody(pulse)
