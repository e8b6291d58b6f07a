import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, noise, voice
from parvis_server.media.loudness import (
    SILENCE_LUFS,
    GatedHistogram,
    KWeighting,
    LoudnessMeter,
    lufs,
    power_of,
)

STEREO_LU = 10 * np.log10(2)
"""EBU Tech 3341 plays its tones on two channels; the same tone on one reads 3.01 LU less."""


def tone(peak_dbfs: float, seconds: float, hertz: float = 1_000.0) -> Samples:
    at = np.arange(int(seconds * 48_000)) / 48_000
    sound = 10 ** (peak_dbfs / 20) * np.sin(2 * np.pi * hertz * at)
    return np.asarray(sound, dtype=np.float32)


def measure(sound: Samples) -> LoudnessMeter:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // 480 * 480].reshape(-1, 480):
        meter.add(frame)
    return meter


@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_ebu_3341_cases_1_and_2(level: float) -> None:
    meter = measure(tone(level, 20))
    for reading in (meter.momentary_lufs, meter.short_term_lufs, meter.integrated_lufs):
        assert reading + STEREO_LU == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
    ids=["case 3", "case 4", "case 5"],
)
def test_ebu_3341_gating(parts: list[tuple[float, float]]) -> None:
    sound = np.concatenate([tone(level, seconds) for level, seconds in parts])
    assert measure(sound).integrated_lufs + STEREO_LU == pytest.approx(-23.0, abs=0.1)


def test_a_sine_of_minus_20_on_one_channel() -> None:
    assert measure(tone(-20, 5)).integrated_lufs == pytest.approx(-23.01, abs=0.02)


@pytest.mark.parametrize("hertz", [40, 100, 500, 2_000, 4_000, 10_000])
def test_the_weighting_is_that_of_other_meters(hertz: float) -> None:
    sound = tone(-20, 5, hertz)
    other = pyloudnorm.Meter(48_000).integrated_loudness(sound)
    assert measure(sound).integrated_lufs == pytest.approx(other, abs=0.1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_speech_reads_as_on_another_meter(seed: int) -> None:
    sound = np.concatenate((voice(15, seed, -20), noise(5, -55), voice(10, seed + 9, -32)))
    other = pyloudnorm.Meter(48_000).integrated_loudness(sound)
    assert measure(sound).integrated_lufs == pytest.approx(other, abs=0.1)


def test_silence_is_a_number() -> None:
    meter = measure(np.zeros(48_000, dtype=np.float32))
    assert meter.integrated_lufs == meter.momentary_lufs == SILENCE_LUFS


def test_the_fourth_block_is_the_first_that_counts() -> None:
    assert measure(tone(-20, 0.39)).integrated_lufs == SILENCE_LUFS
    assert measure(tone(-20, 0.40)).integrated_lufs > -25


def test_louder_than_possible_is_still_counted() -> None:
    histogram = GatedHistogram()
    histogram.add(power_of(40.0))
    assert histogram.integrated_lufs == pytest.approx(40.0)


def test_channels_do_not_leak_into_each_other() -> None:
    weighting, rows = KWeighting(3), np.array([2, 0])
    frames = np.stack((tone(-20, 0.01), np.zeros(480, dtype=np.float32)))
    powers = weighting.powers(frames, rows)
    assert powers[0] > 0
    assert powers[1] == 0
    weighting.forget(2)
    assert weighting.powers(np.zeros((1, 480), dtype=np.float32), np.array([2]))[0] == 0


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(-90, 10), min_size=1, max_size=200).filter(lambda v: max(v) > -69),
)
def test_the_histogram_gates_as_the_formula_does(loudness: list[float]) -> None:
    histogram = GatedHistogram()
    for value in loudness:
        histogram.add(power_of(value))
    powers = np.array([power_of(value) for value in loudness if value > -70])
    gate = power_of(lufs(powers.mean()) - 10)
    exact = lufs(powers[powers > gate].mean())
    near = np.abs(10 * np.log10(powers / gate)) < 0.02  # in the gate's own bin: either is right
    if not near.any():
        assert histogram.integrated_lufs == pytest.approx(exact, abs=1e-6)


@given(st.floats(-110, 10))
def test_loudness_and_power_are_inverse(value: float) -> None:
    assert lufs(power_of(value)) == pytest.approx(value, abs=1e-6)
