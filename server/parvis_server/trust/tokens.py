"""Secrets that the hub gives out: how they look, are kept, and stay out of logs. Pure.

Each begins with what it is for, so that a log or an audit that holds one by mistake can be cleaned
without knowing it, and a search for leaked secrets finds it. Only SHA-256 is kept: whoever reads
the database signs in nowhere, and with 128 bits and more nobody goes back from the digest.
"""

import hashlib
import re
import secrets

SETUP_PREFIX, SESSION_PREFIX = "ps_", "po_"

SETUP_BYTES = 16
"""128 bits (OWASP ASVS 7.2.3), in a link that somebody may have to type."""
SESSION_BYTES = 24

HIDDEN = "<secret>"

_TOKEN = re.compile(r"\bp[so]_[A-Za-z0-9_-]{20,}")


def new_setup_token() -> str:
    """For a setup link."""
    return SETUP_PREFIX + secrets.token_urlsafe(SETUP_BYTES)


def new_session_token() -> str:
    """For an operator's session."""
    return SESSION_PREFIX + secrets.token_urlsafe(SESSION_BYTES)


def kept(token: str) -> str:
    """What is remembered of a token: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def without_tokens(text: str) -> str:
    """``text`` with every token of the hub's blotted out."""
    return _TOKEN.sub(HIDDEN, text)
