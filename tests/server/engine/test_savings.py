import itertools

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.engine.savings import (
    FIRST_WAIT_WINDOWS,
    LONGEST_WAIT_WINDOWS,
    STEPS,
    Saving,
    Thrift,
)

TICK_NS = 10_000_000
WINDOW = 50


def work(thrift: Thrift, share: float, windows: int = 1) -> list[Saving]:
    """So many windows at this share of the tick; what was said."""
    ticks = windows * WINDOW
    said = [thrift.worked(round(share * TICK_NS)) for _ in range(ticks)]
    return [saving for saving in said if saving is not None]


def test_each_step_does_no_more_than_the_one_before() -> None:
    for before, after in itertools.pairwise(STEPS):
        assert after != before
        assert after.most_compared <= before.most_compared
        assert after.most_complexity <= before.most_complexity


def test_a_full_tick_goes_down_in_order_and_stays_at_the_end() -> None:
    thrift = Thrift(TICK_NS)
    assert work(thrift, 0.95, 10) == list(STEPS[1:])
    assert thrift.step == len(STEPS) - 1


def test_one_long_tick_is_no_overload() -> None:
    thrift = Thrift(TICK_NS)
    for _ in range(20):
        assert thrift.worked(10 * TICK_NS) is None
        assert work(thrift, 0.4) == []
    assert thrift.step == 0


def test_it_comes_back_after_ten_easy_seconds() -> None:
    thrift = Thrift(TICK_NS)
    work(thrift, 0.9, 2)
    assert work(thrift, 0.5, FIRST_WAIT_WINDOWS - 1) == []
    assert work(thrift, 0.5) == [STEPS[1]]
    assert work(thrift, 0.7, 100) == []  # neither too much nor easy
    assert work(thrift, 0.5, FIRST_WAIT_WINDOWS) == [STEPS[0]]
    assert work(thrift, 0.1, 1000) == []


def test_an_engine_near_its_limit_swings_more_and_more_rarely() -> None:
    thrift, waits = Thrift(TICK_NS), []
    work(thrift, 0.9, 2)
    for _ in range(8):
        waited = 0
        while not work(thrift, 0.5):
            waited += 1
        waits.append(waited + 1)
        assert work(thrift, 0.9)
    assert waits[:3] == [FIRST_WAIT_WINDOWS, 2 * FIRST_WAIT_WINDOWS, 4 * FIRST_WAIT_WINDOWS]
    assert waits[-1] == LONGEST_WAIT_WINDOWS


def test_an_engine_that_swings_from_doing_everything_does_so_more_and_more_rarely() -> None:
    thrift, waits = Thrift(TICK_NS), []
    work(thrift, 0.9)
    for _ in range(8):
        waited = 0
        while not work(thrift, 0.5):
            waited += 1
        assert thrift.step == 0
        waits.append(waited + 1)
        assert work(thrift, 0.9)
    assert waits[:3] == [FIRST_WAIT_WINDOWS, 2 * FIRST_WAIT_WINDOWS, 4 * FIRST_WAIT_WINDOWS]
    assert waits[-1] == LONGEST_WAIT_WINDOWS


def test_a_long_time_of_doing_everything_is_no_swing() -> None:
    thrift = Thrift(TICK_NS)
    work(thrift, 0.9)
    work(thrift, 0.5, FIRST_WAIT_WINDOWS)
    work(thrift, 0.7, LONGEST_WAIT_WINDOWS)
    work(thrift, 0.9)
    assert work(thrift, 0.5, FIRST_WAIT_WINDOWS) == [STEPS[0]]


def test_ticks_of_5_ms_are_judged_by_their_own_length() -> None:
    thrift = Thrift(TICK_NS // 2)
    said = [thrift.worked(round(0.9 * TICK_NS / 2)) for _ in range(100)]
    assert said == [None] * 99 + [STEPS[1]]


@given(st.lists(st.floats(0, 3), max_size=60))
def test_whatever_the_load_the_step_is_one_of_the_table(loads: list[float]) -> None:
    thrift = Thrift(TICK_NS)
    for load in loads:
        before = thrift.step
        said = work(thrift, load)
        assert 0 <= thrift.step < len(STEPS)
        assert abs(thrift.step - before) <= 1
        assert said == ([STEPS[thrift.step]] if thrift.step != before else [])
