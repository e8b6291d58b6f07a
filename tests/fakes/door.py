"""A hub's door for units' tests: it introduces itself, keeps strangers, and pairs them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import trustme
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from spake2 import SPAKE2_A
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from parvis_wire.base import Wire
from parvis_wire.identity import (
    HUB,
    NO_CERTIFICATE,
    PRESS,
    UNIT,
    Transcript,
    from_text,
    new_nonce,
    public_bytes,
    to_text,
)
from parvis_wire.messages import Join, parse_client_message, serialize
from parvis_wire.pairing import (
    Challenge,
    PairByCode,
    PairByPress,
    PairConfirm,
    PairPressed,
    PairRefusal,
    PairRefused,
    PairShare,
    Proof,
    Unpaired,
)


@dataclass
class Door:
    """One site's. A unit whose key it knows comes in."""

    site: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    signs_with: Ed25519PrivateKey | None = None
    """Another key than the site's: a hub that lies about who it is."""
    certificate: bytes | None = None
    """The digest that it vouches for."""
    knows: set[bytes] = field(default_factory=set)
    lets_strangers_in: bool = False
    """As a hub does that nobody has claimed."""
    proofs: int = 0
    refusals: list[PairRefusal] = field(default_factory=list)
    too_much: list[object] = field(default_factory=list)
    """What a stranger said and should not have."""
    waiting: bool = False
    right: bool | None = None
    """Whether the last code was right."""
    lies_about_code: bool = False
    """Says a confirmation that is none, whatever the unit said."""
    _connection: ServerConnection | None = None
    _transcript: Transcript | None = None
    _side: Any = None
    _happened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> bytes:
        return public_bytes(self.site)

    async def let_in(self, connection: ServerConnection, join: Join) -> bool:
        """Whether it is to be welcomed."""
        assert join.unit_key is not None
        unit_key = from_text(join.unit_key.key, 32)
        nonce = new_nonce()
        digest = NO_CERTIFICATE if self.certificate is None else self.certificate
        unit_nonce = from_text(join.unit_key.nonce, 32)
        transcript = Transcript(self.key, unit_key, nonce, unit_nonce, join.room, digest)
        await connection.send(serialize(self._challenge(transcript, nonce)))
        answer = parse_client_message(await connection.recv())
        if isinstance(answer, PairRefused):
            self.refusals.append(answer.why)
            self._happened.set()
            return False
        assert isinstance(answer, Proof)
        assert transcript.is_signed(answer.signature, unit_key, UNIT)
        self.proofs += 1
        if unit_key in self.knows or self.lets_strangers_in:
            return True
        self._connection, self._transcript = connection, transcript
        await connection.send(serialize(Unpaired()))
        self.waiting = True
        self._happened.set()
        with contextlib.suppress(ConnectionClosed):
            async for frame in connection:
                paired = await self._said(frame, unit_key)
                self._happened.set()
                if paired:
                    return True
        self.waiting = False
        return False

    async def until(self, condition: Callable[[Door], bool], timeout_s: float = 5.0) -> None:
        """Wait until a unit's word makes ``condition`` true."""
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                self._happened.clear()
                await self._happened.wait()

    async def pair(self, code: str) -> None:
        """An operator types the code of a label."""
        assert self._transcript is not None
        self.right = None
        unit_key = self._transcript.unit_key
        self._side = SPAKE2_A(code.encode(), idA=self.key, idB=unit_key)
        await self.say(PairByCode(share=to_text(self._side.start())))

    async def accept(self) -> None:
        """An operator accepts a unit without a label."""
        await self.say(PairByPress())

    async def say(self, message: Wire) -> None:
        assert self._connection is not None
        await self._connection.send(serialize(message))

    def _challenge(self, transcript: Transcript, nonce: bytes) -> Challenge:
        return Challenge(
            site_key=to_text(self.key),
            nonce=to_text(nonce),
            certificate=None if self.certificate is None else to_text(self.certificate),
            signature=transcript.signed_by(self.signs_with or self.site, HUB),
        )

    async def _said(self, frame: str | bytes, unit_key: bytes) -> bool:
        """What a stranger says; True: it is paired."""
        assert self._transcript is not None
        message = None if isinstance(frame, bytes) else parse_client_message(frame)
        match message:
            case PairShare(share=share, confirmation=confirmation):
                key = self._side.finish(from_text(share, 33))
                self.right = self._transcript.is_confirmed(confirmation, key, UNIT)
                said = self._transcript.confirmed_by(key, HUB)
                if self.lies_about_code:
                    await self.say(PairConfirm(confirmation=to_text(new_nonce())))
                elif self.right:
                    await self.say(PairConfirm(confirmation=said))
            case PairRefused(why=why):
                self.refusals.append(why)
            case PairPressed(signature=signature):
                assert self._transcript.is_signed(signature, unit_key, PRESS)
                self.knows.add(unit_key)
                return True
            case _:
                self.too_much.append(frame)
        return False


def certified(name: str = "127.0.0.1") -> tuple[ssl.SSLContext, bytes, trustme.CA]:
    """A hub's TLS with a certificate of an authority that nobody knows, its digest, and the
    authority."""
    authority = trustme.CA()
    issued = authority.issue_cert(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    return context, hashlib.sha256(der).digest(), authority
