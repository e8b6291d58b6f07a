"""The profile of least delay: a room that ticks at 5 ms, for few sources, wired. Pure."""

from parvis_server.room.members import Member
from parvis_wire.messages import Role
from parvis_wire.stage import KeptOut, LinkKind

FIVE_MS_SOURCES = 8
"""Twice the ticks a second leave time for so many sources."""


def five_ms_rule(member: Member, open_sources: int) -> KeptOut | None:
    """Why this microphone may not be opened while the room ticks at 5 ms; None when it may.

    A unit by radio waits 20 ms and more in its jitter buffer: it would gain nothing and cost the
    others their time. Somebody far away gains nothing either, but has no nearer microphone.
    """
    if member.role is Role.UNIT and member.link is not LinkKind.WIRED:
        return KeptOut.NOT_WIRED
    return KeptOut.TOO_MANY if open_sources >= FIVE_MS_SOURCES else None
