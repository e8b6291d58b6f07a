"""The live connections of paired units: the newest of a key wins, and a revoked key has none."""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from parvis_server.net.connection import Connection
from parvis_server.net.websocket_protocol import Receiver
from parvis_server.trust.audit import Deed
from parvis_server.trust.clones import CloneWatch
from parvis_server.trust.house import HouseTrust, Revoked, RevokedKind
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Attend, Attention
from parvis_wire.stage import Alarm, AlarmKind

log = logging.getLogger(__name__)

NEWER = "another connection proved the key of this unit: if that is not this unit, it was copied"
REVOKED = "an operator has taken this unit's key off the list: pair it again to come back"


@dataclass(slots=True, eq=False)
class UnitSocket:
    """One connection of a paired unit."""

    sockets: "UnitSockets"
    """Where it is kept."""
    unit: str
    """Fingerprint of the key that it proved."""
    room: str
    is_second: bool
    connection: Connection
    heard_ns: int

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self.connection.peer.address

    def hearing(self, receive: Receiver) -> Receiver:
        """``receive``, noting when the unit said something."""

        def heard(message: str | bytes, arrival_ns: int) -> None:
            self.heard_ns = arrival_ns
            receive(message, arrival_ns)

        return heard

    def leave(self) -> None:
        """It is gone."""
        self.sockets.leave(self)


class UnitSockets:
    """All of them, in all rooms."""

    def __init__(
        self, trust: HouseTrust, now_ns: Callable[[], int], utc_ms: Callable[[], int]
    ) -> None:
        """There are none; whoever is revoked from now on is closed at once."""
        self._trust = trust
        self._now_ns, self._utc_ms = now_ns, utc_ms
        self._sockets: defaultdict[str, set[UnitSocket]] = defaultdict(set)
        self._watch = CloneWatch()
        trust.taps.add(self._revoked)

    def enter(self, socket: UnitSocket, own_name: str | None) -> None:
        """A paired unit is let in; what was there of the same key ends where it does not belong.

        A second connection belongs to its first: it goes on when that comes back, unless the two
        are in different rooms or at different addresses.
        """
        for other in tuple(self._sockets[socket.unit]):
            elsewhere = (other.room, other.address) != (socket.room, socket.address)
            if not socket.is_second and (elsewhere or not other.is_second):
                self._supersede(other)
        self._sockets[socket.unit].add(socket)
        self._trust.seen(socket.unit, own_name, self._utc_ms())

    def leave(self, socket: UnitSocket) -> None:
        """The connection is gone."""
        sockets = self._sockets.get(socket.unit)
        if sockets is None:
            return
        sockets.discard(socket)
        if not sockets:
            del self._sockets[socket.unit]
            self._trust.seen(socket.unit, None, self._utc_ms())

    def blink(self, unit: str) -> bool:
        """Let a paired unit be found; whether it is here."""
        firsts = [one for one in self._sockets.get(unit, ()) if not one.is_second]
        for one in firsts:
            one.connection.send(Attend(what=Attention.IDENTIFY))
        return bool(firsts)

    def alarms(self) -> tuple[Alarm, ...]:
        """Of keys that were copied, for the hosts of every room."""
        cloned = self._watch.alarms(self._now_ns())
        return tuple(Alarm(kind=AlarmKind.CLONED, participant=unit) for unit in cloned)

    def _supersede(self, other: UnitSocket) -> None:
        other.connection.fail(CloseCode.SUPERSEDED, NEWER)
        self._sockets[other.unit].discard(other)
        if other.is_second:
            return
        if self._watch.taken_over(other.unit, other.heard_ns, self._now_ns()):
            log.warning("the key of unit %s is used by two units: it was copied", other.unit)
            self._trust.audit(Deed.UNIT_CLONED, None, other.unit, other.address, self._utc_ms())

    def _revoked(self, revoked: Revoked) -> None:
        if revoked.kind is not RevokedKind.UNIT:
            return
        self._watch.forget(revoked.id)
        for socket in tuple(self._sockets.get(revoked.id, ())):
            socket.connection.fail(CloseCode.UNAUTHORISED, REVOKED)
