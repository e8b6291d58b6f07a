"""The operator's password: argon2id, and the same on every keyboard."""

import pytest

from parvis_server.errors import TrustRefused
from parvis_server.trust import password


def test_a_password_is_kept_as_argon2id() -> None:
    kept = password.hashed("correct horse é")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert "horse" not in kept
    assert password.is_right(kept, "correct horse e\u0301"), "é in two letters is the same"
    assert not password.is_right(kept, "correct horse e")
    assert kept != password.hashed("correct horse é"), "each has a salt of its own"


@pytest.mark.parametrize("damaged", ["", "plain", "$argon2id$v=19$m=65536,t=3,p=1$x$y"])
def test_a_damaged_hash_fits_nothing(damaged: str) -> None:
    assert not password.is_right(damaged, "correct horse")


@pytest.mark.parametrize("typed", ["", "ninechars", "e\u0301" * 9, "x" * 201])
def test_what_cannot_be_a_password(typed: str) -> None:
    with pytest.raises(TrustRefused, match="10 to 200 characters"):
        password.check(typed)


def test_ten_characters_will_do() -> None:
    password.check("ten chars!")
