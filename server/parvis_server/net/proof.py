"""A unit proves its key and the hub the site's, on one connection; ``identity`` has the bytes."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_server.errors import PeerFault
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.identity import (
    HUB,
    KEY_BYTES,
    NO_CERTIFICATE,
    UNIT,
    Transcript,
    fingerprint,
    from_text,
    new_nonce,
    public_bytes,
    to_text,
)
from parvis_wire.messages import Join, parse_client_message
from parvis_wire.pairing import Challenge, PairRefused, Proof, UnitKey

NOT_SIGNED = "proof: this is not the signature of this connection by the key of the join"
OTHER_SITE = "this unit belongs to another site: remove its keys there, or let it forget them"


@dataclass(frozen=True, slots=True)
class Proven:
    """A unit that proved its key."""

    key: bytes
    transcript: Transcript = field(repr=False)

    @property
    def unit(self) -> str:
        """Fingerprint of its key."""
        return fingerprint(self.key)


def transcript_of(
    join: Join, key: UnitKey, site_key: Ed25519PrivateKey, certificate: bytes | None
) -> Transcript:
    """The transcript of a connection, with a new nonce of the hub.

    Raises:
        PeerFault: the join's key or nonce are no 32 bytes.
    """
    try:
        unit_key, unit_nonce = from_text(key.key, KEY_BYTES), from_text(key.nonce, KEY_BYTES)
    except ValueError as error:
        raise PeerFault(CloseCode.MALFORMED, f"unit_key: {error}") from error
    return Transcript(
        site_key=public_bytes(site_key),
        unit_key=unit_key,
        hub_nonce=new_nonce(),
        unit_nonce=unit_nonce,
        room=join.room,
        certificate=certificate or NO_CERTIFICATE,
    )


def challenge_of(
    transcript: Transcript, site_key: Ed25519PrivateKey, certificate: bytes | None
) -> Challenge:
    """What the hub says to prove the site's key."""
    return Challenge(
        site_key=to_text(transcript.site_key),
        nonce=to_text(transcript.hub_nonce),
        certificate=None if certificate is None else to_text(certificate),
        signature=transcript.signed_by(site_key, HUB),
    )


def proven(answer: str | bytes | None, transcript: Transcript) -> Proven:
    """What the unit's answer proves.

    Raises:
        PeerFault: nothing, or the unit will not.
    """
    try:
        said = parse_client_message(answer) if isinstance(answer, str) else None
    except BadMessage as error:
        raise PeerFault(CloseCode.MALFORMED, str(error)) from error
    if isinstance(said, PairRefused):
        raise PeerFault(CloseCode.FORBIDDEN, OTHER_SITE)
    if not isinstance(said, Proof):
        raise PeerFault(CloseCode.MALFORMED, "a challenge is answered by a proof")
    if not transcript.is_signed(said.signature, transcript.unit_key, UNIT):
        raise PeerFault(CloseCode.UNAUTHORISED, NOT_SIGNED)
    return Proven(transcript.unit_key, transcript)
