"""Who a unit and a hub are to each other: keys, fingerprints, and what each of them signs.

Every unit has an Ed25519 key of its own, every site one that all its hubs share. At each
connection both sign the same transcript under different contexts: a signature is worth nothing
on another connection, to another site, or back to whoever made it (RFC 8032 for the signatures).

::

    transcript = version ‖ site key ‖ unit key ‖ hub nonce ‖ unit nonce ‖ certificate ‖ room
    hub signs    "parvis 1 hub"  ‖ 0 ‖ SHA-256(transcript)
    unit signs   "parvis 1 unit" ‖ 0 ‖ SHA-256(transcript)

All fields but the room, which comes last, have a fixed length. ``certificate`` is the SHA-256 of
the certificate (DER) that the hub showed on this connection, or 32 zeros: who sits between the two
and decrypts has another one.

Pairing proves that both know the eight characters of the unit's label (SPAKE2, RFC 9382, over
Ed25519's group): the key that comes of it confirms the same transcript.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
NONCE_BYTES = 32
SIGNATURE_BYTES = 64
NO_CERTIFICATE = bytes(32)

HUB, UNIT = b"parvis 1 hub", b"parvis 1 unit"
"""Contexts: what one side signed is never taken for the other's."""
PRESS = b"parvis 1 press"
"""Context of a unit's consent to a pairing: its button was pressed for it."""

SETUP_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs, five bits each: no I and O, no 0 and 1."""
SETUP_CODE_CHARACTERS = 8
"""40 bits, of which an attacker may guess five before a pause."""

FINGERPRINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Transcript:
    """One connection, as both its ends see it."""

    site_key: bytes
    unit_key: bytes
    hub_nonce: bytes
    unit_nonce: bytes
    room: str
    certificate: bytes = NO_CERTIFICATE

    def __post_init__(self) -> None:
        """Every part that is not the last one has its length, or two could read alike."""
        fixed = (self.site_key, self.unit_key, self.hub_nonce, self.unit_nonce, self.certificate)
        if any(len(part) != KEY_BYTES for part in fixed):
            raise ValueError("keys, nonces and a certificate's digest have 32 bytes each")

    def digest(self) -> bytes:
        """SHA-256 over all parts: 32 bytes."""
        parts = (self.site_key, self.unit_key, self.hub_nonce, self.unit_nonce, self.certificate)
        return hashlib.sha256(b"parvis 1" + b"".join(parts) + self.room.encode()).digest()

    def signed_by(self, key: Ed25519PrivateKey, context: bytes) -> str:
        """The signature, as text for a message."""
        return to_text(key.sign(context + b"\0" + self.digest()))

    def is_signed(self, signature: str, public_key: bytes, context: bytes) -> bool:
        """Whether the owner of this key signed this transcript in this context."""
        try:
            made = from_text(signature, SIGNATURE_BYTES)
            key = Ed25519PublicKey.from_public_bytes(public_key)
            key.verify(made, context + b"\0" + self.digest())
        except (InvalidSignature, ValueError):
            return False
        return True

    def confirmed_by(self, shared_key: bytes, context: bytes) -> str:
        """Proof of knowing the key that SPAKE2 gave, tied to this connection, as text."""
        return to_text(hmac.digest(shared_key, context + b"\0" + self.digest(), "sha256"))

    def is_confirmed(self, confirmation: str, shared_key: bytes, context: bytes) -> bool:
        """Whether the other side knows the same key."""
        return hmac.compare_digest(confirmation, self.confirmed_by(shared_key, context))


def new_nonce() -> bytes:
    """32 random bytes that are used once."""
    return secrets.token_bytes(NONCE_BYTES)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of a private key's public half."""
    return key.public_key().public_bytes_raw()


def fingerprint(public_key: bytes) -> str:
    """A key by 16 characters, a-z and 2-7: names a unit for as long as it has this key."""
    digest = hashlib.sha256(public_key).digest()[:FINGERPRINT_BYTES]
    return base64.b32encode(digest).decode().lower()


def spelled(print_: str) -> str:
    """A fingerprint for people: four groups of four."""
    return " ".join(print_[at : at + 4] for at in range(0, len(print_), 4))


def new_setup_code() -> str:
    """Eight characters for the label of one unit."""
    return "".join(secrets.choice(SETUP_CODE_ALPHABET) for _ in range(SETUP_CODE_CHARACTERS))


def read_setup_code(typed: str) -> str | None:
    """The code that somebody typed, with dashes, blanks and small letters as they like.

    None: it can be no code.
    """
    code = "".join(sign for sign in typed.upper() if not sign.isspace() and sign != "-")
    whole = len(code) == SETUP_CODE_CHARACTERS
    return code if whole and set(code) <= set(SETUP_CODE_ALPHABET) else None


def to_text(raw: bytes) -> str:
    """base64url without padding (RFC 4648)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str, size_bytes: int) -> bytes:
    """The bytes of ``to_text``.

    Raises:
        ValueError: it is no base64url, or not of this size.
    """
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(raw) != size_bytes or to_text(raw) != text:
        raise ValueError(f"not {size_bytes} bytes in base64url")
    return raw
