"""A source from packets to sound, judged by listening: gaps, clicks, level, order of turns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.packet_path import NS_PER_MS, RATE, Path, Unit, clicks, loud, played, tone
from parvis_audio.errors import BadPacket
from parvis_audio.level import SILENT_DBFS
from parvis_audio.opus import Samples
from parvis_audio.receiver import Receiver
from parvis_audio.relative_delay import Link
from parvis_audio.work import Job
from parvis_wire.rtp import NO_FLAGS, RtpPacket, TalkFlags


def test_the_click_detector_sees_a_missing_sample_and_a_jump() -> None:
    steady = tone(RATE)
    assert clicks(steady) == 0
    assert clicks(np.delete(steady, 20_040)) > 0
    assert clicks(np.concatenate((steady[:20_030], steady[20_500:]))) > 0


def test_a_steady_source_is_heard_whole() -> None:
    receiver, heard = played(3.0)
    levels = loud(heard)
    assert levels[10:].min() > -14.5
    assert clicks(heard[4_800:]) == 0
    assert receiver.active
    assert receiver.level_dbfs == pytest.approx(-13.5, abs=0.3)
    assert receiver.concealed_frames == 0
    assert (receiver.packets.lost, receiver.packets.late, receiver.counters.garbage) == (0, 0, 0)


@pytest.mark.parametrize("ptime", [120, 240, 960, 1_920, 2_880])
def test_packets_of_any_length_are_heard_whole(ptime: int) -> None:
    receiver, heard = played(2.0, unit=Unit(ptime), receiver=Receiver(Link.REMOTE))
    assert clicks(heard[14_400:]) == 0
    assert loud(heard)[30:].min() > -14.5
    assert receiver.concealed_frames == 0


def test_before_anything_comes_there_is_silence() -> None:
    receiver = Receiver()
    assert not receiver.frame(0).any()
    assert receiver.level_dbfs == SILENT_DBFS
    assert not receiver.active


def test_lost_packets_are_concealed_without_a_gap_or_a_click() -> None:
    def lossy(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        if number % 50 != 49:
            yield 1.0, packet

    receiver, heard = played(4.0, lossy)
    assert receiver.packets.lost == 7
    assert 7 <= receiver.concealed_frames <= 8
    assert loud(heard)[10:].min() > -17
    assert clicks(heard[4_800:]) <= 4


def test_a_long_loss_fades_to_nothing_and_comes_back_softly() -> None:
    def broken(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        if not 100 <= number < 130:
            yield 1.0, packet

    receiver, heard = played(3.0, broken)
    levels = loud(heard)
    gap = np.flatnonzero(levels[10:] < -30) + 10
    assert gap.size in range(20, 28)  # 300 ms less what is concealed before it fades
    assert levels[gap[0] - 5] > -20
    assert (levels[gap[7:-1]] == SILENT_DBFS).all()
    assert np.abs(np.diff(heard)).max() < 1.5 * np.abs(np.diff(tone(RATE))).max()
    assert receiver.concealed_frames in range(30, 32)


def test_a_stall_is_late_not_lost_and_the_delay_does_not_stay() -> None:
    def stalled(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield (1.0 + max(0, 400 - (number - 100) * 10) if number >= 100 else 1.0), packet

    receiver, heard = played(8.0, stalled)
    assert receiver.packets.lost == 0
    assert receiver.packets.late > 20
    error_ns = receiver.buffer.depth_error_ns(8_003 * NS_PER_MS)
    assert error_ns is not None and error_ns < 20 * NS_PER_MS
    assert clicks(heard[-48_000:]) == 0


def jittery(seed: int) -> Path:
    """A clean wired path: up to a millisecond more or less."""
    random = np.random.default_rng(seed)

    def path(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0 + float(random.uniform(0, 1)), packet

    return path


@pytest.mark.parametrize("ppm", [-200.0, 0.0, 200.0])
def test_a_crystal_that_is_off_costs_neither_sound_nor_delay(ppm: float) -> None:
    seconds = 90
    receiver, heard = played(seconds, jittery(1), ppm=ppm)
    assert (receiver.concealed_frames, receiver.packets.late) == (0, 0)
    assert (receiver.counters.left_out_samples, receiver.counters.added_samples) == (0, 0)
    assert loud(heard)[10:].min() > -14.5
    assert clicks(heard[4_800:]) == 0
    target_ms = receiver.buffer.delay.target_ms
    assert target_ms == 8.0
    assert receiver.held_ns / NS_PER_MS == pytest.approx(target_ms + 4.9, abs=0.5)
    assert receiver.buffer.clock.skew_ppm == pytest.approx(ppm, abs=5)


@pytest.mark.parametrize("ppm", [-600.0, 200.0])
def test_ticks_of_5_ms_hold_half_as_long(ppm: float) -> None:
    receiver, heard = played(
        60, jittery(1), ppm=ppm, unit=Unit(240), receiver=Receiver(frame_samples=240), tick_ms=5
    )
    assert heard.size == 60 * RATE
    assert (receiver.concealed_frames, receiver.packets.late) == (0, 0)
    assert clicks(heard[4_800:]) == 0
    assert receiver.target_ms == 4.0
    assert receiver.held_ns / NS_PER_MS == pytest.approx(6.4, abs=0.3)


def test_ticks_of_5_ms_play_packets_of_10() -> None:
    receiver, heard = played(5, receiver=Receiver(Link.WIFI, frame_samples=240), tick_ms=5)
    assert receiver.concealed_frames == 0
    assert clicks(heard[4_800:]) == 0


def test_5_ms_ticks_conceal_and_wait_like_10_ms_ticks() -> None:
    def broken(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        if not 200 <= number < 260 and number % 50 != 49:
            yield 1.0, packet

    receiver, heard = played(
        3.0, broken, unit=Unit(240), receiver=Receiver(frame_samples=240), tick_ms=5
    )
    levels = loud(heard)
    assert (levels[10:100] > -17).all()
    gap = np.flatnonzero(levels[10:] < -30) + 10
    assert gap.size in range(20, 28)
    assert receiver.counters.concealed_samples in range(60 * 240, 76 * 240)


def test_a_tick_that_no_profile_has_is_refused() -> None:
    with pytest.raises(ValueError, match="ticks of 960 samples: 480 or 240 is right"):
        Receiver(frame_samples=960)


def test_the_playout_position_is_the_timestamp_that_sounds() -> None:
    positions: list[int | None] = []
    unit = Unit()
    receiver, _ = played(3.0, unit=unit, on_tick=lambda _, r: positions.append(r.playout_position))
    assert positions[0] is None
    begun = next(n for n, at in enumerate(positions) if at is not None)
    assert begun in range(2, 6)
    known = [at for at in positions[begun + 2 :] if at is not None]
    steps = {(later - at) % 2**32 for at, later in pairwise(known)}
    assert steps <= set(range(476, 485))
    # At the last tick, 2.993 s, a packet of 10 ms that took 1 ms could have been heard as held.
    held = receiver.held_ns / 1e9 * RATE
    assert (known[-1] + 4_800) % 2**32 == pytest.approx(2.982 * RATE - held, abs=30)


def test_the_playout_position_is_none_while_the_source_waits() -> None:
    unit, receiver = Unit(), Receiver()
    for tick in range(100):
        if tick < 40:
            receiver.put(unit.packet(last=tick == 39), tick * 10 * NS_PER_MS)
        receiver.frame((tick * 10 + 3) * NS_PER_MS)
    assert receiver.playout_position is None


def test_a_zone_shares_the_greatest_target() -> None:
    receiver = Receiver()
    played(30.0, receiver=receiver)
    receiver.least_target_ms = 22.0
    assert (receiver.target_ms, receiver.least_target_ms) == (22.0, 22.0)
    assert receiver.own_target_ms < 12


@pytest.mark.parametrize("ppm", [-1_000.0, 1_000.0])
def test_a_crystal_far_beyond_the_market_is_followed(ppm: float) -> None:
    receiver, heard = played(60.0, jittery(2), ppm=ppm)
    assert receiver.concealed_frames == 0
    assert receiver.counters.left_out_samples + receiver.counters.added_samples == 0
    assert clicks(heard[4_800:]) == 0
    assert receiver.buffer.clock.alarming


def test_sound_leaves_as_long_after_it_came_as_it_says() -> None:
    """Noise through codec and chain is found again where ``held_ns`` says."""
    unit, receiver = Unit(), Receiver()
    noise = np.random.default_rng(3).normal(0, 0.1, 40 * RATE).astype(np.float32)
    heard = []
    for tick in range(4_000):
        sound = noise[tick * 480 : (tick + 1) * 480]
        receiver.put(unit.packet(sound=sound), tick * 10 * NS_PER_MS)
        heard.append(receiver.frame((tick * 10 + 2) * NS_PER_MS))
    played_out = np.concatenate(heard)
    piece = noise[38 * RATE : 39 * RATE]
    found = np.correlate(played_out[38 * RATE : 39 * RATE + 4_800], piece, "valid").argmax()
    coded = 3.0  # what the encoder holds back
    hold_ms = receiver.held_ns / NS_PER_MS
    # Frame n stands for the time of tick n, 2 ms after the packet of the same number came.
    assert found / 48 + 2.0 - coded == pytest.approx(hold_ms, abs=1.0)


def test_a_device_that_restarts_is_heard_again_at_once() -> None:
    def restarted(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        if number >= 1_000:
            sequence, timestamp = (packet.sequence + 9_000) % 2**16, 3_000_000_000 + number * 480
            packet = RtpPacket(sequence, timestamp, packet.ssrc, packet.payload)
        yield 1.0, packet

    receiver, heard = played(30.0, restarted, ppm=150.0)
    assert receiver.packets.resyncs == 1
    assert (loud(heard)[10:] < -30).sum() <= 5
    assert receiver.concealed_frames == 0
    assert receiver.buffer.clock.skew_ppm == pytest.approx(150, abs=5)


def test_sequence_and_timestamp_wrap_unheard() -> None:
    unit = Unit()
    unit.number = 2**16 - 150
    receiver, heard = played(4.0, jittery(4), unit=unit)
    assert unit.number > 2**16
    assert (receiver.packets.lost, receiver.packets.duplicate, receiver.packets.resyncs) == (
        0,
        0,
        0,
    )
    assert receiver.concealed_frames == 0
    assert clicks(heard[4_800:]) == 0


@pytest.mark.parametrize("away_s", [2.0, 40.0])
def test_a_laptop_that_slept_goes_on_where_it_stopped(away_s: float) -> None:
    def slept(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0 + (away_s * 1_000 if number >= 1_000 else 0), packet

    receiver, heard = played(30.0 + away_s, slept, ppm=-100.0)
    back = loud(heard)[1_000 + int(away_s * 100) :]
    assert (back < -30).sum() < 36  # its target, and 250 ms to be sure that it did not catch up
    assert clicks(heard[-10 * RATE :]) == 0
    assert receiver.held_ns < 35 * NS_PER_MS
    assert receiver.buffer.clock.skew_ppm == pytest.approx(-100, abs=5)


@pytest.mark.parametrize("more_ms", [60.0, 150.0, 300.0, 1_000.0])
def test_a_path_that_became_longer_costs_a_moment_only(more_ms: float) -> None:
    def longer(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0 + (more_ms if number >= 200 else 0), packet

    receiver, heard = played(7.0, longer)
    silent = (loud(heard)[20:] < -30).sum()
    assert silent < 60 + more_ms / 10  # frames: the wait itself, and 0.6 s to be sure of it
    assert clicks(heard[-48_000:]) == 0
    error_ns = receiver.buffer.depth_error_ns(7_003 * NS_PER_MS)
    assert error_ns is not None and error_ns < 20 * NS_PER_MS


def test_the_last_packet_ends_the_turn_and_the_next_begins_clean() -> None:
    unit, receiver = Unit(), Receiver()
    heard = []
    for tick in range(300):
        now_ns = (tick * 10 + 3) * NS_PER_MS
        if tick < 50 or tick >= 150:
            receiver.put(unit.packet(last=tick == 49), now_ns)
        if tick == 149:
            unit.number = 150
        heard.append(receiver.frame(now_ns).copy())
    levels = loud(np.concatenate(heard))
    assert (levels[60:150] == SILENT_DBFS).all()
    assert receiver.concealed_frames == 0
    assert levels[160:290].min() > -14.5
    assert np.abs(np.diff(np.concatenate(heard))).max() < 0.03


def test_garbage_is_concealed_and_counted() -> None:
    def spoiled(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        bad = number % 40 == 39
        yield (
            1.0,
            RtpPacket(
                sequence=packet.sequence,
                timestamp=packet.timestamp,
                ssrc=packet.ssrc,
                payload=[b"\xff", b"\x03\x00"][number % 2] if bad else packet.payload,
            ),
        )

    receiver, heard = played(4.0, spoiled)
    assert receiver.counters.garbage in (9, 10)
    assert receiver.concealed_frames == receiver.counters.garbage
    assert receiver.packets.lost == 0
    assert loud(heard)[10:].min() > -17


def test_another_ssrc_begins_anew() -> None:
    first, second = Unit(), Unit()
    second.ssrc, second.number = 8, 40_000
    receiver = Receiver()
    levels = []
    for tick in range(200):
        now_ns = (tick * 10 + 3) * NS_PER_MS
        receiver.put((first if tick < 100 else second).packet(), now_ns)
        receiver.frame(now_ns)
        levels.append(receiver.level_dbfs)
    assert min(levels[10:98]) > -14.5
    assert min(levels[110:]) > -14.5
    assert receiver.packets.resyncs == 1
    assert receiver.packets.lost == 0


class MadDecoder:
    """Gives numbers that are no sound."""

    def __init__(self, value: float) -> None:
        self.value = value

    def decode_job(self, payload: bytes) -> Job[Samples]:
        yield lambda: 0
        return np.full(480, self.value, dtype=np.float32)

    def conceal(self, samples: int) -> Samples:
        return np.full(samples, self.value, dtype=np.float32)

    def reset(self) -> None:
        pass


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_number_never_leaves(value: float) -> None:
    receiver = Receiver(decoder=MadDecoder(value))
    _, heard = played(0.5, receiver=receiver)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 4.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 2**16 - 1), st.integers(0, 60)),
            st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 30_000)),
            st.integers(1, 3),
            st.binary(max_size=60),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_anything_at_all_gives_frames(
    packets: list[tuple[int, int, int, bytes, bool]],
) -> None:
    receiver = Receiver()
    for tick, (sequence, timestamp, ssrc, payload, last) in enumerate(packets):
        flags = TalkFlags.LAST if last else NO_FLAGS
        with contextlib.suppress(BadPacket):
            receiver.put(
                RtpPacket(sequence, timestamp, ssrc, payload, flags=flags), tick * NS_PER_MS * 7
            )
        frame = receiver.frame(tick * 10 * NS_PER_MS)
        assert frame.shape == (480,)
        assert frame.dtype == np.float32
        assert np.isfinite(frame).all()
        assert SILENT_DBFS <= receiver.level_dbfs <= 0
