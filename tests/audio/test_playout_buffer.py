"""What a listener hears: whole, without clicks, near the target, whatever the path did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.level import SILENT_DBFS, Samples, level_dbfs
from parvis_audio.measure import tone_snr_db
from parvis_audio.playout import PlayoutState
from parvis_audio.playout_buffer import MAX_HELD_SAMPLES, PlayoutBuffer

RATE = 48_000
PACKET = 960
NS_PER_MS = 1_000_000
FIRST_TIMESTAMP = 2**32 - 30_000  # wraps while it plays


def tone(samples: int, start: int = 0) -> Samples:
    at = np.arange(start, start + samples) / RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * 400 * at), dtype=np.float32)


def listened(
    arrivals_ms: list[float | None], seconds: float, packet: int = PACKET
) -> tuple[PlayoutBuffer, Samples]:
    """What is heard when packet n of a tone arrives at ``arrivals_ms[n]`` (None: never)."""
    buffer, heard = PlayoutBuffer(), []
    coming = [(at, n) for n, at in enumerate(arrivals_ms) if at is not None]
    for tick in range(int(seconds * 100)):
        now_ms = tick * 10.0
        while coming and coming[0][0] <= now_ms:
            at_ms, n = coming.pop(0)
            timestamp = (FIRST_TIMESTAMP + n * packet) % 2**32
            buffer.put(timestamp, tone(packet, n * packet), int(at_ms * NS_PER_MS))
        heard.append(buffer.read(int(now_ms * NS_PER_MS)))
    return buffer, np.concatenate(heard)


def steady(count: int, packet: int = PACKET) -> list[float | None]:
    return [(n + 1) * packet / 48 + 1.0 for n in range(count)]


def largest_step(heard: Samples) -> float:
    return float(np.abs(np.diff(heard)).max())


STEP = largest_step(tone(RATE))


def test_a_steady_stream_is_heard_whole_and_the_delay_comes_down() -> None:
    buffer, heard = listened(steady(1_500), 29.0)
    begin = int(np.flatnonzero(heard)[0])
    assert begin / 48 == pytest.approx(140, abs=12)  # 120 ms after the first packet could be played
    assert largest_step(heard) < 1.05 * STEP
    assert (
        min(level_dbfs(f) for f in heard[begin + 480 :].reshape(-1)[: 480 * 2_800].reshape(-1, 480))
        > -14
    )
    assert buffer.controller.counters.underruns == 0
    assert buffer.delay_ms(29_000 * NS_PER_MS) == pytest.approx(75, abs=3)  # target 60, dead band


def test_at_the_normal_rate_samples_are_copied() -> None:
    _, heard = listened(steady(50), 0.5)
    begin = int(np.flatnonzero(heard)[0]) - 1  # the tone starts with a zero
    count = 4_800
    assert np.array_equal(heard[begin : begin + count], tone(count))


def test_a_tone_stays_clean_while_it_is_played_faster() -> None:
    _, heard = listened(steady(500), 8.0)  # 120 ms at the start, on the way to 60
    faster = heard[5 * RATE : 6 * RATE]
    assert tone_snr_db(faster, 400 * 1.003) > 70
    assert tone_snr_db(faster, 400) < 10


def test_packets_of_any_length_are_heard_whole() -> None:
    for packet in (120, 480, 2_880, 5_760):
        buffer, heard = listened(steady(2_000 * 480 // packet, packet), 9.0, packet)
        assert buffer.controller.counters.underruns == 0
        assert largest_step(heard) < 1.05 * STEP


def test_a_stall_is_concealed_softly_and_the_listener_catches_up() -> None:
    arrivals = [
        max(at or 0, 10_600.0) if 10_000 <= (at or 0) < 10_600 else at for at in steady(2_000)
    ]
    buffer, heard = listened(arrivals, 35.0)
    counters = buffer.controller.counters
    assert counters.underruns == 1
    assert largest_step(heard) < 1.3 * STEP
    assert buffer.state is PlayoutState.PLAYING
    assert buffer.delay_ms(35_000 * NS_PER_MS) < 600


def test_far_behind_it_skips_with_a_fade() -> None:
    arrivals = [
        max(at or 0, 11_500.0) if 10_000 <= (at or 0) < 11_500 else at for at in steady(1_000)
    ]
    buffer, heard = listened(arrivals, 15.0)
    assert buffer.controller.counters.skips == 1
    assert largest_step(heard) < 1.3 * STEP


def test_dry_for_long_it_hums_quietly_and_says_so() -> None:
    buffer, heard = listened(steady(100), 7.0)
    assert buffer.state is PlayoutState.RECONNECTING
    assert level_dbfs(heard[-48_000:]) == pytest.approx(-62, abs=0.5)
    assert largest_step(heard) < 1.3 * STEP


def test_a_short_gap_is_filled_and_time_goes_on() -> None:
    arrivals = [None if n in (100, 101) else at for n, at in enumerate(steady(400))]
    buffer, heard = listened(arrivals, 7.0)
    assert buffer.controller.counters.underruns == 0
    assert largest_step(heard) < 1.3 * STEP


def test_over_a_long_gap_it_jumps() -> None:
    arrivals = [None if 100 <= n < 150 else at for n, at in enumerate(steady(400))]
    buffer, heard = listened(arrivals, 7.5)
    assert buffer.state is PlayoutState.PLAYING
    assert largest_step(heard) < 1.3 * STEP
    assert level_dbfs(heard[-4_800:]) > -14


def test_a_repeat_changes_nothing() -> None:
    once, twice = PlayoutBuffer(), PlayoutBuffer()
    for n in range(20):
        once.put(n * PACKET, tone(PACKET, n * PACKET), n * 20 * NS_PER_MS)
        for _ in range(2):
            twice.put(n * PACKET, tone(PACKET, n * PACKET), n * 20 * NS_PER_MS)
    assert once.buffered_ms == twice.buffered_ms == 400


def test_a_new_room_clock_begins_anew() -> None:
    buffer = PlayoutBuffer()
    for n in range(100):
        now_ns = n * 20 * NS_PER_MS
        origin = 0 if n < 50 else 2**31
        buffer.put(origin + n * PACKET, tone(PACKET, n * PACKET), now_ns)
        buffer.read(now_ns), buffer.read(now_ns + 10 * NS_PER_MS)
    assert buffer.state is PlayoutState.PLAYING
    assert buffer.position is not None and buffer.position > 2**31


def test_a_flood_is_bounded() -> None:
    buffer = PlayoutBuffer()
    for n in range(200):
        buffer.put(n * PACKET, tone(PACKET), 0)
    assert buffer.buffered_ms * 48 == MAX_HELD_SAMPLES
    assert buffer.dropped_samples == 200 * PACKET - MAX_HELD_SAMPLES


def test_what_was_made_up_says_nothing_of_the_network() -> None:
    buffer = PlayoutBuffer()
    buffer.put(0, tone(PACKET), 20 * NS_PER_MS)
    base_ms = buffer.controller.target.base_ms
    buffer.put(PACKET, tone(2 * PACKET, PACKET), None)
    assert buffer.buffered_ms == 60
    assert buffer.controller.target.base_ms == base_ms
    assert buffer.controller.counters.packets == 1


def test_before_sound_there_is_silence() -> None:
    buffer = PlayoutBuffer()
    assert level_dbfs(buffer.read(0)) == SILENT_DBFS
    assert buffer.delay_ms(0) == 0.0
    assert buffer.position is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 100_000)),
            st.sampled_from([120, 480, 960, 5_760]),
            st.integers(0, 300),
        ),
        max_size=60,
    )
)
def test_any_packets_give_frames_and_stay_bounded(packets: list[tuple[int, int, int]]) -> None:
    buffer, now_ms = PlayoutBuffer(), 0
    for timestamp, length, wait_ms in packets:
        now_ms += wait_ms
        buffer.put(timestamp, tone(length), now_ms * NS_PER_MS)
        frame = buffer.read(now_ms * NS_PER_MS)
        assert frame.shape == (480,)
        assert frame.dtype == np.float32
        assert np.isfinite(frame).all()
        assert np.abs(frame).max() < 1
        assert 0 <= buffer.buffered_ms * 48 <= MAX_HELD_SAMPLES
