"""Who is connected to a room, and what happened since the hub started."""

from collections import Counter
from dataclasses import dataclass, field

from parvis_server.net.connection import Connection
from parvis_server.net.fanout import Receiver
from parvis_server.room.results import Why
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Role, Rung

FAREWELLS = {
    Why.INVITATION: (CloseCode.ROOM_CLOSED, "the invitation that you came by is no longer good"),
    Why.BLOCKED: (CloseCode.FORBIDDEN, "a host has shown you out of this room"),
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
