import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.opus import Decoder, program_encoder
from parvis_server.bench.chirps import LENGTH_SAMPLES, chirp, chirp_train, find_chirps


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40_000), st.floats(0.01, 2.0), st.booleans())
def test_a_chirp_is_found_to_the_sample_at_any_loudness(at: int, gain: float, upside: bool) -> None:
    recording = np.zeros(48_000, dtype=np.float32)
    sign = 1 if upside else -1
    recording[at : at + LENGTH_SAMPLES] += sign * np.float32(gain) * chirp()
    assert find_chirps(recording) == [at]


def test_a_train_has_one_each_second() -> None:
    assert find_chirps(chirp_train(5)) == [0, 48_000, 96_000, 144_000, 192_000]


def test_it_is_found_after_the_codec_where_the_codec_put_it() -> None:
    encoder, decoder = program_encoder(), Decoder()
    train = np.roll(chirp_train(3), 12_000)
    heard = np.concatenate(
        [decoder.decode(encoder.encode(frame)) for frame in train.reshape(-1, 960)]
    )
    found = find_chirps(heard)
    expected = [at + encoder.lookahead_samples for at in (12_000, 60_000, 108_000)]
    assert found == pytest.approx(expected, abs=48)


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_silence_hold_none(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=96_000).astype(np.float32)
    assert find_chirps(noise) == []
    assert find_chirps(noise * 0) == []
    assert find_chirps(noise[:10]) == []
