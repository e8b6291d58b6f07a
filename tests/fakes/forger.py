"""Thousands of forged pairings against a real hub, with an honest unit among them.

A thief overhears everything that a paired unit and one that waits say, and tries each kind of
forgery there is over real sockets. The desk's pauses are moved out of the way: what has to hold
is the signature, not the limit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from fakes.forgeries import CONFIRMATIONS, PRESSES, PROOFS, Forge, Parties
from fakes.house import OPERATOR, FakeClock, desk_of, shown, take_in, trust_of, use_clock
from fakes.keyed_unit import KeyedUnit, here
from fakes.live_hub import LiveHub
from fakes.peer import Peer, peer
from parvis_server.trust.pairing import PAUSE_NS
from parvis_wire.identity import Transcript, to_text
from parvis_wire.messages import Welcome
from parvis_wire.pairing import PairByCode, PairByPress, PairConfirm, PairPressed, PairShare, Proof
from parvis_wire.pairing import Unpaired as Waits

HONEST_EVERY = 100
"""An honest pairing among the forged ones: the hub must not simply refuse everybody."""

PRESS_SHARE, CODE_SHARE = 0.15, 0.05
"""Of the attempts; a code costs both sides SPAKE2. The others are proofs."""

CODE = "ABCD2345"


@dataclass(slots=True)
class Forged:
    """What came of it."""

    refused: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    honest: int = 0
    """Honest pairings that succeeded."""
    honest_tried: int = 0

    def note(self, kind: str, accepted: bool) -> None:
        """One forgery of this kind."""
        (self.accepted if accepted else self.refused)[kind] += 1

    @property
    def good(self) -> bool:
        """Nothing forged was taken, everything honest was."""
        return not self.accepted and self.honest == self.honest_tried > 0

    def __str__(self) -> str:
        """For the log of a soak."""
        tried = self.refused.total() + self.accepted.total()
        return (
            f"{tried} forged, {self.accepted.total()} accepted {dict(self.accepted) or ''}; "
            f"{len(self.refused)} kinds; honest pairings {self.honest} of {self.honest_tried}"
        )


class Forger:
    """The thief at work."""

    def __init__(self, hub: LiveHub, seed: int) -> None:
        self.hub = hub
        self.dice = Random(seed)
        self.clock: FakeClock = use_clock(hub)
        self.box = KeyedUnit(CODE, name="Victim")
        self.stranger = KeyedUnit(CODE, name="Stranger")
        self.found = Forged()
        self.before: dict[str, Transcript] = {}
        take_in(hub, self.box)

    async def work(self, count: int) -> Forged:
        """So many attempts."""
        await self._overhear()
        for number in range(count):
            if number % HONEST_EVERY == 0:
                await self._honest()
            share = self.dice.random()
            if share < CODE_SHARE:
                await self._confirmation()
            elif share < CODE_SHARE + PRESS_SHARE:
                await self._press()
            else:
                await self._proof()
        return self.found

    async def _overhear(self) -> None:
        async with peer(self.hub.unit) as door:
            self.before["box"] = await self.box.prove(door)
            await door.until(Welcome)
        async with peer(self.hub.unit) as door:
            self.before["stranger"] = await self.stranger.wait(door)

    async def _honest(self) -> None:
        self.found.honest_tried += 1
        unit = KeyedUnit(CODE)
        self.clock.pass_s(PAUSE_NS / 1e9)
        async with peer(self.hub.unit) as door:
            transcript = await unit.wait(door)
            desk_of(self.hub).pair(unit.unit, CODE, OPERATOR)
            await unit.confirmed(door, transcript)
            await unit.press(door, transcript)
            await door.until(Welcome)
        async with here(unit, self.hub.unit):
            self.found.honest += 1
        trust_of(self.hub).revoke(unit.unit, OPERATOR.name, OPERATOR.address, 1)

    def _parties(self, whose: str, now: Transcript, shared_key: bytes = bytes(32)) -> Parties:
        unit = self.box if whose == "box" else self.stranger
        site = trust_of(self.hub).site_key
        return Parties(site, unit.key, now, self.before[whose], shared_key)

    def _pick(self, forgeries: dict[str, Forge], parties: Parties) -> tuple[str, str]:
        kind = self.dice.choice(sorted(forgeries))
        return kind, forgeries[kind](parties, self.dice)

    async def _proof(self) -> None:
        async with peer(self.hub.unit) as door:
            now = await self.box.challenged(door)
            kind, signature = self._pick(dict(PROOFS), self._parties("box", now))
            await door.say(Proof(signature=signature))
            await door.until_closed()
            taken = any(isinstance(said, Welcome | Waits) for said in door.heard)
            self.found.note(f"proof: {kind}", taken)

    async def _press(self) -> None:
        async with peer(self.hub.unit) as door:
            now = await self.stranger.wait(door)
            desk_of(self.hub).accept(self.stranger.unit, OPERATOR)
            await door.until(PairByPress)
            kind, signature = self._pick(dict(PRESSES), self._parties("stranger", now))
            await door.say(PairPressed(signature=signature))
            await door.until_closed()
            taken = trust_of(self.hub).unit(self.stranger.unit) is not None
            self.found.note(f"press: {kind}", taken)

    async def _confirmation(self) -> None:
        """The thief even knows the key of SPAKE2 here: only this connection's proof counts."""
        self.clock.pass_s(PAUSE_NS / 1e9)
        async with peer(self.hub.unit) as door:
            now = await self.stranger.wait(door)
            desk_of(self.hub).pair(self.stranger.unit, CODE, OPERATOR)
            share, key = self.stranger.spake2(await door.until(PairByCode), now, CODE)
            kind, forged = self._pick(dict(CONFIRMATIONS), self._parties("stranger", now, key))
            await door.say(PairShare(share=to_text(share), confirmation=forged))
            await self._judged(door)
            taken = shown(self.hub, self.stranger).state != "wrong_code"
            self.found.note(f"confirmation: {kind}", taken)

    async def _judged(self, door: Peer) -> None:
        while not isinstance(await door.hear(), PairConfirm | Waits):
            pass
