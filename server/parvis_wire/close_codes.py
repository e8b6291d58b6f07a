"""Why a WebSocket was closed (RFC 6455 section 7.4; 4000-4999 are ours)."""

from enum import IntEnum


class CloseCode(IntEnum):
    """Close codes of hub and edge. ``retryable`` tells a client whether coming back makes sense."""

    GOING_AWAY = 1001
    """The hub stops or restarts: reconnect at the usual times."""
    TOO_BIG = 1009
    """A message was larger than its endpoint allows."""
    MALFORMED = 4000
    """A packet or message could not be read, or came out of turn."""
    UNAUTHORISED = 4001
    """The credential is missing, wrong or expired."""
    JOIN_TIMEOUT = 4002
    """No ``join`` within the time allowed."""
    FORBIDDEN = 4003
    """The role may not use this endpoint, or this address may not join in this role."""
    VERSION = 4005
    """The hub does not speak this protocol version."""
    SLOW = 4008
    """The receiver was behind for too long; come back to the live edge."""
    ROOM_CLOSED = 4009
    """There is no such room, or it is over."""
    SUPERSEDED = 4010
    """The same participant joined again on another connection."""
    RATE = 4029
    """Too many messages or packets."""

    @property
    def retryable(self) -> bool:
        """Whether the same client may try again by itself without a change of its own."""
        return self in _RETRYABLE


_RETRYABLE = frozenset(
    {CloseCode.GOING_AWAY, CloseCode.JOIN_TIMEOUT, CloseCode.SLOW, CloseCode.RATE}
)
