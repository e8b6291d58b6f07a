import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from parvis_server.media.automix import SIDE_CHAIN, SIDE_CHAIN_HZ
from parvis_server.media.block_filter import BlockFilter
from parvis_server.media.loudness import K_WEIGHTING

RATE = 48_000


def test_the_side_chain_is_a_butterworth_band() -> None:
    low, high = SIDE_CHAIN_HZ
    expected = np.concatenate(
        (
            butter(2, low, "highpass", fs=RATE, output="sos"),
            butter(2, high, "lowpass", fs=RATE, output="sos"),
        )
    )
    assert pytest.approx(expected, abs=1e-12) == SIDE_CHAIN


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 99),
    samples=st.sampled_from([240, 480]),
    sections=st.sampled_from([SIDE_CHAIN, K_WEIGHTING]),
)
def test_it_is_the_recursion_sample_by_sample(
    seed: int, samples: int, sections: np.ndarray
) -> None:
    random = np.random.default_rng(seed)
    sound = random.normal(size=(3, 20 * samples)) + 0.5
    filtered = BlockFilter(sections, 5, np.float64)
    rows = np.array([4, 0, 2])
    frames = [
        filtered.filter(sound[:, at : at + samples], rows)
        for at in range(0, sound.shape[1], samples)
    ]
    assert np.concatenate(frames, axis=1) == pytest.approx(
        sosfilt(sections, sound, axis=1), abs=1e-9
    )


def test_single_precision_is_near_enough_for_a_detector() -> None:
    sound = np.random.default_rng(1).normal(size=(2, 96_000)).astype(np.float32)
    filtered = BlockFilter(SIDE_CHAIN, 2, np.float32)
    frames = [
        filtered.filter(sound[:, at : at + 480], np.arange(2)) for at in range(0, 96_000, 480)
    ]
    error = np.concatenate(frames, axis=1) - sosfilt(SIDE_CHAIN, sound.astype(np.float64), axis=1)
    assert frames[0].dtype == np.float32
    assert 20 * np.log10(error.std()) < -100


def test_rows_keep_their_memory_and_can_forget_it() -> None:
    filtered = BlockFilter(K_WEIGHTING, 2, np.float64)
    loud, silent = np.ones((1, 480)), np.zeros((1, 480))
    first = np.array([0])
    filtered.filter(loud, first)
    assert (filtered.filter(silent, np.array([1])) == 0).all()
    assert np.abs(filtered.filter(silent, first)).max() > 0
    filtered.filter(loud, first)
    filtered.forget(0)
    assert (filtered.filter(silent, first) == 0).all()


def test_silence_after_sound_ends_in_zeros_and_not_in_denormal_numbers() -> None:
    filtered = BlockFilter(SIDE_CHAIN, 1, np.float32)
    row, silent = np.array([0]), np.zeros((1, 480), dtype=np.float32)
    filtered.filter(np.ones((1, 480), dtype=np.float32), row)
    for _ in range(200):
        last = filtered.filter(silent, row)
    assert (last == 0).all()
