"""Whatever one source sends: concealed and counted, in bounded memory, and never an exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from fakes.packet_path import NS_PER_MS, RATE, Unit, clicks, loud, played
from parvis_audio.jitter_buffer import MAX_HELD_PACKETS, MAX_HELD_SAMPLES, MAX_LATE_PACKETS
from parvis_audio.opus import Samples
from parvis_audio.play_line import PlayLine
from parvis_audio.receiver import Receiver
from parvis_audio.work import Job
from parvis_wire.rtp import RtpPacket, TalkFlags

MAX_LINE_SAMPLES = 4 * MAX_HELD_SAMPLES
"""What a play line may have grown to: twice a whole burst and its room."""


class Watch:
    """Looks after every tick whether anything grows without bound or is no sound."""

    def __call__(self, _now_ns: int, receiver: Receiver) -> None:
        buffer = receiver.buffer
        assert len(buffer._held) <= MAX_HELD_PACKETS
        assert len(buffer._late) <= MAX_LATE_PACKETS
        assert len(buffer._seen_set) <= len(buffer._seen) <= 1_024
        assert len(buffer.clock._delay_s) <= 1_000
        line: PlayLine = receiver._line
        assert line._sound.size <= MAX_LINE_SAMPLES
        assert -127 <= receiver.level_dbfs <= 0


def sane(heard: Samples) -> bool:
    return bool(np.isfinite(heard).all() and np.abs(heard).max() <= 4)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 47_000, 49_000, 96_000])
def test_a_source_that_runs_at_another_rate(rate_hz: int) -> None:
    """It says 48 kHz and records at another rate: packets of 480 samples come too seldom or often.

    2 % and more are no crystal: what is missing is made up, what is too much is left out.
    """
    receiver, heard = played(20, ppm=1e6 * (rate_hz / RATE - 1), on_tick=Watch())
    counted = receiver.concealed_frames + receiver.packets.late + receiver.packets.resyncs
    assert counted + receiver.counters.left_out_samples + receiver.counters.added_samples > 0
    assert sane(heard)
    assert receiver.held_ns < 500 * NS_PER_MS


@pytest.mark.parametrize("step", [240, 441, 540, 960])
def test_timestamps_that_count_another_rate_than_the_sound(step: int) -> None:
    receiver, heard = played(20, unit=Unit(timestamp_step=step), on_tick=Watch())
    counted = receiver.concealed_frames + receiver.packets.late + receiver.packets.resyncs
    assert counted + receiver.counters.left_out_samples + receiver.counters.added_samples > 0
    assert sane(heard)


@pytest.mark.parametrize("jump", [-(2**31), -48_000, -4_800, 4_800, 48_000, 2**30])
def test_a_timestamp_that_jumps_every_second(jump: int) -> None:
    def jumping(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        timestamp = (packet.timestamp + number // 100 * jump) % 2**32
        yield 1.0, replace(packet, timestamp=timestamp)

    receiver, heard = played(10, jumping, on_tick=Watch())
    assert receiver.packets.resyncs + receiver.packets.late + receiver.concealed_frames > 0
    assert sane(heard)
    assert (loud(heard)[100:] > -20).mean() > 0.5


def test_a_sequence_number_that_never_changes_is_one_packet() -> None:
    def stuck(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0, replace(packet, sequence=7)

    receiver, heard = played(3, stuck, on_tick=Watch())
    assert receiver.packets.duplicate == receiver.packets.received - 1
    assert sane(heard)
    assert not receiver.active


def test_sequence_numbers_that_count_down_are_heard_by_their_timestamps() -> None:
    def reversed_(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0, replace(packet, sequence=(60_000 - number) % 2**16)

    receiver, heard = played(3, reversed_, on_tick=Watch())
    assert receiver.packets.reordered > 250
    assert clicks(heard[4_800:]) == 0


def test_every_packet_five_times_is_heard_once() -> None:
    def repeated(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield from ((1.0 + 3 * n, packet) for n in range(5))

    receiver, heard = played(3, repeated, on_tick=Watch())
    assert receiver.packets.duplicate > 1_100
    assert receiver.concealed_frames == 0
    assert clicks(heard[4_800:]) == 0


def test_only_late_packets_are_a_longer_path_after_a_moment() -> None:
    def late(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield (1.0 if number < 100 else 2_500.0), packet

    receiver, heard = played(8, late, on_tick=Watch())
    assert receiver.packets.late > 0
    assert sane(heard)
    assert loud(heard)[-200:].min() > -14.5


def test_packets_that_take_turns_in_being_late_or_early() -> None:
    def scattered(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield (1.0 if number % 2 else 700.0), packet

    receiver, heard = played(6, scattered, on_tick=Watch())
    assert receiver.packets.late > 200
    assert receiver.concealed_frames > 0
    assert sane(heard)


@pytest.mark.parametrize("payload", [b"\x00", b"\xff\xff\xff", b"\x7b\x3f" + bytes(400)])
def test_nothing_but_garbage_is_silence_and_counted(payload: bytes) -> None:
    def spoiled(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0, replace(packet, payload=payload)

    _, heard = played(3, spoiled, on_tick=Watch())
    assert sane(heard)
    assert (loud(heard)[50:] < -60).all()


def test_another_ssrc_with_every_packet() -> None:
    def changing(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0, replace(packet, ssrc=1 + number)

    receiver, heard = played(3, changing, on_tick=Watch())
    assert receiver.packets.resyncs > 250
    assert sane(heard)


@pytest.mark.parametrize("advances", [True, False])
def test_a_flood_of_ten_times_real_time(advances: bool) -> None:
    """Ten packets for each one that is due; with timestamps that run as fast, or do not."""
    unit = Unit()

    def flood(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        for n in range(10):
            sequence = (number * 10 + n) % 2**16
            timestamp = (sequence if advances else number) * 480
            yield 1.0 + n, replace(packet, sequence=sequence, timestamp=timestamp % 2**32)

    receiver, heard = played(5, flood, unit=unit, on_tick=Watch())
    left_out = receiver.packets.resyncs + receiver.packets.duplicate
    assert left_out + receiver.counters.left_out_samples > 10
    assert sane(heard)


def test_who_stops_without_a_last_packet_fades_out_and_waits() -> None:
    def stops(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        if number < 100:
            yield 1.0, packet

    receiver, heard = played(4, stops, on_tick=Watch())
    assert not receiver.active
    assert receiver.playout_position is None
    assert receiver.concealed_frames in range(48, 53)  # half a second
    assert not heard[2 * RATE :].any()
    assert np.abs(np.diff(heard)).max() < 0.03


def test_a_last_packet_that_is_followed_by_more_is_no_end() -> None:
    def not_the_last(number: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0, replace(packet, flags=TalkFlags.LAST)

    receiver, heard = played(3, not_the_last, on_tick=Watch())
    assert clicks(heard[4_800:]) == 0
    assert receiver.concealed_frames == 0


class NowAndThenMad:
    """Gives what is no number in every seventh packet."""

    def __init__(self) -> None:
        self._calls = 0

    def decode_job(self, packet: bytes) -> Job[Samples]:
        self._calls += yield lambda: 1
        return np.full(480, np.nan if self._calls % 7 == 0 else 0.1, dtype=np.float32)

    def conceal(self, samples: int) -> Samples:
        return np.full(samples, np.inf, dtype=np.float32)

    def reset(self) -> None:
        pass


def test_a_decoder_that_goes_mad_now_and_then_spoils_only_its_own_moments() -> None:
    _, heard = played(3, receiver=Receiver(decoder=NowAndThenMad()), on_tick=Watch())
    assert sane(heard)
    assert np.median(heard[RATE:]) == pytest.approx(0.1, abs=0.01)
