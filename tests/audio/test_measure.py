"""The instruments find the faults that were planted, and none where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from fakes.measure import delayed, stoi, voice_like
from fakes.sounds import speech
from parvis_audio import measure, opus
from parvis_audio.measure import Samples
from parvis_audio.opus import Decoder, Encoder

NOISE = np.random.default_rng(2).normal(size=240_000).astype(np.float32)
VOICE = voice_like(4.0)


def coded(sound: Samples, encoder: Encoder, frame_samples: int) -> Samples:
    decoder, whole = Decoder(), sound.size // frame_samples * frame_samples
    frames = sound[:whole].reshape(-1, frame_samples)
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])


# --- delay ---


@pytest.mark.parametrize("delay_samples", [0.0, 1.0, 480.5, 1_234.37, 9_999.9])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_delay_is_found_to_a_fraction_of_a_sample(delay_samples: float, noise: float) -> None:
    train, starts = measure.chirp_train(3.0, 900, first_ms=50)
    recording = delayed(train, delay_samples)
    recording += noise * NOISE[: recording.size]
    delays = measure.chirp_delays_ms(recording, starts)
    assert len(delays) == 4
    for delay in delays:
        assert delay == pytest.approx(delay_samples / 48, abs=0.1 / 48 + noise / 20)


def test_a_chirp_is_found_upside_down_and_quiet() -> None:
    train, starts = measure.chirp_train(0.8, 900, first_ms=50)
    [delay] = measure.chirp_delays_ms(-0.001 * delayed(train, 96), starts)
    assert delay == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("encoder", "frame", "lookahead"),
    [(opus.unit_encoder, 480, 120), (opus.program_encoder, 960, 312)],
)
def test_the_delay_of_opus_is_its_lookahead(encoder: type, frame: int, lookahead: int) -> None:
    train, starts = measure.chirp_train(3.0, 900, first_ms=50)
    for delay in measure.chirp_delays_ms(coded(train, encoder(), frame), starts):
        assert delay == pytest.approx(lookahead / 48, abs=0.1)


def test_a_chirp_that_did_not_come_has_no_delay() -> None:
    train, starts = measure.chirp_train(4.0, 900, first_ms=50)
    train[starts[1] : starts[2]] = 0
    delays = measure.chirp_delays_ms(train, starts, longest_ms=500)
    assert [delay is None for delay in delays] == [False, True, False, False, False]


@pytest.mark.parametrize("sound", [NOISE * 0.1, VOICE, NOISE[:100], np.zeros(0, dtype=np.float32)])
def test_no_chirp_is_found_where_there_is_none(sound: Samples) -> None:
    assert measure.find_chirps(sound) == []


@pytest.mark.parametrize("shift", [-4_800, 0, 7_000])
def test_speech_is_aligned(shift: int) -> None:
    recording = delayed(VOICE, shift) if shift >= 0 else VOICE[-shift:]
    samples, alike = measure.alignment_samples(recording, VOICE)
    assert samples == pytest.approx(shift, abs=0.1)
    assert alike > 0.95
    beside = measure.aligned(recording, VOICE)
    assert beside.shape == VOICE.shape
    assert np.abs(beside - VOICE)[10_000:-10_000].max() < 1e-3


def test_sounds_that_have_nothing_to_do_with_each_other_are_not_alike() -> None:
    assert measure.alignment_samples(NOISE, VOICE)[1] < 0.1


# --- gaps ---


@pytest.mark.parametrize("length_ms", [10, 15, 40, 120])
@pytest.mark.parametrize("floor_dbfs", [-200, -62])
def test_a_gap_in_a_vowel_is_found_where_it_is(length_ms: int, floor_dbfs: int) -> None:
    broken, at_ms = VOICE.copy(), 860
    begin, end = at_ms * 48, (at_ms + length_ms) * 48
    broken[begin:end] = 10 ** (floor_dbfs / 20) * NOISE[: end - begin]
    found = measure.gaps(broken, VOICE)
    assert len(found) >= 1
    assert found[0].at_ms == pytest.approx(at_ms, abs=1)
    assert sum(gap.length_ms for gap in found) == pytest.approx(min(length_ms, 120), abs=62)


def test_a_shorter_gap_and_a_pause_are_none() -> None:
    broken = VOICE.copy()
    broken[41_280 : 41_280 + 8 * 48] = 0
    assert measure.gaps(broken, VOICE) == []
    assert measure.gaps(VOICE, VOICE) == []
    assert measure.gaps(np.zeros_like(VOICE), np.zeros_like(VOICE)) == []


def test_speech_through_the_codec_has_neither_gap_nor_click() -> None:
    heard = measure.aligned(coded(VOICE, opus.program_encoder(), 960), VOICE)
    assert measure.gaps(heard, VOICE) == []
    assert measure.clicks(heard[:-960]) == []  # its very end is cut off by the codec's delay
    assert stoi(heard, VOICE) > 0.95


# --- clicks ---


def test_planted_clicks_are_found_where_they_are() -> None:
    broken = VOICE.copy()
    places = [34_000, 70_123, 150_777]
    for at in places:
        broken[at:] = np.roll(broken, -333)[at:]  # a third of a frame is missing
    steps = [abs(float(broken[at] - broken[at - 1])) for at in places]
    assert min(steps) > 0.02
    found = measure.clicks(broken[:-1_500])  # without the ends that were rolled round
    assert len(found) == 3
    assert np.abs(np.array(found) - places).max() <= 2
    assert measure.clicks(VOICE) == []


def loud_places(sound: Samples, count: int, seed: int, apart: int = 3_000) -> list[int]:
    """Places, apart from each other, where somebody speaks."""
    random, places = np.random.default_rng(seed), list[int]()
    while len(places) < count:
        at = int(random.integers(4_800, sound.size - 4_800))
        loud = float(np.sqrt(np.mean(sound[at - 480 : at + 480] ** 2))) > 0.02
        if loud and all(abs(at - other) > apart for other in places):
            places.append(at)
    return sorted(places)


@pytest.mark.parametrize("sent", [lambda s: s, lambda s: coded(s, opus.unit_encoder(), 480)])
def test_a_hundred_of_a_hundred_clicks_in_speech_are_found_and_none_in_clean_speech(
    sent: Callable[[Samples], Samples],
) -> None:
    clean = sent(speech())
    assert measure.clicks(clean) == []
    found = 0
    for seed in range(4):
        broken, places = clean.copy(), loud_places(clean, 25, seed)
        broken[places] += np.where(clean[places] > 0, -0.1, 0.1)
        heard = np.array(measure.clicks(broken))
        found += sum(bool((np.abs(heard - at) < 48).any()) for at in places)
        assert len(heard) == len(places)
    assert found == 100


@pytest.mark.parametrize("cut", [7, 100, 201, 333])
def test_speech_has_no_click_however_the_codecs_frames_fall(cut: int) -> None:
    assert measure.clicks(coded(speech()[cut:], opus.unit_encoder(), 480)) == []


def test_a_hundred_of_a_hundred_gaps_in_speech_are_found_and_none_in_clean_speech() -> None:
    clean, found = speech(), 0
    assert measure.gaps(clean, clean) == []
    for seed in range(5):
        broken, places = clean.copy(), loud_places(clean, 20, seed, apart=6_000)
        for at in places:
            broken[at - 480 : at + 480] = 0
        heard = [gap.at_ms * 48 for gap in measure.gaps(broken, clean, least_ms=5)]
        found += sum(any(abs(gap - at) < 960 for gap in heard) for at in places)
    assert found == 100


def test_a_hundred_of_a_hundred_seams_in_a_tone_are_found() -> None:
    tone = (0.3 * np.sin(2 * np.pi * 437 * np.arange(480_000) / 48_000)).astype(np.float32)
    assert measure.tone_clicks(tone, 437) == []
    places = np.random.default_rng(1).integers(1_000, 3_000, 100) + 4_000 * np.arange(100)
    whole = np.delete(tone, np.concatenate([np.arange(at, at + 480) for at in places]))
    found = np.array(measure.tone_clicks(whole, 437))
    seams = places - 480 * np.arange(100)
    assert all((np.abs(found - seam) < 3).any() for seam in seams)


def test_clicks_at_every_frame_do_not_hide_each_other() -> None:
    broken = VOICE.copy()
    broken[48_000:57_600:480] += 0.2
    assert len(measure.clicks(broken)) >= 10


def test_one_wrong_sample_is_a_click() -> None:
    broken = VOICE.copy()
    broken[60_000] += 0.1
    assert measure.clicks(broken)[0] in range(59_999, 60_002)


@pytest.mark.parametrize("sound", [np.zeros(48_000), np.zeros(10), np.zeros(0)])
def test_silence_has_no_clicks(sound: Samples) -> None:
    assert measure.clicks(sound) == []


def test_the_seam_in_a_tone_is_found() -> None:
    tone = (0.3 * np.sin(2 * np.pi * 400 * np.arange(48_000) / 48_000)).astype(np.float32)
    assert measure.tone_clicks(tone, 400) == []
    broken = np.delete(tone, slice(20_040, 20_060))
    assert measure.tone_clicks(broken, 400)[0] in range(20_038, 20_042)


@pytest.mark.parametrize("snr_db", [10, 40, 70])
def test_the_cleanness_of_a_tone_is_measured(snr_db: int) -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(48_000) / 48_000)
    noise = NOISE[:48_000] * math.sqrt(0.5) * 10 ** (-snr_db / 20)
    found = measure.tone_snr_db((tone + noise).astype(np.float32), 997)
    assert found == pytest.approx(snr_db, abs=0.5)


# --- intelligibility ---


def test_intelligibility_falls_with_noise() -> None:
    clean = stoi(VOICE, VOICE)
    noisy = stoi(VOICE + 0.2 * NOISE[: VOICE.size], VOICE)
    assert clean == pytest.approx(1.0, abs=0.01)
    assert noisy < 0.8
