"""How a unit proves itself, and how it is paired: messages between a unit and its hub.

At every connection: ``join`` with ``unit_key``, then ``challenge``, ``proof``, ``welcome``. A unit
that the hub does not know gets ``unpaired`` in the place of ``welcome`` and stays, until an
operator types the code of its label or accepts it by its button. Imported by ``messages``.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from parvis_wire.base import Wire
from parvis_wire.fields import Name

KeyText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 bytes as base64url: a public key, a nonce, a digest, a confirmation."""
SignatureText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]
"""64 bytes as base64url."""
ShareText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{44}$")]
"""A SPAKE2 message of 33 bytes, its side first, as base64url."""
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{16}$")]
"""Names a unit by its key."""

PRESS_S = 120
"""How long a unit waits for the press that confirms a pairing."""
FIRST_USE_HOLD_S = 3
"""A unit without a label is accepted by a press of this length."""
MAX_TRIES = 5
"""Wrong codes before a pause, counted by both sides: either could be the one who guesses."""
PAUSE_S = 600


class UnitKey(Wire):
    """In ``join``: which unit this is, and what the hub shall sign."""

    key: KeyText
    """Its Ed25519 public key."""
    nonce: KeyText


class Challenge(Wire):
    """The hub proves the site's key, and asks the unit for the same."""

    type: Literal["challenge"] = "challenge"
    site_key: KeyText
    nonce: KeyText
    certificate: KeyText | None = None
    """SHA-256 of the certificate that this hub showed on this connection, which it vouches for;
    None: it did not encrypt, and whoever did must be known by its name."""
    signature: SignatureText


class Proof(Wire):
    """The unit's signature of the same transcript."""

    type: Literal["proof"] = "proof"
    signature: SignatureText


class Unpaired(Wire):
    """The hub does not know this unit: it waits until an operator lets it in."""

    type: Literal["unpaired"] = "unpaired"


class PairByCode(Wire):
    """An operator typed the code of the unit's label: the hub's share of SPAKE2."""

    type: Literal["pair_by_code"] = "pair_by_code"
    share: ShareText


class PairShare(Wire):
    """The unit's share, and its proof that it came to the same key."""

    type: Literal["pair_share"] = "pair_share"
    share: ShareText
    confirmation: KeyText


class PairConfirm(Wire):
    """The hub's proof: a press at the unit is all that is missing."""

    type: Literal["pair_confirm"] = "pair_confirm"
    confirmation: KeyText


class PairByPress(Wire):
    """An operator accepts a unit without a label: three seconds on its button, within two minutes.

    Nothing proves to either side that nobody stands between them, which the operator is told.
    """

    type: Literal["pair_by_press"] = "pair_by_press"


class PairRefusal(StrEnum):
    """Why a unit will not be paired now."""

    NO_CODE = "no_code"
    """It has no label: accept it by its button."""
    WRONG_CODE = "wrong_code"
    """The hub's proof was wrong."""
    PAUSED = "paused"
    """Too many wrong codes: it pauses for ten minutes."""
    HAS_CODE = "has_code"
    """It has a label, and is not accepted without its code."""
    NOT_PRESSED = "not_pressed"
    """Nobody pressed in time."""
    OTHER_SITE = "other_site"
    """It belongs to another site: remove its keys there, or hold its button at the start."""


class PairRefused(Wire):
    """The unit will not, and why."""

    type: Literal["pair_refused"] = "pair_refused"
    why: PairRefusal


class PairPressed(Wire):
    """The button was pressed: the unit belongs to this site from now on."""

    type: Literal["pair_pressed"] = "pair_pressed"
    signature: SignatureText
    """Of the transcript, in the context ``PRESS``."""


StrangerSays = Proof | PairShare | PairPressed | PairRefused
"""What a unit says before it is welcome, besides ``join``."""

ToStranger = Challenge | Unpaired | PairByCode | PairConfirm | PairByPress
"""What a unit is told before it is welcome."""


class WaitingUnit(Wire):
    """For hosts: a unit that wants to join."""

    unit: Fingerprint
    name: Name | None = None
    has_code: bool | None = None
    """None: nobody asked it yet."""
