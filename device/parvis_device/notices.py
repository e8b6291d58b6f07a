"""What the light shows for a while only: refusals, answers, a host who looks for the unit. Pure."""

from collections.abc import Mapping

from parvis_device.light import (
    ANSWERED_FOR_NS,
    IDENTIFY_FOR_NS,
    RECONNECTING_FOR_NS,
    REFUSED_FOR_NS,
    TimeLeft,
)
from parvis_wire.messages import Attention

SILENT_NS = 1_700_000_000
"""A hub answers a question of the unit's every second; with the light's tenth of a second and one
answer that comes late by 200 ms, its silence is shown within 2 s."""

CHIMES: Mapping[Attention, int] = {Attention.CHIME: 2, Attention.IDENTIFY: 3}
"""Notes of the buzzer. None about the speaker's time: their microphone is open."""


class Notices:
    """One unit's passing notices, each with its end."""

    def __init__(self) -> None:
        """Nothing is to be shown, and the hub was not heard yet."""
        self._refused_until_ns = 0
        self._answered_until_ns = 0
        self._identify_until_ns = 0
        self._turn_until_ns = 0
        self._heard_ns: int | None = None
        self.time = TimeLeft.ENOUGH

    def refused(self, now_ns: int) -> None:
        """The hub said no."""
        self._refused_until_ns = now_ns + REFUSED_FOR_NS

    def answered(self, now_ns: int) -> None:
        """The answer to a show of hands is counted."""
        self._answered_until_ns = now_ns + ANSWERED_FOR_NS

    def attend(self, what: Attention, now_ns: int) -> None:
        """The hub wants something shown."""
        if what is Attention.IDENTIFY:
            self._identify_until_ns = now_ns + IDENTIFY_FOR_NS
        elif what is Attention.TIME_SOON:
            self.time = TimeLeft.LITTLE
        elif what is Attention.TIME_OVER:
            self.time = TimeLeft.OVER

    def turn_kept(self, now_ns: int) -> None:
        """The hub is away during this unit's turn, and keeps it from now on for a while."""
        if now_ns >= self._turn_until_ns:
            self._turn_until_ns = now_ns + RECONNECTING_FOR_NS

    def heard(self, now_ns: int) -> None:
        """The hub said something; whose turn it is, it says now itself."""
        self._heard_ns, self._turn_until_ns = now_ns, 0

    def silent(self, now_ns: int) -> bool:
        """The hub has said nothing for so long that it cannot be trusted to be there."""
        return self._heard_ns is not None and now_ns - self._heard_ns >= SILENT_NS

    def refusing(self, now_ns: int) -> bool:
        """The three flashes are not over."""
        return now_ns < self._refused_until_ns

    def answering(self, now_ns: int) -> bool:
        """The long flash is not over."""
        return now_ns < self._answered_until_ns

    def identifying(self, now_ns: int) -> bool:
        """The white pulse is not over."""
        return now_ns < self._identify_until_ns

    def keeps_turn(self, now_ns: int) -> bool:
        """The hub may still keep the turn."""
        return now_ns < self._turn_until_ns
