"""A unit trusts the hubs of its site, proven, over a way that it can trust; and nobody else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.address import HubAddress
from parvis_device.errors import DoubtfulHub
from parvis_device.introduction import Introduction, OtherSite, Wiring
from parvis_wire.identity import (
    HUB,
    NO_CERTIFICATE,
    PRESS,
    UNIT,
    Transcript,
    from_text,
    new_nonce,
    public_bytes,
    to_text,
)
from parvis_wire.pairing import Challenge

ADDRESS = HubAddress.parse("http://hub.example:8080")
HERE = Wiring(own_machine=True)
PLAIN = Wiring()
DIGEST = bytes(range(32))
OWN = Wiring(certificate=DIGEST)
NAMED = Wiring(certificate=DIGEST, named=True)
SITE, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@dataclass(frozen=True)
class Bearer:
    """A unit, paired or not."""

    key: Ed25519PrivateKey
    site: bytes | None = None

    @property
    def public(self) -> bytes:
        return public_bytes(self.key)


NEW = Bearer(Ed25519PrivateKey.generate())
PAIRED = replace(NEW, site=public_bytes(SITE))


def asked(
    introduction: Introduction,
    site: Ed25519PrivateKey = SITE,
    *,
    signed_by: Ed25519PrivateKey | None = None,
    certificate: bytes | None = None,
    room: str = "main",
    context: bytes = HUB,
) -> Challenge:
    """What a hub says; each argument may be a lie."""
    said, nonce = introduction.unit_key, new_nonce()
    transcript = Transcript(
        public_bytes(site),
        from_text(said.key, 32),
        nonce,
        from_text(said.nonce, 32),
        room,
        NO_CERTIFICATE if certificate is None else certificate,
    )
    return Challenge(
        site_key=to_text(public_bytes(site)),
        nonce=to_text(nonce),
        certificate=None if certificate is None else to_text(certificate),
        signature=transcript.signed_by(signed_by or site, context),
    )


@pytest.mark.parametrize(
    ("bearer", "wiring", "certificate"),
    [
        (NEW, PLAIN, None),
        (NEW, HERE, None),
        (NEW, OWN, DIGEST),
        (NEW, NAMED, None),
        (PAIRED, HERE, None),
        (PAIRED, OWN, DIGEST),
        (PAIRED, NAMED, None),
        (PAIRED, NAMED, DIGEST),
    ],
)
def test_a_hub_that_may_be_trusted(
    bearer: Bearer, wiring: Wiring, certificate: bytes | None
) -> None:
    introduction = Introduction(bearer, ADDRESS, wiring)
    proof = introduction.answer(asked(introduction, certificate=certificate))
    transcript = introduction.transcript
    assert transcript.is_signed(proof.signature, bearer.public, UNIT)
    assert transcript.is_signed(introduction.pressed().signature, bearer.public, PRESS)
    introduction.look_at_welcome()


@pytest.mark.parametrize(
    ("wiring", "certificate", "words"),
    [
        (OWN, None, "nobody vouches for the certificate"),
        (OWN, bytes(32), "another certificate"),
        (NAMED, bytes(32), "another certificate"),
        (HERE, DIGEST, "another certificate"),
    ],
)
@pytest.mark.parametrize("bearer", [NEW, PAIRED])
def test_a_certificate_that_the_hub_does_not_vouch_for(
    bearer: Bearer, wiring: Wiring, certificate: bytes | None, words: str
) -> None:
    introduction = Introduction(bearer, ADDRESS, wiring)
    with pytest.raises(DoubtfulHub, match=words):
        introduction.answer(asked(introduction, certificate=certificate))
    with pytest.raises(DoubtfulHub):
        introduction.need_proof()


def test_another_site_is_told_from_a_liar() -> None:
    introduction = Introduction(PAIRED, ADDRESS, HERE)
    with pytest.raises(OtherSite, match="parvis-unit forget"):
        introduction.answer(asked(introduction, OTHER))
    for lie in (
        asked(introduction, signed_by=OTHER),
        asked(introduction, room="another"),
        asked(introduction, context=UNIT),
        asked(Introduction(PAIRED, ADDRESS, HERE)),
    ):
        with pytest.raises(DoubtfulHub, match="does not have the key") as caught:
            introduction.answer(lie)
        assert not isinstance(caught.value, OtherSite)


def test_keys_that_are_none() -> None:
    introduction = Introduction(NEW, ADDRESS, HERE)
    odd = asked(introduction).model_copy(update={"site_key": "_" * 43})
    with pytest.raises(DoubtfulHub):
        introduction.answer(odd)


def test_a_paired_unit_does_not_speak_in_the_clear_but_at_home() -> None:
    with pytest.raises(DoubtfulHub, match=r"is not encrypted.*https://"):
        Introduction(PAIRED, ADDRESS, PLAIN)
    Introduction(NEW, ADDRESS, PLAIN)
    with pytest.raises(DoubtfulHub, match="units are paired"):
        Introduction(NEW, ADDRESS, PLAIN).need_privacy("units are paired so")


@pytest.mark.parametrize("bearer", [NEW, PAIRED])
@pytest.mark.parametrize("wiring", [HERE, OWN, NAMED])
def test_a_welcome_without_a_proof(bearer: Bearer, wiring: Wiring) -> None:
    introduction = Introduction(bearer, ADDRESS, wiring)
    if bearer is NEW and wiring is not OWN:
        introduction.look_at_welcome()  # a hub of yesterday, which no key is known of
    else:
        with pytest.raises(DoubtfulHub, match="did not prove who it is"):
            introduction.look_at_welcome()


@given(st.integers(0, 4), st.integers(0, 41), st.sampled_from("Aa0_-Z"))
def test_no_changed_challenge_is_believed(field: int, place: int, sign: str) -> None:
    introduction = Introduction(PAIRED, ADDRESS, OWN)
    challenge = asked(introduction, certificate=DIGEST)
    name = ("site_key", "nonce", "certificate", "signature", "signature")[field]
    text = getattr(challenge, name)
    place = place + 43 if field == 4 else place
    changed = text[:place] + sign + text[place + 1 :]
    if changed == text:
        introduction.answer(challenge)
        return
    with pytest.raises(DoubtfulHub):
        introduction.answer(challenge.model_copy(update={name: changed}))
