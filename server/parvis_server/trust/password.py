"""The operator's password: what is asked of it, and how it is kept (argon2id, RFC 9106). Pure.

Both functions take a fifth of a second and 64 MiB on purpose: call them on a thread of their own,
one at a time.
"""

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from parvis_server.errors import TrustRefused

MIN_CHARACTERS = 10
MAX_CHARACTERS = 200

_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
"""RFC 9106's second recommendation with one lane: four would take every core from the mix."""


def check(password: str) -> None:
    """Raise ``TrustRefused`` for what cannot be a password here."""
    if not MIN_CHARACTERS <= len(_canonical(password)) <= MAX_CHARACTERS:
        raise TrustRefused(
            "password", f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
        )


def hashed(password: str) -> str:
    """What is kept: parameters, salt and digest in one line. Slow."""
    return _HASHER.hash(_canonical(password))


def is_right(password_hash: str, password: str) -> bool:
    """Whether ``password`` is the one. Slow."""
    try:
        return _HASHER.verify(password_hash, _canonical(password))
    except (Argon2Error, InvalidHashError):
        return False


def _canonical(password: str) -> str:
    """The same on every keyboard: é is one letter or two (RFC 8265 section 4.2)."""
    return unicodedata.normalize("NFC", password)
