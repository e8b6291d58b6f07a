"""How long the stage was heard: always-open microphones and desks, by who is foremost. Pure.

Turns are events with a beginning and an end; a microphone that is always open has neither. But each
packet of the program names its talkers, the loudest first (CSRC, RFC 3550 section 5.1): its time is
the stage's when that one has no turn. Counted since the hub started, not kept in the log.
"""

from collections.abc import Callable

from parvis_wire.errors import BadPacket
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket


class StageTalk:
    """Adds up one room's program."""

    def __init__(self, view: Callable[[], RoomView]) -> None:
        """Nobody was heard; ``view``: the room as it is, with its always-open microphones."""
        self._view = view
        self.ms = 0
        """Time in which the stage was foremost."""

    def heard(self, ptime_ms: int, rtp: bytes) -> None:
        """Take one packet of the program."""
        try:
            csrcs = RtpPacket.parse(rtp).csrcs
        except BadPacket:
            return
        if csrcs and any(csrcs[0] == one.ssrc for one in self._view().microphones):
            self.ms += ptime_ms
