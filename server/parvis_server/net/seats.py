"""Who is connected to a room, and what happened since the hub started."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from parvis_server.net.connection import Connection
from parvis_server.net.receivers import Receiver
from parvis_server.room.results import Why
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Role, Rung

FAREWELLS = {
    Why.INVITATION: (CloseCode.ROOM_CLOSED, "the invitation that you came by is no longer good"),
    Why.BLOCKED: (CloseCode.FORBIDDEN, "a host has shown you out of this room"),
    Why.UNINVITED: (CloseCode.ROOM_CLOSED, "this room is no longer open: come by its new link"),
    Why.TURN_OVER: (CloseCode.FORBIDDEN, "your turn is over, and this microphone is closed"),
}
"""What somebody who has to leave is told."""


@dataclass(slots=True, eq=False)
class Seat:
    """One connected participant."""

    participant: str
    role: Role
    connection: Connection
    receiver: Receiver
    rung: Rung | None = None
    """How a listener plays, once it said so."""


class Seats:
    """Everybody who is connected, counted by role: an audience of thousands is never gone through
    for a number."""

    def __init__(self) -> None:
        """Nobody is connected."""
        self._seats: dict[str, Seat] = {}
        self._roles: Counter[Role] = Counter()
        self._rungs: Counter[Rung | None] = Counter()

    def __iter__(self) -> Iterator[Seat]:
        """In the order of their coming."""
        return iter(self._seats.values())

    def get(self, participant: str) -> Seat | None:
        """The seat of this participant; None: they are not connected."""
        return self._seats.get(participant)

    def put(self, seat: Seat) -> None:
        """Somebody came, in whose place nobody is."""
        self._seats[seat.participant] = seat
        self._count(seat, 1)

    def take(self, participant: str) -> Seat | None:
        """Somebody goes; None: they are not connected."""
        seat = self._seats.pop(participant, None)
        if seat is not None:
            self._count(seat, -1)
        return seat

    def count(self, role: Role) -> int:
        """How many of this role are connected, without listeners that an edge counts."""
        return self._roles[role]

    def is_listening(self, participant: str) -> bool:
        """Whether this participant is connected as a listener."""
        seat = self._seats.get(participant)
        return seat is not None and seat.role is Role.LISTENER

    def plays(self, seat: Seat, rung: Rung) -> None:
        """Somebody said how they play."""
        here = self._seats.get(seat.participant) is seat
        if here:
            self._count_rung(seat, -1)
        seat.rung = rung
        if here:
            self._count_rung(seat, 1)

    @property
    def rungs(self) -> Mapping[Rung | None, int]:
        """How many listeners play how; None: those who have not said."""
        return self._rungs

    def _count(self, seat: Seat, by: int) -> None:
        if not seat.connection.is_fanned_out:
            self._roles[seat.role] += by
            self._count_rung(seat, by)

    def _count_rung(self, seat: Seat, by: int) -> None:
        if seat.role is Role.LISTENER and not seat.connection.is_fanned_out:
            self._rungs[seat.rung] += by


@dataclass(slots=True)
class Counts:
    """What happened since the hub started; for ``/metrics``."""

    joins: Counter[Role] = field(default_factory=Counter)
    packets: int = 0
    duplicate_packets: int = 0
    unwanted_packets: int = 0
    """Of sources that were not open: dropped before the engine."""
    rate_drops: int = 0
    time_requests: int = 0
