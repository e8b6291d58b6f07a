"""The age of sound on arrival, from capture times on the hub's clock."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.room.delays import FRESH_NS, WINDOW_NS, CaptureDelay
from parvis_wire.stage import CaptureTime

S = 1_000_000_000
MS = 1_000_000
START_NS = 1000 * S


def capture(timestamp: int, hub_ns: int) -> CaptureTime:
    return CaptureTime(timestamp=timestamp % (1 << 32), hub_ns=hub_ns, rtt_ms=1)


def test_nothing_is_known_without_a_capture_time() -> None:
    delay = CaptureDelay()
    delay.arrived(0, START_NS)
    assert delay.least_ms(START_NS) is None


@given(
    first=st.integers(0, (1 << 32) - 1),
    way_ms=st.floats(0, 500),
    jitter_ms=st.lists(st.floats(0, 200), min_size=1, max_size=50),
)
def test_the_least_age_is_the_way_without_its_jitter(
    first: int, way_ms: float, jitter_ms: list[float]
) -> None:
    delay = CaptureDelay()
    delay.told(capture(first, START_NS), START_NS)
    for number, late_ms in enumerate(jitter_ms):
        captured_ns = START_NS + number * 10 * MS
        arrival_ns = captured_ns + round((way_ms + late_ms) * MS)
        delay.arrived((first + 480 * number) % (1 << 32), arrival_ns)
    least_ms = delay.least_ms(arrival_ns)
    assert least_ms is not None
    assert abs(least_ms - way_ms - min(jitter_ms)) < 0.001


def test_a_slower_way_is_seen_after_two_windows() -> None:
    delay = CaptureDelay()
    for number in range(1000):
        now_ns = START_NS + number * 10 * MS
        if number % 100 == 0:
            delay.told(capture(480 * number, now_ns), now_ns)
        delay.arrived(480 * number, now_ns + (10 if number < 300 else 40) * MS)
        if number == 290:
            assert delay.least_ms(now_ns + 10 * MS) == 10
    assert delay.least_ms(now_ns + 40 * MS) == 40
    assert delay.least_ms(now_ns + 3 * WINDOW_NS) is None, "silence is not measured"


def test_a_clock_that_is_not_ours_and_a_device_that_began_anew_measure_nothing() -> None:
    delay = CaptureDelay()
    delay.told(capture(0, START_NS - 60 * S), START_NS)
    delay.arrived(0, START_NS)
    assert delay.least_ms(START_NS) is None
    delay.told(capture(0, START_NS), START_NS)
    delay.arrived(1 << 31, START_NS)
    delay.arrived(0, START_NS + FRESH_NS + 1)
    assert delay.least_ms(START_NS) is None


def test_a_clock_a_hair_ahead_is_no_negative_delay() -> None:
    delay = CaptureDelay()
    delay.told(capture(0, START_NS + MS), START_NS)
    delay.arrived(0, START_NS)
    assert delay.least_ms(START_NS) == 0
