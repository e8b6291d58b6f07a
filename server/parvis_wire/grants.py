"""Grants: may this participant listen in this room, signed by the hub, checked at any edge. Pure.

A grant is ``<base64url of the JSON claims>.<base64url of the signature>``, signed with the site's
Ed25519 key (RFC 8032) over ``parvis grant v1`` and the claims. It lives for ten minutes: longer
than a listener needs to come back, shorter than an evening. A host's act ends it at once: edges are
told who was shown out and which invitation is void.
"""

import base64
import binascii
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field, ValidationError

from parvis_wire.base import Wire
from parvis_wire.fields import ParticipantId, RoomName

GRANT_MS = 600_000
CONTEXT = b"parvis grant v1|"
MAX_GRANT_CHARACTERS = 512


class Grant(Wire):
    """What the hub signed."""

    kind: Literal["listen"] = "listen"
    room: RoomName
    participant: ParticipantId
    until_utc_ms: int = Field(ge=0)
    invite: int | None = None
    """Number of the invitation that let them in."""
    invited: bool = False
    speaker: bool = False
    """By a speaker's invitation."""


def signed(grant: Grant, key: Ed25519PrivateKey) -> str:
    """The grant as text, to be shown at an edge."""
    claims = grant.model_dump_json().encode()
    return f"{_text(claims)}.{_text(key.sign(CONTEXT + claims))}"


def granted(text: str, key: Ed25519PublicKey, utc_ms: int) -> Grant | None:
    """The grant, if the hub signed it and its time is not over; None for anything else."""
    claims_text, _, signature_text = text[:MAX_GRANT_CHARACTERS].partition(".")
    try:
        claims, signature = _bytes(claims_text), _bytes(signature_text)
        key.verify(signature, CONTEXT + claims)
        grant = Grant.model_validate_json(claims)
    except (InvalidSignature, ValidationError, ValueError, binascii.Error):
        return None
    return grant if utc_ms < grant.until_utc_ms else None


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
