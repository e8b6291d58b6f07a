"""How often a password may be tried: bounded for each and all, and for nobody for good."""

from parvis_server.trust.guesses import PER_ADDRESS_BURST, TOTAL_BURST, Guesses

S = 1_000_000_000


def test_one_address_has_a_few_tries_and_one_a_minute_after_that() -> None:
    guesses = Guesses()
    assert [guesses.take("192.0.2.7", 0) for _ in range(7)].count(True) == PER_ADDRESS_BURST
    assert not guesses.take("192.0.2.7", 30 * S)
    assert guesses.take("192.0.2.7", 61 * S)
    day = sum(guesses.take("192.0.2.7", (61 + second) * S) for second in range(0, 86_400, 10))
    assert day <= 24 * 60 + PER_ADDRESS_BURST


def test_all_addresses_together_have_few_too() -> None:
    guesses = Guesses()
    taken = sum(guesses.take(f"2001:db8:{n:x}::1", 0) for n in range(5_000))
    assert taken == TOTAL_BURST
    later = sum(guesses.take(f"2001:db8:ffff:{n:x}::1", 3600 * S) for n in range(5_000))
    assert later <= TOTAL_BURST


def test_an_attack_from_everywhere_does_not_lock_the_operator_out() -> None:
    guesses = Guesses()
    guesses.know("198.51.100.4")
    for n in range(5_000):
        guesses.take(f"2001:db8:{n:x}::1", 0)
    assert not guesses.take("203.0.113.5", 0)
    assert guesses.take("198.51.100.4", 0)


def test_one_ipv6_visitor_is_one_address() -> None:
    guesses = Guesses()
    taken = [guesses.take(f"2001:db8::{n:x}", 0) for n in range(100)]
    assert taken.count(True) == PER_ADDRESS_BURST


def test_known_addresses_are_bounded() -> None:
    guesses = Guesses()
    for n in range(1_000):
        guesses.know(f"10.0.{n // 256}.{n % 256}")
    for n in range(5_000):
        guesses.take(f"2001:db8:{n:x}::1", 0)
    assert guesses.take("10.0.3.231", 0)
    assert not guesses.take("10.0.0.0", 0)
