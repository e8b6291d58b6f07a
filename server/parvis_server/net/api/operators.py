"""Who runs the hub, for its API: the operator's token of this machine, or an operator's session."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from parvis_server.errors import TrustRefused
from parvis_server.links import setup
from parvis_server.net.api.caller import Caller
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.seams import Actor, NoDesk, PairingDesk, PlainReach, Reach
from parvis_server.net.credentials import Keys
from parvis_server.net.rate import Attempts
from parvis_server.net.rooms import Rooms
from parvis_server.trust import password
from parvis_server.trust.audit import Deed
from parvis_server.trust.house import Grant, HouseTrust
from parvis_server.trust.sessions import Session
from parvis_server.trust.units import PairedUnit
from parvis_wire.update import UnitSoftware

T = TypeVar("T")

NS_PER_MS = 1_000_000

THIS_MACHINE = "command line"
"""Whoever shows the token of the data folder, in the audit."""

NO_OPERATOR = (
    "this needs an operator's token, of a session or of the hub's data folder, as Authorization: "
    "Bearer"
)
TOO_MANY_GUESSES = "too many wrong secrets came from this address: wait a minute"
READ_ALONG = (
    "whoever is on the network could read along: open {origin}/operator, or allow plain http with "
    "access.plain_host in the hub's settings"
)

MAX_PASSWORDS_WAITING = 4
"""Each takes 64 MiB and a fifth of a second, one at a time."""


class Passwords:
    """Hashes and checks passwords on a thread, one at a time: packets go on meanwhile."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._one = asyncio.Lock()
        self._waiting = 0

    async def hashed(self, typed: str) -> str:
        """What is kept; raises ``TrustRefused`` for what cannot be a password."""
        password.check(typed)
        return await self._slowly(lambda: password.hashed(typed))

    async def is_right(self, password_hash: str, typed: str) -> bool:
        """Whether ``typed`` is the password."""
        return await self._slowly(lambda: password.is_right(password_hash, typed))

    async def _slowly(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_PASSWORDS_WAITING:
            raise TrustRefused("rate", "several passwords are being looked at: try again")
        self._waiting += 1
        try:
            async with self._one:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the hub, in this request."""

    name: str
    address: str
    session: Session | None = None
    """None: the token of the data folder."""

    @property
    def actor(self) -> Actor:
        """For the audit."""
        return Actor(self.name, self.address, None if self.session is None else self.session.id)


def utc_ms() -> int:
    """UTC now, ms since 1970."""
    return time.time_ns() // NS_PER_MS


@dataclass(frozen=True, slots=True)
class Operators:
    """The hub's operators, and what they may do to the house."""

    keys: Keys
    trust: HouseTrust
    rooms: Rooms
    attempts: Attempts
    origin: Callable[[], str]
    """What operators' links begin with."""
    kept: Callable[[], Awaitable[None]]
    """Until every change is on disk."""
    desk: PairingDesk = field(default_factory=NoDesk)
    reach: Reach = field(default_factory=PlainReach)
    open_house: bool = False
    passwords: Passwords = field(default_factory=Passwords)

    # --- who asks ---

    def of(self, caller: Caller) -> Operator | None:
        """The operator who asks; None: it is none, or others could read along."""
        if caller.secret is None or not self._may_speak(caller):
            return None
        if self.keys.is_operator(caller.secret):
            return Operator(THIS_MACHINE, caller.address)
        session = self.trust.session_of(caller.secret, utc_ms())
        return None if session is None else Operator(session.name, caller.address, session)

    def check(self, caller: Caller) -> Operator:
        """The operator who asks; raises ``ApiFault`` for anybody else."""
        operator = self.of(caller)
        if operator is None:
            if caller.secret is not None:
                self.check_way(caller)
            self.guessed(caller)
            raise ApiFault(401, "unauthorised", NO_OPERATOR)
        return operator

    def guessed(self, caller: Caller) -> None:
        """Count a secret that opened nothing; raises ``ApiFault`` for one too many."""
        if caller.secret is None:
            return
        if not self.attempts.take(caller.address, time.monotonic_ns()):
            self.trust.audit(Deed.REFUSED, None, "many secrets", caller.address, utc_ms())
            raise ApiFault(429, "rate", TOO_MANY_GUESSES)

    def check_way(self, caller: Caller) -> None:
        """Raise ``ApiFault`` for whoever runs anything where others could read along."""
        if not self._may_speak(caller):
            raise ApiFault(403, "plain", READ_ALONG.format(origin=self.origin()))

    def _may_speak(self, caller: Caller) -> bool:
        return caller.private or self.trust.plain_host or not self.trust.claimed

    def _check_private(self, caller: Caller) -> None:
        """Raise ``ApiFault`` where others could read the secret that begins a session."""
        if not (caller.private or self.trust.plain_host):
            raise ApiFault(403, "plain", READ_ALONG.format(origin=self.origin()))

    # --- how a session begins ---

    async def claim(self, caller: Caller, secret: str, name: str, typed: str | None) -> Grant:
        """Become an operator by a setup link; raises ``ApiFault`` or ``TrustRefused``."""
        self._check_private(caller)
        try:
            self.trust.check_setup_secret(secret, caller.address, utc_ms())
        except TrustRefused:
            self.guessed(Caller(caller.address, secret))
            raise
        kept = None if typed is None else await self.passwords.hashed(typed)
        grant = self.trust.claim(secret, name, kept, caller.address, utc_ms())
        await self.kept()
        return grant

    async def sign_in(self, caller: Caller, typed: str, name: str) -> Grant:
        """Become an operator by the password; raises ``ApiFault`` or ``TrustRefused``."""
        self._check_private(caller)
        kept = self.trust.begin_sign_in(caller.address, time.monotonic_ns(), utc_ms())
        is_right = await self.passwords.is_right(kept, typed)
        grant = self.trust.sign_in(kept, is_right, name, caller.address, utc_ms())
        await self.kept()
        return grant

    def new_setup_link(self, operator: Operator) -> str:
        """A link that makes one more session, once."""
        self.trust.audit(Deed.SETUP_LINK, operator.name, None, operator.address, utc_ms())
        return setup(self.origin(), self.trust.new_setup_secret(utc_ms(), operator.actor.session))

    def rename(self, operator: Operator, unit: str, name: str) -> PairedUnit:
        """Call a unit something, also where it is now; raises ``TrustRefused``."""
        renamed = self.trust.rename(unit, name, operator.name, operator.address, utc_ms())
        for room in self.rooms:
            room.live.rename_unit(unit, renamed.name)
        return renamed

    # --- what they see ---

    def room_of(self, unit: str) -> str | None:
        """The room in which a unit is at this moment."""
        for room in self.rooms:
            member = room.live.room.member(unit)
            if member is not None and member.connected:
                return room.name
        return None

    def software_of(self, unit: str) -> UnitSoftware | None:
        """The program that a unit runs which is here, as far as it says."""
        for room in self.rooms:
            stream = room.live.streams.get(unit)
            if stream is not None and stream.first is not None:
                return stream.software
        return None

    def missing(self) -> tuple[str, ...]:
        """Words for what an operator should see to."""
        trust = self.trust
        own = () if trust.claimed else ("claim",)
        if trust.claimed and not trust.has_password:
            own = ("password",)
        return (*self.reach.missing(), *own)
