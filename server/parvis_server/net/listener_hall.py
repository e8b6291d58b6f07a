"""Everybody at ``/ws/listen`` of one process: who lets them in, and the time that passes for them.

Theory of operation. A listener is one protocol object (``listener_protocol``) and no task, queue
or timer. What would be a timer of each is one sweep over all: ten times a second, the hall looks
at those who have not joined in time and at closing handshakes that are not answered, lets those
be heard again who said too much at once, and pings one fiftieth of the audience, so that everybody
is pinged every five seconds and the pings of thousands are spread. Whoever answers neither of two
pings is dropped at the third: ten seconds without a word, while kernels hide a silent peer for
minutes.

The hub and an edge differ in the door (``ListenerDoor``) alone.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp
from websockets.frames import Frame, Opcode

from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.connection import Connection
from parvis_server.net.endpoints import Session, Waiting
from parvis_server.net.turnstile import Turnstile
from parvis_server.open_files import OpenFiles
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Role

SWEEP_S = 0.1
"""Between two sweeps; the times that they keep are that much longer at most."""

PING_EVERY_SWEEPS = 50
"""Everybody is pinged every five seconds."""

MOST_UNANSWERED = 2
"""Pings: the third finds a peer that has been silent for ten seconds."""

PINGS_AT_ONCE = 128
"""Before the event loop gets its turn: about a millisecond."""

TOKEN_BYTES = 4
"""Of a ping, made anew for each: a peer that does not read cannot answer it."""

FULL = "this server is full: try again in a while"


class ListenerDoor(Protocol):
    """Who decides about newcomers: the hub, or an edge that asks it."""

    @property
    def waiting(self) -> Waiting:
        """Who has not joined yet, by address."""

    @property
    def join_timeout_s(self) -> float:
        """How long somebody may take to join."""

    def came(self, connection: Connection, join: Join) -> Session:
        """Welcome a peer: what is said to it goes through ``connection``.

        Called in the moment in which the join came. Who has to ask elsewhere first returns a
        session that welcomes the peer later, or fails its connection.

        Raises:
            PeerFault: it may not come in; it is told so and closed.
        """

    def turned_away(self, peer: Peer, code: CloseCode, text: str) -> None:
        """A peer is closed for a fault of its own: count it and log it, within bounds."""


class Guest(Protocol):
    """One connection, as the hall sees it."""

    def is_late(self) -> None:
        """It has not joined in time, if it has not."""

    def ping(self, frame: bytes) -> None:
        """Send a ping; who has not answered ``MOST_UNANSWERED`` before it is dropped."""

    def hear_again(self) -> None:
        """Read on after too much at once."""

    def cut(self) -> None:
        """End it, whatever waits."""


@dataclass(slots=True, eq=False)
class Slot:
    """Those who are pinged at the same moment."""

    guests: dict[Guest, None]
    tokens: tuple[bytes, ...] = ()
    """Of the last two pings."""


class ListenerHall:
    """The listeners' connections of one process, over all its ports."""

    def __init__(
        self,
        door: ListenerDoor,
        around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
        *,
        most: int | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Nobody is here.

        Args:
            door: who decides.
            around: wraps an application into the checks that every request passes: names,
                origins, proxies that are believed.
            most: connections at a time, as far as the process may have files; None: any number.
            now_ns: monotonic.
        """
        self.door = door
        self.around = around
        self.most = most
        self.last_file: int | None = None
        """Highest number of a file that a connection of any kind may be; None: any."""
        self.count = 0
        """Connections, those included that have not joined yet."""
        self.turnstile = Turnstile()
        self._now_ns = now_ns
        self._slots = tuple(Slot({}) for _ in range(PING_EVERY_SWEEPS))
        self._filled = 0
        self._swept = 0
        self._joining: OrderedDict[Guest, int] = OrderedDict()
        self._ending: OrderedDict[Guest, int] = OrderedDict()
        self._resting: list[Guest] = []

    def allow(self, files: OpenFiles) -> None:
        """Keep to what the process may have open."""
        self.most, self.last_file = files.listeners, files.last

    # What the connections say

    def entered(self, guest: Guest) -> None:
        """A connection began; it has a while to join."""
        self.count += 1
        within_ns = int(self.door.join_timeout_s * 1e9)
        self._joining[guest] = self._now_ns() + within_ns

    def left(self, slot: Slot | None, guest: Guest) -> None:
        """A connection ended."""
        self.count -= 1
        self._joining.pop(guest, None)
        self._ending.pop(guest, None)
        if slot is not None:
            slot.guests.pop(guest, None)

    def check_room(self, join: Join) -> None:
        """Raise ``PeerFault`` for a listener beyond the files that this process may open.

        A part of them is kept for those who run the room.
        """
        if join.role is Role.LISTENER and self.most is not None and self.count > self.most:
            raise PeerFault(CloseCode.RATE, FULL)

    def seated(self, guest: Guest) -> Slot:
        """A connection has joined: with whom it is pinged from now on."""
        self._joining.pop(guest, None)
        self._filled = (self._filled + 1) % len(self._slots)
        slot = self._slots[self._filled]
        slot.guests[guest] = None
        return slot

    def ends(self, guest: Guest, within_s: float) -> None:
        """A closing handshake began: who does not answer it is cut."""
        self._ending[guest] = self._now_ns() + int(within_s * 1e9)

    def rests(self, guest: Guest) -> None:
        """It said too much at once, and is heard again at the next sweep."""
        self._resting.append(guest)

    # Time

    async def run(self) -> None:
        """Sweep until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + SWEEP_S, loop.time())
            await asyncio.sleep(due - loop.time())
            await self.sweep()

    async def sweep(self) -> None:
        """What is due now."""
        now_ns = self._now_ns()
        resting, self._resting = self._resting, []
        for guest in resting:
            guest.hear_again()
        for guest in _due(self._joining, now_ns):
            guest.is_late()
        for guest in _due(self._ending, now_ns):
            guest.cut()
        self._swept = (self._swept + 1) % len(self._slots)
        await self._ping(self._slots[self._swept])

    async def _ping(self, slot: Slot) -> None:
        token = os.urandom(TOKEN_BYTES)
        slot.tokens = (token, *slot.tokens[:1])
        frame = Frame(Opcode.PING, token).serialize(mask=False)
        guests = tuple(slot.guests)
        for first in range(0, len(guests), PINGS_AT_ONCE):
            for guest in guests[first : first + PINGS_AT_ONCE]:
                guest.ping(frame)
            await asyncio.sleep(0)


def _due(waiting: OrderedDict[Guest, int], now_ns: int) -> Iterator[Guest]:
    """Take out those whose time is over, the oldest first: all waits are of one length."""
    while waiting and next(iter(waiting.values())) <= now_ns:
        yield waiting.popitem(last=False)[0]
