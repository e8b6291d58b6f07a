from hypothesis import given
from hypothesis import strategies as st

from parvis_server.engine.boundary import TICK_NS
from parvis_server.engine.schedule import MAX_CATCH_UP_NS, TickSchedule

MAX_CATCH_UP_TICKS = MAX_CATCH_UP_NS // TICK_NS

times_ns = st.integers(-(10**18), 10**18)


@given(times_ns, times_ns, st.sampled_from([TICK_NS, TICK_NS // 2]))
def test_it_begins_with_the_next_program_packet(origin_ns: int, now_ns: int, tick_ns: int) -> None:
    schedule = TickSchedule(origin_ns, now_ns, tick_ns)
    begin_ns = schedule.next_deadline_ns
    assert 0 <= begin_ns - now_ns < 2 * TICK_NS
    assert (begin_ns - origin_ns) % (2 * TICK_NS) == 0
    assert schedule.take(begin_ns).ticks.start * tick_ns == begin_ns - origin_ns
    assert schedule.next_deadline_ns == begin_ns + tick_ns


def test_nothing_is_due_before_its_deadline() -> None:
    schedule = TickSchedule(0, 0)
    assert list(schedule.take(-1).ticks) == []
    assert list(schedule.take(0).ticks) == [0]
    assert list(schedule.take(TICK_NS - 1).ticks) == []
    assert list(schedule.take(TICK_NS).ticks) == [1]


def test_deadlines_advance_by_the_period_however_late_a_tick_was() -> None:
    schedule = TickSchedule(0, 0)
    schedule.take(TICK_NS // 2)
    assert schedule.next_deadline_ns == TICK_NS


def test_missed_ticks_are_run_up_to_a_bound_and_the_others_counted() -> None:
    schedule = TickSchedule(0, 0)
    assert list(schedule.take(3 * TICK_NS + 5).ticks) == [0, 1, 2, 3]
    late = schedule.take(103 * TICK_NS)
    assert late.skipped == 100 - MAX_CATCH_UP_TICKS
    assert list(late.ticks) == list(range(104 - MAX_CATCH_UP_TICKS, 104))


def test_as_much_is_caught_up_in_ticks_of_5_ms() -> None:
    schedule = TickSchedule(0, 0, TICK_NS // 2)
    late = schedule.take(100 * TICK_NS)
    assert (len(late.ticks), late.ticks.stop, late.skipped) == (20, 201, 181)


@given(st.lists(st.integers(0, 200 * TICK_NS // 10), min_size=1, max_size=40))
def test_every_tick_is_run_once_or_skipped_once(steps_ns: list[int]) -> None:
    schedule, now_ns, expected = TickSchedule(0, 0), 0, 0
    for step_ns in steps_ns:
        now_ns += step_ns
        due = schedule.take(now_ns)
        assert due.ticks.start == expected + due.skipped
        assert len(due.ticks) <= MAX_CATCH_UP_TICKS
        expected = due.ticks.stop
        assert now_ns < schedule.next_deadline_ns <= now_ns + TICK_NS
