import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.clock_loop import BAD_WIFI, ETHERNET, WIFI, CountingResampler, Crystal, Link, run
from parvis_audio.drift import MAX_DEEP_RATIO, MAX_SHALLOW_RATIO, DriftEstimator

SECOND_NS = 1_000_000_000
LINKS = {"ethernet": (ETHERNET, 0.014), "wifi": (WIFI, 0.085)}
CONSTANT_PPM = (20, -20, 50, -50, 200, -200, 1000, -1000)


def feed(
    estimator: DriftEstimator,
    seconds: float,
    ppm: float = 0.0,
    start_ns: int = 0,
    first_index: int = 0,
    delay_ns: int = 0,
) -> tuple[int, int]:
    """Undisturbed packets; answers the next index and the time at the end."""
    packets = int(seconds * 100)
    step_ns = 1e7 / (1 + ppm * 1e-6)
    for packet in range(packets):
        arrival_ns = start_ns + delay_ns + round((packet + 1) * step_ns)
        estimator.arrived(first_index + packet * 480, arrival_ns)
    return first_index + packets * 480, start_ns + round(packets * step_ns)


@pytest.mark.parametrize("ppm", CONSTANT_PPM)
@pytest.mark.parametrize("link", LINKS)
def test_a_wrong_crystal_is_followed(link: str, ppm: float) -> None:
    kind, target_s = LINKS[link]
    minutes = 60 if ppm in (-50, 1000) else 10
    outcome = run(Crystal(ppm), kind, target_s, minutes, resampler=CountingResampler())
    drift = np.abs(outcome.after(60, outcome.drift_error_ppm))
    assert outcome.underruns == 0
    assert np.percentile(drift, 99.9) < 0.5
    assert np.percentile(np.abs(outcome.after(60, outcome.depth_error_s)), 99) < 0.003
    assert outcome.expected_out - outcome.samples_out == pytest.approx(21, abs=3)


@pytest.mark.parametrize("link", LINKS)
def test_an_hour_with_a_warming_crystal(link: str) -> None:
    kind, target_s = LINKS[link]
    outcome = run(Crystal(30, 10), kind, target_s, minutes=60, resampler=CountingResampler())
    assert outcome.underruns == 0
    drift = np.abs(outcome.after(60, outcome.drift_error_ppm))
    assert np.percentile(drift, 99.9) < 6
    assert np.percentile(np.abs(outcome.after(60, outcome.depth_error_s)), 99) < 0.003


@pytest.mark.parametrize("ppm", [50, -1000])
def test_bad_wifi_is_followed_within_its_noise(ppm: float) -> None:
    outcome = run(Crystal(ppm), BAD_WIFI, 0.26, minutes=10, resampler=CountingResampler())
    assert np.abs(outcome.after(60, outcome.drift_error_ppm)).max() < 3
    assert np.percentile(np.abs(outcome.after(10, outcome.depth_error_s)), 99) < 0.003


def test_the_sign_of_drift_skew_and_ratio() -> None:
    fast, slow = DriftEstimator(), DriftEstimator()
    feed(fast, 30, ppm=100)
    feed(slow, 30, ppm=-100)
    assert fast.skew_ppm == pytest.approx(100, abs=0.5)
    assert fast.ratio() == pytest.approx(1 - 100e-6, abs=1e-6)
    assert slow.skew_ppm == pytest.approx(-100, abs=0.5)
    assert slow.ratio() == pytest.approx(1 + 100e-6, abs=1e-6)


def test_too_much_held_takes_input_faster_but_never_audibly() -> None:
    estimator = DriftEstimator()
    assert estimator.ratio() == 1.0
    assert estimator.ratio(0.002) == pytest.approx(1 - 250e-6)
    assert estimator.ratio(-0.002) == pytest.approx(1 + 250e-6)
    assert estimator.ratio(3.0) == 1 - MAX_DEEP_RATIO == 0.998
    assert estimator.ratio(-3.0) == 1 + MAX_SHALLOW_RATIO == 1.005


def test_a_drift_that_may_be_zero_is_not_used() -> None:
    estimator = DriftEstimator()
    feed(estimator, 20, ppm=0.001)
    assert estimator.drift != 0.0
    assert estimator.ratio() == 1.0


def test_held_is_the_time_since_the_earliest_possible_arrival() -> None:
    estimator = DriftEstimator()
    index, now_ns = feed(estimator, 10, ppm=50)
    assert estimator.held_s(index - 480, now_ns + 25_000_000) == pytest.approx(0.025, abs=1e-5)
    assert estimator.held_s(index - 240, now_ns) == pytest.approx(-0.005, abs=1e-5)
    assert estimator.arrived(index, now_ns + 12_000_000) == pytest.approx(0.002, abs=1e-5)


def test_nothing_is_known_before_the_first_packet() -> None:
    estimator = DriftEstimator()
    assert estimator.held_s(0, 5) == 0.0
    assert estimator.drift == 0.0
    assert not estimator.alarming


def test_a_device_that_restarts_its_counter_keeps_its_drift() -> None:
    estimator = DriftEstimator()
    _, now_ns = feed(estimator, 30, ppm=100)
    index, now_ns = feed(estimator, 3, ppm=100, start_ns=now_ns + 2 * SECOND_NS)
    assert estimator.steps == 1
    assert estimator.skew_ppm == pytest.approx(100, abs=1)
    assert estimator.held_s(index - 480, now_ns) == pytest.approx(0, abs=1e-4)


def test_a_laptop_that_slept_an_hour_is_found_within_two_seconds() -> None:
    estimator = DriftEstimator()
    index, now_ns = feed(estimator, 30, ppm=-80)
    index, now_ns = feed(
        estimator, 2.5, ppm=-80, start_ns=now_ns + 3600 * SECOND_NS, first_index=index
    )
    assert estimator.steps == 1
    assert estimator.held_s(index - 480, now_ns) == pytest.approx(0, abs=1e-3)


def test_a_longer_route_is_believed_after_three_seconds_not_before() -> None:
    estimator = DriftEstimator()
    index, now_ns = feed(estimator, 30)
    index, now_ns = feed(estimator, 2, start_ns=now_ns, first_index=index, delay_ns=20_000_000)
    assert estimator.steps == 0
    index, now_ns = feed(estimator, 3, start_ns=now_ns, first_index=index, delay_ns=20_000_000)
    assert estimator.steps == 1
    assert estimator.held_s(index - 480, now_ns + 20_000_000) == pytest.approx(0, abs=1e-3)


def test_one_bad_second_is_forgotten() -> None:
    estimator = DriftEstimator()
    index, now_ns = feed(estimator, 30)
    index, now_ns = feed(estimator, 1, start_ns=now_ns, first_index=index, delay_ns=200_000_000)
    index, now_ns = feed(estimator, 10, start_ns=now_ns, first_index=index)
    assert estimator.steps == 0
    assert abs(estimator.skew_ppm) < 0.5


def test_another_device_on_the_same_connection_is_learnt() -> None:
    estimator = DriftEstimator()
    _, now_ns = feed(estimator, 60, ppm=900)
    feed(estimator, 60, ppm=-900, start_ns=now_ns + 2 * SECOND_NS)
    assert estimator.skew_ppm == pytest.approx(-900, abs=1)


def test_a_crystal_beyond_the_market_raises_the_alarm() -> None:
    sound, broken = DriftEstimator(), DriftEstimator()
    feed(sound, 30, ppm=150)
    feed(broken, 30, ppm=800)
    assert not sound.alarming
    assert broken.alarming


def test_a_flood_costs_bounded_memory() -> None:
    estimator = DriftEstimator()
    for packet in range(5_000):
        estimator.arrived(packet * 480, packet)
    assert len(estimator._delay_s) < 1_000


@settings(deadline=None, max_examples=15)
@given(
    ppm=st.floats(-1000, 1000),
    jitter_ms=st.floats(0.01, 2),
    seed=st.integers(0, 1000),
    first_index=st.integers(0, 2**48),
)
def test_any_crystal_is_found_through_any_jitter(
    ppm: float, jitter_ms: float, seed: int, first_index: int
) -> None:
    recorded_s = Crystal(ppm).recorded_s(9_000)
    came_s = Link(jitter_ms / 1e3).arrivals_s(recorded_s, np.random.default_rng(seed))
    estimator = DriftEstimator()
    for packet, arrival_ns in enumerate((came_s * 1e9).astype(np.int64).tolist()):
        estimator.arrived(first_index + packet * 480, arrival_ns)
    assert estimator.skew_ppm == pytest.approx(ppm, abs=0.2 + 0.6 * jitter_ms)
    assert estimator.steps == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 2**60)), max_size=60))
def test_nonsense_never_makes_a_nonsensical_ratio(packets: list[tuple[int, int]]) -> None:
    estimator = DriftEstimator()
    for index, arrival_ns in packets:
        estimator.arrived(index, arrival_ns)
    assert np.isfinite(estimator.drift)
    assert np.isfinite(estimator.ratio(0.01))
