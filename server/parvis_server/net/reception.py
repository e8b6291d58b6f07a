"""What every endpoint's door shares: the house's keys, its pairing desk, its units' connections."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_server.net.admission import Peer
from parvis_server.net.connection import Connection
from parvis_server.net.house_rules import HouseRules
from parvis_server.net.pairing import PairingDesk
from parvis_server.net.proof import Proven
from parvis_server.net.unit_sockets import UnitSocket, UnitSockets
from parvis_server.trust.audit import Deed
from parvis_server.trust.house import HouseTrust, Revoked, RevokedKind
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Role

CLAIMED = "this hub has an operator from now on: units are paired, and speakers invited"


@dataclass(frozen=True, slots=True)
class Reception:
    """One for each hub."""

    trust: HouseTrust
    rules: HouseRules
    desk: PairingDesk
    sockets: UnitSockets
    now_ns: Callable[[], int]
    utc_ms: Callable[[], int]
    strangers: set[Connection] = field(default_factory=set)
    """Units and speakers of whom nothing is known: they came before the hub had an operator."""
    plain_hosts: set[Connection] = field(default_factory=set)
    """Hosts whose acts others could read and alter: it was allowed when they came."""

    def __post_init__(self) -> None:
        """Strangers leave when somebody claims the hub."""
        self.trust.taps.add(self._revoked)

    @classmethod
    def of(
        cls,
        trust: HouseTrust,
        rules: HouseRules,
        now_ns: Callable[[], int],
        utc_ms: Callable[[], int],
    ) -> "Reception":
        """With a desk at which nobody waits."""
        sockets = UnitSockets(trust, now_ns, utc_ms)
        desk = PairingDesk(trust, sockets, now_ns, utc_ms)
        return cls(trust, rules, desk, sockets, now_ns, utc_ms)

    @property
    def site_key(self) -> Ed25519PrivateKey:
        """What the hub proves itself with."""
        return self.trust.site_key

    def check_way(self, peer: Peer) -> None:
        """Raise ``PeerFault`` for a unit that an operator's hub would have to refuse anyway."""
        if self.trust.claimed:
            self.rules.check_way(peer)

    def must_wait(self, unit: str, peer: Peer) -> bool:
        """Whether a unit waits until an operator lets it in."""
        return self.rules.must_wait(unit, peer)

    def enter(self, join: Join, unit: Proven | None, connection: Connection) -> UnitSocket | None:
        """Keep a connection of a paired unit; None for everybody else's."""
        if unit is None or self.trust.unit(unit.unit) is None:
            return None
        is_second = join.stream is not None
        socket = UnitSocket(
            self.sockets, unit.unit, join.room, is_second, connection, self.now_ns()
        )
        self.sockets.enter(socket, None if is_second else join.name)
        return socket

    def take_stranger(self, join: Join, connection: Connection) -> Callable[[], None] | None:
        """Keep the connection of a stranger who sounds, or of a host over plain http; what to call
        at its end, None: it is none.

        A phone's microphone is its owner's, whom the room knows.
        """
        if join.role is Role.HOST and not connection.peer.is_private:
            self.plain_hosts.add(connection)
            return lambda: self.plain_hosts.discard(connection)
        sounds = join.role in (Role.UNIT, Role.SPEAKER)
        is_phone = join.speaker is not None and join.speaker.person is not None
        if not sounds or is_phone or self.trust.claimed:
            return None
        self.strangers.add(connection)
        return lambda: self.strangers.discard(connection)

    def _revoked(self, revoked: Revoked) -> None:
        if revoked.kind is RevokedKind.STRANGERS:
            for connection in tuple(self.strangers):
                connection.fail(CloseCode.UNAUTHORISED, CLAIMED)
        if revoked.kind is RevokedKind.PLAIN_HOSTS:
            for connection in tuple(self.plain_hosts):
                connection.fail(CloseCode.FORBIDDEN, self.rules.host_over_plain)

    def note(self, address: str, what: str) -> None:
        """A stranger was turned away for something that an operator may want to know."""
        self.trust.audit(Deed.REFUSED, None, what, address, self.utc_ms())
