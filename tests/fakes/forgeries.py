"""Signatures and confirmations that are not good for this connection, of every kind there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_wire.identity import HUB, PRESS, UNIT, Transcript, from_text, public_bytes, to_text


@dataclass(frozen=True, slots=True)
class Parties:
    """Both keys, this connection, an older one of the same two, and what SPAKE2 gave."""

    site: Ed25519PrivateKey
    unit: Ed25519PrivateKey
    now: Transcript
    before: Transcript
    shared_key: bytes

    @classmethod
    def meet(cls, dice: Random) -> Parties:
        """Two that never met."""
        site = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        unit = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        now, before = (_connection(site, unit, dice) for _ in range(2))
        return cls(site, unit, now, before, dice.randbytes(32))


def _connection(site: Ed25519PrivateKey, unit: Ed25519PrivateKey, dice: Random) -> Transcript:
    nonces = dice.randbytes(32), dice.randbytes(32)
    return Transcript(public_bytes(site), public_bytes(unit), *nonces, "main", dice.randbytes(32))


def altered(transcript: Transcript, dice: Random) -> Transcript:
    """The same connection but for one part: a part of it is bent, or two are exchanged."""
    parts = ("site_key", "unit_key", "hub_nonce", "unit_nonce", "certificate")
    which = dice.randrange(len(parts) + 2)
    if which < len(parts):
        change: dict[str, Any] = {parts[which]: _bent(getattr(transcript, parts[which]), dice)}
        return replace(transcript, **change)
    if which == len(parts):
        return replace(transcript, room=dice.choice(["attic", "main2", "mai", ""]))
    return replace(transcript, hub_nonce=transcript.unit_nonce, unit_nonce=transcript.hub_nonce)


def _bent(raw: bytes, dice: Random) -> bytes:
    at, bit = dice.randrange(len(raw)), 1 << dice.randrange(8)
    return raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]


def bent_text(text: str, size_bytes: int, dice: Random) -> str:
    """A signature or confirmation with one bit of it turned."""
    return to_text(_bent(from_text(text, size_bytes), dice))


Forge = Callable[[Parties, Random], str]

PROOFS: Mapping[str, Forge] = {
    "replayed": lambda p, d: p.before.signed_by(p.unit, UNIT),
    "reflected": lambda p, d: p.now.signed_by(p.site, HUB),
    "the hub's context": lambda p, d: p.now.signed_by(p.unit, HUB),
    "a press": lambda p, d: p.now.signed_by(p.unit, PRESS),
    "another key": lambda p, d: p.now.signed_by(
        Ed25519PrivateKey.from_private_bytes(d.randbytes(32)), UNIT
    ),
    "another connection": lambda p, d: altered(p.now, d).signed_by(p.unit, UNIT),
    "bent": lambda p, d: bent_text(p.now.signed_by(p.unit, UNIT), 64, d),
    "noise": lambda p, d: to_text(d.randbytes(64)),
}
"""Instead of the unit's signature of this connection."""

PRESSES: Mapping[str, Forge] = {
    "replayed": lambda p, d: p.before.signed_by(p.unit, PRESS),
    "the proof again": lambda p, d: p.now.signed_by(p.unit, UNIT),
    "reflected": lambda p, d: p.now.signed_by(p.site, HUB),
    "another connection": lambda p, d: altered(p.now, d).signed_by(p.unit, PRESS),
    "bent": lambda p, d: bent_text(p.now.signed_by(p.unit, PRESS), 64, d),
}
"""Instead of its consent."""

CONFIRMATIONS: Mapping[str, Forge] = {
    "replayed": lambda p, d: p.before.confirmed_by(p.shared_key, UNIT),
    "reflected": lambda p, d: p.now.confirmed_by(p.shared_key, HUB),
    "another code": lambda p, d: p.now.confirmed_by(d.randbytes(32), UNIT),
    "another connection": lambda p, d: altered(p.now, d).confirmed_by(p.shared_key, UNIT),
    "bent": lambda p, d: bent_text(p.now.confirmed_by(p.shared_key, UNIT), 32, d),
}
"""Instead of the proof that it came to the same key."""
