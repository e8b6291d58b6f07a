"""Which unit may be started anew now: one at a time. Pure.

A room can open at any moment, and a unit that is being started anew then is not heard for half a
minute. One table of a hall is an excuse, all of them are a broken evening; and a bad update shows
at the first.
"""

from collections.abc import Mapping

from parvis_wire.update import UpdateStep

TAKE_UP_NS = 10_000_000_000
"""A unit takes a yes up within this, or leaves it: its updater looks each second, and a yes counts
for three."""

SWITCH_NS = 240_000_000_000
"""It is tried for three minutes at most, and taken back within one more."""

WAITING_NS = 60_000_000_000
"""A unit that waits asks every twenty seconds."""

_BUSY = (UpdateStep.INSTALLING, UpdateStep.TRYING)


class Turns:
    """Of the units of one hub."""

    def __init__(self) -> None:
        """Nobody's."""
        self._holder: str | None = None
        self._since_ns = 0
        self._left = False
        """The holder was seen to be started anew."""
        self._in_vain: dict[str, int] = {}
        """When each had its last turn, of those that did not take it up; of units that are here."""
        self._waiting: dict[str, int] = {}

    def ask(self, unit: str, now_ns: int) -> bool:
        """Whether this unit may be started anew now."""
        self._waiting = {
            one: at_ns for one, at_ns in self._waiting.items() if now_ns - at_ns < WAITING_NS
        }
        self._end(now_ns)
        if self._holder not in (None, unit) or self._lets_others_go_first(unit):
            self._waiting[unit] = now_ns
            return False
        self._waiting.pop(unit, None)
        self._holder, self._since_ns, self._left = unit, now_ns, False
        self._in_vain[unit] = now_ns
        return True

    def _lets_others_go_first(self, unit: str) -> bool:
        """Who did not take a turn up (its microphone is unplugged): whoever waits and had none, or
        had it longer ago. So several of them do not pass it on among themselves."""
        mine_ns = self._in_vain.get(unit)
        if mine_ns is None:
            return False
        others = self._waiting.keys() - {unit}
        return any(self._in_vain.get(other, -1) < mine_ns for other in others)

    def look(self, here: Mapping[str, UpdateStep | None], now_ns: int) -> None:
        """See how far they are; ``here``: the units that are connected."""
        self._in_vain = {one: at_ns for one, at_ns in self._in_vain.items() if one in here}
        if self._holder is None:
            return
        step = here.get(self._holder)
        if self._holder not in here or step in _BUSY:
            self._left = True
            self._in_vain.pop(self._holder, None)
        elif self._left:  # back, with a result
            self._holder = None
        self._end(now_ns)

    def _end(self, now_ns: int) -> None:
        lasts_ns = SWITCH_NS if self._left else TAKE_UP_NS
        if self._holder is not None and now_ns - self._since_ns >= lasts_ns:
            self._holder = None
