"""Interpolation: exact at whole samples, clean between them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from parvis_audio.interpolate import MARGIN_SAMPLES, interpolate


def test_whole_positions_are_the_samples() -> None:
    stream = np.random.default_rng(1).normal(size=200).astype(np.float32)
    positions = np.arange(MARGIN_SAMPLES, 200.0 - MARGIN_SAMPLES)
    assert np.allclose(interpolate(stream, positions), stream[8:-8], atol=1e-6)


@pytest.mark.parametrize(("hz", "least_db"), [(200, 80), (1_000, 70), (3_000, 60), (6_000, 55)])
@pytest.mark.parametrize("rate", [0.995, 1.003, 1.005])
def test_a_tone_stays_clean(hz: int, least_db: float, rate: float) -> None:
    stream = np.sin(2 * np.pi * hz * np.arange(6_000) / 48_000).astype(np.float32)
    positions = 20.0 + np.arange(5_000, dtype=np.float64) * rate
    wanted = np.sin(2 * np.pi * hz * positions / 48_000)
    error = interpolate(stream, positions) - wanted
    snr_db = -20 * math.log10(np.std(error) / np.std(wanted))
    assert snr_db > least_db
