"""Unit and hub prove to each other who they are, at the start of each connection. Pure.

The unit says its key, the hub answers with the site's key and signs; the unit looks whether this is
the hub that it may trust before it signs itself. A unit that was paired trusts the hubs of its site
and nobody else; one that was not goes along with any, and keeps nothing of it.
"""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis_device.address import HubAddress
from parvis_device.errors import DoubtfulHub
from parvis_wire.identity import (
    HUB,
    KEY_BYTES,
    NO_CERTIFICATE,
    PRESS,
    UNIT,
    Transcript,
    fingerprint,
    from_text,
    new_nonce,
    spelled,
    to_text,
)
from parvis_wire.pairing import Challenge, PairPressed, Proof, UnitKey


class OtherSite(DoubtfulHub):
    """An honest hub of a site that this unit does not belong to."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a unit sees of the way to the hub by itself."""

    own_machine: bool = False
    """The hub runs on the unit's own machine: nobody stands between them."""
    certificate: bytes | None = None
    """SHA-256 of the certificate that was shown; None: nothing is encrypted."""
    named: bool = False
    """An authority that this system trusts says that the certificate is the hub's."""

    @property
    def private(self) -> bool:
        """Nobody reads along unseen, once the certificate is proven."""
        return self.own_machine or self.certificate is not None


class Bearer(Protocol):
    """Whoever has a key."""

    @property
    def key(self) -> Ed25519PrivateKey:
        """The private one."""

    @property
    def public(self) -> bytes:
        """The public one."""

    @property
    def site(self) -> bytes | None:
        """The key of the site that the unit belongs to."""


class Introduction:
    """One connection's: from ``join`` to ``welcome``."""

    def __init__(self, bearer: Bearer, address: HubAddress, wiring: Wiring) -> None:
        """Who introduces themselves to whom, on what way.

        Raises:
            DoubtfulHub: a paired unit does not even begin on this way.
        """
        self._key = bearer.key
        self._public = bearer.public
        self._site = bearer.site
        self._address = address
        self._wiring = wiring
        self._nonce = new_nonce()
        self._transcript: Transcript | None = None
        if self._site is not None:
            self.need_privacy("this unit was paired")

    @property
    def unit_key(self) -> UnitKey:
        """What the unit says in ``join``."""
        return UnitKey(key=to_text(self._public), nonce=to_text(self._nonce))

    @property
    def transcript(self) -> Transcript:
        """What both signed.

        Raises:
            DoubtfulHub: the hub has not proven itself yet.
        """
        self.need_proof()
        assert self._transcript is not None
        return self._transcript

    def pressed(self) -> PairPressed:
        """The unit's consent to belong to this hub's site."""
        return PairPressed(signature=self.transcript.signed_by(self._key, PRESS))

    def answer(self, challenge: Challenge) -> Proof:
        """The unit's proof, after the hub's was looked at.

        Raises:
            OtherSite: an honest hub that is not of this unit's site.
            DoubtfulHub: anything else that is wrong with it.
        """
        transcript = self._read(challenge)
        if not transcript.is_signed(challenge.signature, transcript.site_key, HUB):
            raise DoubtfulHub(
                f"what answers at {self._address} does not have the key that it says it has"
            )
        if self._site is not None and transcript.site_key != self._site:
            raise OtherSite(
                f"the hub at {self._address} is of another site "
                f"({spelled(fingerprint(transcript.site_key))}), and this unit belongs to "
                f"{spelled(fingerprint(self._site))}: give the right --hub, or let it go with "
                "`parvis-unit forget`"
            )
        self._look_at_certificate(challenge)
        self._transcript = transcript
        return Proof(signature=transcript.signed_by(self._key, UNIT))

    def look_at_welcome(self) -> None:
        """Whether this hub may welcome the unit already.

        Raises:
            DoubtfulHub: it should have proven itself before.
        """
        if self._site is not None or not self._wire_is_known:
            self.need_proof()

    def need_proof(self) -> None:
        """Stop unless the hub has proven itself.

        Raises:
            DoubtfulHub: it has not.
        """
        if self._transcript is None:
            raise DoubtfulHub(f"the hub at {self._address} did not prove who it is: is it too old?")

    def need_privacy(self, why: str) -> None:
        """Stop on a way on which others can read and change what is said.

        Raises:
            DoubtfulHub: it is one.
        """
        if not self._wiring.private:
            raise DoubtfulHub(
                f"{self._address} is not encrypted, and {why}: say --hub https://… with the "
                "hub's https port (its start and its operator's page show it)"
            )

    @property
    def _wire_is_known(self) -> bool:
        return self._wiring.certificate is None or self._wiring.named

    def _read(self, challenge: Challenge) -> Transcript:
        certificate = challenge.certificate
        try:
            return Transcript(
                site_key=from_text(challenge.site_key, KEY_BYTES),
                unit_key=self._public,
                hub_nonce=from_text(challenge.nonce, KEY_BYTES),
                unit_nonce=self._nonce,
                room=self._address.room,
                certificate=NO_CERTIFICATE
                if certificate is None
                else from_text(certificate, KEY_BYTES),
            )
        except ValueError as error:
            raise DoubtfulHub(f"the hub at {self._address} sent no keys: {error}") from error

    def _look_at_certificate(self, challenge: Challenge) -> None:
        """Whoever sits between unit and hub and decrypts shows another one."""
        if challenge.certificate is None:
            if not self._wire_is_known:
                raise DoubtfulHub(
                    f"nobody vouches for the certificate of {self._address}: its hub does not "
                    "encrypt by itself, and no authority that this system knows has signed it"
                )
            return
        shown = self._wiring.certificate
        if shown is None or challenge.certificate != to_text(shown):
            raise DoubtfulHub(
                f"the hub at {self._address} vouches for another certificate than the one that "
                "was shown: somebody may be between them and listen"
            )
