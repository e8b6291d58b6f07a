"""Units that belong to this hub, by their keys. Pure."""

from dataclasses import dataclass
from enum import StrEnum

MAX_PAIRED_UNITS = 500
"""Several times what one hub connects; a list that a page can show."""

SEEN_EVERY_MS = 60 * 1000
"""How exactly the last visit is kept."""


class How(StrEnum):
    """What a unit was let in by."""

    CODE = "code"
    """The code of its label, and a press."""
    PRESS = "press"
    """A long press alone: nothing proved that nobody stood between (first-use trust)."""
    OPERATOR = "operator"
    """An operator handed over its key."""


@dataclass(frozen=True, slots=True)
class PairedUnit:
    """A unit that may join."""

    unit: str
    """Fingerprint of its key, and its participant in every room."""
    key: bytes
    """Ed25519 public key."""
    name: str
    """The operator's, else its own."""
    how: How
    paired_utc_ms: int
    by: str
    """Who paired it."""
    last_seen_utc_ms: int | None = None
    """When it last joined; None: never."""
    is_renamed: bool = False
    """Whether the name is an operator's, which its own does not replace."""
