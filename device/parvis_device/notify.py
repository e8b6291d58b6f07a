"""What systemd is told: ready, the state in words, and the watchdog's food.

The protocol is a datagram with lines (sd_notify(3)); outside systemd nothing is sent. The watchdog
is fed only when audio blocks came *and* the sending side ran since it was fed last: a timer alone
would keep a deaf unit alive.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class WatchdogFeed:
    """Decides whether the watchdog may be fed. Pure: counters in, yes or no out."""

    _blocks: int = 0
    _sender_rounds: int = 0

    def due(self, *, blocks: int, sender_rounds: int) -> bool:
        """True when both counters have moved since it was last true."""
        if blocks <= self._blocks or sender_rounds <= self._sender_rounds:
            return False
        self._blocks, self._sender_rounds = blocks, sender_rounds
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
