"""Who is served by a fan-out, by what they get of the program: its pace, and when bundles begin.

Bundles of several packets begin at different moments for different parts of the audience
(``Phase``). How many phases there are depends on how many packets a bundle holds, from two to six;
so everybody sits on one of ``SEATS``, which any of these numbers divides: a change of the packet
time moves nobody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from parvis_server.net.outlet import Outlet

SEATS = 60
"""Parts of the audience that any number of phases up to six share evenly."""

Way = Callable[[bytes], int]
"""Takes a frame, says how many bytes of it went; ``OSError``, or less: go on by the sink."""


class Pace(Enum):
    """Which packets of the program a receiver gets."""

    QUICK = "quick"
    """The shortest: for those who speak soon, and for everybody while the audience is small."""
    BUNDLED = "bundled"
    """Several merged into one: fewer writes."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Those whose bundles begin at the same moment: every ``of``-th seat, from ``number`` on."""

    number: int
    of: int

    @property
    def seats(self) -> range:
        """Theirs."""
        return range(self.number, SEATS, self.of)


class Sink(Protocol):
    """Where frames are written: see ``websocket_protocol.RawSocket``."""

    @property
    def direct(self) -> Outlet | None:
        """The short way, the same for as long as the connection lasts; None: there is none."""

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame, or what is left of one that began directly."""

    def buffered_bytes(self) -> int:
        """Bytes that wait because the network took no more."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with a reason."""


class _Nobody:
    """In the place of a sink that is served no more."""

    direct: Final = None

    def write_frame(self, frame: bytes) -> None:
        """Nobody is there."""

    def buffered_bytes(self) -> int:
        """Nothing waits."""
        return 0

    def close(self, code: int, reason: str = "") -> None:
        """Nothing is open."""


_NOBODY = _Nobody()


def _by_the_sink(frame: bytes) -> int:
    """The way of whoever has no short one."""
    return -1


class Receiver:
    """One listener, host or unit on the receiving end."""

    __slots__ = (
        "_others",
        "_pace",
        "behind_since_ns",
        "seat",
        "since",
        "sink",
        "wants_sound",
        "way",
    )

    def __init__(
        self, others: "Receivers", sink: Sink, since: int, *, wants_sound: bool, pace: Pace
    ) -> None:
        """``since`` is the number of the first frame that is for this receiver."""
        self._others: Receivers | None = others
        self._pace = pace
        self.seat = others.emptiest_seat()
        """One of ``SEATS``: when its bundles begin."""
        self.sink = sink
        self.way: Way = _by_the_sink if sink.direct is None else sink.direct.send
        """How a frame goes to it first."""
        self.since = since
        self.wants_sound = wants_sound
        self.behind_since_ns: int | None = None

    @property
    def pace(self) -> Pace:
        """Which packets it gets; set it, and the next packet is of the other length."""
        return self._pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        others = self._others
        if others is not None:
            others.leave(self)
        self._pace = pace
        if others is not None:
            others.enter(self)

    def dismiss(self) -> None:
        """It is served no more."""
        if self._others is not None:
            self._others.leave(self)
        self._others = None
        if self.sink.direct is not None:
            self.sink.direct.shut()  # whoever is just being served would still reach it
        self.sink = _NOBODY

    def is_among(self, others: "Receivers") -> bool:
        """Whether it is served with these."""
        return self._others is others


class Group:
    """Those who get the same frames, and the ways to them, put in a row for whoever serves them."""

    __slots__ = ("_members", "_row")

    def __init__(self) -> None:
        """Nobody is in it."""
        self._members: dict[Receiver, None] = {}
        self._row: Row | None = None
        """Made when it is asked for; a new one once somebody came or left, so that who is being
        served along the old one goes on."""

    def __len__(self) -> int:
        """How many they are."""
        return len(self._members)

    def enter(self, receiver: Receiver) -> None:
        """Serve it, too."""
        self._members[receiver] = None
        self._row = None

    def leave(self, receiver: Receiver) -> None:
        """Serve it no more."""
        del self._members[receiver]
        self._row = None

    @property
    def row(self) -> "Row":
        """All of them, now."""
        if self._row is None:
            self._row = Row.of([*self._members])
        return self._row


@dataclass(frozen=True, slots=True)
class Row:
    """Some receivers, and the way to each in the same place."""

    receivers: list[Receiver]
    ways: list[Way]

    @classmethod
    def of(cls, receivers: list[Receiver]) -> "Row":
        """Of these."""
        return cls(receivers, [receiver.way for receiver in receivers])

    def since(self, number: int) -> "Row":
        """Those who were there when the frame of this number was published."""
        return Row.of([one for one in self.receivers if one.since <= number])


class Receivers:
    """Everybody of one fan-out, by what they get."""

    def __init__(self) -> None:
        """Nobody is served yet."""
        self._quick = Group()
        self._silent = Group()
        self._seats: tuple[Group, ...] = tuple(Group() for _ in range(SEATS))

    def __len__(self) -> int:
        """How many there are."""
        return len(self._silent) + sum(self.paces.values())

    @property
    def paces(self) -> Mapping[Pace, int]:
        """How many get the program at each pace."""
        return {Pace.QUICK: len(self._quick), Pace.BUNDLED: sum(map(len, self._seats))}

    def emptiest_seat(self) -> int:
        """Where the next one makes the least difference; the first of them."""
        sizes = [*map(len, self._seats)]
        return sizes.index(min(sizes))

    def enter(self, receiver: Receiver) -> None:
        """Serve it with those of its pace; its number stays."""
        self._group(receiver).enter(receiver)

    def leave(self, receiver: Receiver) -> None:
        """Before its pace changes, or it is gone."""
        self._group(receiver).leave(receiver)

    def _group(self, receiver: Receiver) -> Group:
        if not receiver.wants_sound:
            return self._silent
        return self._quick if receiver.pace is Pace.QUICK else self._seats[receiver.seat]

    def hearing(self, pace: Pace | None, phase: Phase | None = None) -> list[Row]:
        """Those who get the program at this pace, or at any; of the bundled pace: this phase."""
        found = [] if pace is Pace.BUNDLED else [self._quick]
        if pace is not Pace.QUICK:
            seats = range(SEATS) if phase is None else phase.seats
            found += [self._seats[seat] for seat in seats]
        return [group.row for group in found if group]

    def silent(self) -> list[Row]:
        """Those who want messages alone."""
        return [self._silent.row] if self._silent else []
