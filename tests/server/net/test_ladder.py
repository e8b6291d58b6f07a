"""The ladder's decisions: early up, slowly down, never to and fro."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_server.net.ladder import CALM_NS, NS_PER_S, STEP_UP_LOAD, Ladder, Step
from parvis_wire.packet_time import PACKET_TIMES_MS, PacketMs, rise_ms

WRITE_NS = 7_500.0


class Evening:
    """A ladder that is asked once a second."""

    def __init__(self, ladder: Ladder | None = None, write_ns: float = WRITE_NS) -> None:
        self.ladder = ladder or Ladder()
        self.write_ns = write_ns
        self.now_s = 0
        self.steps: list[tuple[int, Step]] = []

    def goes_on(self, audience: Iterable[float], late_ms: float = 0.0) -> list[tuple[int, Step]]:
        """One look a second with so many listeners; the steps that came of it."""
        before = len(self.steps)
        for listeners in audience:
            self.now_s += 1
            now_ns = self.now_s * NS_PER_S
            step = self.ladder.look(now_ns, round(listeners), self.write_ns, late_ms * 1e6)
            if step is not None:
                self.steps.append((self.now_s, step))
        return self.steps[before:]


@pytest.mark.parametrize(
    ("listeners", "write_us", "ptime_ms"),
    [
        (0, 7.5, 20),
        (50, 7.5, 20),
        (1_000, 7.5, 20),
        (1_300, 7.5, 40),
        (2_000, 7.5, 40),
        (3_000, 7.5, 60),
        (4_000, 5.5, 60),
        (4_000, 7.5, 80),
        (5_500, 7.5, 100),
        (8_000, 5.5, 100),
        (8_000, 7.5, 120),
        (50_000, 7.5, 120),
        (1_000, 0.0, 20),  # nothing was measured yet
        (300, 60.0, 40),  # a slow machine, TLS
    ],
)
def test_so_many_listeners_get_packets_of(listeners: int, write_us: float, ptime_ms: int) -> None:
    evening = Evening(write_ns=write_us * 1_000)
    evening.goes_on([listeners] * 60)
    assert evening.ladder.ptime_ms == ptime_ms
    assert ptime_ms == 120 or evening.ladder.load(listeners, ptime_ms) <= STEP_UP_LOAD


def test_a_step_up_is_told_so_early_that_buffers_rise_unheard() -> None:
    evening = Evening()
    [(at_s, step)] = evening.goes_on([1_250] * 20)
    assert (at_s, step) == (1, Step(40, rise_ms(20, 40)))
    [(_, step)] = evening.goes_on([3_000] * 4)
    assert step == Step(60, 4_000)


def test_people_who_join_are_seen_coming() -> None:
    """100 a second: the packets are longer before the load is there."""
    evening = Evening()
    evening.goes_on(range(100, 6_000, 100))
    in_force_s = {step.ptime_ms: at_s + step.lead_ms / 1_000 for at_s, step in evening.steps}
    for lower, ptime_ms in itertools.pairwise(PACKET_TIMES_MS):
        if ptime_ms in in_force_s:
            at_the_time = 100 * in_force_s[ptime_ms]
            assert evening.ladder.load(at_the_time, lower) < 0.55
    assert evening.ladder.ptime_ms >= 100


def test_in_a_storm_it_does_not_wait_until_the_core_is_full() -> None:
    """500 a second: the rise is cut short rather than everybody's sound."""
    evening = Evening()
    evening.goes_on([min(8_000, 500 * n) for n in range(1, 40)])
    ptime_ms = 20
    for at_s, step in evening.steps:
        in_force_s = at_s + step.lead_ms / 1_000
        assert evening.ladder.load(min(8_000, 500 * in_force_s), ptime_ms) <= 0.76
        ptime_ms = step.ptime_ms
    assert ptime_ms == 120


def test_a_full_core_waits_for_nobody() -> None:
    evening = Evening()
    [(_, step)] = evening.goes_on([6_000])
    assert step == Step(60, 1_000)


def test_one_spike_changes_nothing() -> None:
    evening = Evening()
    evening.goes_on([800] * 10)
    evening.write_ns = 20 * WRITE_NS
    evening.goes_on([800] * 2)
    evening.write_ns = WRITE_NS
    evening.goes_on([800, 1_000, 1_000, 800, 1_100] * 5)
    assert evening.steps == []


def test_it_steps_down_one_by_one_each_after_half_a_minute_of_calm() -> None:
    evening = Evening()
    evening.goes_on([8_000] * 60)
    assert evening.ladder.ptime_ms == 120
    steps = evening.goes_on([100] * 300)
    assert [step.ptime_ms for _, step in steps] == [100, 80, 60, 40, 20]
    assert {step.lead_ms for _, step in steps} == {1_000}
    times = [at_s for at_s, _ in steps]
    assert all(after - before >= 31 for before, after in itertools.pairwise(times))


def test_whoever_comes_back_within_half_a_minute_finds_the_same() -> None:
    evening = Evening()
    evening.goes_on([1_300] * 30)
    for _ in range(5):
        assert evening.goes_on([300] * 25 + [1_300] * 25) == []


def test_a_late_loop_is_helped_where_sound_is_what_it_does() -> None:
    busy = Evening()
    [(_, step)] = busy.goes_on([900] * 5, late_ms=150)
    assert step.ptime_ms == 40
    idle = Evening()
    assert idle.goes_on([100] * 20, late_ms=150) == []


def test_while_it_is_late_it_does_not_step_down() -> None:
    evening = Evening(Ladder())
    evening.goes_on([3_000] * 30)
    assert evening.goes_on([100] * 100, late_ms=150) == []


def test_bounds_are_kept() -> None:
    never_over = Evening(Ladder(ceiling_ms=60))
    never_over.goes_on([50_000] * 60)
    assert never_over.ladder.ptime_ms == 60
    never_under = Evening(Ladder(floor_ms=40))
    assert never_under.ladder.ptime_ms == 40
    assert never_under.goes_on([0] * 100) == []
    assert Evening(Ladder(60, 60)).goes_on([20_000] * 50) == []
    with pytest.raises(ValueError, match="between 80 and 60"):
        Ladder(80, 60)


LOOKS = st.lists(
    st.tuples(st.integers(0, 20_000), st.floats(0, 60_000), st.floats(0, 300)), max_size=80
)


@settings(deadline=None, max_examples=60)
@given(
    looks=LOOKS,
    floor_ms=st.sampled_from(PACKET_TIMES_MS[:3]),
    ceiling_ms=st.sampled_from(PACKET_TIMES_MS[2:]),
)
def test_whatever_happens_it_keeps_its_bounds_and_half_a_minute_before_a_step_down(
    looks: list[tuple[int, float, float]], floor_ms: PacketMs, ceiling_ms: PacketMs
) -> None:
    evening, changed_s, ptime_ms = Evening(Ladder(floor_ms, ceiling_ms)), -1_000.0, floor_ms
    for listeners, write_ns, late_ms in looks:
        evening.write_ns = write_ns
        for at_s, step in evening.goes_on([listeners] * 3, late_ms):
            assert floor_ms <= step.ptime_ms <= ceiling_ms
            assert step.ptime_ms != ptime_ms
            assert step.lead_ms % 20 == 0
            assert 1_000 <= step.lead_ms <= 8_000
            assert at_s >= changed_s
            if step.ptime_ms < ptime_ms:
                assert at_s - changed_s >= CALM_NS / NS_PER_S
            changed_s, ptime_ms = at_s + step.lead_ms / 1_000, step.ptime_ms


@settings(deadline=None, max_examples=30)
@given(
    before=LOOKS,
    listeners=st.integers(0, 20_000),
    cost_ns=st.floats(2_000, 40_000),
    noise=st.lists(
        st.tuples(st.floats(0.99, 1.01), st.floats(0.9, 1.1)), min_size=300, max_size=300
    ),
)
def test_with_an_audience_that_stays_it_never_flaps(
    before: list[tuple[int, float, float]],
    listeners: int,
    cost_ns: float,
    noise: list[tuple[float, float]],
) -> None:
    """Whatever was before, and though every measure trembles: no step up after a step down."""
    evening = Evening()
    for count, write_ns, late_ms in before:
        evening.write_ns = write_ns
        evening.goes_on([count], late_ms)
    evening.write_ns = cost_ns
    evening.goes_on([listeners] * 5)  # what was measured before is forgotten
    at_first_ms, steps = evening.ladder.ptime_ms, []
    for people, cost in noise:
        evening.write_ns = cost_ns * cost
        steps += evening.goes_on([listeners * people])
    went_down = False
    for earlier_ms, later_ms in itertools.pairwise([at_first_ms, *(s.ptime_ms for _, s in steps)]):
        went_down = went_down or later_ms < earlier_ms
        assert not (went_down and later_ms > earlier_ms)
