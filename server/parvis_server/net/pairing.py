"""Where units wait that proved a key which the house does not know, until an operator lets them in.

Theory of operation. A unit waits on its own connection. What it says comes to ``receive``, what an
operator wants to ``pair``, ``accept`` and ``identify``; both move the same table on
(``trust.pairing``). SPAKE2 in Python takes 5 ms a step: ``run`` does one step after the other on
a thread, only ever after an operator asked for it, and packets go on meanwhile.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Never

from parvis_server.errors import PeerFault, TrustRefused
from parvis_server.net.api.seams import Actor, Stranger
from parvis_server.net.connection import TOO_MUCH, Connection
from parvis_server.net.exchange import Exchange
from parvis_server.net.proof import Proven
from parvis_server.net.rate import TokenBucket, network_of
from parvis_server.net.unit_sockets import NEWER, UnitSockets
from parvis_server.trust.audit import Deed
from parvis_server.trust.house import HouseTrust, Revoked, RevokedKind
from parvis_server.trust.pairing import TRANSITIONS, CodeGuard, Happening, Pairing
from parvis_server.trust.units import How
from parvis_wire.close_codes import CloseCode
from parvis_wire.fields import Name
from parvis_wire.identity import HUB, PRESS, UNIT, spelled
from parvis_wire.messages import Attend, Attention, Join, parse_client_message
from parvis_wire.pairing import (
    PairByCode,
    PairByPress,
    PairConfirm,
    PairPressed,
    PairRefusal,
    PairRefused,
    PairShare,
    Unpaired,
    WaitingUnit,
)

log = logging.getLogger(__name__)

MAX_WAITING_UNITS = 64
"""As many as a hub connects; they hold a connection without a time limit."""

TOO_MANY_WAIT = f"{MAX_WAITING_UNITS} units wait to be paired already: try again later"
MADE_ROOM = "other units wait to be paired too, and too many came from this address"
OUT_OF_TURN = "nobody asked this unit for that now"
NOT_WAITING = "no unit of this fingerprint waits here"
BUSY = "this unit is being paired: press its button, or wait a moment"
PAUSED = "too many wrong codes: no code is taken for ten minutes"
HAS_CODE = "this unit has a label: type its code"

TOLD_AT_ONCE, TOLD_PER_S = 20, 0.2
"""Lines of the log about units that wait: keys cost nothing, and a disk is finite."""


@dataclass(slots=True, eq=False)
class Waiter:
    """One unit that waits."""

    proven: Proven
    join: Join
    connection: Connection
    come_in: Callable[[], None]
    """Called once it is paired."""
    since_utc_ms: int
    pairing: Pairing = field(default_factory=Pairing)
    exchange: Exchange | None = None
    """Of the code that was typed last, until it is answered or given up."""
    asked_by: Actor | None = None
    may_say: TokenBucket = field(default_factory=lambda: TokenBucket(per_s=1, burst=20))
    """It only answers: whoever says more is no unit."""

    @property
    def unit(self) -> str:
        """Fingerprint of its key."""
        return self.proven.unit

    @property
    def address(self) -> str:
        """Where it comes from."""
        return self.connection.peer.address

    @property
    def name(self) -> Name:
        """Its own, or for want of one the key's first letters."""
        return self.join.name or f"Unit {spelled(self.unit)[:4]}"


class PairingDesk:
    """One for each hub."""

    def __init__(
        self,
        trust: HouseTrust,
        sockets: UnitSockets,
        now_ns: Callable[[], int],
        utc_ms: Callable[[], int],
    ) -> None:
        """Nobody waits."""
        self._trust = trust
        self._sockets = sockets
        self._now_ns, self._utc_ms = now_ns, utc_ms
        self._guard = CodeGuard()
        self._label_key = secrets.token_bytes(32)
        self._waiters: dict[str, Waiter] = {}
        self._steps: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        """Of SPAKE2, at most one for each unit that waits."""
        self._told = TokenBucket(per_s=TOLD_PER_S, burst=TOLD_AT_ONCE)
        trust.taps.add(self._revoked)

    async def run(self) -> Never:
        """Work SPAKE2 out until cancelled."""
        while True:
            step = await self._steps.get()
            try:
                await step()
            except Exception:
                log.exception("a step of a pairing could not be worked out; the others go on")

    # --- the unit ---

    def enter(
        self, proven: Proven, join: Join, connection: Connection, come_in: Callable[[], None]
    ) -> Waiter:
        """A unit begins to wait.

        Raises:
            PeerFault: too many wait.
        """
        waiter = Waiter(proven, join, connection, come_in, self._utc_ms())
        older = self._waiters.pop(waiter.unit, None)
        if older is not None:
            self._let_go(older)
            older.connection.fail(CloseCode.SUPERSEDED, NEWER)
        self._make_room(waiter)
        self._waiters[waiter.unit] = waiter
        connection.send(Unpaired())
        if self._told.take(1, self._now_ns()):
            log.info("unit %s (%r) waits to be paired", spelled(waiter.unit), waiter.name)
        self._note(Deed.UNIT_WAITS, waiter)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Its connection is gone; does nothing once it is paired, or waits on another."""
        if self._waiters.get(waiter.unit) is waiter:
            del self._waiters[waiter.unit]
            self._let_go(waiter)

    def receive(self, waiter: Waiter, message: str | bytes, arrival_ns: int) -> None:
        """One message of a unit that waits.

        Raises:
            PeerFault: it came out of turn, or there are too many.
            WireError: it cannot be read.
        """
        if isinstance(message, bytes):
            raise PeerFault(CloseCode.MALFORMED, "a packet: this unit is not welcome yet")
        if not waiter.may_say.take(1, arrival_ns):
            raise PeerFault(CloseCode.RATE, TOO_MUCH)
        self._let_time_pass(waiter)
        match parse_client_message(message):
            case PairShare() as said:
                self._answered(waiter, said)
            case PairPressed(signature=signature):
                self._pressed(waiter, signature)
            case PairRefused(why=why):
                self._refused(waiter, why)
            case said:
                raise PeerFault(CloseCode.MALFORMED, f"{said.type}: this unit is not welcome yet")

    # --- the operator ---

    def waiting(self) -> tuple[Stranger, ...]:
        """Those who wait, the first come first."""
        for waiter in self._waiters.values():
            self._let_time_pass(waiter)
        return tuple(self._shown(waiter) for waiter in self._waiters.values())

    def waiting_in(self, room: str) -> tuple[WaitingUnit, ...]:
        """For the hosts of a room: those who want to join it."""
        return tuple(
            WaitingUnit(unit=waiter.unit, name=waiter.join.name, has_code=waiter.pairing.has_code)
            for waiter in self._waiters.values()
            if waiter.join.room == room
        )

    def pair(self, unit: str, code: str, by: Actor) -> None:
        """Ask a unit for its proof of this code; raises ``TrustRefused``."""
        waiter = self._ready(unit, Happening.CODE_TYPED)
        label, now_ns = self._label(code), self._now_ns()
        if not self._guard.take(unit, label, now_ns):
            raise TrustRefused("paused", PAUSED)
        waiter.pairing.happens(Happening.CODE_TYPED, now_ns)
        waiter.asked_by = by
        waiter.exchange = Exchange(code, label, waiter.proven.transcript)
        self._note(Deed.UNIT_ASKED, waiter, by)
        self._steps.put_nowait(partial(self._begin, waiter, waiter.exchange))

    def accept(self, unit: str, by: Actor) -> None:
        """Ask a unit without a label for a long press; raises ``TrustRefused``."""
        waiter = self._ready(unit, Happening.ACCEPTED)
        if waiter.pairing.has_code:
            raise TrustRefused("has_code", HAS_CODE)
        waiter.pairing.happens(Happening.ACCEPTED, self._now_ns())
        waiter.asked_by = by
        waiter.connection.send(PairByPress())
        self._note(Deed.UNIT_ASKED, waiter, by)

    def identify(self, unit: str, by: Actor) -> None:
        """Let a unit blink, one that is here or one that waits; raises ``TrustRefused``."""
        waiter = self._waiters.get(unit)
        if waiter is not None:
            waiter.connection.send(Attend(what=Attention.IDENTIFY))
        elif not self._sockets.blink(unit):
            raise TrustRefused("not_found", "no unit of this fingerprint is connected")
        self._trust.audit(Deed.UNIT_IDENTIFIED, by.name, unit, by.address, self._utc_ms())

    # --- inside ---

    def _ready(self, unit: str, happening: Happening) -> Waiter:
        waiter = self._waiters.get(unit)
        if waiter is None:
            raise TrustRefused("not_found", NOT_WAITING)
        self._let_time_pass(waiter)
        if (waiter.pairing.step, happening) not in TRANSITIONS:
            raise TrustRefused("busy", BUSY)
        return waiter

    async def _begin(self, waiter: Waiter, exchange: Exchange) -> None:
        share = await asyncio.to_thread(exchange.begin)
        if waiter.exchange is exchange:
            waiter.connection.send(PairByCode(share=share))

    def _answered(self, waiter: Waiter, said: PairShare) -> None:
        exchange = waiter.exchange
        if exchange is None or not exchange.take(said):
            raise PeerFault(CloseCode.MALFORMED, f"pair_share: {OUT_OF_TURN}")
        self._steps.put_nowait(partial(self._judge, waiter, exchange))

    async def _judge(self, waiter: Waiter, exchange: Exchange) -> None:
        """Whether the unit knows the code; only then does it learn whether the hub does."""
        shared_key = await asyncio.to_thread(exchange.finish)
        self._let_time_pass(waiter)
        if waiter.exchange is not exchange:
            return  # it left, or took too long: the try counts
        waiter.exchange = None
        transcript, now_ns = waiter.proven.transcript, self._now_ns()
        right = shared_key is not None and exchange.is_confirmed(shared_key, UNIT)
        if shared_key is None or not right:
            waiter.pairing.happens(Happening.WRONG_CODE, now_ns)
            waiter.connection.send(Unpaired())
            self._note(Deed.UNIT_REFUSED, waiter, waiter.asked_by, "wrong code")
            return
        self._guard.right(waiter.unit, exchange.label)
        waiter.pairing.happens(Happening.RIGHT_CODE, now_ns)
        confirmation = transcript.confirmed_by(shared_key, HUB)
        waiter.connection.send(PairConfirm(confirmation=confirmation))

    def _pressed(self, waiter: Waiter, signature: str) -> None:
        how = How.PRESS if waiter.pairing.first_use else How.CODE
        if (waiter.pairing.step, Happening.PRESSED) not in TRANSITIONS or waiter.asked_by is None:
            raise PeerFault(CloseCode.MALFORMED, f"pair_pressed: {OUT_OF_TURN}")
        if not waiter.proven.transcript.is_signed(signature, waiter.proven.key, PRESS):
            self._note(Deed.UNIT_REFUSED, waiter, None, "wrong signature")
            raise PeerFault(CloseCode.UNAUTHORISED, "pair_pressed: this is not its signature")
        by = waiter.asked_by
        key = waiter.proven.key
        try:
            self._trust.pair(key, waiter.name, how, by.name, by.address, self._utc_ms())
        except TrustRefused as refused:
            raise PeerFault(CloseCode.RATE, refused.text) from refused
        waiter.pairing.happens(Happening.PRESSED, self._now_ns())
        self._waiters.pop(waiter.unit, None)
        waiter.come_in()

    def _refused(self, waiter: Waiter, why: PairRefusal) -> None:
        self._let_go(waiter)
        waiter.pairing.happens(Happening.UNIT_REFUSED, self._now_ns(), why)
        self._note(Deed.UNIT_REFUSED, waiter, waiter.asked_by, why.value)

    def _revoked(self, revoked: Revoked) -> None:
        """What an operator asked for is asked by nobody once their session is over."""
        for waiter in self._waiters.values():
            by = waiter.asked_by
            if revoked.kind is RevokedKind.SESSION and by is not None and by.session == revoked.id:
                waiter.asked_by = None

    def _let_time_pass(self, waiter: Waiter) -> None:
        if waiter.pairing.passes(self._now_ns()):
            self._let_go(waiter)

    def _let_go(self, waiter: Waiter) -> None:
        """Give an exchange up; one that the unit did not answer was no guess."""
        exchange, waiter.exchange = waiter.exchange, None
        if exchange is not None and not exchange.is_answered:
            self._guard.give_back(waiter.unit, exchange.label)

    def _make_room(self, newcomer: Waiter) -> None:
        """Whoever fills the desk from one address makes room for others, not the other way round.

        Raises:
            PeerFault: the newcomer is one of them.
        """
        if len(self._waiters) < MAX_WAITING_UNITS:
            return
        whose = [network_of(waiter.address) for waiter in self._waiters.values()]
        most, count = Counter(whose).most_common(1)[0]
        if count <= whose.count(network_of(newcomer.address)) + 1:
            raise PeerFault(CloseCode.RATE, TOO_MANY_WAIT)
        latest = [one for one in self._waiters.values() if network_of(one.address) == most][-1]
        self.leave(latest)
        latest.connection.fail(CloseCode.RATE, MADE_ROOM)

    def _label(self, code: str) -> str:
        """Stands for a code, and tells nobody what it is."""
        return hmac.new(self._label_key, code.encode(), hashlib.sha256).hexdigest()

    def _shown(self, waiter: Waiter) -> Stranger:
        return Stranger(
            unit=waiter.unit,
            name=waiter.name,
            since_utc_ms=waiter.since_utc_ms,
            address=waiter.address,
            has_code=waiter.pairing.has_code,
            state=str(waiter.pairing),
            tries_left=self._guard.left(waiter.unit, self._now_ns()),
            first_use=waiter.pairing.first_use,
        )

    def _note(self, deed: Deed, waiter: Waiter, by: Actor | None = None, why: str = "") -> None:
        about = f"{waiter.unit} {waiter.name} {why}".rstrip()
        name, address = (None, waiter.address) if by is None else (by.name, by.address)
        self._trust.audit(deed, name, about, address, self._utc_ms())
