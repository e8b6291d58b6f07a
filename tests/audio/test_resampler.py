import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fakes.clock_loop import ETHERNET, Crystal, run
from parvis_audio.libsamplerate import direct_functions
from parvis_audio.resampler import (
    MAX_WAITING_SAMPLES,
    RETAINED_SAMPLES,
    Resampler,
)

Samples = NDArray[np.float32]


def tone(first: int, count: int, hertz: float) -> Samples:
    at = np.arange(first, first + count) / 48_000
    return (0.5 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def stream(ratio: float, hertz: float, frames: int = 300) -> Samples:
    resampler, fed, out = Resampler(), 0, []
    for _ in range(frames):
        wanted = resampler.wanted_samples(ratio)
        resampler.feed(tone(fed, wanted, hertz), ratio)
        fed += wanted
        out.append(resampler.take())
    return np.concatenate(out)


def snr_db(signal: Samples, hertz: float) -> float:
    """Against the best tone about that frequency, whose phase may glide (a parabola)."""
    at = 2 * np.pi * hertz * np.arange(signal.size) / 48_000
    glide = np.linspace(-1, 1, signal.size)
    waves = (np.sin(at), np.cos(at))
    basis = np.stack([wave * glide**power for wave in waves for power in range(3)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, signal.astype(np.float64), rcond=None)[0]
    return float(10 * np.log10(np.mean(fit**2) / np.mean((signal - fit) ** 2)))


@pytest.mark.parametrize("hertz", [997.0, 6_000.0, 12_000.0])
@pytest.mark.parametrize("ppm", [20, -200, 1000, -1000])
def test_a_tone_stays_clean(ppm: float, hertz: float) -> None:
    ratio = 1 + ppm * 1e-6
    assert snr_db(stream(ratio, hertz)[48_000:], hertz / ratio) > 80


def test_a_tone_stays_clean_in_the_closed_loop() -> None:
    frames: list[Samples] = []
    crystal = Crystal(200)
    run(
        crystal,
        ETHERNET,
        target_s=0.02,
        minutes=1.2,
        resampler=Resampler(),
        on_frame=frames.append,
        sound=lambda first, count: tone(first, count, 997.0),
    )
    played = np.concatenate(frames)[-480_000:].reshape(-1, 9_600)
    assert min(snr_db(part, 997.0 * (1 + 200e-6)) for part in played) > 80


@pytest.mark.parametrize("ratio", [0.999, 1.0, 1.001])
def test_the_position_is_where_the_sound_is(ratio: float) -> None:
    """A pulse comes out when ``input_position`` says that it does."""
    resampler = Resampler()
    pulse_at, fed = 24_000, 0
    for _ in range(80):
        position = resampler.input_position
        wanted = resampler.wanted_samples(ratio)
        samples = np.zeros(wanted, dtype=np.float32)
        if fed <= pulse_at < fed + wanted:
            samples[pulse_at - fed] = 1.0
        resampler.feed(samples, ratio)
        fed += wanted
        frame = resampler.take()
        if np.abs(frame).max() > 0.5:
            found = position + np.abs(frame).argmax() / ratio
            assert found == pytest.approx(pulse_at, abs=1.5)
            return
    pytest.fail("the pulse never came")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.995, 1.005), min_size=1, max_size=60))
def test_what_it_asks_for_is_what_a_frame_takes(ratios: list[float]) -> None:
    resampler = Resampler()
    fed = 0
    for ratio in ratios:
        wanted = resampler.wanted_samples(ratio)
        resampler.feed(np.zeros(wanted, dtype=np.float32), ratio)
        fed += wanted
        assert resampler.take().size == 480
        assert not resampler.ready
        assert fed - RETAINED_SAMPLES - 6 <= resampler.input_position <= fed


def test_whole_frames_may_be_fed_as_well() -> None:
    resampler = Resampler()
    taken = 0
    for _ in range(1_000):
        resampler.feed(np.zeros(480, dtype=np.float32), 1.001)
        while resampler.ready:
            assert resampler.wanted_samples(1.001) == 0
            resampler.take()
            taken += 1
    assert taken in (1_000, 1_001)


def test_taking_from_nothing_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="480 samples, 0 are waiting"):
        Resampler().take()


def test_what_nobody_takes_is_dropped_oldest_first() -> None:
    resampler = Resampler()
    for _ in range(30):
        resampler.feed(np.ones(480, dtype=np.float32), 1.0)
    assert resampler._waiting_samples == MAX_WAITING_SAMPLES


def bent(frames: int = 60) -> Samples:
    """A tone through ratios that change with every frame."""
    resampler, fed, out = Resampler(), 0, []
    for ratio in np.random.default_rng(1).uniform(0.995, 1.005, frames):
        wanted = resampler.wanted_samples(ratio)
        resampler.feed(tone(fed, wanted, 997.0), ratio)
        fed += wanted
        out.append(resampler.take())
    return np.concatenate(out)


def test_without_the_librarys_functions_the_package_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert direct_functions() is not None
    direct = bent()
    monkeypatch.setattr("parvis_audio.libsamplerate.direct_functions", lambda: None)
    assert np.array_equal(bent(), direct)


def test_more_than_the_library_takes_at_once_goes_in_pieces() -> None:
    whole, pieces = Resampler(), Resampler()
    sound = tone(0, 4_700, 997.0)
    whole.feed(sound, 1.0)
    for begin in range(0, sound.size, 470):
        pieces.feed(sound[begin : begin + 470], 1.0)
    while pieces.ready:
        assert np.allclose(whole.take(), pieces.take(), atol=1e-6)


def test_reset_forgets() -> None:
    resampler = Resampler()
    resampler.feed(np.ones(960, dtype=np.float32), 1.0)
    resampler.reset()
    assert resampler.input_position == 0
    resampler.feed(np.zeros(960, dtype=np.float32), 1.0)
    assert not resampler.take().any()


def test_nothing_fed_is_nothing_done() -> None:
    resampler = Resampler()
    resampler.feed(np.zeros(0, dtype=np.float32), 1.0)
    assert resampler.input_position == 0
