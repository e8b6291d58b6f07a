"""The listener's playout decisions: the shared traces, and each rule by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.playout_trace import Arrival, NumericListener, Trace, run
from parvis_audio import playout
from parvis_audio.playout import PlayoutController, PlayoutState, TargetDelay

TRACES = sorted((Path(__file__).parents[1] / "vectors/playout").glob("*.json"))


def steady(count: int, delay_ms: float = 1.0) -> list[Arrival]:
    return [Arrival(20.0 * (n + 1) + delay_ms, 500.0 + 20.0 * n, 20.0) for n in range(count)]


# --- the shared traces ---


def test_there_are_traces() -> None:
    assert len(TRACES) >= 10


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_shared_trace_is_followed(path: Path) -> None:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    expected = vector["expected"]
    hidden = [(at, bool(state)) for at, state in vector["hidden"]]
    announced = [(at, ptime_ms) for at, ptime_ms in vector["announced"]]
    arrivals = [Arrival(*a) for a in vector["arrivals"]]
    outcome = run(Trace(path.stem, "", arrivals, hidden, announced))
    for (at, target, delay), found in zip(expected["samples"], outcome.samples, strict=True):
        assert found[0] == at
        assert found[1] == pytest.approx(target, abs=0.01)
        assert (found[2] is None) == (delay is None)
        assert found[2] == (None if delay is None else pytest.approx(delay, abs=0.01))
    assert (outcome.underruns, outcome.skips) == (expected["underruns"], expected["skips"])
    assert [outcome.lowest_rate, outcome.highest_rate] == expected["rates_within"]
    assert [[at, state.value] for at, state in outcome.states] == expected["states"]


# --- the target ---


def test_the_first_target_is_careful_and_sinks_to_the_floor_in_seconds() -> None:
    samples = run(Trace("", "", steady(1_000))).samples
    assert samples[0][1] == playout.INITIAL_TARGET_MS
    assert samples[4][1] == pytest.approx(playout.INITIAL_TARGET_MS - 30, abs=11)
    assert samples[-1][1] == playout.FLOOR_MS


def test_the_target_covers_19_of_20_packets_and_a_guard() -> None:
    target = TargetDelay()
    for n in range(1_000):
        target.note(20.0 * n, 300.0 if n % 11 == 0 else 5.0)
    assert target.target_ms == pytest.approx(300.0 - 5.0 + playout.GUARD_MS)


def test_one_late_packet_in_a_hundred_does_not_raise_the_target() -> None:
    target = TargetDelay()
    for n in range(2_000):
        target.note(20.0 * n, 300.0 if n % 100 == 50 else 5.0)
    assert target.target_ms == playout.FLOOR_MS


def test_running_dry_raises_the_target_at_once_and_it_sinks_slowly_after() -> None:
    target = TargetDelay()
    for n in range(50):
        target.note(20.0 * n, 0.0)
    target.ran_dry()
    assert target.target_ms == playout.INITIAL_TARGET_MS + playout.UNDERRUN_RISE_MS
    for n in range(50, 50 + 10 * 50 + 1):
        target.note(20.0 * n, 0.0)
    assert target.target_ms == pytest.approx(150.0, abs=1.0)  # 10 ms in 10 s


def test_the_target_never_passes_the_ceiling() -> None:
    target = TargetDelay()
    for n in range(200):
        target.note(20.0 * n, 5_000.0 * (n % 2))
        target.ran_dry()
    assert target.target_ms == playout.CEILING_MS


def test_a_hidden_page_holds_more_and_gives_it_back() -> None:
    target = TargetDelay()
    target.hidden = True
    assert target.target_ms == playout.HIDDEN_FLOOR_MS
    target.hidden = False
    assert target.target_ms == playout.INITIAL_TARGET_MS


def test_a_flood_of_packets_keeps_the_window_small() -> None:
    target = TargetDelay()
    for n in range(10_000):
        target.note(n * 0.01, 0.0)
    assert len(target._offsets) == playout.MAX_OFFSETS


# --- packets that hold more ---


def test_a_longer_packet_is_no_later_than_a_short_one() -> None:
    """It leaves when its last sample is there: the path is as quick as it was."""
    controller = PlayoutController()
    for n in range(1_500):
        controller.arrived(20.0 * (n + 1), 20.0 * n, 20.0)
    base_ms = controller.target.base_ms
    for n in range(500):
        controller.arrived(30_000 + 120.0 * (n + 1), 30_000 + 120.0 * n, 120.0)
    assert controller.target.base_ms == base_ms
    assert controller.target_ms == playout.FLOOR_MS + 100


def test_what_is_announced_is_waited_for_at_once_and_risen_to_at_the_cap() -> None:
    controller = playing(playout.INITIAL_TARGET_MS)
    assert controller.advance(1_000.0, 0.0, 500.0).rate == 1.0
    controller.target.announce(40)
    assert controller.target_ms == playout.INITIAL_TARGET_MS + 20
    assert controller.target.is_expecting
    assert controller.advance(1_000.0, 0.0, 500.0).rate == 1 - playout.RATE_CAP
    controller.target.note(1_000.0, controller.target.base_ms, extra_ms=20.0)  # it came
    assert not controller.target.is_expecting
    assert controller.advance(1_000.0, 0.0, 500.0).rate == 1 - playout.RATE_STEP


def test_what_is_taken_back_before_it_came_is_waited_for_no_more() -> None:
    target = TargetDelay()
    target.announce(60)
    target.announce(20)
    for n in range(500):
        target.note(20.0 * n, 0.0)
    assert target.target_ms == playout.FLOOR_MS
    assert not target.is_expecting


def test_after_long_packets_the_target_sinks_10_ms_a_second() -> None:
    target = TargetDelay()
    for n in range(500):
        target.note(120.0 * n, 0.0, extra_ms=100.0)
    assert target.target_ms == playout.FLOOR_MS + 100
    for n in range(5 * 50 + 1):
        target.note(60_000 + 20.0 * n, 0.0)
    assert playout.FLOOR_MS + 50 <= target.target_ms <= playout.FLOOR_MS + 70


def test_one_bundle_cut_short_among_long_ones_changes_nothing() -> None:
    target = TargetDelay()
    for n in range(1_000):
        target.note(120.0 * n, 0.0, extra_ms=20.0 if n % 9 == 4 else 100.0)
        assert n < 10 or target.target_ms >= playout.FLOOR_MS + 100


# --- commands ---


def playing(delay_ms: float) -> PlayoutController:
    """A controller in the middle of playing, with this delay at 1000 ms and position 0."""
    controller = PlayoutController()
    controller.arrived(1_000.0 - delay_ms, 0.0)
    controller.state = PlayoutState.PLAYING
    return controller


@pytest.mark.parametrize(
    ("error_ms", "rate"),
    [(0, 1.0), (15, 1.0), (-15, 1.0), (16, 1.003), (-16, 0.997), (61, 1.005), (-61, 0.995)],
)
def test_the_rate_follows_the_error(error_ms: float, rate: float) -> None:
    controller = playing(playout.INITIAL_TARGET_MS + error_ms)
    assert controller.advance(1_000.0, 0.0, 500.0).rate == rate


def test_far_behind_it_skips_to_the_target_in_a_quiet_moment() -> None:
    controller = playing(playout.INITIAL_TARGET_MS + 450)
    assert controller.advance(1_000.0, 0.0, 500.0).skip_ms == 0
    command = controller.advance(1_010.0, 10.0, 500.0, quiet=True)
    assert (command.skip_ms, command.rate) == (450.0, 1.0)
    assert (controller.counters.skips, controller.counters.skipped_ms) == (1, 450.0)


def test_without_a_quiet_moment_the_skip_waits_half_a_second() -> None:
    controller = playing(playout.INITIAL_TARGET_MS + 450)
    skips = [controller.advance(1_000.0 + t, t, 500.0).skip_ms for t in range(0, 600, 10)]
    assert [10 * n for n, skip in enumerate(skips) if skip] == [playout.SKIP_PATIENCE_MS]


def test_a_skip_leaves_a_packet_to_play() -> None:
    controller = playing(playout.INITIAL_TARGET_MS + 450)
    assert controller.advance(1_000.0, 0.0, 100.0, quiet=True).skip_ms == 80.0
    other = playing(playout.INITIAL_TARGET_MS + 450)
    assert other.advance(1_000.0, 0.0, 20.0, quiet=True).skip_ms == 0.0


def test_dry_it_repeats_then_hums_then_says_so() -> None:
    controller = playing(100)
    states = [
        controller.advance(1_000.0 + t, 0.0, 0.0).state.value for t in (0, 50, 60, 2990, 3000)
    ]
    assert states == ["repeating", "repeating", "noise", "noise", "reconnecting"]
    assert controller.counters.underruns == 1
    assert controller.advance(4_010.0, 0.0, 20.0).state is PlayoutState.PLAYING
    assert controller.counters.concealed_ms == 3_010.0


def test_another_stream_starts_afresh_and_keeps_the_target() -> None:
    controller = playing(100)
    controller.target.ran_dry()
    target_ms = controller.target_ms
    controller.restart()
    assert controller.target_ms == target_ms
    assert controller.delay_ms(5_000.0, 123.0) == 0.0
    assert controller.advance(5_000.0, 0.0, 500.0).state is PlayoutState.STARTING


# --- whatever the network does ---


@settings(max_examples=60, deadline=None)
@given(
    delays=st.lists(st.floats(0, 3_000), min_size=1, max_size=150),
    packet_ms=st.sampled_from([10.0, 20.0, 60.0, 120.0]),
)
def test_any_network_is_survived(delays: list[float], packet_ms: float) -> None:
    at_ms, arrivals = 0.0, []
    for n, delay in enumerate(delays):
        at_ms = max(at_ms, packet_ms * (n + 1) + delay)
        arrivals.append(Arrival(at_ms, 7_000.0 + n * packet_ms, packet_ms))
    listener = NumericListener(Trace("", "", arrivals))
    before_ms = listener.position_ms
    for step in range(int(arrivals[-1].arrival_ms / 10) + 400):
        listener.step(step * 10.0)
        target_ms = listener.controller.target_ms
        assert playout.FLOOR_MS <= target_ms <= playout.CEILING_MS
        assert listener.position_ms >= before_ms
        before_ms = listener.position_ms
    assert abs(listener.outcome.lowest_rate - 1) <= playout.RATE_CAP + 1e-9
    assert abs(listener.outcome.highest_rate - 1) <= playout.RATE_CAP + 1e-9
    assert listener.controller.counters.packets == len(delays)
