"""Where samples lie on the room clock: few records, which say all that the tap said."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.errors import BadRecording
from parvis_server.record.places import BEAT_SAMPLES, RECORD_BYTES, Place, Places, PlacesWriter

TICK = 480

Tap = tuple[int | None, float]
"""Timestamp and gain of one tick."""


def file_of(taps: Sequence[Tap], ssrc: int = 5) -> bytes:
    writer = PlacesWriter(ssrc)
    notes = [writer.note(TICK * tick, at, gain) for tick, (at, gain) in enumerate(taps)]
    return writer.head + b"".join(notes)


def held(places: Places, tick: int) -> Tap:
    """What the file says of a tick."""
    clock = TICK * tick
    place = [record for record in places.records if record.room_clock <= clock][-1]
    if place.timestamp is None:
        return None, place.gain
    return (place.timestamp + clock - place.room_clock) % 2**32, place.gain


gains = st.floats(0, 8, width=32).map(lambda gain: gain if gain > 1e-3 else 0.0)
stretches = st.lists(
    st.tuples(st.none() | st.integers(0, 2**32 - 1), gains, st.integers(1, 130)),
    min_size=1,
    max_size=8,
)


@given(stretches)
def test_the_records_say_what_the_tap_said(parts: list[tuple[int | None, float, int]]) -> None:
    taps: list[Tap] = []
    for begin, gain, ticks in parts:
        for tick in range(ticks):
            at = None if begin is None else (begin + TICK * tick) % 2**32
            taps.append((at, gain))
    places = Places.parse(file_of(taps))
    assert places.ssrc == 5
    for tick, (at, gain) in enumerate(taps):
        said_at, said_gain = held(places, tick)
        assert said_at == at
        if gain:
            assert abs(20 * math.log10(said_gain / gain)) <= 0.1001
        else:
            assert said_gain == 0


def test_what_goes_on_is_told_once_a_second() -> None:
    file = file_of([(TICK * tick, 0.5) for tick in range(1000)])
    clocks = [record.room_clock for record in Places.parse(file).records]
    assert clocks == list(range(0, 1000 * TICK, BEAT_SAMPLES))


def test_a_crystal_that_drifts_breaks_the_line_sample_by_sample() -> None:
    drifting = [(round(TICK * tick * 1.0001), 1.0) for tick in range(1000)]
    places = Places.parse(file_of(drifting))
    assert 40 <= len(places.records) <= 70
    for tick, (at, _) in enumerate(drifting):
        assert held(places, tick)[0] == at


def test_an_engine_that_was_replaced_repeats_nothing() -> None:
    writer = PlacesWriter(1)
    assert writer.note(4800, 7, 1.0)
    assert writer.note(4800, 9, 0.2) == b""
    assert writer.note(4320, 9, 0.2) == b""
    assert writer.note(5280, 9, 0.2)


def test_the_end_is_silence() -> None:
    writer = PlacesWriter(1)
    assert writer.end(100) == b""
    writer.note(480, 7, 1.0)
    assert Place.parse(writer.end(960)) == Place(960, None, 0.0)
    assert writer.end(1440) == b""


@given(st.integers(0, 400))
def test_a_file_torn_at_any_byte_opens_to_its_last_whole_record(cut: int) -> None:
    file = file_of([(7 * tick, 1.0) for tick in range(12)])
    torn = file[:cut]
    if cut < 16:
        with pytest.raises(BadRecording):
            Places.parse(torn)
        return
    places = Places.parse(torn)
    assert places.whole_bytes <= len(torn) < places.whole_bytes + RECORD_BYTES or cut >= len(file)
    assert file.startswith(torn[: places.whole_bytes])


@given(st.integers(16, 16 + 12 * RECORD_BYTES - 1), st.integers(0, 7))
def test_a_wrong_bit_ends_the_file_there(at: int, bit: int) -> None:
    file = bytearray(file_of([(7 * tick, 1.0) for tick in range(12)]))
    file[at] ^= 1 << bit
    places = Places.parse(bytes(file))
    assert len(places.records) == (at - 16) // RECORD_BYTES


@pytest.mark.parametrize(
    "content", [b"", b"PARVISP", b"NOTPLACE" + bytes(8), b"PARVISPL\2" + bytes(7)]
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadRecording):
        Places.parse(content)


def test_positions_follow_a_timestamp_that_wraps() -> None:
    first = 2**32 - 480
    places = Places.parse(file_of([((first + TICK * tick) % 2**32, 1.0) for tick in range(300)]))
    assert [at for _, at, _ in places.positions(first)] == [0, 48_000, 96_000]
