"""Resume tokens and the host's secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from parvis_server.net.credentials import LISTENER_ID, Keys, new_participant
from parvis_server.room.births import EPOCH_UTC_S, born_utc_s
from parvis_wire.fields import ParticipantId
from parvis_wire.floor import InviteRole
from parvis_wire.messages import ResumeCredential, Role

KEYS = Keys(host_secret="the host's own secret", resume_key=bytes(32))


@pytest.mark.parametrize("role", Role)
def test_a_token_gives_its_participant_back(role: Role) -> None:
    participant = new_participant()
    TypeAdapter(ParticipantId).validate_python(participant)
    token = KEYS.resume_token(role, participant)
    assert ResumeCredential(token=token).token == token
    assert KEYS.resumed(role, token) == participant


def test_an_id_tells_when_its_owner_first_came() -> None:
    ids = {new_participant(1_800_000_000.9) for _ in range(100)}
    assert len(ids) == 100
    assert {born_utc_s(one) for one in ids} == {1_800_000_000}
    assert all(LISTENER_ID.fullmatch(one) for one in ids)
    assert born_utc_s("table-1") is None
    assert born_utc_s("16 characters: !") is None
    assert born_utc_s(new_participant()) == EPOCH_UTC_S, "it does not matter"


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


def test_secrets_of_links_are_for_one_room_number_and_role() -> None:
    made = {
        KEYS.audience_token("a"),
        KEYS.host_secret_of("a"),
        KEYS.seat_code("a", "Table 1"),
        *(
            KEYS.invite_token(room, n, role)
            for room in "ab"
            for n in (1, 11)
            for role in InviteRole
        ),
    }
    assert len(made) == 3 + 4 * len(InviteRole)
    assert KEYS.invite_token("a", 1, InviteRole.HOST) == KEYS.invite_token("a", 1, InviteRole.HOST)
    assert Keys("x", bytes(31) + b"1").audience_token("a") not in made
    assert all(len(secret) >= 12 for secret in made)


def test_the_default_room_keeps_its_host_link() -> None:
    assert KEYS.host_secret_of("main") == KEYS.host_secret
    assert KEYS.is_host(KEYS.host_secret)
    assert not KEYS.is_host(KEYS.host_secret, "other")
    assert KEYS.is_host(KEYS.host_secret_of("other"), "other")


def test_nobody_is_the_operator_of_a_hub_without_one() -> None:
    assert not KEYS.is_operator("")
    assert Keys("x", bytes(32), "token").is_operator("token")
    assert not Keys("x", bytes(32), "token").is_operator("other")


@given(st.text(max_size=20), st.integers(0, 5))
def test_codes_to_type_hold_nothing_to_mistake(target: str, attempt: int) -> None:
    code = KEYS.short_code(target, attempt)
    assert len(code) == 6
    assert not set(code) & set("01ILO")
    assert code == KEYS.short_code(target, attempt) != KEYS.short_code(target, attempt + 1)
