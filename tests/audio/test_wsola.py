"""Shorter and longer where the sound is like itself: nobody hears where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.measure import voice_like
from fakes.sounds import speech
from parvis_audio import measure, wsola
from parvis_audio.wsola import (
    AHEAD_SAMPLES,
    GREATEST_SHIFT_SAMPLES,
    LEAST_SHIFT_SAMPLES,
    OVERLAP_SAMPLES,
    Samples,
)

EVERY = 2_400


def tone(count: int, hz: float) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(count) / 48_000)).astype(np.float32)


def played(sound: Samples, *, faster: bool, blindly: bool = False) -> Samples:
    """The whole sound with a join every 50 ms."""
    out, at = [], GREATEST_SHIFT_SAMPLES
    while at + AHEAD_SAMPLES + EVERY < sound.size:
        ahead, past = sound[at : at + AHEAD_SAMPLES], sound[at - GREATEST_SHIFT_SAMPLES : at]
        if faster:
            shift, piece = wsola.shorter(ahead)
        else:
            shift, piece = wsola.longer(past, ahead[:OVERLAP_SAMPLES])
            shift = -shift
        if blindly:
            shift = 480 if faster else -480
            piece = wsola.joined(ahead[:480], sound[at + shift : at + shift + 480])
        out += [piece, sound[at + shift + piece.size : at + shift + EVERY]]
        at += shift + EVERY
    return np.concatenate(out)


@pytest.mark.parametrize("faster", [True, False])
@pytest.mark.parametrize("hz", [85.0, 140.0, 440.0, 3_000.0])
def test_a_tone_goes_on_as_if_nothing_were_missing(hz: float, faster: bool) -> None:
    assert measure.tone_clicks(played(tone(96_000, hz), faster=faster), hz, least=0.003) == []


@pytest.mark.parametrize("faster", [True, False])
@pytest.mark.parametrize("voice", [voice_like(6.0), speech()], ids=["made", "recorded"])
def test_a_voice_has_no_click_and_is_joined_where_it_is_alike(voice: Samples, faster: bool) -> None:
    searched = played(voice, faster=faster)
    assert len(measure.clicks(searched)) <= len(measure.clicks(voice))
    assert searched.size / voice.size == pytest.approx(0.82 if faster else 1.24, abs=0.06)
    found, blind = likeness(voice, searched=True), likeness(voice, searched=False)
    assert float(np.median(found)) > 0.9
    assert float(np.median(blind)) < 0.6


def likeness(sound: Samples, *, searched: bool) -> list[float]:
    """How alike (-1 to 1) the two sides of each join are where somebody speaks."""
    alike = []
    for at in range(0, sound.size - AHEAD_SAMPLES, EVERY):
        ahead = sound[at : at + AHEAD_SAMPLES].astype(np.float64)
        shift = wsola.shorter(sound[at : at + AHEAD_SAMPLES])[0] if searched else OVERLAP_SAMPLES
        ends = ahead[:OVERLAP_SAMPLES], ahead[shift : shift + OVERLAP_SAMPLES]
        norm = float(np.linalg.norm(ends[0]) * np.linalg.norm(ends[1]))
        if norm > OVERLAP_SAMPLES * 0.03**2:
            alike.append(float(np.dot(*ends)) / norm)
    assert len(alike) > 10
    return alike


def test_silence_and_noise_that_is_alike_everywhere_move_by_ten_milliseconds() -> None:
    silence = np.zeros(AHEAD_SAMPLES, dtype=np.float32)
    assert wsola.shorter(silence)[0] == OVERLAP_SAMPLES
    shift, piece = wsola.longer(silence[:GREATEST_SHIFT_SAMPLES], silence[:OVERLAP_SAMPLES])
    assert shift == OVERLAP_SAMPLES
    assert not piece.any()


def test_the_best_place_is_where_the_pattern_was_planted() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 960).astype(np.float32)
    pattern = 0.3 * noise[137 : 137 + 480]
    assert wsola.best_shift(pattern, noise) == 137
    among = noise.copy()
    among[400:880] *= 30  # loud is not alike
    assert wsola.best_shift(noise[100:580].copy(), np.concatenate((noise[:600], among))) == 100


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 4), st.floats(50, 12_000))
def test_any_sound_moves_by_5_to_15_ms_and_stays_in_its_bounds(
    seed: int, loud: float, hz: float
) -> None:
    random = np.random.default_rng(seed)
    noise = random.normal(0, 0.1, AHEAD_SAMPLES + GREATEST_SHIFT_SAMPLES)
    sound = np.clip(loud * (noise + tone(noise.size, hz)), -4, 4).astype(np.float32)
    past, ahead = sound[:GREATEST_SHIFT_SAMPLES], sound[GREATEST_SHIFT_SAMPLES:]
    for shift, piece in (wsola.shorter(ahead), wsola.longer(past, ahead[:OVERLAP_SAMPLES])):
        assert LEAST_SHIFT_SAMPLES <= shift <= GREATEST_SHIFT_SAMPLES
        assert piece.size == OVERLAP_SAMPLES
        assert np.abs(piece).max() <= np.abs(sound).max() + 1e-6
        assert piece[0] == pytest.approx(ahead[0], abs=1e-3)
