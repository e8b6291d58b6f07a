"""The judges themselves: they find what is wrong, and do not find what is not."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.hearing import Gap, Sound, dbfs, find, judge_speech, silences, tone_gaps
from fakes.machine import CoreClock
from fakes.stalls import Stall, excused, judge_gaps, stalls

RATE_HZ = 48_000
SECOND_NS = 1_000_000_000


def noise(seconds: float, level_dbfs: float, seed: int) -> Sound:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return np.asarray(samples * 10 ** (level_dbfs / 20), dtype=np.float32)


def speechlike(seconds: float = 6.0, seed: int = 1) -> Sound:
    """Noise in syllables with pauses: enough of speech for STOI and alignment."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    syllables = np.clip(np.sin(2 * np.pi * 3 * at_s) + 0.7 * np.sin(2 * np.pi * 0.41 * at_s), 0, 1)
    return np.asarray(noise(seconds, -18, seed) * syllables, dtype=np.float32)


def received(original: Sound, start_s: float = 0.7, gain: float = 0.5) -> Sound:
    recording = noise(start_s + len(original) / RATE_HZ + 0.5, -62, seed=9)
    start = round(start_s * RATE_HZ)
    recording[start : start + len(original)] += gain * original
    return recording


def cut(recording: Sound, start_s: float, length_ms: float) -> Sound:
    start = round(start_s * RATE_HZ)
    silent = recording.copy()
    silent[start : start + round(length_ms / 1000 * RATE_HZ)] = 0
    return silent


def test_a_clean_recording_is_found_and_understood() -> None:
    original = speechlike()
    judgement = judge_speech(original, received(original), RATE_HZ)
    assert judgement.stoi > 0.99
    assert judgement.start_s == pytest.approx(0.7, abs=1e-4)
    assert judgement.shift_ms == pytest.approx(0, abs=0.1)
    assert judgement.gaps == ()


def test_when_nearly_everything_is_excused_nothing_was_understood() -> None:
    original = speechlike()
    judgement = judge_speech(original, received(original), RATE_HZ, [(0.0, 6.2)])
    assert judgement.stoi == 0.0


def test_the_right_place_is_found_beside_a_louder_passage() -> None:
    original = speechlike()
    loud = noise(3.0, -3, seed=4)
    recording = np.concatenate([loud, received(original), loud])
    assert find(original, recording) == pytest.approx((3 + 0.7) * RATE_HZ, abs=2)


@pytest.mark.parametrize("at_s", [1.3, 2.05, 3.4])
def test_a_gap_of_silence_is_seen(at_s: float) -> None:
    original = speechlike()
    judgement = judge_speech(original, cut(received(original), at_s, 14), RATE_HZ)
    assert judgement.gaps
    assert judgement.gaps[0].start_s == pytest.approx(at_s, abs=0.003)
    assert judgement.gaps[0].length_ms == pytest.approx(14, abs=2)


def test_a_gap_filled_with_comfort_noise_is_seen_inside_speech() -> None:
    original = speechlike()
    recording = received(original)
    loudest = round((0.7 + int(np.argmax(np.abs(original))) / RATE_HZ) * RATE_HZ)
    hole = slice(loudest - 480, loudest + 480)
    recording[hole] = noise(1.0, -62, seed=3)[:960]
    assert judge_speech(original, recording, RATE_HZ).gaps


def test_short_holes_are_no_gaps() -> None:
    original = speechlike()
    assert judge_speech(original, cut(received(original), 2.05, 7), RATE_HZ).gaps == ()


def test_skipped_sound_shifts_the_pieces_and_is_no_loss_of_meaning() -> None:
    original = speechlike()
    recording = received(original)
    middle = round(3.7 * RATE_HZ)
    skipped = np.concatenate([recording[:middle], recording[middle + 960 :], recording[-960:]])
    judgement = judge_speech(original, skipped, RATE_HZ)
    assert judgement.shift_ms == pytest.approx(20, abs=0.5)
    assert judgement.stoi > 0.95


def test_other_speech_is_not_taken_for_the_original() -> None:
    judgement = judge_speech(speechlike(seed=1), received(speechlike(seed=2)), RATE_HZ)
    assert judgement.stoi < 0.9


def test_a_recording_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.0 s recorded, 6\.0 s played"):
        judge_speech(speechlike(), noise(1.0, -20, seed=1), RATE_HZ)


def test_comfort_noise_is_no_silence() -> None:
    assert silences(noise(2.0, -66, seed=1), RATE_HZ) == []
    assert dbfs(noise(2.0, -66, seed=1)) == pytest.approx(-66, abs=0.2)


def tone(seconds: float = 3.0) -> Sound:
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.2 * np.sin(2 * np.pi * 440 * at_s), dtype=np.float32)


def test_a_steady_tone_has_no_gap_wherever_it_begins() -> None:
    quiet = noise(1.0, -62, seed=5)
    assert tone_gaps(np.concatenate([quiet, tone(), quiet]), RATE_HZ, 440) == []


@pytest.mark.parametrize("length_ms", [11, 15, 60, 500])
def test_a_hole_in_a_tone_is_seen(length_ms: float) -> None:
    recording = cut(tone(), 1.5, length_ms) + noise(3.0, -62, seed=6)
    [gap] = tone_gaps(recording, RATE_HZ, 440)
    assert gap.start_s == pytest.approx(1.5, abs=0.006)
    assert gap.length_ms == pytest.approx(length_ms, abs=6)


LATE = ["ready", "late 2000000000 15000000", "late 5000000000 4000000", "ticks 900"]
RUN_NS = (SECOND_NS, 11 * SECOND_NS)


def test_only_long_stalls_count() -> None:
    assert stalls(LATE) == [Stall(2_000_000_000, 2_015_000_000)]


EXCUSED_S = [(0.9, 2.015)]
"""The recording begins at 1 s, so the stall lies 1 s into it; its effects end a second after it."""


def test_a_stall_excuses_what_lies_beside_it() -> None:
    [(start_s, stop_s)] = excused(stalls(LATE), RUN_NS)
    assert (start_s, stop_s) == pytest.approx(EXCUSED_S[0])


def test_a_stall_outside_the_recording_excuses_nothing() -> None:
    assert excused(stalls(LATE), (4 * SECOND_NS, 9 * SECOND_NS)) == []


def test_a_gap_after_a_stall_is_the_machines() -> None:
    gaps = [Gap(1.3, 14), Gap(4.1, 14)]
    verdict = judge_gaps(gaps, EXCUSED_S, 10)
    assert verdict.machines == (gaps[0],) and verdict.ours == (gaps[1],)


@pytest.mark.parametrize("gap", [Gap(1.3, 3000), Gap(0.5, 20)])
def test_a_gap_that_its_stall_does_not_explain_is_ours(gap: Gap) -> None:
    assert judge_gaps([gap], EXCUSED_S, 10).ours == (gap,)


def test_a_good_run_needs_half_of_its_time_quiet_and_a_bad_one_nearly_all() -> None:
    busy, half_quiet, quiet = (judge_gaps([], [(0.0, until_s)], 10) for until_s in (6.0, 5.0, 0.4))
    assert [verdict.settles(good=True) for verdict in (busy, half_quiet, quiet)] == [
        *(False, True, True)
    ]
    assert [verdict.settles(good=False) for verdict in (busy, half_quiet, quiet)] == [
        *(False, False, True)
    ]


def test_overlapping_excuses_are_counted_once() -> None:
    twice = [Stall(2 * SECOND_NS, 2 * SECOND_NS + 15_000_000)] * 2
    assert excused(twice, RUN_NS) == excused(twice[:1], RUN_NS)


def test_excused_speech_is_not_judged() -> None:
    original = speechlike()
    spoiled = received(original)
    spoiled[round(2.7 * RATE_HZ) : round(3.7 * RATE_HZ)] = noise(1.0, -20, seed=8)
    assert judge_speech(original, spoiled, RATE_HZ).stoi < 0.9
    assert judge_speech(original, spoiled, RATE_HZ, [(2.7, 3.7)]).stoi > 0.98


def test_what_a_guest_machine_was_not_given_counts_as_taken() -> None:
    clock = CoreClock()
    for second, (user, idle, stolen) in enumerate([(0, 0, 0), (10, 90, 0), (60, 110, 30)]):
        clock.note(second * SECOND_NS, f"cpu {user} 0 0 {idle} 0 0 0 {stolen} 0 0")
    assert clock.taken_share(0, SECOND_NS) == pytest.approx(0.1)
    assert clock.taken_share(SECOND_NS + 1, 2 * SECOND_NS) == pytest.approx(0.8)
    assert clock.taken_share(0, 2 * SECOND_NS) == pytest.approx(0.45)
