"""When a participant first came, told by their id. Pure.

An id is made when somebody comes for the first time, and their token is good for this id alone. So
whoever comes back as somebody new is known to be newer than what was asked before, by every hub and
edge, after a restart too, and without a list of who was there.
"""

import base64
import binascii

EPOCH_UTC_S = 1_767_225_600
"""2026-01-01: 32 bits last until 2162."""

BIRTH_BYTES, RANDOM_BYTES = 4, 8
"""64 random bits beside the second: nobody guesses an id of 8,000, and two never meet."""

LATE_S = 10
"""Who comes so shortly after a question was put comes for it; edges' clocks are that much apart."""


def new_id(utc_s: int, randomness: bytes) -> str:
    """An id, 16 characters, for who comes now; ``randomness``: ``RANDOM_BYTES``."""
    since = max(0, utc_s - EPOCH_UTC_S) % (1 << 8 * BIRTH_BYTES)
    octets = since.to_bytes(BIRTH_BYTES, "big") + randomness
    return base64.urlsafe_b64encode(octets).decode()


def born_utc_s(participant: str) -> int | None:
    """When this id was made; None: it is not of this kind."""
    if len(participant) != 16:
        return None
    try:
        octets = base64.b64decode(participant, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return EPOCH_UTC_S + int.from_bytes(octets[:BIRTH_BYTES], "big")


def came_late(participant: str, asked_utc_s: int, now_utc_s: int) -> bool:
    """Whether they first came well after a question was put.

    An id of the future is from before the clock was set back: they were here.
    """
    born = born_utc_s(participant)
    return born is not None and asked_utc_s + LATE_S < born <= now_utc_s
