"""A listener's relayed connection: opened when they do something, or have a hand up.

Theory of operation. Every command waits for the hub's answer until its deadline; then the edge
refuses it. When the bus was cut or the hub is another, the connection is opened again and what
waits is said again: commands carry an id, and the hub does none of them twice.
"""

from collections.abc import Callable, Iterable

from parvis_server.edge.relay import NOT_REACHED, Relays
from parvis_server.errors import PeerFault
from parvis_server.net.connection import Connection
from parvis_server.net.framing import message_frame
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.edges import REQUEST_TIMEOUT_S, RelayPath
from parvis_wire.errors import BadMessage
from parvis_wire.messages import (
    Ack,
    Failure,
    RefusalCode,
    Role,
    Welcome,
    parse_hub_message,
    serialize,
)

NS_PER_S = 1_000_000_000

MAX_PENDING = 8
"""Commands of one listener that wait: nobody presses faster than the hub answers."""

PENDING_NS = round(REQUEST_TIMEOUT_S * NS_PER_S)

AGAIN_AFTER_NS = NS_PER_S // 2
"""Before a connection that the hub ended is opened again."""

IDLE_NS = 60 * NS_PER_S
"""Who did nothing for so long and has no hand up is a number again."""


class ListenerRelay:
    """The near end of one listener's."""

    def __init__(
        self,
        relays: Relays,
        connection: Connection,
        introduce: Callable[[], Iterable[Wire]],
        is_needed: Callable[[], bool],
        known_as: Callable[[Welcome], None],
    ) -> None:
        """Not open yet.

        ``introduce`` gives the join, and how they are here; ``is_needed``: they have a hand up, or
        the floor. ``known_as``: the hub said who they are, and by which token.
        """
        self._relays = relays
        self._connection = connection
        self._introduce = introduce
        self._is_needed = is_needed
        self._known_as = known_as
        self._pending: dict[str, tuple[str, int]] = {}
        self._number: int | None = None
        self._failure: str | None = None
        self._ended_ns: int | None = None
        self._used_ns = relays.line.now_ns()

    @property
    def is_open(self) -> bool:
        """Whether the hub knows of it."""
        return self._number is not None

    @property
    def waits(self) -> bool:
        """Whether a command waits for its answer."""
        return bool(self._pending)

    def act(self, command_id: str, text: str, now_ns: int) -> None:
        """Pass a command on; it is answered in any case."""
        self._used_ns = now_ns
        if not self._relays.line.is_reached:
            self._refuse(command_id, RefusalCode.NOT_REACHED, NOT_REACHED)
        elif command_id not in self._pending and len(self._pending) >= MAX_PENDING:
            text = f"{MAX_PENDING} commands wait for their answers already"
            self._refuse(command_id, RefusalCode.BUSY, text)
        else:
            self._pending[command_id] = (text, now_ns + PENDING_NS)
            self._relays.acting.add(self)
            if self._number is None:
                self.open()
            else:
                self._relays.say(self._number, text)

    def say(self, message: Wire) -> None:
        """Pass on what needs no answer, while it is open."""
        if self._number is not None:
            self._relays.say(self._number, serialize(message))

    def open(self) -> None:
        """Open it, and say what waits."""
        if self._number is not None:
            return
        try:
            peer = self._connection.peer
            self._number = self._relays.open(self, RelayPath.LISTEN, peer, Role.LISTENER)
        except PeerFault as fault:
            if fault.code is CloseCode.RATE:
                self._refuse_all(RefusalCode.BUSY, fault.text)
            return  # else what waits is refused when its time is over
        self._relays.acting.add(self)
        for message in self._introduce():
            self._relays.say(self._number, serialize(message))
        for text, _ in self._pending.values():
            self._relays.say(self._number, text)

    def look(self, now_ns: int) -> None:
        """Refuse what has waited for too long; try again what was interrupted; rest at last."""
        for command_id, (_, deadline_ns) in tuple(self._pending.items()):
            if now_ns >= deadline_ns:
                del self._pending[command_id]
                self._refuse(command_id, RefusalCode.NOT_REACHED, NOT_REACHED)
        rested = self._ended_ns is None or now_ns - self._ended_ns >= AGAIN_AFTER_NS
        if self._pending:
            if self._number is None and rested:
                self.open()
        elif now_ns - self._used_ns >= IDLE_NS and not self._is_needed():
            self.end()

    def end(self) -> None:
        """The listener is gone, or did nothing for long."""
        self._relays.acting.discard(self)
        if self._number is not None:
            self._relays.end(self._number)
            self._number = None

    def _refuse(self, command_id: str, why: RefusalCode, text: str) -> None:
        self._connection.send(Ack(id=command_id, refused=why, text=text))

    def _refuse_all(self, why: RefusalCode, text: str) -> None:
        pending, self._pending = self._pending, {}
        for command_id in pending:
            self._refuse(command_id, why, text)

    # ``Relayed``

    def told(self, text: str) -> None:
        """Pass on what is theirs: everything but the welcome, which they had from the edge."""
        try:
            message = parse_hub_message(text)
        except BadMessage:
            message = None  # of a newer hub: the page may know it
        match message:
            case Welcome() as welcome:
                self._known_as(welcome)
                return
            case Failure(text=words):
                self._failure = words
                return
            case Ack(id=command_id):
                self._pending.pop(command_id, None)
            case _:
                pass
        self._connection.raw.write_frame(message_frame(text))

    def heard(self, rtp: bytes) -> None:
        """Their program comes from the edge."""

    def closed(self, code: int, reason: str) -> None:
        """The hub ends it: for good, or it is opened again when it is needed."""
        self._number, self._ended_ns = None, self._relays.line.now_ns()
        if code == CloseCode.RATE:  # the hub is reached, and has no place: not the same to a person
            self._refuse_all(RefusalCode.BUSY, self._failure or reason)
        elif code in set(CloseCode) and not CloseCode(code).retryable:
            self._connection.fail(CloseCode(code), self._failure or reason)
        self._failure = None

    def cut(self) -> None:
        """The hub was lost, or is another."""
        self._number = self._failure = None
        self._ended_ns = None

    def gives_way(self) -> bool:
        """For others who act: opened again at their next act, unless they are known to wait."""
        if self._pending or self._is_needed():
            return False
        self.end()
        return True
