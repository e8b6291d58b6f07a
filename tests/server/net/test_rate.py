"""Token buckets and strikes."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.rate import (
    NS_PER_S,
    Strikes,
    TokenBucket,
    control_bucket,
    packet_bucket,
)


def test_a_bucket_lets_its_burst_through_and_then_its_rate() -> None:
    bucket = TokenBucket(per_s=10, burst=20)
    assert sum(bucket.take(1, 0) for _ in range(100)) == 20
    assert sum(bucket.take(1, NS_PER_S // 2) for _ in range(100)) == 5
    assert sum(bucket.take(1, 100 * NS_PER_S) for _ in range(100)) == 20


def test_what_does_not_pass_costs_nothing() -> None:
    bucket = TokenBucket(per_s=1, burst=10)
    assert not bucket.take(11, 0)
    assert bucket.take(10, 0)


@given(st.lists(st.integers(0, NS_PER_S), min_size=1, max_size=200))
def test_never_more_than_the_burst_and_the_rate(gaps_ns: list[int]) -> None:
    bucket = TokenBucket(per_s=10, burst=20)
    now_ns = passed = 0
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        passed += bucket.take(1, now_ns)
    assert passed <= 20 + 10 * now_ns / NS_PER_S + 1e-6


def test_a_unit_at_its_normal_pace_is_never_dropped() -> None:
    packets, control = packet_bucket(), control_bucket()
    for tick in range(3000):
        assert packets.take(1, tick * NS_PER_S // 100)
        if tick % 20 == 0:
            assert control.take(1, tick * NS_PER_S // 100)


def test_a_burst_is_one_strike_and_three_seconds_of_it_are_out() -> None:
    strikes = Strikes()
    assert not any(strikes.strike(at) for at in range(1000))
    assert not strikes.strike(NS_PER_S)
    assert strikes.strike(2 * NS_PER_S)


def test_old_strikes_are_forgotten() -> None:
    strikes = Strikes()
    for seconds in range(0, 100, 5):
        assert not strikes.strike(seconds * NS_PER_S)
