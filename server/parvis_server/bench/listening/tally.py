"""What was counted in one window of time, added up over listeners, processes and machines. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from parvis_server.bench.listening.histogram import Histogram


@dataclass(slots=True, eq=False)
class Tally:
    """The counts of one window."""

    delays: Histogram = field(default_factory=Histogram)
    """Of each packet at each listener; ``total`` is how many packets came."""
    lost: int = 0
    """Packets that never came, and those that had not come when nobody waited any longer."""
    gaps: int = 0
    """Times that sound was missing, whoever left it out."""
    gap_ms: float = 0.0
    """How much of it, over all listeners."""
    repeated: int = 0
    """Packets that brought what was there already."""
    tier_changes: int = 0
    unreadable: int = 0
    closed: Counter[int] = field(default_factory=Counter)
    """Connections that ended, by close code; 1006: without one."""
    packet_ms: Counter[int] = field(default_factory=Counter)
    """Different packets, by the sound that they hold."""
    joins: Histogram = field(default_factory=Histogram)
    """From the connection to the first packet."""
    welcomes: Histogram = field(default_factory=Histogram)
    """From the connection to the welcome."""
    not_joined: int = 0
    """Connections that were tried and got no sound."""
    bytes_read: int = 0

    def merge(self, other: Self) -> None:
        """Add what another process or machine counted."""
        for name in _HISTOGRAMS:
            getattr(self, name).merge(getattr(other, name))
        for name in (*_NUMBERS, *_COUNTERS):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON."""
        told: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        told |= {name: getattr(self, name).as_json() for name in _HISTOGRAMS}
        for name in _COUNTERS:
            told[name] = {str(key): count for key, count in getattr(self, name).items()}
        return told

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What ``as_json`` gave; raises ``KeyError`` or ``ValueError`` for what it cannot be."""
        made = cls(**{name: told[name] for name in _NUMBERS})
        for name in _HISTOGRAMS:
            setattr(made, name, Histogram.from_json(told[name]))
        for name in _COUNTERS:
            setattr(made, name, Counter({int(key): n for key, n in told[name].items()}))
        return made


_NUMBERS = (
    *("lost", "gaps", "gap_ms", "repeated", "tier_changes"),
    *("unreadable", "not_joined", "bytes_read"),
)
_HISTOGRAMS = ("delays", "joins", "welcomes")
_COUNTERS = ("closed", "packet_ms")
