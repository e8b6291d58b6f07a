"""Levels: the reference points of dBFS, and nothing breaks the range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from parvis_audio.level import SILENT_DBFS, Samples, energy, energy_dbfs, level_dbfs


@pytest.mark.parametrize(
    ("amplitude", "shape", "dbfs"),
    [
        (1.0, np.sign, 0.0),
        (1.0, np.asarray, -3.01),
        (0.1, np.asarray, -23.01),
        (10.0, np.sign, 0.0),
        (1e-9, np.sign, SILENT_DBFS),
        (0.0, np.asarray, SILENT_DBFS),
    ],
)
def test_known_sounds_have_known_levels(amplitude: float, shape: np.ufunc, dbfs: float) -> None:
    wave = np.sin(2 * np.pi * (np.arange(480) + 0.5) / 48)
    frame = (amplitude * shape(wave)).astype(np.float32)
    assert level_dbfs(frame) == pytest.approx(dbfs, abs=0.01)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_sound_is_silent(bad: float) -> None:
    frame = np.full(480, 0.5, dtype=np.float32)
    frame[7] = bad
    assert level_dbfs(frame) == SILENT_DBFS
    assert level_dbfs(frame[:0]) == SILENT_DBFS


@given(arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_a_level_is_always_in_range(frame: Samples) -> None:
    assert SILENT_DBFS <= level_dbfs(frame) <= 0.0


def test_a_level_from_the_squares_is_the_level() -> None:
    frame = np.full(480, 0.25, dtype=np.float32)
    assert energy(frame) == pytest.approx(30.0)
    assert energy_dbfs(energy(frame), frame.size) == level_dbfs(frame)
    assert math.isnan(energy(np.array([np.nan], dtype=np.float32)))
