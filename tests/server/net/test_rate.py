"""Token buckets and strikes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net import rate
from parvis_server.net.rate import (
    NS_PER_S,
    Attempts,
    Strikes,
    TokenBucket,
    control_bucket,
    network_of,
    packet_bucket,
    sound_bits_bucket,
    sound_control_bucket,
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
    packets, bits, control = packet_bucket(10), sound_bits_bucket(), control_bucket()
    for tick in range(3000):
        assert packets.take(1, tick * NS_PER_S // 100)
        assert bits.take(8 * 110, tick * NS_PER_S // 100)
        if tick % 20 == 0:
            assert control.take(1, tick * NS_PER_S // 100)


@pytest.mark.parametrize("ptime_ms", [5, 10, 20])
def test_a_source_passes_in_real_time_and_never_at_ten_times_that(ptime_ms: int) -> None:
    packets, flood = packet_bucket(ptime_ms), packet_bucket(ptime_ms)
    count = 10_000 // ptime_ms
    assert all(packets.take(1, number * ptime_ms * 1_000_000) for number in range(count))
    passed = sum(flood.take(1, number * ptime_ms * 100_000) for number in range(10 * count))
    assert passed <= 1.75 * count


def test_clocks_reports_and_presses_of_a_unit_pass_together() -> None:
    control = sound_control_bucket()
    for second in range(60):
        now_ns = second * NS_PER_S
        at_once = 8 if second == 0 else 1  # time_request
        levels, reports, captures, presses = 5, 2, 1, 3
        for _ in range(at_once + levels + reports + captures + presses):
            assert control.take(1, now_ns)


def test_a_burst_is_one_strike_and_three_seconds_of_it_are_out() -> None:
    strikes = Strikes()
    assert not any(strikes.strike(at) for at in range(1000))
    assert not strikes.strike(NS_PER_S)
    assert strikes.strike(2 * NS_PER_S)


def test_old_strikes_are_forgotten() -> None:
    strikes = Strikes()
    for seconds in range(0, 100, 5):
        assert not strikes.strike(seconds * NS_PER_S)


def test_each_address_has_its_own_attempts() -> None:
    attempts = Attempts(per_s=1, burst=2)
    assert [attempts.take("192.0.2.1", 0) for _ in range(3)] == [True, True, False]
    assert attempts.take("192.0.2.2", 0)
    assert attempts.take("192.0.2.1", NS_PER_S)


def test_addresses_of_one_customer_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("") == ""


def test_the_longest_quiet_address_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MAX_ADDRESSES", 2)
    attempts = Attempts(per_s=0, burst=1)
    assert all(attempts.take(f"192.0.2.{at}", 0) for at in range(3))
    assert not attempts.take("192.0.2.1", 0)
    assert attempts.take("192.0.2.0", 0)
