"""Sequence numbers follow the timestamps, whatever the engine counted."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.numbering import MAX_BACK_SAMPLES, Numbering
from parvis_wire.rtp import RtpPacket


def packet(timestamp: int, sequence: int = 4711) -> bytes:
    return RtpPacket(
        sequence=sequence, timestamp=timestamp % (1 << 32), ssrc=9, payload=b"opus"
    ).serialize()


def numbered(numbering: Numbering, timestamp: int) -> int | None:
    rtp = numbering.numbered(packet(timestamp))
    return None if rtp is None else RtpPacket.parse(rtp).sequence


@given(
    start=st.integers(0, (1 << 32) - 1),
    first=st.integers(0, (1 << 16) - 1),
    gaps=st.lists(st.integers(1, 500), max_size=50),
)
def test_one_more_for_each_packet_time_also_across_both_wraps(
    start: int, first: int, gaps: list[int]
) -> None:
    numbering = Numbering(480, first)
    timestamp, expected = start, (first + 1) % (1 << 16)
    assert numbered(numbering, timestamp) == expected
    for gap in gaps:
        timestamp += 480 * gap
        expected = (expected + gap) % (1 << 16)
        assert numbered(numbering, timestamp) == expected


def test_everything_but_the_number_stays() -> None:
    rtp = Numbering(480, 9).numbered(packet(960))
    assert rtp is not None
    ours = RtpPacket.parse(rtp)
    assert (ours.sequence, ours.timestamp, ours.ssrc, ours.payload) == (10, 960, 9, b"opus")


def test_a_moment_that_was_sent_already_is_not_sent_again() -> None:
    numbering = Numbering(480)
    assert numbered(numbering, 100_000) == 1
    assert numbered(numbering, 100_000) is None
    assert numbered(numbering, 100_000 - 480) is None
    assert numbered(numbering, 100_480) == 2


def test_packets_that_fall_between_two_moments_still_count_on() -> None:
    numbering = Numbering(960)
    assert numbered(numbering, 0) == 1
    assert numbered(numbering, 480) == 2, "another engine packs at the other tick"
    assert numbered(numbering, 480 + 960) == 3


def test_another_clock_begins_anew() -> None:
    numbering = Numbering(480)
    numbered(numbering, 100 * MAX_BACK_SAMPLES)
    assert numbered(numbering, 0) == 2
    assert numbered(numbering, 480) == 3
