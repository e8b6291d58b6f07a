"""Relayed connections: what a peer says goes to the hub, what the hub says comes back.

Theory of operation. Each has a number on this edge. Text goes over the bus as ``RelaySaid`` and
``RelayTold``, in order; packets beside it. At most once: when the bus was cut or the hub is new,
what was under way may be lost, so every relayed connection ends then (``Relayed.cut``): a host or
speaker comes back by itself, and a listener's is opened again with what waits for an answer.
"""

import logging
from collections.abc import Callable, Collection
from typing import Protocol

from parvis_server.edge.hub_line import HubLine
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Peer
from parvis_server.net.relay_shares import RelayShares
from parvis_wire.bus_subjects import pack_relayed, unpack_relayed
from parvis_wire.close_codes import CloseCode
from parvis_wire.edges import (
    RelayClose,
    RelayGone,
    RelayOpened,
    RelayPath,
    RelaySaid,
    RelayTold,
    parse,
    relay_down,
)
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Role

log = logging.getLogger(__name__)

NOT_REACHED = "the venue is not reached: try again in a moment"


class Relayed(Protocol):
    """The near end of one."""

    def told(self, text: str) -> None:
        """The hub says something."""

    def heard(self, rtp: bytes) -> None:
        """A packet for this peer."""

    def closed(self, code: int, reason: str) -> None:
        """The hub ends it."""

    def cut(self) -> None:
        """The hub was lost, or is another: it knows nothing of this connection any more."""

    def gives_way(self) -> bool:
        """End it for somebody else's sake; False: it is needed."""


class Acting(Protocol):
    """A listener who does something, or has a hand up."""

    def look(self, now_ns: int) -> None:
        """What is due."""


class Relays:
    """All of one edge."""

    def __init__(self, line: HubLine) -> None:
        """None is open."""
        self.line = line
        self.unreadable = 0
        """Messages of the hub that could not be read."""
        self.acting: set[Acting] = set()
        """Listeners whose connection is open, or about to be."""
        self._ends: dict[int, Relayed] = {}
        self._last = 0
        self._shares = RelayShares()
        self._is_held = False

    def __len__(self) -> int:
        """How many are open."""
        return len(self._ends)

    @property
    def numbers(self) -> Collection[int]:
        """Of those that are open."""
        return self._ends.keys()

    @property
    def last(self) -> int:
        """The highest number that was given."""
        return self._last

    def listen(self) -> Callable[[], None]:
        """Hear the hub; what is returned ends it."""
        bus, subjects, edge = self.line.bus, self.line.subjects, self.line.edge
        heard = (
            bus.subscribe(subjects.relay_down(edge), self._on_message),
            bus.subscribe(subjects.sound_down(edge), self._on_packet),
        )

        def end() -> None:
            for one in heard:
                one.end()

        return end

    def open(self, end: Relayed, path: RelayPath, peer: Peer, role: Role) -> int:
        """Open one; its number. A listener's program and news come from here.

        Raises:
            PeerFault: the hub is not reached, or there are too many.
        """
        if not self.line.is_reached or self._is_held:
            raise PeerFault(CloseCode.GOING_AWAY, NOT_REACHED)
        self._shares.enter(self._last + 1, role, peer.address, self._gives_way)
        self._last += 1
        self._ends[self._last] = end
        opened = RelayOpened(
            connection=self._last,
            path=path,
            address=peer.address[:64],
            host=peer.own_address[:255],
            encrypted=peer.is_private,
            is_fanned_out=role is Role.LISTENER,
        )
        self._publish(opened)
        return self._last

    def _gives_way(self, number: int) -> bool:
        end = self._ends.get(number)
        return end is None or end.gives_way()

    def say(self, number: int, text: str) -> None:
        """Pass on what the peer said."""
        self._shares.used(number)
        self._publish(RelaySaid(connection=number, text=text))

    def send(self, number: int, rtp: bytes) -> None:
        """Pass on a packet of the peer."""
        line = self.line
        line.bus.publish(line.subjects.sound_up(line.edge), pack_relayed(number, rtp))

    def end(self, number: int) -> None:
        """The peer is gone; does nothing for one that the hub has ended."""
        self._shares.leave(number)
        if self._ends.pop(number, None) is not None:
            self._publish(RelayGone(connection=number))

    def forget(self, number: int) -> None:
        """It is over on the hub's side already."""
        self._shares.leave(number)
        self._ends.pop(number, None)

    def look(self, now_ns: int) -> None:
        """Let time pass, four times a second."""
        for one in tuple(self.acting):
            one.look(now_ns)

    def hold(self) -> None:
        """End all, and open none until ``go_on``: the hub is about to forget them."""
        self._is_held = True
        self.cut_all()

    def go_on(self) -> None:
        """The hub knows this edge."""
        self._is_held = False

    def cut_all(self) -> None:
        """The hub knows nothing of them any more, or must not."""
        ends, self._ends = self._ends, {}
        self._shares.clear()
        for number, end in ends.items():
            self._publish(RelayGone(connection=number))
            end.cut()

    def _publish(self, message: RelayOpened | RelaySaid | RelayGone) -> None:
        self.line.publish(self.line.subjects.relay_up(self.line.edge), message)

    def _on_message(self, payload: bytes) -> None:
        try:
            message: RelayTold | RelayClose = parse(relay_down, payload)
        except BadMessage as error:
            self.unreadable += 1
            log.warning("the hub said something that this edge cannot read: %s", error)
            return
        end = self._ends.get(message.connection)
        if end is None:
            return
        if isinstance(message, RelayTold):
            end.told(message.text)
        else:
            self.forget(message.connection)
            end.closed(message.code, message.reason)

    def _on_packet(self, payload: bytes) -> None:
        try:
            number, rtp = unpack_relayed(payload)
        except BadMessage:
            self.unreadable += 1
            return
        end = self._ends.get(number)
        if end is not None:
            end.heard(rtp)
