"""What systemd is told: ready, the state in words, and the watchdog's food.

The protocol is a datagram with lines (sd_notify(3)); outside systemd nothing is sent. The unit is
ready, and its watchdog is fed, only when sound advanced *and* the sending side ran since it was fed
last: a timer alone would keep a deaf unit alive. A microphone that is not there cannot advance; the
light says so, and each attempt to find it counts, so that no unit is killed for a pulled plug.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

READY_LOOK_S: Final = 0.1
"""How often a starting unit looks whether it works already."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the unit has come since its start; both only grow."""

    blocks: int
    """Audio blocks, and attempts to find a sound card that is told to be missing."""
    sender_rounds: int
    """How often the side that faces the hub has run."""


@dataclass(slots=True)
class WatchdogFeed:
    """Decides whether the watchdog may be fed. Pure: counters in, yes or no out."""

    _last: Progress = Progress(0, 0)

    def due(self, now: Progress) -> bool:
        """True when both counters have moved since it was last true."""
        if now.blocks <= self._last.blocks or now.sender_rounds <= self._last.sender_rounds:
            return False
        self._last = now
        return True


class Notifier:
    """The socket to systemd, or nothing when the unit was started by hand."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``."""
        path = environment.get("NOTIFY_SOCKET", "")
        # A leading @ names a socket in Linux' abstract space.
        self._path = "\0" + path[1:] if path.startswith("@") else path
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(watchdog_us) / 1e6 if watchdog_us.isdecimal() else 0.0
        """After how many seconds without food systemd kills the unit; 0: never."""

    async def follow(self, progress: Callable[[], Progress]) -> None:
        """Say that the unit is ready as soon as it works, then feed the watchdog while it does.

        Returns when nobody wants to know more; else runs until cancelled.
        """
        if not self._path:
            return
        feed, tell, pause_s = WatchdogFeed(), self.ready, READY_LOOK_S
        while True:
            if feed.due(progress()):
                tell()
                if not self.watchdog_s:
                    return
                tell, pause_s = self.alive, self.watchdog_s / 4
            await asyncio.sleep(pause_s)

    def ready(self) -> None:
        """The unit runs."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The unit ends on purpose."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, words: str) -> None:
        """What ``systemctl status`` shows."""
        self._send(f"STATUS={words}")

    def _send(self, line: str) -> None:
        if not self._path:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
            datagrams.setblocking(False)
            with contextlib.suppress(OSError):  # nobody listens there: no reason to end a turn
                datagrams.sendto(line.encode(), self._path)
