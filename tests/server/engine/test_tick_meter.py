import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.engine.boundary import LATENESS_BOUNDS_MS, WORK_STEPS, SourceStats
from parvis_server.engine.tick_meter import DropCounts, StageTimes, TickMeter


@given(st.lists(st.integers(-(10**9), 10**9), max_size=50))
def test_every_tick_lies_in_one_bucket(latenesses_ns: list[int]) -> None:
    meter = TickMeter()
    for lateness_ns in latenesses_ns:
        meter.started(lateness_ns)
    stats = meter.report(DropCounts(), ())
    assert stats.ticks == sum(stats.lateness_counts) == len(latenesses_ns)
    for place, bound_ms in enumerate(LATENESS_BOUNDS_MS, start=1):
        at_most = sum(lateness_ns <= bound_ms * 1e6 for lateness_ns in latenesses_ns)
        assert sum(stats.lateness_counts[:place]) == at_most


def test_counts_last_and_work_is_of_the_last_second() -> None:
    meter, drops = TickMeter(), DropCounts(1, 2, 3, 4)
    meter.started(3_000_000)
    meter.worked(100_000, encoded=False)
    meter.worked(300_000, encoded=True)
    meter.skipped(7)
    first = meter.report(drops, (SourceStats(ssrc=9, received=1),))
    assert (first.work_mean_us, first.work_max_us, first.encode_mean_us) == (200, 300, 300)
    assert first.lateness_max_ms == pytest.approx(3.0)
    assert first.sources[0].ssrc == 9
    second = meter.report(drops, ())
    assert (second.ticks, second.skipped_ticks, second.work_max_us) == (1, 7, 0)
    assert (second.lateness_sum_ms, second.lateness_max_ms) == (3.0, 0)
    assert (second.foreign_packets, second.stale_packets) == (1, 2)
    assert (second.bad_datagrams, second.dropped_output) == (3, 4)


def test_work_is_counted_in_steps_of_a_tenth_of_a_millisecond() -> None:
    meter = TickMeter()
    for work_ns in (0, 99_999, 100_000, 3_450_000, 10**9):
        meter.worked(work_ns, encoded=False)
    counts = meter.report(DropCounts(), ()).work_counts
    assert {place: count for place, count in enumerate(counts) if count} == {
        **{0: 2, 1: 1, 34: 1},
        WORK_STEPS: 1,
    }


def test_a_ticks_time_is_told_stage_by_stage() -> None:
    now_ns = 5_000
    stages = StageTimes(lambda: now_ns)
    meter = TickMeter(stages=stages)
    for _ in range(2):
        now_ns += 1_000_000  # between two ticks
        stages.begin()
        for stage, took_ns in (("pull", 40_000), ("mix", 10_000), ("pull", 20_000)):
            now_ns += took_ns
            stages.lap(stage)
        meter.worked(70_000, encoded=False)
    assert meter.report(DropCounts(), (), savings=3).stage_mean_us == {"pull": 60, "mix": 10}
    last = meter.report(DropCounts(), ())
    assert (last.stage_mean_us, last.savings) == ({}, 0)
