"""The capture clock: which samples came after a moment."""

from hypothesis import given
from hypothesis import strategies as st

from fakes.sound import capture_ns, ramp_block
from parvis_device.capture import (
    CLOCK_WINDOW_NS,
    FRAME_NS,
    FRAME_SAMPLES,
    NS_PER_SECOND,
    SETTLED_DELIVERIES,
    CaptureClock,
    samples_ns,
)

MS = 1_000_000


def clock_after(lateness_ns: list[int], latency_ns: int = 0) -> CaptureClock:
    """A clock that saw one block for each lateness; a perfect device began at 0."""
    clock = CaptureClock()
    clock.reset(latency_ns)
    for number, late_ns in enumerate(lateness_ns):
        first = number * FRAME_SAMPLES
        clock.delivered(ramp_block(first, capture_ns(first + FRAME_SAMPLES) + latency_ns + late_ns))
    return clock


def test_nothing_is_known_before_enough_came() -> None:
    assert clock_after([0] * (SETTLED_DELIVERIES - 1)).first_sample_after(0) is None
    assert clock_after([0] * SETTLED_DELIVERIES).first_sample_after(0) is not None


def test_a_prompt_device() -> None:
    clock = clock_after([0] * 100)
    assert clock.first_sample_after(NS_PER_SECOND) == 48_000
    assert clock.end_sample == 48_000


@given(
    st.lists(st.integers(0, 300 * MS), min_size=SETTLED_DELIVERIES, max_size=200),
    st.integers(0, 50 * MS),
    st.integers(0, 2 * NS_PER_SECOND),
    st.data(),
)
def test_no_sample_captured_before_the_moment_is_named(
    lateness_ns: list[int], latency_ns: int, now_ns: int, data: st.DataObject
) -> None:
    """However late deliveries are, as long as one of them was in time."""
    lateness_ns[data.draw(st.integers(0, len(lateness_ns) - 1))] = 0
    first = clock_after(lateness_ns, latency_ns).first_sample_after(now_ns)
    assert first is not None
    assert capture_ns(first) >= now_ns - 1


def test_it_follows_a_slow_crystal() -> None:
    """A device 200 ppm slow for an hour: the answer stays within 3 ms of the truth."""
    clock = CaptureClock()
    clock.reset(0)
    arrival_ns = 0
    for number in range(0, 360_000, 100):  # one block a second stands for all
        first = number * FRAME_SAMPLES
        arrival_ns = capture_ns(first + FRAME_SAMPLES) * 10_002 // 10_000
        clock.delivered(
            ramp_block(0, arrival_ns).__class__(first, arrival_ns, ramp_block(0, 0).samples)
        )
    after = clock.first_sample_after(arrival_ns)
    assert after is not None
    late_samples = after - clock.end_sample
    assert 0 <= late_samples < 3 * CLOCK_WINDOW_NS // NS_PER_SECOND * 48


def test_another_device_starts_anew() -> None:
    clock = clock_after([0] * 50)
    clock.reset(FRAME_NS)
    assert clock.first_sample_after(0) is None


def test_durations() -> None:
    assert samples_ns(FRAME_SAMPLES) == FRAME_NS
