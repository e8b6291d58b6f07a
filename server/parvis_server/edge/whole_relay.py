"""Hosts, screens and phones' microphones at an edge: everything goes to the hub and back."""

from parvis_server.edge.relay import Relays
from parvis_server.errors import PeerFault
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.fanout import MAX_BUFFERED_BYTES, SLOW_REASON
from parvis_server.net.framing import binary_frame, message_frame
from parvis_server.net.lane import Lane
from parvis_wire.close_codes import CloseCode
from parvis_wire.edges import RelayPath
from parvis_wire.messages import Join, serialize
from parvis_wire.stage import LinkKind

PTIME_MS = 20
"""Of remote speakers' packets."""

COME_BACK = "the venue was not reached: come back in a moment"

JOINED_BY = 3
"""Messages with which the hub lets somebody in, before any packet: welcome, snapshot, clock."""


class WholeRelay:
    """One peer's session; the near end of its relayed connection."""

    def __init__(self, relays: Relays, connection: Connection, path: RelayPath, join: Join) -> None:
        """Open it and pass the join on.

        Raises:
            PeerFault: the hub is not reached, or there are too many.
        """
        self._relays = relays
        self._connection = connection
        self._sends = path is RelayPath.SPEAK
        self._allowance = Allowance.for_sound(PTIME_MS) if self._sends else Allowance()
        self._lane: Lane | None = None
        self._told = 0
        self._number = relays.open(self, path, connection.peer, join.role)
        relays.say(self._number, serialize(join))

    # ``Session``: what the peer says

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """Pass on one message or packet; what is over the rate goes no further.

        Raises:
            PeerFault: it came out of turn, or too much came.
        """
        if isinstance(message, str):
            if self._allowance.allows_message(arrival_ns):
                self._relays.say(self._number, message)
        elif not self._sends:
            raise PeerFault(CloseCode.MALFORMED, "binary messages go from the hub to listeners")
        elif self._allowance.allows_packet(len(message), arrival_ns):
            self._relays.send(self._number, message)

    def end(self) -> None:
        """The peer is gone."""
        self._relays.end(self._number)

    # ``Relayed``: what the hub says

    def told(self, text: str) -> None:
        """Pass on one message; who reads none of them is cut off."""
        raw = self._connection.raw
        if raw.buffered_bytes() > MAX_BUFFERED_BYTES:
            raw.close(CloseCode.SLOW, SLOW_REASON)
        else:
            raw.write_frame(message_frame(text))
            self._told += 1

    def heard(self, rtp: bytes) -> None:
        """Pass on one packet; old ones give way. Sound takes another way than messages, and may be
        quicker: what comes before the peer has joined is not for it yet."""
        if self._told < JOINED_BY:
            return
        if self._lane is None:
            self._lane = Lane(self._connection.raw, LinkKind.REMOTE)
        self._lane.send(binary_frame(rtp), self._relays.line.now_ns())

    def closed(self, code: int, reason: str) -> None:
        """The hub ends it."""
        self._connection.raw.close(code, reason)

    def cut(self) -> None:
        """Let the peer come back: what was under way may be lost."""
        self._connection.raw.close(CloseCode.GOING_AWAY, COME_BACK)

    def gives_way(self) -> bool:
        """Hosts, screens and microphones stay."""
        return False
