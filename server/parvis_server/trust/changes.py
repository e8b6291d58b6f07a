"""What is kept of the house's trust, and each change of it, for whoever writes it down. Pure."""

from dataclasses import dataclass, field

from parvis_server.trust.audit import Act
from parvis_server.trust.sessions import Session
from parvis_server.trust.units import PairedUnit


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """What there is one of."""

    claimed_utc_ms: int | None = None
    """None: nobody runs this hub yet."""
    password_hash: str | None = field(default=None, repr=False)
    plain_host: bool | None = None
    """Whether hosts may use plain http from other machines; None: as the settings say."""


@dataclass(frozen=True, slots=True)
class KeptHouse:
    """Everything that outlives the process."""

    facts: HouseFacts = HouseFacts()
    sessions: tuple[Session, ...] = ()
    units: tuple[PairedUnit, ...] = ()
    acts: tuple[Act, ...] = ()
    """In their order."""


@dataclass(frozen=True, slots=True)
class SessionGone:
    """A session that is no more, by its id."""

    session: str


@dataclass(frozen=True, slots=True)
class UnitGone:
    """A unit that is no more, by its fingerprint."""

    unit: str


@dataclass(frozen=True, slots=True)
class ActGone:
    """A line of the audit that gave way to newer ones."""

    number: int


Change = HouseFacts | Session | SessionGone | PairedUnit | UnitGone | Act | ActGone
"""A value is put in the place of what was known of the same; repeating a change does no harm."""
