"""A unit with a key: proves it, is paired, and does what a hostile one would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spake2 import SPAKE2_B

from fakes.peer import Peer, peer
from parvis_wire.identity import (
    HUB,
    NO_CERTIFICATE,
    PRESS,
    UNIT,
    Transcript,
    fingerprint,
    from_text,
    new_nonce,
    public_bytes,
    to_text,
)
from parvis_wire.messages import DEFAULT_ROOM, PROTOCOL_VERSION, Join, Role, Snapshot, Time, Welcome
from parvis_wire.pairing import (
    Challenge,
    PairByCode,
    PairConfirm,
    PairPressed,
    PairShare,
    Proof,
    UnitKey,
    Unpaired,
)
from parvis_wire.stage import UnitTraits


class KeyedUnit:
    """The box: a key, and perhaps a label."""

    def __init__(self, code: str | None = None, name: str = "Table") -> None:
        self.key = Ed25519PrivateKey.generate()
        self.public = public_bytes(self.key)
        self.unit = fingerprint(self.public)
        self.code = code
        self.name = name

    async def challenged(self, door: Peer, **fields: Any) -> Transcript:
        """Join, and read the hub's challenge; the hub proved the site's key."""
        nonce = new_nonce()
        fields.setdefault("unit", UnitTraits())
        fields.setdefault("name", self.name)
        key = UnitKey(key=to_text(self.public), nonce=to_text(nonce))
        await door.say(Join(version=PROTOCOL_VERSION, role=Role.UNIT, unit_key=key, **fields))
        challenge = await door.until(Challenge)
        transcript = Transcript(
            site_key=from_text(challenge.site_key, 32),
            unit_key=self.public,
            hub_nonce=from_text(challenge.nonce, 32),
            unit_nonce=nonce,
            room=fields.get("room", DEFAULT_ROOM),
            certificate=(
                NO_CERTIFICATE
                if challenge.certificate is None
                else from_text(challenge.certificate, 32)
            ),
        )
        assert transcript.is_signed(challenge.signature, transcript.site_key, HUB)
        return transcript

    async def prove(self, door: Peer, **fields: Any) -> Transcript:
        """Join and prove."""
        transcript = await self.challenged(door, **fields)
        await door.say(Proof(signature=transcript.signed_by(self.key, UNIT)))
        return transcript

    async def wait(self, door: Peer, **fields: Any) -> Transcript:
        """Prove, and be told to wait."""
        transcript = await self.prove(door, **fields)
        assert isinstance(await door.hear(), Unpaired)
        return transcript

    async def come_in(self, door: Peer, **fields: Any) -> Peer:
        """Prove, and be welcome."""
        await self.prove(door, **fields)
        return await welcomed(door)

    async def answer(self, door: Peer, transcript: Transcript, code: str) -> bytes:
        """The answer to a code that an operator typed; the key that came of it."""
        share, key = self.spake2(await door.until(PairByCode), transcript, code)
        confirmation = transcript.confirmed_by(key, UNIT)
        await door.say(PairShare(share=to_text(share), confirmation=confirmation))
        return key

    def spake2(self, asked: PairByCode, transcript: Transcript, code: str) -> tuple[bytes, bytes]:
        """Its share, and the key that comes of both."""
        side = SPAKE2_B(code.encode(), idA=transcript.site_key, idB=self.public)
        share: bytes = side.start()
        key: bytes = side.finish(from_text(asked.share, 33))
        return share, key

    async def confirmed(self, door: Peer, transcript: Transcript) -> None:
        """Answer by its label, and see that the hub knows it too."""
        assert self.code is not None
        key = await self.answer(door, transcript, self.code)
        confirm = await door.until(PairConfirm)
        assert transcript.is_confirmed(confirm.confirmation, key, HUB)

    async def press(self, door: Peer, transcript: Transcript) -> None:
        """Somebody pressed the button."""
        await door.say(PairPressed(signature=transcript.signed_by(self.key, PRESS)))


async def welcomed(door: Peer) -> Peer:
    """Take the three messages of a welcome, in their order."""
    kinds = [type(await door.hear()) for _ in range(3)]
    assert kinds == [Welcome, Snapshot, Time]
    return door


@asynccontextmanager
async def here(box: KeyedUnit, url: str, **fields: Any) -> AsyncIterator[Peer]:
    """A paired unit that is welcome."""
    async with peer(url) as door:
        yield await box.come_in(door, **fields)
