import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from fakes.voices import Samples, delayed, noise, room, voice
from parvis_server.media.automix import SIDE_CHAIN, GainSharing, ramps
from parvis_server.media.block_filter import BlockFilter
from parvis_server.media.pickup_guard import (
    DUCKED_WEIGHT,
    HOLD_SAMPLES,
    WINDOW_SAMPLES,
    PickupGuard,
    likeness,
)

FRAME_SAMPLES = 480
HOLD_FRAMES = HOLD_SAMPLES // FRAME_SAMPLES
WINDOW = np.hanning(WINDOW_SAMPLES).astype(np.float32)


def weigh(sources: list[Samples]) -> np.ndarray:
    """Weight of each source at each frame."""
    rows = np.arange(len(sources))
    guard, side_chain = PickupGuard(len(sources)), BlockFilter(SIDE_CHAIN, len(sources), np.float32)
    sound = np.stack(sources)
    frames = range(0, sound.shape[1] - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    return np.stack(
        [
            guard.weights(side_chain.filter(sound[:, at : at + FRAME_SAMPLES], rows), rows)
            for at in frames
        ]
    )


def ducked(weights: np.ndarray) -> np.ndarray:
    """Share of the time that each source was ducked, after a second."""
    return np.asarray((weights[100:] == DUCKED_WEIGHT).mean(axis=0))


def in_room(sound: Samples, seed: int, delay_s: float, gain: float) -> Samples:
    heard = fftconvolve(sound, room(0.4, seed, delay_s, direct=2.0))[: sound.size]
    return np.asarray(heard * gain, dtype=np.float32)


@pytest.mark.parametrize("lag_ms", [1, 5, 12, 20])
def test_the_same_voice_again_is_ducked(lag_ms: int) -> None:
    talker = voice(5)
    sources = [talker + noise(5, -65), delayed(talker, lag_ms * 48, -4) + noise(5, -65, seed=2)]
    share = ducked(weigh(sources))
    assert share[0] < 0.02
    assert share[1] > 0.85


def test_it_holds_in_a_room() -> None:
    talker = voice(8, seed=3)
    sources = [
        in_room(talker, 1, 0.002, 1.0) + noise(8, -65),
        in_room(talker, 2, 0.008, 0.6) + noise(8, -65, seed=2),
    ]
    share = ducked(weigh(sources))
    assert share[0] < 0.05
    assert share[1] > 0.85


@pytest.mark.parametrize("bleed_db", [-60, -12])
def test_two_talkers_at_once_are_both_heard(bleed_db: float) -> None:
    one, two = voice(8, 1, pauses=False), voice(8, 2, pauses=False)
    sources = [
        one + delayed(two, 300, bleed_db) + noise(8, -65),
        two + delayed(one, 300, bleed_db) + noise(8, -65, seed=2),
    ]
    assert ducked(weigh(sources)).max() < 0.1


def test_silence_and_noise_duck_nobody() -> None:
    assert ducked(weigh([noise(3, -90, seed=n) for n in range(4)])).max() == 0
    assert ducked(weigh([noise(3, -40, seed=n) for n in range(4)])).max() == 0
    assert ducked(weigh([voice(3)])).max() == 0


def test_a_talker_between_two_microphones_does_not_make_them_flicker() -> None:
    talker = voice(10)
    tide = 10 ** (1.2 * np.sin(np.arange(talker.size) / 30_000) / 20)
    sources = [talker, (delayed(talker, 96) * tide).astype(np.float32)]
    weights = weigh(sources)[100:]
    assert np.count_nonzero(np.diff(weights[:, 0])) <= 2


def test_who_walks_to_the_other_microphone_wins_there() -> None:
    talker = voice(3, pauses=False)
    near, far = talker, delayed(talker, 96, -8)
    sources = [np.concatenate((near, far)), np.concatenate((far, near))]
    weights = weigh(sources)
    assert (weights[250] == (1, DUCKED_WEIGHT)).all()
    assert (weights[550] == (DUCKED_WEIGHT, 1)).all()


def test_the_duck_ends_half_a_second_after_the_likeness() -> None:
    talker, other = voice(3, 1, pauses=False), voice(3, 2, pauses=False)
    sources = [np.concatenate((talker, talker)), np.concatenate((delayed(talker, 96, -4), other))]
    weights = weigh(sources)
    assert weights[295, 1] == DUCKED_WEIGHT
    assert (weights[300 + HOLD_FRAMES + 2 * WINDOW_SAMPLES // FRAME_SAMPLES :, 1] == 1).all()


def test_the_comb_goes_away() -> None:
    """Two microphones 3 ms apart: notches without the guard, hardly any with it."""

    def ripple_db(guarded: bool) -> float:
        talker = noise(6, -25)
        sound = np.stack((talker, delayed(talker, 144, -1)))
        rows, guard, sharing = np.arange(2), PickupGuard(2), GainSharing(2)
        before, weights, mixed = np.ones(2, np.float32), np.ones(2), []
        for at in range(0, sound.shape[1] - 479, 480):
            frames = sound[:, at : at + 480]
            after = sharing.gains(frames, rows, weights, np.zeros(2, dtype=bool))
            mixed.append(ramps(frames, before, after).sum(axis=0))
            before = after
            if guarded:
                weights = guard.weights(frames, rows)
        spectrum = np.zeros(2_049)
        for part in np.concatenate(mixed)[96_000:].reshape(-1, 480 * 4)[:90]:
            spectrum += np.abs(np.fft.rfft(part, 4_096)) ** 2
        smooth = np.convolve(spectrum[20:500], np.ones(5) / 5, "valid")
        return float(np.std(10 * np.log10(smooth)))

    assert ripple_db(guarded=True) < 0.35 * ripple_db(guarded=False)


def test_a_forgotten_row_starts_anew() -> None:
    talker = voice(2, pauses=False)
    guard, rows = PickupGuard(2), np.arange(2)
    sound = np.stack((talker, delayed(talker, 96, -4)))
    for at in range(0, 48_000, 480):
        weights = guard.weights(sound[:, at : at + 480], rows)
    assert weights[1] == DUCKED_WEIGHT
    guard.forget(1)
    guard.forget(0)
    assert (guard.weights(sound[:, :480], rows) == 1).all()


@settings(deadline=None, max_examples=30)
@given(lag=st.integers(-1_150, 1_150), gain_db=st.floats(-20, 6), seed=st.integers(0, 99))
def test_the_lag_is_found(lag: int, gain_db: float, seed: int) -> None:
    talker = noise(0.2, -30, seed)
    first = talker[1_200 : 1_200 + WINDOW.size]
    second = talker[1_200 - lag : 1_200 - lag + WINDOW.size] * 10 ** (gain_db / 20)
    found = likeness(first[None], second[None].astype(np.float32), WINDOW)[0]
    assert found.lag_s == pytest.approx(lag / 48_000, abs=1 / 24_000)
    assert found.same_voice
    assert found.peak <= 1.001
    assert found.correlation <= 1.001
