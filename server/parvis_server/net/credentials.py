"""Who somebody claims to be: resume tokens and the secret of the host link. Pure.

A resume token is ``<participant>.<tag>`` with the tag = HMAC-SHA256 over role and participant
(RFC 2104), cut to 128 bits, under a key kept in the data folder: it needs no table and outlives
a restart. The role is part of it, so that a phone's token is worth nothing to a unit.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from parvis_wire.messages import Role

TAG_BYTES = 16
PARTICIPANT_BYTES = 12


def new_participant() -> str:
    """A random participant id: 96 bits, 16 characters."""
    return secrets.token_urlsafe(PARTICIPANT_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The hub's secrets. They have no string form, so that no log can hold them."""

    host_secret: str
    resume_key: bytes

    def __repr__(self) -> str:
        """Not the secrets."""
        return "Keys(…)"

    def is_host(self, secret: str) -> bool:
        """Compare in constant time: the answer's delay tells nothing about the secret."""
        return hmac.compare_digest(secret.encode(errors="replace"), self.host_secret.encode())

    def resume_token(self, role: Role, participant: str) -> str:
        """The token that proves later to have been this participant."""
        return f"{participant}.{self._tag(role, participant)}"

    def resumed(self, role: Role, token: str) -> str | None:
        """The participant of a token that this hub made for this role; None for any other."""
        participant, _, tag = token.partition(".")
        expected = self._tag(role, participant)
        return (
            participant
            if hmac.compare_digest(tag.encode(errors="replace"), expected.encode())
            else None
        )

    def _tag(self, role: Role, participant: str) -> str:
        subject = f"parvis resume v1 {role.value} {participant}".encode(errors="replace")
        digest = hmac.new(self.resume_key, subject, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:TAG_BYTES]).rstrip(b"=").decode()
