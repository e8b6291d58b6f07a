"""Who is served by a fan-out, by what they get of the program: its pace, and when bundles begin.

Bundles of several packets begin at different moments for different parts of the audience
(``Phase``). How many phases there are depends on how many packets a bundle holds, from two to six;
so everybody sits on one of ``SEATS``, which any of these numbers divides: a change of the packet
time moves nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

SEATS = 60
"""Parts of the audience that any number of phases up to six share evenly."""


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
    def direct(self) -> int:
        """File descriptor that takes frames as they are because nothing waits before them; −1:
        only ``write_frame`` may write now."""

    def write_frame(self, frame: bytes) -> None:
        """Write the bytes of a finished frame, or what is left of one that began directly."""

    def buffered_bytes(self) -> int:
        """Bytes that wait because the network took no more."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with a reason."""


class _Nobody:
    """In the place of a sink that is served no more."""

    direct: Final = -1

    def write_frame(self, frame: bytes) -> None:
        """Nobody is there."""

    def buffered_bytes(self) -> int:
        """Nothing waits."""
        return 0

    def close(self, code: int, reason: str = "") -> None:
        """Nothing is open."""


_NOBODY = _Nobody()


class Receiver:
    """One listener, host or unit on the receiving end."""

    __slots__ = ("_others", "_pace", "behind_since_ns", "seat", "since", "sink", "wants_sound")

    def __init__(
        self, others: "Receivers", sink: Sink, since: int, *, wants_sound: bool, pace: Pace
    ) -> None:
        """``since`` is the number of the first frame that is for this receiver."""
        self._others: Receivers | None = others
        self._pace = pace
        self.seat = others.emptiest_seat()
        """One of ``SEATS``: when its bundles begin."""
        self.sink = sink
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
        self.sink = _NOBODY

    def is_among(self, others: "Receivers") -> bool:
        """Whether it is served with these."""
        return self._others is others


class Receivers:
    """Everybody of one fan-out, by what they get."""

    def __init__(self) -> None:
        """Nobody is served yet."""
        self._quick: dict[Receiver, None] = {}
        self._silent: dict[Receiver, None] = {}
        self._seats: tuple[dict[Receiver, None], ...] = tuple({} for _ in range(SEATS))

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
        self._group(receiver)[receiver] = None

    def leave(self, receiver: Receiver) -> None:
        """Before its pace changes, or it is gone."""
        del self._group(receiver)[receiver]

    def _group(self, receiver: Receiver) -> dict[Receiver, None]:
        if not receiver.wants_sound:
            return self._silent
        return self._quick if receiver.pace is Pace.QUICK else self._seats[receiver.seat]

    def hearing(self, pace: Pace | None, phase: Phase | None = None) -> list[Receiver]:
        """Those who get the program at this pace, or at any; of the bundled pace: this phase."""
        found: list[Receiver] = [] if pace is Pace.BUNDLED else [*self._quick]
        if pace is not Pace.QUICK:
            for seat in range(SEATS) if phase is None else phase.seats:
                found += self._seats[seat]
        return found

    def silent(self) -> list[Receiver]:
        """Those who want messages alone."""
        return [*self._silent]
