"""Resume tokens and the host's secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from parvis_server.net.credentials import Keys, new_participant
from parvis_wire.fields import ParticipantId
from parvis_wire.messages import ResumeCredential, Role

KEYS = Keys(host_secret="the host's own secret", resume_key=bytes(32))


@pytest.mark.parametrize("role", Role)
def test_a_token_gives_its_participant_back(role: Role) -> None:
    participant = new_participant()
    TypeAdapter(ParticipantId).validate_python(participant)
    token = KEYS.resume_token(role, participant)
    assert ResumeCredential(token=token).token == token
    assert KEYS.resumed(role, token) == participant


def test_a_token_is_for_one_role_and_one_hub() -> None:
    token = KEYS.resume_token(Role.LISTENER, "ada")
    assert KEYS.resumed(Role.UNIT, token) is None
    assert Keys("another", bytes(31) + b"1").resumed(Role.LISTENER, token) is None


@given(st.text(max_size=64))
def test_nothing_else_is_a_token(text: str) -> None:
    assert KEYS.resumed(Role.LISTENER, text) is None
    assert not KEYS.is_host(text)


@given(st.integers(0, 38), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_changed_token_is_worth_nothing(at: int, letter: str) -> None:
    token = KEYS.resume_token(Role.LISTENER, "sixteen-letters0")
    changed = token[:at] + letter + token[at + 1 :]
    assert KEYS.resumed(Role.LISTENER, changed) is None or changed == token


def test_the_host_is_known_by_the_secret() -> None:
    assert KEYS.is_host("the host's own secret")
    assert not KEYS.is_host("the host's own secret ")


def test_secrets_have_no_string_form() -> None:
    assert "own secret" not in repr(KEYS) + str(KEYS)
