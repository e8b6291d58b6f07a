"""Codes to type: each leads to one link, forgives how it was typed, and is not guessed."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.credentials import CODE_ALPHABET, Keys
from parvis_server.net.short_codes import CodeGuard, ShortCodes, plain_code

KEYS = Keys("x", bytes(32))
NS_PER_S = 1_000_000_000


class Colliding(Keys):
    """Every first attempt gives the same code."""

    def short_code(self, target: str, attempt: int) -> str:
        return CODE_ALPHABET[attempt] * 6


def test_two_links_never_have_one_code() -> None:
    codes = ShortCodes(Colliding("x", bytes(32)))
    targets = [f"/r/{number}" for number in range(5)]
    assert len({codes.of(target) for target in targets}) == 5
    assert [codes.find(codes.of(target), targets) for target in targets] == targets


def test_codes_are_the_same_after_a_restart() -> None:
    targets = [f"/r/{number}" for number in range(200)]
    first, second = ShortCodes(KEYS), ShortCodes(KEYS)
    codes = [first.of(target) for target in targets]
    assert second.find(codes[150], targets) == targets[150]
    assert first.find(codes[150], targets[:100]) is None, "what is gone has no code"


@given(st.text(alphabet=CODE_ALPHABET, min_size=6, max_size=6), st.sampled_from([" ", "-", ""]))
def test_typing_is_forgiven(code: str, between: str) -> None:
    assert plain_code(f" {code[:3].lower()}{between}{code[3:]} ") == code


@given(st.text(max_size=20))
def test_anything_may_be_typed(typed: str) -> None:
    assert ShortCodes(KEYS).find(typed, ["/r/main"]) in (None, "/r/main")


def test_guesses_are_slowed_and_right_codes_cost_nothing() -> None:
    guard = CodeGuard()
    assert all(guard.allows("192.0.2.1", 0) for _ in range(100))
    for _ in range(10):
        guard.failed("192.0.2.1", 0)
    assert not guard.allows("192.0.2.1", 0)
    assert guard.allows("192.0.2.2", 0)
    assert guard.allows("192.0.2.1", 10 * NS_PER_S)
    for number in range(60):
        guard.failed(f"198.51.100.{number}", 0)
    assert not guard.allows("192.0.2.3", 0), "whoever has many addresses is slowed too"
