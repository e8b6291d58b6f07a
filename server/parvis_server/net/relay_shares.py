"""Whose connections an edge passes on, and the hub takes of one edge, when many want it. Pure.

Theory of operation. Anybody can do something in an open room, and be a screen of it, so each kind
has a share of its own: strangers who act leave the places of hosts and microphones alone. Nobody's
network fills a share by itself. A listener's connection only lasts for convenience (it is opened
again at their next act), so the one that was idle for longest gives way before anybody is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from parvis_server.errors import PeerFault
from parvis_server.net.rate import network_of
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Role

MAX_ASKED = 64
"""Idle ones that are asked to give way for one newcomer: each may have a hand up."""

TOO_MANY = "too many people do something at once: try again in a moment"
TOO_MANY_OF_A_KIND = "as many {what} as this server takes are here already: try again in a while"
TOO_MANY_OF_A_NETWORK = "as many {what} as may come from one network are here: try again in a while"


class Kind(Enum):
    """What a relayed connection is for."""

    ACTS = "people who do something"
    """Listeners."""
    SHOWS = "screens"
    RUNS = "hosts and microphones"


@dataclass(frozen=True, slots=True)
class Share:
    """Of one kind."""

    most: int
    of_network: int
    """Of one address, or one customer's part of IPv6: a hall may share one."""


SHARES: Mapping[Kind, Share] = {
    Kind.ACTS: Share(3_000, 1_000),
    Kind.SHOWS: Share(400, 50),
    Kind.RUNS: Share(600, 150),
}
"""Of one edge: 4,000, 40 MB at the worst."""

KINDS = {Role.LISTENER: Kind.ACTS, Role.SCREEN: Kind.SHOWS}


@dataclass(slots=True)
class _Taken:
    """The connections of one kind, the one that was idle for longest first."""

    order: dict[int, str] = field(default_factory=dict)
    """With their networks."""
    networks: dict[str, dict[int, None]] = field(default_factory=dict)

    def put(self, number: int, network: str) -> None:
        self.order[number] = network
        self.networks.setdefault(network, {})[number] = None

    def drop(self, number: int) -> str | None:
        network = self.order.pop(number, None)
        if network is not None:
            of_network = self.networks[network]
            del of_network[number]
            if not of_network:
                del self.networks[network]
        return network


class RelayShares:
    """The places of one edge."""

    def __init__(self, shares: Mapping[Kind, Share] = SHARES) -> None:
        """All are free."""
        self._shares = shares
        self._taken = {kind: _Taken() for kind in Kind}

    def __len__(self) -> int:
        """How many are taken."""
        return sum(len(taken.order) for taken in self._taken.values())

    def enter(
        self, number: int, role: Role, address: str, gives_way: Callable[[int], bool]
    ) -> None:
        """Take a place, or another than before.

        ``gives_way`` is asked of listeners who are idle, and ends the connection if it may.

        Raises:
            PeerFault: there is none.
        """
        self.leave(number)
        kind, network = KINDS.get(role, Kind.RUNS), network_of(address)
        taken, share = self._taken[kind], self._shares[kind]
        of_network = taken.networks.get(network, {})
        if len(of_network) >= share.of_network:
            self._make_way(kind, of_network, gives_way, TOO_MANY_OF_A_NETWORK)
        elif len(taken.order) >= share.most:
            self._make_way(kind, taken.order, gives_way, TOO_MANY_OF_A_KIND)
        taken.put(number, network)

    def used(self, number: int) -> None:
        """Its peer said something."""
        for taken in self._taken.values():
            network = taken.drop(number)
            if network is not None:
                taken.put(number, network)

    def leave(self, number: int) -> None:
        """It is over; does nothing for one that has no place."""
        for taken in self._taken.values():
            taken.drop(number)

    def clear(self) -> None:
        """All are over."""
        self._taken = {kind: _Taken() for kind in Kind}

    def _make_way(
        self, kind: Kind, among: Iterable[int], gives_way: Callable[[int], bool], text: str
    ) -> None:
        """End one that is idle; raise ``PeerFault`` when none may be ended."""
        if kind is not Kind.ACTS:
            raise PeerFault(CloseCode.RATE, text.format(what=kind.value))
        for number in tuple(islice(among, MAX_ASKED)):
            if gives_way(number):
                self.leave(number)
                return
            self.used(number)  # needed: others are asked first next time
        raise PeerFault(CloseCode.RATE, TOO_MANY)
