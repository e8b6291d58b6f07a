"""What a bench of listeners counts: packets, losses, bins, clocks, sums. All pure."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_audio.opus import program_encoder, unit_encoder
from parvis_server.bench.listening.course import missing_at_end, step
from parvis_server.bench.listening.histogram import BIN_NS, BINS, Histogram
from parvis_server.bench.listening.plan import Plan, Target
from parvis_server.bench.listening.program import ProgramPacket, opus_samples
from parvis_server.bench.listening.results import WindowFound, added, lines, result
from parvis_server.bench.listening.room_clock import RESERVE_NS, TICK_NS, RoomClock
from parvis_server.bench.listening.tally import Tally
from parvis_server.errors import UsageError
from parvis_wire import serial
from parvis_wire.errors import BadPacket

SECOND_NS = 1_000_000_000


def packet(number: int, ssrc: int = 1, timestamp: int | None = None) -> ProgramPacket:
    at = number * 960 if timestamp is None else timestamp
    return ProgramPacket((number & 0xFFFF, at & 0xFFFF_FFFF, ssrc), 960, 100)


# Packets


def test_the_sound_in_a_packet_is_what_its_encoder_put_there() -> None:
    assert opus_samples(unit_encoder().encode(np.zeros(480, np.float32))) == 480
    assert opus_samples(program_encoder().encode(np.zeros(960, np.float32))) == 960


@pytest.mark.parametrize(
    ("head", "ms"),
    [
        (b"\x00", 10), (b"\x18", 60), (b"\x60", 10), (b"\x68", 20), (b"\xe0", 2.5),
        (b"\xf8", 20), (b"\xf9", 40), (b"\xfb\x03", 60), (b"\xfb\x86", 120), (b"\x78", 20),
    ],
)  # fmt: skip
def test_the_first_bytes_tell_how_long_it_is(head: bytes, ms: float) -> None:
    assert opus_samples(head + bytes(40)) == ms * 48


@pytest.mark.parametrize("payload", [b"", b"\xfb", b"\xfb\x00", b"\xfb\x07"])
def test_what_is_no_opus_packet_is_refused(payload: bytes) -> None:
    with pytest.raises(BadPacket):
        opus_samples(payload)


# Losses


@given(
    st.integers(0, 0xFFFF_FFFF),
    st.sets(st.integers(1, 198)),
    st.sets(st.integers(0, 199)),
)
def test_whatever_is_left_out_is_lost_and_whatever_comes_twice_is_repeated(
    first: int, dropped: set[int], twice: set[int]
) -> None:
    expected, lost, repeated, gaps = None, 0, 0, 0
    for number in range(200):
        if number in dropped:
            continue
        one = ProgramPacket(
            (first + number & 0xFFFF, serial.add(first, number * 960, 32), 5), 960, 100
        )
        for _ in range(1 + (number in twice)):
            taken = step(expected, one)
            expected, lost = taken.expected, lost + taken.lost
            repeated, gaps = repeated + taken.repeated, gaps + taken.gap_samples
    assert lost == len(dropped)
    assert repeated == len(twice - dropped)
    assert gaps == 960 * len(dropped)


def test_sound_that_the_source_left_out_is_a_gap_but_not_lost() -> None:
    taken = step(packet(1).successor, packet(2, timestamp=5 * 960))
    assert (taken.lost, taken.gap_samples) == (0, 3 * 960)


def test_another_stream_goes_on_where_the_timestamps_do() -> None:
    taken = step(packet(1).successor, packet(900, ssrc=2, timestamp=2 * 960))
    assert (taken.lost, taken.gap_samples, taken.changed) == (0, 0, True)
    assert taken.expected == (901, 3 * 960, 2)


def test_another_streams_old_sound_is_a_repeat_and_changes_nothing() -> None:
    expected = packet(10).successor
    assert step(expected, packet(3, ssrc=2)).expected == expected


@pytest.mark.parametrize(("end", "missing"), [(0, 0), (1920, 0), (1921, 1), (4800, 3)])
def test_what_had_still_to_come_is_counted_in_packets(end: int, missing: int) -> None:
    assert missing_at_end(packet(1).successor, end, 960) == missing


# Bins


@given(st.lists(st.integers(0, 20 * SECOND_NS), min_size=1, max_size=300))
def test_percentiles_are_right_to_a_bin(delays: list[int]) -> None:
    histogram = Histogram()
    for delay in delays:
        histogram.add(delay)
    found = histogram.figures()
    assert found is not None
    for name, percent in (("p50", 50), ("p99", 99)):
        true = np.percentile(delays, percent, method="inverted_cdf")
        if true < (BINS - 1) * BIN_NS:
            assert true / 1e6 - 0.051 <= found[name] <= true / 1e6 + 0.151
    assert found["max"] >= max(delays) / 1e6 - 0.051


@given(st.lists(st.integers(-5, 12 * SECOND_NS)), st.lists(st.integers(0, SECOND_NS)))
def test_adding_up_is_the_same_as_measuring_together(here: list[int], there: list[int]) -> None:
    parts = Histogram(), Histogram(), Histogram()
    for part, delays in zip(parts, (here, there, here + there), strict=True):
        for delay in delays:
            part.add(delay)
    parts[0].merge(Histogram.from_json(json.loads(json.dumps(parts[1].as_json()))))
    assert parts[0].counts == parts[2].counts
    assert parts[0].figures() == parts[2].figures()


def test_relative_delays_begin_at_the_smallest() -> None:
    histogram = Histogram()
    for delay_ms in (1000, 1002, 1050):
        histogram.add(delay_ms * 1_000_000)
    moved = histogram.from_least()
    assert moved.figures() == {"p50": 2.1, "p95": 50.1, "p99": 50.1, "max": 50.1}
    assert moved.total == 3


@pytest.mark.parametrize("told", [{"x": 1}, {"-1": 1}, {"100001": 1}, {"5": -1}])
def test_bins_that_cannot_be_are_refused(told: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"no bin|invalid literal"):
        Histogram.from_json(told)


# The clock


def test_on_one_clock_a_packet_left_at_the_tick_that_filled_it() -> None:
    clock = RoomClock()
    clock.tell(48_000, 5 * SECOND_NS)
    clock.begin(48_960, 5 * SECOND_NS + 30_000_000)
    assert clock.shared
    assert clock.left_ns(48_960) == 5 * SECOND_NS + 20_000_000 - TICK_NS
    assert clock.end_at(clock.left_ns(48_960)) == 48_960


def test_a_room_clock_over_32_bits_is_told_by_its_low_ones() -> None:
    clock = RoomClock()
    clock.tell((7 << 32) + 10, SECOND_NS)
    clock.begin(10, SECOND_NS)
    assert clock.left_ns(10) == SECOND_NS - TICK_NS


@pytest.mark.parametrize("told", [None, (0, 1), (0, 900 * SECOND_NS)])
def test_another_machines_clock_is_not_believed(told: tuple[int, int] | None) -> None:
    clock = RoomClock()
    if told is not None:
        clock.tell(*told)
    clock.begin(960, 100 * SECOND_NS)
    assert not clock.shared
    assert clock.left_ns(960) == 100 * SECOND_NS - RESERVE_NS
    assert clock.left_ns(1920) - clock.left_ns(960) == 20_000_000


# Results


def found(delay_ms: int, lost: int, *, one_clock: bool = True) -> dict[str, object]:
    tally = Tally(lost=lost)
    for _ in range(100):
        tally.delays.add(delay_ms * 1_000_000)
    tally.joins.add(40_000_000)
    tally.closed[4008] += lost
    tally.packet_ms[60] += 100
    answer = {"tally": json.loads(json.dumps(tally.as_json())), "cpu_s": 0.5, "listening": 50}
    window = WindowFound("alone", 2.0)
    window.take(answer | {"one_clock": one_clock})
    window.machine_busy_cpu, window.machine_idle_cpu = 84.0, 116.0
    window.server_cpu, window.idle_cpu = {"hub": 30.0, "engine": 9.0, "total": 39.0}, {"hub": 5.0}
    return result([window], Tally(not_joined=1), 51, {})


def test_the_result_has_what_was_promised() -> None:
    told = found(3, 2)
    promised = ("listeners", "lost", "closed", "delivery_ms", "join_ms", "server_cpu")
    assert all(key in told for key in (*promised, "generator_cpu"))
    assert (told["listeners"], told["lost"], told["closed"]) == (50, 2, 2)
    assert told["delivery_ms"] == {"p50": 3.1, "p95": 3.1, "p99": 3.1, "max": 3.1}
    assert told["generator_cpu"] == 25.0
    assert told["server_us_per_packet"] == 5000.0  # 25 % of 2 s by 100 packets, the mix apart
    assert (told["others_cpu"], told["machine_idle_cpu"]) == (20.0, 116.0)
    assert told["not_joined"] == 1
    assert "4008 2" in lines(told)
    assert "the rest of the machine 20.0 %" in lines(told)


def test_results_of_two_machines_add_up() -> None:
    told = added(json.loads(json.dumps([found(3, 0), found(9, 4)])))
    assert (told["listeners"], told["lost"], told["closed"]) == (100, 4, 4)
    assert told["delivery_ms"] == {"p50": 3.1, "p95": 9.1, "p99": 9.1, "max": 9.1}
    assert told["server_cpu"]["hub"] == 60.0
    assert told["closed_codes"] == {"4008": 4}
    assert added([told, json.loads(json.dumps(found(1, 0)))])["listeners"] == 150
    assert "listeners 100" in lines(told)


def test_without_one_clock_it_says_so() -> None:
    told = found(1003, 0, one_clock=False)
    assert told["delivery_ms"] == {"p50": 0.1, "p95": 0.1, "p99": 0.1, "max": 0.1}
    assert "another machine's" in lines(told)


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(UsageError, match="--add wants results"):
        added([{"listeners": 5}])


# The plan


def test_processes_share_the_listeners_and_begin_at_different_targets() -> None:
    targets = (Target("127.0.0.1", 1, "a"), Target("127.0.0.1", 2, "b"))
    plan = Plan.from_json(Plan(targets, "{}", 11, 30.0).as_json())
    parts = [plan.share(part, 3) for part in range(3)]
    assert [part.listeners for part in parts] == [4, 4, 3]
    assert [part.targets[0].port for part in parts] == [1, 2, 1]
    assert parts[0].joins_per_s == 10.0


def test_listeners_go_where_pages_would() -> None:
    """In turn where all weigh the same, else drawn in proportion, and never where no room is."""
    alike = Plan((Target("127.0.0.1", 1, "a"), Target("127.0.0.1", 2, "b")), "{}", 4, 1.0)
    assert [alike.target(number, Random(1)).port for number in range(4)] == [1, 2, 1, 2]
    weights = (4_000, 2_000, 1_000, 0)
    targets = tuple(
        Target("127.0.0.1", port, "a", weight=weight) for port, weight in enumerate(weights)
    )
    plan, random = Plan.from_json(Plan(targets, "{}", 10_000, 1.0).as_json()), Random(3)
    went = Counter(plan.target(number, random).port for number in range(10_000))
    assert went[3] == 0
    for port, weight in enumerate(weights[:3]):
        assert abs(went[port] / (10_000 * weight / 7_000) - 1) < 0.1
