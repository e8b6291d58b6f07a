"""The high-pass is the textbook filter, whatever pieces the stream comes in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from parvis_audio.high_pass import CUTOFF_HZ, HighPass, Samples

RATE = 48_000
NOISE = np.random.default_rng(1).normal(scale=0.2, size=RATE).astype(np.float32)


def reference(stream: Samples, cutoff_hz: float = CUTOFF_HZ) -> Samples:
    sections = signal.butter(2, cutoff_hz, "high", fs=RATE, output="sos")
    settled = signal.sosfilt_zi(sections) * stream[0]
    filtered, _ = signal.sosfilt(sections, stream.astype(np.float64), zi=settled)
    return np.asarray(filtered, dtype=np.float32)


def filtered(stream: Samples, frame_samples: int = 480) -> Samples:
    high_pass = HighPass()
    return np.concatenate(
        [high_pass.process(stream[n : n + frame_samples]) for n in range(0, RATE, frame_samples)]
    )


@pytest.mark.parametrize("frame_samples", [1_000, 480, 120, 5_760, 48_000])
def test_it_is_scipys_butterworth(frame_samples: int) -> None:
    assert np.abs(filtered(NOISE, frame_samples) - reference(NOISE)).max() < 1e-6


@pytest.mark.parametrize("cutoff_hz", [20.0, 90.0, 1_000.0, 12_000.0, 20_000.0])
def test_it_is_scipys_butterworth_at_any_cutoff(cutoff_hz: float) -> None:
    assert np.abs(HighPass(cutoff_hz).process(NOISE) - reference(NOISE, cutoff_hz)).max() < 1e-6


def test_ten_minutes_of_sound_do_not_add_up_errors() -> None:
    high_pass = HighPass()
    for _ in range(600):
        last = high_pass.process(NOISE)
    again = HighPass()
    again.process(NOISE)
    assert np.abs(last - again.process(NOISE)).max() < 1e-6


@pytest.mark.parametrize(("hz", "db"), [(20, -26.1), (90, -3.01), (180, -0.26), (1000, 0.0)])
def test_it_takes_what_is_under_the_voice(hz: int, db: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)
    gain = np.std(filtered(tone)[RATE // 2 :]) / np.std(tone)
    assert 20 * math.log10(gain) == pytest.approx(db, abs=0.1)


def test_an_offset_makes_no_thump() -> None:
    assert np.abs(filtered(NOISE * 0 + np.float32(0.5))).max() < 1e-6


def test_a_reset_forgets() -> None:
    high_pass = HighPass()
    high_pass.process(np.ones(480, dtype=np.float32))
    high_pass.reset()
    assert np.array_equal(high_pass.process(NOISE), HighPass().process(NOISE))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_sample_that_is_no_number_does_not_stay(bad: float) -> None:
    high_pass, poisoned = HighPass(), NOISE[:480].copy()
    poisoned[0] = bad
    assert np.isfinite(high_pass.process(poisoned)).all()
    assert np.isfinite(high_pass.process(NOISE)).all()


def test_nothing_in_nothing_out() -> None:
    high_pass = HighPass()
    assert high_pass.process(NOISE[:0]).shape == (0,)
    assert np.array_equal(high_pass.process(NOISE), HighPass().process(NOISE))


@pytest.mark.parametrize("cutoff_hz", [0.0, 19.0, 24_000.0, math.nan])
def test_a_cutoff_that_makes_no_sense_is_refused(cutoff_hz: float) -> None:
    with pytest.raises(ValueError, match="between 20 Hz and 24 kHz"):
        HighPass(cutoff_hz)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2_000), max_size=20))
def test_any_cutting_of_the_stream_gives_the_same(sizes: list[int]) -> None:
    high_pass, at, parts = HighPass(), 0, []
    for size in sizes:
        parts.append(high_pass.process(NOISE[at : at + size]))
        at += size
    whole = HighPass().process(NOISE[:at])
    assert np.abs(np.concatenate([*parts, NOISE[:0]]) - whole).max(initial=0) < 1e-6
