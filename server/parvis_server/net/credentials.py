"""Who somebody claims to be: resume tokens, invitations and the secrets of host links. Pure.

A resume token is ``<participant>.<tag>`` with the tag = HMAC-SHA256 over role and participant
(RFC 2104), cut to 128 bits, under a key kept in the data folder: it needs no table and outlives
a restart. The role is part of it, so that a phone's token is worth nothing to a unit. Listeners'
tokens are made by edges too, with a key that they were lent: they tell who listens, and prove no
right. Whose rank rises gets a *raised* token of the hub's own instead. The secrets of links
are made in the same way, from the room and what they are for: nothing secret is stored, and an
invitation is void once the room no longer lists its number.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from parvis_server.room.births import RANDOM_BYTES, new_id
from parvis_wire.floor import InviteRole
from parvis_wire.messages import DEFAULT_ROOM, Role

TAG_BYTES = 16
SEAT_CODE_BYTES = 9
"""72 bits: it stands on a table for everybody there, and lets nobody into a room by itself."""

AUDIENCE_NUMBER = 0
"""Number of the secret that everybody in a private room's audience shares."""

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 signs that nobody takes for each other: no 0 and O, no 1, I and L."""

CODE_CHARACTERS = 6
"""887 million codes: guessed once in days at the rate that the hub answers."""

LISTENER_ID = re.compile(r"[A-Za-z0-9_-]{16}")
"""What ``new_participant`` makes: no second person at a unit, no microphone of a phone, and nobody
whom the rooms know by a word."""

RAISED = "raised-"
"""Begins the tag of a token that no edge can make or check."""


def new_participant(utc_s: float = 0) -> str:
    """A participant id, 16 characters: since when, where it matters, and 64 random bits."""
    return new_id(int(utc_s), secrets.token_bytes(RANDOM_BYTES))


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The hub's secrets. They have no string form, so that no log can hold them."""

    host_secret: str
    """Of the default room."""
    resume_key: bytes
    operator_token: str = ""
    """Of whoever runs this hub; empty: nobody has one."""
    listener_key: bytes = b""
    """What listeners' tokens, and no others, are made with, so that edges can make and know them;
    empty: the resume key."""

    def __repr__(self) -> str:
        """Not the secrets."""
        return "Keys(…)"

    def is_operator(self, token: str) -> bool:
        """Whether this is the token of whoever runs the hub."""
        return bool(self.operator_token) and same(token, self.operator_token)

    def host_secret_of(self, room: str) -> str:
        """The secret of a room's host link."""
        if room == DEFAULT_ROOM:
            return self.host_secret
        return self._made(f"parvis host v1|{room}", TAG_BYTES)

    def is_host(self, secret: str, room: str = DEFAULT_ROOM) -> bool:
        """Whether this is the secret of the room's host link, there or not."""
        return same(secret, self.host_secret_of(room))

    def invite_token(self, room: str, number: int, role: InviteRole) -> str:
        """The secret in the link of an invitation."""
        return self._made(f"parvis invite v1|{room}|{number}|{role.value}", TAG_BYTES)

    def audience_token(self, room: str) -> str:
        """The secret in the link of a private room."""
        return self.invite_token(room, AUDIENCE_NUMBER, InviteRole.AUDIENCE)

    def seat_code(self, room: str, unit_name: str) -> str:
        """What the code at a unit holds, to attach oneself to it."""
        return self._made(f"parvis seat v1|{room}|{unit_name}", SEAT_CODE_BYTES)

    def short_code(self, target: str, attempt: int) -> str:
        """Six characters to type in the place of a link; another one for each attempt."""
        left = int.from_bytes(self._digest(f"parvis code v1|{target}|{attempt}")[:16])
        code = ""
        for _ in range(CODE_CHARACTERS):
            left, sign = divmod(left, len(CODE_ALPHABET))
            code += CODE_ALPHABET[sign]
        return code

    def resume_token(self, role: Role, participant: str) -> str:
        """The token that proves later to have been this participant."""
        return f"{participant}.{self._tag(role, participant)}"

    def resumed(self, role: Role, token: str) -> str | None:
        """The participant of a token that this hub made for this role; None for any other."""
        participant, _, tag = token.partition(".")
        return participant if same(tag, self._tag(role, participant)) else None

    def raised_token(self, participant: str) -> str:
        """What a listener comes back with who has a rank in the room."""
        return f"{participant}.{self._raised_tag(participant)}"

    def raised(self, token: str) -> str | None:
        """The listener whom the hub itself gave this token; None for any other."""
        participant, _, tag = token.partition(".")
        return participant if same(tag, self._raised_tag(participant)) else None

    def _raised_tag(self, participant: str) -> str:
        return RAISED + self._made(f"parvis raised v1 {participant}", TAG_BYTES)

    def _tag(self, role: Role, participant: str) -> str:
        key = self.listener_key if role is Role.LISTENER else b""
        return self._made(f"parvis resume v1 {role.value} {participant}", TAG_BYTES, key)

    def _made(self, subject: str, size_bytes: int, key: bytes = b"") -> str:
        digest = self._digest(subject, key)
        return base64.urlsafe_b64encode(digest[:size_bytes]).rstrip(b"=").decode()

    def _digest(self, subject: str, key: bytes = b"") -> bytes:
        text = subject.encode(errors="replace")
        return hmac.new(key or self.resume_key, text, hashlib.sha256).digest()


def listener_key_of(resume_key: bytes) -> bytes:
    """The key of listeners' tokens, from which nobody comes to the resume key."""
    return hmac.new(resume_key, b"parvis listeners v1", hashlib.sha256).digest()


def claimed_by(token: str) -> str | None:
    """The listener whom a raised token names, if it is a good one, which the hub alone can tell;
    None: it is no raised token."""
    participant, _, tag = token.partition(".")
    is_raised = tag.startswith(RAISED) and LISTENER_ID.fullmatch(participant)
    return participant if is_raised else None


def same(shown: str, secret: str) -> bool:
    """Compare in constant time: the answer's delay tells nothing about the secret."""
    return hmac.compare_digest(shown.encode(errors="replace"), secret.encode())
