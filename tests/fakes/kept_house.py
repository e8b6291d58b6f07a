"""A disk for the house's trust: what was told to it is what the next start reads."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_server.trust.audit import Act
from parvis_server.trust.changes import (
    ActGone,
    Change,
    HouseFacts,
    KeptHouse,
    SessionGone,
    UnitGone,
)
from parvis_server.trust.house import HouseTrust
from parvis_server.trust.sessions import Session
from parvis_server.trust.units import PairedUnit


class Disk:
    """Keeps every change, as the database does."""

    def __init__(self) -> None:
        self.site_key = Ed25519PrivateKey.generate()
        self.facts = HouseFacts()
        self.claims: list[int] = []
        """When the hub was claimed; more than one is a fault."""
        self._sessions: dict[str, Session] = {}
        self._units: dict[str, PairedUnit] = {}
        self._acts: dict[int, Act] = {}

    def house(self) -> HouseTrust:
        """The hub's trust after a start."""
        return HouseTrust(self.site_key, self.kept(), self.keep)

    def kept(self) -> KeptHouse:
        """What a start reads."""
        acts = tuple(self._acts[number] for number in sorted(self._acts))
        return KeptHouse(
            self.facts, tuple(self._sessions.values()), tuple(self._units.values()), acts
        )

    def keep(self, change: Change) -> None:
        """One change."""
        match change:
            case HouseFacts():
                if change.claimed_utc_ms != self.facts.claimed_utc_ms:
                    self.claims.append(change.claimed_utc_ms or 0)
                self.facts = change
            case Session():
                self._sessions[change.id] = change
            case PairedUnit():
                self._units[change.unit] = change
            case Act():
                self._acts[change.number] = change
            case SessionGone(session=session):
                del self._sessions[session]
            case UnitGone(unit=unit):
                del self._units[unit]
            case ActGone(number=number):
                del self._acts[number]
