"""What a unit signed for one connection is worth nothing anywhere else."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.forgeries import CONFIRMATIONS, PRESSES, PROOFS, Parties
from parvis_server.errors import PeerFault
from parvis_server.net.proof import challenge_of, proven, transcript_of
from parvis_wire.close_codes import CloseCode
from parvis_wire.identity import HUB, PRESS, UNIT, to_text
from parvis_wire.messages import Join, Role, serialize
from parvis_wire.pairing import PairRefusal, PairRefused, Proof, UnitKey
from parvis_wire.stage import UnitTraits

SEEDS = st.integers(0, 2**32)


def said(signature: str) -> str:
    return serialize(Proof(signature=signature))


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_no_forged_proof_is_taken(seed: int) -> None:
    dice = Random(seed)
    parties = Parties.meet(dice)
    own = proven(said(parties.now.signed_by(parties.unit, UNIT)), parties.now)
    assert own.key == parties.now.unit_key
    for kind, forge in PROOFS.items():
        with pytest.raises(PeerFault) as refused:
            proven(said(forge(parties, dice)), parties.now)
        assert refused.value.code is CloseCode.UNAUTHORISED, kind


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_no_forged_press_or_confirmation_is_taken(seed: int) -> None:
    dice = Random(seed)
    parties = Parties.meet(dice)
    now, unit_key = parties.now, parties.now.unit_key
    assert now.is_signed(now.signed_by(parties.unit, PRESS), unit_key, PRESS)
    assert now.is_confirmed(now.confirmed_by(parties.shared_key, UNIT), parties.shared_key, UNIT)
    for kind, forge in PRESSES.items():
        assert not now.is_signed(forge(parties, dice), unit_key, PRESS), kind
    for kind, forge in CONFIRMATIONS.items():
        assert not now.is_confirmed(forge(parties, dice), parties.shared_key, UNIT), kind


def join_of(parties: Parties) -> tuple[Join, UnitKey]:
    key = UnitKey(key=to_text(parties.now.unit_key), nonce=to_text(parties.now.unit_nonce))
    join = Join(version=1, role=Role.UNIT, room="attic", unit=UnitTraits(), unit_key=key)
    return join, key


def test_the_hub_signs_what_the_unit_can_see() -> None:
    parties = Parties.meet(Random(1))
    join, key = join_of(parties)
    certificate = bytes(range(32))
    transcript = transcript_of(join, key, parties.site, certificate)
    challenge = challenge_of(transcript, parties.site, certificate)
    assert (transcript.room, challenge.certificate) == ("attic", to_text(certificate))
    assert transcript.is_signed(challenge.signature, transcript.site_key, HUB)
    again = transcript_of(join, key, parties.site, None)
    assert again.hub_nonce != transcript.hub_nonce, "a nonce is used once"
    assert challenge_of(again, parties.site, None).certificate is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, CloseCode.MALFORMED),
        (b"\x80", CloseCode.MALFORMED),
        ("{", CloseCode.MALFORMED),
        ('{"type":"level","level_dbfs":-3}', CloseCode.MALFORMED),
        (said("A" * 86), CloseCode.UNAUTHORISED),
        (said("_" * 86), CloseCode.UNAUTHORISED),
        (serialize(PairRefused(why=PairRefusal.OTHER_SITE)), CloseCode.FORBIDDEN),
    ],
)
def test_another_answer_proves_nothing(answer: str | bytes | None, code: CloseCode) -> None:
    with pytest.raises(PeerFault) as refused:
        proven(answer, Parties.meet(Random(2)).now)
    assert refused.value.code is code


def test_a_key_that_is_none_is_said() -> None:
    join, key = join_of(Parties.meet(Random(3)))
    broken = key.model_copy(update={"key": "_" * 43})
    with pytest.raises(PeerFault) as refused:
        transcript_of(join, broken, Parties.meet(Random(3)).site, None)
    assert refused.value.code is CloseCode.MALFORMED
