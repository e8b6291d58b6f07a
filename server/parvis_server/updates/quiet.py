"""Whether units may be updated now: never while a room is in use. Pure.

A room that somebody made is in use as long as it is live or backstage. The one that opens by itself
is live for ever: it is in use while anybody listens, speaks, waits or records there, or while a
microphone that is always open can be heard; and for ten minutes after, which may be a pause.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from parvis_wire.floor import Phase

QUIET_NS = 600_000_000_000


@dataclass(frozen=True, slots=True)
class RoomUse:
    """One room."""

    opens_by_itself: bool
    phase: Phase
    listeners: int = 0
    turns: int = 0
    hands: int = 0
    is_recorded: bool = False
    open_microphones: int = 0
    outputs: int = 0
    """Loudspeakers and speakers' ears that are connected."""

    @property
    def in_use(self) -> bool:
        """Whether somebody would miss a unit now."""
        if self.phase not in (Phase.LIVE, Phase.BACKSTAGE):
            return False
        if not self.opens_by_itself:
            return True
        people = self.listeners + self.turns + self.hands
        heard = self.open_microphones > 0 and self.outputs > 0
        return people > 0 or self.is_recorded or heard


class Quiet:
    """Of a whole house."""

    def __init__(self, quiet_ns: int = QUIET_NS) -> None:
        """``quiet_ns``: how long after the last use."""
        self._quiet_ns = quiet_ns
        self._since_ns: int | None = None

    def look(self, rooms: Iterable[RoomUse], now_ns: int) -> bool:
        """Whether units may be updated, as things are now; to be asked every few seconds.

        A hub that was just started knows of no pause: for it, too, the time begins now.
        """
        if any(room.in_use for room in rooms):
            self._since_ns = None
            return False
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns >= self._quiet_ns
