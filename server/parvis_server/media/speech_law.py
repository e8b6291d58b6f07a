"""How loud each open source goes into the buses: levelled, shared, by hand, muted, faded.

Theory of operation. The gain of a source is its *level* (what the leveller found, or what a host
set by hand) times its *share* (``automix``). Sharing hears the sources at their level, so that a
soft talker counts as much as a loud one; the leveller hears them before any gain, and only while
they hold the floor: a share above -3 dB, and sound that came over the network. What it learned of
a source stays when that closes, until the row is needed for another one: whoever gets the floor
again begins at the right level.

A source that is not *shared* is at full level whatever the others do, but its voice counts in the
group: microphones that hear a desk's loudspeakers are ducked while it plays. It takes no part in
the double-pickup guard, which could not duck it. A *muted* source is in nothing: neither its voice
nor its noise ducks anybody; it is followed all the same, so that it is whole at once when it
returns. With sharing *off* every source is at its own level by hand, or 0 dB, and nobody is
levelled; what was learned stays.

Whatever changes, a gain moves along a straight line over one frame. A source that opens begins at
zero; one that closes ends there, in the one frame for which it is handed in once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.automix import PRIORITY_RANGE_DB, GainSharing, ramps
from parvis_server.media.levelling import TALKER, Leveller
from parvis_server.media.pickup_guard import PickupGuard

Frames = NDArray[np.float32]
Flags = NDArray[np.bool_]

HOLDS_THE_FLOOR: Final = 10 ** (-3 / 20)


@dataclass(frozen=True, slots=True)
class Hand:
    """What the host, or the kind of the source, asks of one source."""

    gain_db: float | None = None
    """By hand; None: levelled."""

    priority_db: float = 0.0
    """As if the source were so much louder; -12 to +12."""

    shared: bool = True
    muted: bool = False

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a priority out of range."""
        low, high = PRIORITY_RANGE_DB
        if not low <= self.priority_db <= high:
            raise ValueError(f"priority is {self.priority_db} dB; it must be {low} to {high}")


CLOSED: Final = Hand(gain_db=0.0, shared=False, muted=True)
"""What a source is in the frame in which it fades."""


class _Group:
    """The sources of one frame as arrays, row by row; made anew only when something changed."""

    def __init__(
        self, ssrcs: tuple[int, ...], rows: list[int], hands: list[Hand], sharing: bool
    ) -> None:
        self.ssrcs = ssrcs
        self.rows = np.array(rows, dtype=np.intp)
        self.open = np.array([not hand.muted for hand in hands], dtype=bool)
        self.levelled = np.array([hand.gain_db is None for hand in hands], dtype=bool) & sharing
        by_hand_db = np.array([hand.gain_db or 0.0 for hand in hands])
        self.by_hand = np.asarray(10 ** (by_hand_db / 20), dtype=np.float32)
        priority_db = np.array([hand.priority_db for hand in hands])
        self.priority = np.where(self.open, 10 ** (priority_db / 10), 0.0)
        self.shared = np.array([hand.shared for hand in hands], dtype=bool) & sharing
        self.guarded = np.where(self.shared, self.priority, 0.0)


class SpeechLaw:
    """Gains of all open sources, frame by frame."""

    def __init__(self, capacity: int, frame_samples: int = 480) -> None:
        """``capacity``: most sources at once, those that close included."""
        self.settled = True
        """Whether nobody who held the floor in the last frame is still being levelled."""
        self.guard = PickupGuard(capacity, frame_samples)
        self._sharing = GainSharing(capacity, frame_samples)
        self._leveller = Leveller(capacity, TALKER, frame_samples)
        self._shares = np.ones(capacity, dtype=np.float32)
        self._gains = np.zeros(capacity, dtype=np.float32)
        self._weights = np.ones(capacity)
        self._rows: dict[int, int] = {}
        """Of open and remembered sources; those that closed first stand first."""
        self._free = list(range(capacity - 1, -1, -1))
        self._heard: frozenset[int] = frozenset()
        """Sources of the last frame."""
        self._hands: Mapping[int, Hand] = {}
        self._on = True
        self._group: _Group | None = None

    def set(self, hands: Mapping[int, Hand], *, sharing: bool) -> None:
        """The open sources; ``sharing``: whether gain sharing and levelling run at all."""
        self._hands, self._on, self._group = dict(hands), sharing, None

    def remember(self, levels_db: Mapping[int, float]) -> None:
        """Levels of sources that are not open yet, learned by another engine."""
        for ssrc, level_db in levels_db.items():
            if ssrc not in self._rows:
                self._rows[ssrc] = row = self._new_row()
                self._leveller.begin_at(row, level_db)

    def apply(self, ssrcs: tuple[int, ...], frames: Frames, concealed: Flags) -> Frames:
        """Every source at its gain, ``(sources, samples)``.

        ``frames`` in the order of ``ssrcs``; one that is not open any more fades to zero.
        ``concealed``: whose frame was made up; nothing is learned from that. Raises
        ``ValueError`` for more sources than ``capacity``.
        """
        if not ssrcs:
            self.settled, self._heard = True, frozenset()
            return frames
        group = self._group_of(ssrcs)
        rows = group.rows
        levels = np.where(group.levelled, self._leveller.linear(rows), group.by_hand)
        shares = self._share(group, frames, levels, concealed)
        holding = group.levelled & group.open & (shares > HOLDS_THE_FLOOR) & ~concealed
        learned = self._leveller.gains(frames, rows, holding)
        self.settled = self._leveller.settled(rows[holding])
        levels = np.where(group.levelled, learned, group.by_hand)
        after = np.where(group.open, levels * shares, np.float32(0.0))
        before, self._gains[rows] = self._gains[rows], after
        self._shares[rows] = shares
        return ramps(frames, before, after)

    def gain(self, ssrc: int) -> float:
        """Linear gain of a source at the end of the last frame; 0 for one that is unknown."""
        row = self._rows.get(ssrc)
        return 0.0 if row is None else float(self._gains[row])

    def gain_db(self, ssrc: int) -> float:
        """Level of an open source, by hand or learned, without its share."""
        hand, row = self._hands.get(ssrc, CLOSED), self._rows.get(ssrc)
        if hand.gain_db is not None or not self._on or row is None:
            return hand.gain_db or 0.0
        return self._leveller.gain_db(row)

    def share_db(self, ssrc: int) -> float:
        """Its share at the end of the last frame; 0 or less."""
        row = self._rows.get(ssrc)
        return 0.0 if row is None else min(0.0, 20 * float(np.log10(self._shares[row])))

    def doubles(self, ssrc: int) -> bool:
        """Whether another source had the same voice louder in the last half second."""
        row = self._rows.get(ssrc)
        return row is not None and ssrc in self._heard and bool(self._weights[row] < 1.0)

    def _share(
        self, group: _Group, frames: Frames, levels: Frames, concealed: Flags
    ) -> NDArray[np.float32]:
        """The share of each source; it hears them at their levels."""
        squares = levels.astype(np.float64) ** 2
        claims = group.priority * squares * self._weights[group.rows]
        shares = self._sharing.gains(frames, group.rows, claims, concealed)
        self._weights[group.rows] = self.guard.weights(
            self._sharing.band, group.rows, group.guarded * squares
        )
        return np.where(group.shared, shares, np.float32(1.0))

    def _group_of(self, ssrcs: tuple[int, ...]) -> _Group:
        if self._group is None or self._group.ssrcs != ssrcs:
            hands = [self._hands.get(ssrc, CLOSED) for ssrc in ssrcs]
            self._group = _Group(ssrcs, self._rows_of(ssrcs), hands, self._on)
            for ssrc in set(ssrcs) - self._heard:
                self._begin(self._rows[ssrc])
            self._heard = frozenset(ssrcs)
        return self._group

    def _rows_of(self, ssrcs: tuple[int, ...]) -> list[int]:
        """The row of each source; the last to be asked for stands last."""
        kept = {ssrc: self._rows.pop(ssrc) for ssrc in ssrcs if ssrc in self._rows}
        if len(ssrcs) > len(kept) + len(self._free) + len(self._rows):
            raise ValueError(f"{len(ssrcs)} sources are open; too many for the mix")
        for ssrc in ssrcs:
            self._rows[ssrc] = kept[ssrc] if ssrc in kept else self._new_row()
        return [self._rows[ssrc] for ssrc in ssrcs]

    def _new_row(self) -> int:
        if not self._free:
            self._free.append(self._rows.pop(next(iter(self._rows))))
        row = self._free.pop()
        self._leveller.forget(row)
        return row

    def _begin(self, row: int) -> None:
        """A source opens: silent so far, whatever it was when it closed."""
        self._sharing.forget(row)
        self.guard.forget(row)
        self._shares[row] = self._weights[row] = 1.0
        self._gains[row] = 0.0
