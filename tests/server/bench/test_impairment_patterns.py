"""The faults of a link, exactly: who is lost, what waits, in which order."""

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.bench.impairment.patterns import (
    PROFILES,
    RECOVERY_FRAME_NS,
    Direction,
    JitterLaw,
    Path,
    Profile,
    Stream,
    freezes,
    jitters_ns,
    losses,
)
from parvis_server.errors import UsageError

MS = 1_000_000
OUT = Direction.OUTWARD


def lost_of(profile: Profile, seed: int, packets: int, way: Direction = OUT) -> list[bool]:
    return list(islice(losses(profile, seed, way), packets))


def passed(profile: Profile, times_ns: list[int], seed: int = 1) -> list[int | None]:
    path = Path(profile, seed, OUT)
    return [path.passes(at_ns, 100) for at_ns in times_ns]


@pytest.mark.parametrize("name", PROFILES)
def test_the_same_seed_meets_the_same_faults(name: str) -> None:
    times_ns = [number * 10 * MS for number in range(2000)]
    assert passed(PROFILES[name], times_ns, 7) == passed(PROFILES[name], times_ns, 7)


def test_another_seed_and_the_other_way_meet_others() -> None:
    profile = PROFILES["rtt40_loss3"]
    assert lost_of(profile, 1, 1000) != lost_of(profile, 2, 1000)
    assert lost_of(profile, 1, 1000) != lost_of(profile, 1, 1000, Direction.BACK)


def test_the_faults_stay_what_they_are() -> None:
    """A seed names a link in reports: its faults must outlive releases."""
    lost = lost_of(PROFILES["rtt40_loss1"], 1, 400)
    assert [number for number, gone in enumerate(lost) if gone] == [13, 282]
    first = next(freezes(PROFILES["wifi_freezes"], 1))
    assert (first.start_ns, first.end_ns) == (1_500_000_000, 1_603_899_254)


@pytest.mark.parametrize(("loss", "run"), [(0.01, 1.0), (0.03, 1.0), (0.01, 3.0), (0.1, 5.0)])
def test_losses_have_their_share_and_their_length(loss: float, run: float) -> None:
    lost = lost_of(Profile(loss=loss, loss_run=run), 1, 200_000)
    beginnings = sum(not before and now for before, now in pairwise(lost))
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=0.1)
    assert sum(lost) / beginnings == pytest.approx(max(run, 1 / (1 - loss)), rel=0.1)


def test_nothing_is_lost_or_late_without_faults() -> None:
    times_ns = [0, 5, 5, 17 * MS]
    assert passed(Profile(rtt_ms=6), times_ns) == [at_ns + 3 * MS for at_ns in times_ns]


def test_freezes_come_as_often_and_as_long_as_the_profile_says() -> None:
    found = list(islice(freezes(PROFILES["wifi_freezes"], 5), 400))
    lengths_ms = [(freeze.end_ns - freeze.start_ns) / MS for freeze in found]
    assert found[0].start_ns == 1_500 * MS
    assert 40 <= min(lengths_ms) < 45
    assert 145 < max(lengths_ms) <= 150
    assert all(before.end_ns < after.start_ns for before, after in pairwise(found))
    every_s = (found[-1].start_ns - found[0].start_ns) / 399 / 1e9
    assert every_s == pytest.approx(3, rel=0.05)


def test_what_falls_into_a_freeze_waits_for_its_end() -> None:
    profile = PROFILES["wifi_freezes"]
    freeze = next(freezes(profile, 1))
    before, inside, last, after = (
        *(freeze.start_ns - 1, freeze.start_ns, freeze.end_ns - 1),
        freeze.end_ns,
    )
    assert passed(profile, [before, inside, last, after]) == [
        before + 3 * MS,
        *[freeze.end_ns + 3 * MS] * 3,
    ]


def test_both_ways_freeze_at_the_same_moment() -> None:
    profile = PROFILES["wifi_freezes"]
    freeze = next(freezes(profile, 9))
    leaves_ns = {Path(profile, 9, way).passes(freeze.start_ns + 1, 40) for way in Direction}
    assert leaves_ns == {freeze.end_ns + 3 * MS}


def test_a_bandwidth_sends_one_packet_after_the_other() -> None:
    """100 bytes at 80 kbit/s take 10 ms."""
    assert passed(Profile(rate_kbit=80), [0, 0, 0, 100 * MS]) == [
        10 * MS,
        20 * MS,
        30 * MS,
        110 * MS,
    ]


def test_a_full_queue_loses_what_comes() -> None:
    path = Path(Profile(rate_kbit=80, queue_ms=25), 1, OUT)
    assert [path.passes(0, 100) for _ in range(5)] == [10 * MS, 20 * MS, 30 * MS, None, None]
    assert (path.packets, path.lost, path.overflowed) == (5, 2, 2)
    assert path.passes(15 * MS, 100) == 40 * MS


@pytest.mark.parametrize(
    ("law", "mean_ms", "p99_ms", "most_ms"),
    [(JitterLaw.EXPONENTIAL, 20, 92, 100), (JitterLaw.UNIFORM, 10, 19.8, 20)],
)
def test_jitter_is_spread_as_its_law_says(
    law: JitterLaw, mean_ms: float, p99_ms: float, most_ms: float
) -> None:
    profile = Profile(jitter_ms=20, jitter_law=law)
    drawn_ms = sorted(one / MS for one in islice(jitters_ns(profile, 1, OUT), 20_000))
    assert sum(drawn_ms) / len(drawn_ms) == pytest.approx(mean_ms, rel=0.03)
    assert drawn_ms[round(0.99 * len(drawn_ms))] == pytest.approx(p99_ms, rel=0.05)
    assert drawn_ms[0] >= 0 and drawn_ms[-1] <= most_ms


@given(
    profile=st.builds(
        Profile,
        rtt_ms=st.floats(0, 200),
        loss=st.floats(0, 0.5),
        loss_run=st.floats(1, 10),
        jitter_ms=st.floats(0, 50),
        jitter_law=st.sampled_from(JitterLaw),
        freeze_every_s=st.just(1.0),
        freeze_ms=st.just((40.0, 150.0)),
        rate_kbit=st.sampled_from([0.0, 64.0, 1000.0]),
    ),
    seed=st.integers(0, 2**32),
    gaps_ns=st.lists(st.integers(0, 50 * MS), max_size=60),
)
def test_packets_keep_their_order_and_never_travel_back_in_time(
    profile: Profile, seed: int, gaps_ns: list[int]
) -> None:
    path, stream = Path(profile, seed, OUT), Stream(Path(profile, seed, OUT))
    at_ns, last_ns, last_byte_ns = 0, 0, 0
    for gap_ns in gaps_ns:
        at_ns += gap_ns
        leaves_ns, byte_ns = path.passes(at_ns, 100), stream.leaves_ns(at_ns, 100)
        least_ns = at_ns + round(profile.rtt_ms * MS / 2)
        assert byte_ns >= max(last_byte_ns, least_ns)
        last_byte_ns = byte_ns
        if leaves_ns is not None:
            assert leaves_ns >= max(last_ns, least_ns)
            last_ns = leaves_ns
    assert path.packets == len(gaps_ns)


def test_a_lost_packet_holds_up_its_stream_and_no_other() -> None:
    profile = Profile(rtt_ms=40, loss=0.01)
    lost = lost_of(profile, 1, 400)
    first = lost.index(True)
    path = Path(profile, 1, OUT)
    mine, other = Stream(path), Stream(path)
    for _ in range(first):
        assert mine.leaves_ns(0, 100) == 20 * MS
    stall_ns = 40 * MS + RECOVERY_FRAME_NS
    assert mine.leaves_ns(0, 100) == 20 * MS + stall_ns
    assert mine.leaves_ns(10 * MS, 100) == 20 * MS + stall_ns
    assert other.leaves_ns(10 * MS, 100) == 30 * MS
    assert mine.leaves_ns(80 * MS, 100) == 100 * MS
    assert path.lost == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rtt_ms": -1}, "round trip"),
        ({"rtt_ms": float("nan")}, "round trip"),
        ({"loss": 0.7}, "0 and 50 %"),
        ({"loss_run": 0.5}, "in a row"),
        ({"jitter_ms": -3}, "jitter"),
        ({"freeze_every_s": 1, "freeze_ms": (90, 40)}, "the shortest first"),
        ({"freeze_every_s": 0.1, "freeze_ms": (40, 150)}, "before another ended"),
        ({"freeze_ms": (40, 150)}, "every so often"),
        ({"rate_kbit": 1}, "at least 8 kbit/s"),
        ({"rate_kbit": 100, "queue_ms": 0}, "queue"),
    ],
)
def test_a_link_that_cannot_be_is_refused_in_words(wrong: dict[str, float], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Profile(**wrong)  # type: ignore[arg-type]


def test_a_profile_says_its_faults() -> None:
    assert str(PROFILES["bad_wifi"]) == (
        "RTT 10 ms, 1 % lost in runs of 3, 4 ms jitter, freezes of 60-300 ms every 4 s"
    )
    assert str(PROFILES["capped"]) == "RTT 20 ms, 400 kbit/s"
    even = Profile(jitter_ms=20, jitter_law=JitterLaw.UNIFORM)
    assert str(even) == "RTT 0 ms, 20 ms uniform jitter"
