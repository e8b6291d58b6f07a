"""Streams by packet time: which belong together, and how early a change is told."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_wire.packet_time import (
    PACKET_TIMES_MS,
    PROGRAM_PTIME_MS,
    is_same_program,
    rise_ms,
    stream_ssrc,
)

SSRCS = st.integers(0, 2**32 - 1)


@given(SSRCS)
def test_the_streams_of_one_program_differ_and_know_each_other(program: int) -> None:
    streams = {stream_ssrc(program, ptime_ms) for ptime_ms in PACKET_TIMES_MS}
    assert len(streams) == len(PACKET_TIMES_MS)
    assert stream_ssrc(program, PROGRAM_PTIME_MS) == program
    assert all(0 <= ssrc < 2**32 for ssrc in streams)
    assert all(is_same_program(one, other) for one in streams for other in streams)


@given(SSRCS, SSRCS)
def test_another_mixer_is_told_from_another_packet_time(one: int, other: int) -> None:
    assert is_same_program(one, other) == (one >> 3 == other >> 3)


def test_a_rise_is_told_4_s_ahead_for_each_20_ms_and_a_fall_needs_no_time() -> None:
    assert [rise_ms(20, ptime_ms) for ptime_ms in PACKET_TIMES_MS] == [
        0, 4_000, 8_000, 12_000, 16_000, 20_000,
    ]  # fmt: skip
    assert rise_ms(120, 20) == 0
