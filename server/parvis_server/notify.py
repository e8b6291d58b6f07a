"""What systemd hears of a hub: ready when it serves, and food for its watchdog while engines tick.

The protocol is a datagram with lines (sd_notify(3)); outside systemd nothing is sent. The unit has
a Notifier of its own (``parvis_device.notify``): what both programs share is pure and opens no
socket, and ten lines are less than a package of their own.

One engine that stands still beside others that tick is replaced by its supervisor, and its host is
told; a restart of the hub would end the others' evenings too. So the watchdog starves when none
advances that should.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from parvis_server.net.rooms import HubRoom

WAKING_NS: Final = 60_000_000_000
"""From being woken to the first ticks: importing takes 2 s on a PC, perhaps 20 on a small board
that starts everything at once."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One room whose engine should tick."""

    woken_ns: int
    ticks: int
    """As the engine last said; begins anew with each engine."""


@dataclass(slots=True)
class WatchdogFeed:
    """Decides whether the watchdog may be fed. Pure: counts in, yes or no out."""

    _ticks: dict[str, int] = field(default_factory=dict)

    def due(self, pulses: Mapping[str, Pulse], now_ns: int) -> bool:
        """True when an engine ticked since the last look, or may still be waking up, or none need
        tick at all.

        Args:
            pulses: the rooms that should sound, by name.
            now_ns: monotonic time.
        """
        moved = any(self._ticks.get(name, 0) != pulse.ticks for name, pulse in pulses.items())
        wakes = any(now_ns - pulse.woken_ns <= WAKING_NS for pulse in pulses.values())
        self._ticks = {name: pulse.ticks for name, pulse in pulses.items()}
        return moved or wakes or not pulses


def pulses_of(rooms: Iterable[HubRoom]) -> dict[str, Pulse]:
    """Those of a hub's rooms that should sound."""
    return {
        room.name: Pulse(woken_ns, 0 if room.live.stats is None else room.live.stats.ticks)
        for room in rooms
        if (woken_ns := room.engine.woken_ns) is not None
    }


class Notifier:
    """The socket to systemd, or nothing when the hub was started by hand."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``."""
        path = environment.get("NOTIFY_SOCKET", "")
        # A leading @ names a socket in Linux' abstract space.
        self._path = "\0" + path[1:] if path.startswith("@") else path
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self._watchdog_s = int(watchdog_us) / 1e6 if watchdog_us.isdecimal() else 0.0

    async def follow(self, pulses: Callable[[], Mapping[str, Pulse]]) -> None:
        """The hub serves: say so, then feed the watchdog while it mixes.

        Returns when nobody wants to know more; else runs until cancelled.
        """
        self._send("READY=1")
        feed = WatchdogFeed()
        while self._path and self._watchdog_s:
            if feed.due(pulses(), time.monotonic_ns()):
                self._send("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 4)

    def _send(self, line: str) -> None:
        if not self._path:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.setblocking(False)
            with contextlib.suppress(OSError):  # nobody listens there: no reason to end an evening
                datagrams.sendto(line.encode(), self._path)
