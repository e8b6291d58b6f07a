"""The hub's trust as a whole: its operator, their sessions, its units, and who did what. Pure.

Whatever changes is changed here first, then told to ``on_change``, which writes it down; whatever
ends is told to ``taps`` within the same call, so that live sockets end with it. UTC comes as an
argument: a Raspberry Pi has no clock of its own, so nothing is refused for a time alone but what
is short-lived anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_server.errors import TrustRefused
from parvis_server.trust.audit import Act, Audit, Deed
from parvis_server.trust.changes import (
    ActGone,
    Change,
    HouseFacts,
    KeptHouse,
    SessionGone,
    UnitGone,
)
from parvis_server.trust.guesses import Guesses
from parvis_server.trust.sessions import Session, Sessions, SignedBy
from parvis_server.trust.setup import SetupSecrets
from parvis_server.trust.units import MAX_PAIRED_UNITS, SEEN_EVERY_MS, How, PairedUnit
from parvis_wire.identity import fingerprint, public_bytes, spelled

SETUP_IS_VOID = (
    "this setup link was used, or is older than 15 minutes: make a new one on the hub's machine "
    "with parvis session link"
)
NO_PASSWORD = "nobody set a password here: make a link on the hub's machine, parvis session link"
WRONG_PASSWORD = "this is not the password"
TOO_MANY_TRIES = (
    "too many passwords were tried: wait a minute, or make a link on the hub's machine with "
    "parvis session link"
)
NOT_PAIRED = "no unit of this fingerprint is paired here: look at parvis unit list"
NO_SESSION = "there is no such session: look at parvis session list"
TOO_MANY_UNITS = f"{MAX_PAIRED_UNITS} units are paired, which is the limit: revoke one first"


class RevokedKind(StrEnum):
    """What can be taken away."""

    UNIT = "unit"
    SESSION = "session"
    STRANGERS = "strangers"
    """Of everybody without a key or an invitation: somebody claimed the hub (``id`` is empty)."""
    PLAIN_HOSTS = "plain_hosts"
    """Of hosts over plain http from other machines (``id`` is empty)."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Somebody's rights ended at this moment."""

    kind: RevokedKind
    id: str
    """Fingerprint of the unit, or id of the session."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A session, with the token that is told once."""

    token: str = field(repr=False)
    session: Session


class HouseTrust:
    """One for each hub."""

    def __init__(
        self,
        site_key: Ed25519PrivateKey,
        kept: KeptHouse | None = None,
        on_change: Callable[[Change], None] | None = None,
        *,
        plain_host: bool = False,
    ) -> None:
        """The house as it was kept.

        Args:
            site_key: shared by the hubs of one site.
            kept: None: a hub that has just been made.
            on_change: told of everything that has to outlive the process.
            plain_host: whether hosts may use plain http from other machines, until it is set here.
        """
        was = kept or KeptHouse()
        self.site_key = site_key
        self.taps: set[Callable[[Revoked], None]] = set()
        self._facts = was.facts
        self._plain_host = plain_host
        self._sessions = Sessions(was.sessions)
        self._units = {unit.unit: unit for unit in was.units}
        self._audit = Audit(was.acts)
        self._setup = SetupSecrets()
        self._guesses = Guesses()
        self._on_change = on_change or (lambda change: None)
        for act in was.acts:
            if act.act in {Deed.CLAIMED, Deed.SIGNED_IN} and act.address is not None:
                self._guesses.know(act.address)

    # --- the operator ---

    @property
    def claimed(self) -> bool:
        """Whether somebody runs this hub."""
        return self._facts.claimed_utc_ms is not None

    @property
    def has_password(self) -> bool:
        """Whether an operator can sign in without a link."""
        return self._facts.password_hash is not None

    @property
    def site(self) -> str:
        """The site key's fingerprint, for people."""
        return spelled(fingerprint(public_bytes(self.site_key)))

    @property
    def plain_host(self) -> bool:
        """Whether hosts may use plain http from other machines."""
        return self._plain_host if self._facts.plain_host is None else self._facts.plain_host

    def set_plain_host(self, on: bool, by: str, address: str, utc_ms: int) -> None:
        """Let hosts use plain http from other machines, or no longer."""
        self._put_facts(replace(self._facts, plain_host=on))
        deed = Deed.PLAIN_HOST_ON if on else Deed.PLAIN_HOST_OFF
        self.audit(deed, by, None, address, utc_ms)
        if self.claimed and not on:
            self._tell(Revoked(RevokedKind.PLAIN_HOSTS, ""))

    def new_setup_secret(self, utc_ms: int, session: str | None = None) -> str:
        """What makes whoever has it an operator, once, for 15 minutes, and not for longer than the
        ``session`` lasts that asked for it."""
        return self._setup.new(utc_ms, session)

    def check_setup_secret(self, secret: str, address: str, utc_ms: int) -> None:
        """Raise ``TrustRefused`` unless ``claim`` would take it now."""
        if not self._setup.is_good(secret, utc_ms):
            self.audit(Deed.REFUSED, None, "setup link", address, utc_ms)
            raise TrustRefused("unauthorised", SETUP_IS_VOID)

    def claim(
        self, secret: str, name: str, password_hash: str | None, address: str, utc_ms: int
    ) -> Grant:
        """Become an operator by a setup secret, which is used up.

        The first one claims the hub, and voids every other secret that was made before. A new
        password ends the sessions that began with the one before.

        Raises:
            TrustRefused: the secret is not good, or not any more.
        """
        self.check_setup_secret(secret, address, utc_ms)
        self._setup.take(secret, utc_ms)
        if not self.claimed:
            self._setup.void()
            self._put_facts(replace(self._facts, claimed_utc_ms=utc_ms))
            self.audit(Deed.CLAIMED, name, None, address, utc_ms)
            self._tell(Revoked(RevokedKind.STRANGERS, ""))
            if not self.plain_host:
                self._tell(Revoked(RevokedKind.PLAIN_HOSTS, ""))
        else:
            self.audit(Deed.SIGNED_IN, name, SignedBy.SETUP, address, utc_ms)
        if password_hash is not None:
            self._set_password(password_hash, name, address, utc_ms)
        return self._grant(name, SignedBy.SETUP, address, utc_ms)

    def begin_sign_in(self, address: str, now_ns: int, utc_ms: int) -> str:
        """The hash to hold a password against; counts one try.

        Args:
            address: who tries.
            now_ns: monotonic time.
            utc_ms: for the audit.

        Raises:
            TrustRefused: there is no password, or there were too many tries.
        """
        if self._facts.password_hash is None:
            raise TrustRefused("no_password", NO_PASSWORD)
        if not self._guesses.take(address, now_ns):
            self.audit(Deed.REFUSED, None, "password, too many tries", address, utc_ms)
            raise TrustRefused("rate", TOO_MANY_TRIES)
        return self._facts.password_hash

    def sign_in(
        self, password_hash: str, is_right: bool, name: str, address: str, utc_ms: int
    ) -> Grant:
        """The session of whoever gave the right password.

        Args:
            password_hash: of ``begin_sign_in``: it may have been changed since.
            is_right: what holding the password against it gave.
            name: what they call themselves.
            address: where they are.
            utc_ms: now.

        Raises:
            TrustRefused: it was wrong, or is not the password any more.
        """
        if not is_right or password_hash != self._facts.password_hash:
            self.audit(Deed.REFUSED, None, "password", address, utc_ms)
            raise TrustRefused("unauthorised", WRONG_PASSWORD)
        self.audit(Deed.SIGNED_IN, name, SignedBy.PASSWORD, address, utc_ms)
        return self._grant(name, SignedBy.PASSWORD, address, utc_ms)

    def session_of(self, token: str, utc_ms: int) -> Session | None:
        """Whose token this is, if it is good now; that counts as its use."""
        session = self._sessions.find(token)
        if session is None:
            return None
        if session.is_over(utc_ms):
            self._end(session)
            return None
        noted = self._sessions.used(session, utc_ms)
        if noted is not None:
            self._on_change(noted)
        return noted or session

    def sessions(self, utc_ms: int) -> tuple[Session, ...]:
        """Those that are good, the oldest first."""
        for session in tuple(self._sessions):
            if session.is_over(utc_ms):
                self._end(session)
        return tuple(self._sessions)

    def revoke_session(self, session_id: str, by: str, address: str, utc_ms: int) -> None:
        """End a session at once.

        Raises:
            TrustRefused: there is none of this id.
        """
        found = next((one for one in self.sessions(utc_ms) if one.id == session_id), None)
        if found is None:
            raise TrustRefused("not_found", NO_SESSION)
        self._end(found)
        self.audit(Deed.SESSION_REVOKED, by, f"{found.name} {found.id}", address, utc_ms)

    # --- the units ---

    def unit(self, print_: str) -> PairedUnit | None:
        """The paired unit of this fingerprint."""
        return self._units.get(print_)

    def units(self) -> tuple[PairedUnit, ...]:
        """All, in the order of their pairing."""
        return tuple(sorted(self._units.values(), key=lambda one: (one.paired_utc_ms, one.unit)))

    def pair(
        self, key: bytes, name: str, how: How, by: str, address: str, utc_ms: int
    ) -> PairedUnit:
        """Take a unit in; one that is paired already stays so, with what is new.

        Args:
            key: its Ed25519 public key.
            name: its own.
            how: what it was let in by.
            by: the operator.
            address: the operator's.
            utc_ms: now.

        Raises:
            TrustRefused: there are too many.
        """
        print_ = fingerprint(key)
        before = self._units.get(print_)
        if before is None and len(self._units) >= MAX_PAIRED_UNITS:
            raise TrustRefused("too_many", TOO_MANY_UNITS)
        paired = PairedUnit(print_, key, name, how, utc_ms, by)
        if before is not None:
            kept_name = before.name if before.is_renamed else name
            paired = replace(before, name=kept_name, how=how, paired_utc_ms=utc_ms, by=by)
        self._put_unit(paired)
        self.audit(Deed.UNIT_PAIRED, by, f"{paired.name} {print_} {how}", address, utc_ms)
        return paired

    def seen(self, print_: str, own_name: str | None, utc_ms: int) -> PairedUnit | None:
        """A unit joined or left: its own name counts unless an operator gave one."""
        unit = self._units.get(print_)
        if unit is None:
            return None
        name = unit.name if unit.is_renamed or own_name is None else own_name
        last = unit.last_seen_utc_ms
        if name == unit.name and last is not None and abs(utc_ms - last) < SEEN_EVERY_MS:
            return unit
        return self._put_unit(replace(unit, name=name, last_seen_utc_ms=utc_ms))

    def rename(self, print_: str, name: str, by: str, address: str, utc_ms: int) -> PairedUnit:
        """Call a unit something; raises ``TrustRefused`` for one that is not paired."""
        unit = self._paired(print_)
        self.audit(Deed.UNIT_RENAMED, by, f"{unit.name} {print_}: {name}", address, utc_ms)
        return self._put_unit(replace(unit, name=name, is_renamed=True))

    def revoke(self, print_: str, by: str, address: str, utc_ms: int) -> PairedUnit:
        """Forget a unit's key: it is gone at once; raises ``TrustRefused`` for one not paired."""
        unit = self._paired(print_)
        del self._units[print_]
        self._on_change(UnitGone(print_))
        self.audit(Deed.UNIT_REVOKED, by, f"{unit.name} {print_}", address, utc_ms)
        self._tell(Revoked(RevokedKind.UNIT, print_))
        return unit

    # --- who did what ---

    def audit(
        self, act: str, by: str | None, about: str | None, address: str | None, utc_ms: int
    ) -> None:
        """Write a line; ``by`` None is a stranger, of whom few lines are taken."""
        made = self._audit.add(act, by, about, address, utc_ms)
        if made is not None:
            self._on_change(made)
        while (dropped := self._audit.drop_oldest()) is not None:
            self._on_change(ActGone(dropped.number))

    def acts(self, limit: int, before: int | None = None) -> list[Act]:
        """The newest lines first, of those whose number is below ``before``."""
        return self._audit.newest(limit, before)

    # --- inside ---

    def _grant(self, name: str, signed_by: SignedBy, address: str, utc_ms: int) -> Grant:
        self._guesses.know(address)
        token, session = Session.new(name, signed_by, address, utc_ms)
        self._sessions.put(session)
        self._on_change(session)
        for old in self._sessions.too_many():
            self._end(old)
        return Grant(token, session)

    def _set_password(self, password_hash: str, name: str, address: str, utc_ms: int) -> None:
        self._put_facts(replace(self._facts, password_hash=password_hash))
        self.audit(Deed.PASSWORD_SET, name, None, address, utc_ms)
        for session in tuple(self._sessions):
            if session.signed_by is SignedBy.PASSWORD:
                self._end(session)

    def _end(self, session: Session) -> None:
        self._sessions.drop(session)
        self._setup.void_of(session.id)
        self._on_change(SessionGone(session.id))
        self._tell(Revoked(RevokedKind.SESSION, session.id))

    def _put_facts(self, facts: HouseFacts) -> None:
        self._facts = facts
        self._on_change(facts)

    def _put_unit(self, unit: PairedUnit) -> PairedUnit:
        self._units[unit.unit] = unit
        self._on_change(unit)
        return unit

    def _paired(self, print_: str) -> PairedUnit:
        unit = self._units.get(print_)
        if unit is None:
            raise TrustRefused("not_found", NOT_PAIRED)
        return unit

    def _tell(self, revoked: Revoked) -> None:
        for tap in tuple(self.taps):
            tap(revoked)
