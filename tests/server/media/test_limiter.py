import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from parvis_server.media.limiter import CEILING_DBFS, LOOKAHEAD_SAMPLES, Limiter

Samples = NDArray[np.float32]

CEILING = np.float32(10 ** (CEILING_DBFS / 20))
any_frame = hnp.arrays(np.float32, 480, elements=st.floats(width=32, allow_subnormal=True))
loud_frame = hnp.arrays(np.float32, 480, elements=st.floats(-40, 40, width=32), fill=st.just(0.1))


def run(limiter: Limiter, signal: Samples, frame_samples: int = 480) -> Samples:
    frames = signal.reshape(-1, frame_samples)
    return np.concatenate([limiter.process(frame) for frame in frames])


def tone(level: float, seconds: float = 1.0, hertz: float = 440.0) -> Samples:
    at = np.arange(int(48_000 * seconds)) / 48_000
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


@settings(deadline=None)
@given(st.lists(loud_frame, min_size=1, max_size=6))
def test_nothing_ever_passes_the_ceiling(frames: list[Samples]) -> None:
    limiter = Limiter()
    for frame in frames:
        assert np.abs(limiter.process(frame)).max() <= CEILING


@settings(deadline=None)
@given(st.lists(any_frame, min_size=1, max_size=4))
def test_whatever_comes_in_numbers_come_out(frames: list[Samples]) -> None:
    limiter = Limiter()
    for frame in [*frames, np.zeros(480, dtype=np.float32)]:
        output = limiter.process(frame)
        assert np.isfinite(output).all()
        assert np.abs(output).max() <= CEILING


@settings(deadline=None)
@given(st.lists(loud_frame, min_size=2, max_size=4))
def test_the_gain_before_the_safety_clip_already_holds_the_ceiling(frames: list[Samples]) -> None:
    limiter = Limiter()
    delayed = np.zeros(LOOKAHEAD_SAMPLES, dtype=np.float32)
    for frame in frames:
        gain = limiter._gain(frame)
        stream = np.concatenate((delayed, frame))
        delayed = stream[480:]
        assert np.abs(stream[:480] * gain).max() <= CEILING * (1 + 1e-6)


@settings(deadline=None)
@given(st.lists(loud_frame, min_size=4, max_size=4))
def test_frame_length_does_not_matter(frames: list[Samples]) -> None:
    signal = np.concatenate(frames)
    whole, halves = run(Limiter(), signal, 480), run(Limiter(), signal, 240)
    np.testing.assert_allclose(whole, halves, atol=1e-5)


def test_quiet_sound_is_only_delayed() -> None:
    signal = tone(0.7)
    output = run(Limiter(), signal)
    np.testing.assert_array_equal(output[LOOKAHEAD_SAMPLES:], signal[:-LOOKAHEAD_SAMPLES])


def test_after_a_peak_the_gain_comes_back_to_exactly_one() -> None:
    signal = tone(0.5, seconds=2.0)
    signal[4_800:5_280] *= 6
    output = run(Limiter(), signal)
    np.testing.assert_array_equal(output[60_000:], signal[60_000 - LOOKAHEAD_SAMPLES : -72])
    just_after = output[5_400:5_880]
    assert 0.1 < np.abs(just_after).max() < 0.2


@pytest.mark.parametrize("level", [1.0, 2.0, 8.0])
def test_a_steady_loud_tone_stays_a_tone(level: float) -> None:
    output = run(Limiter(), tone(level, hertz=1_000.0))[24_000:]
    spectrum = np.abs(np.fft.rfft(output * np.hanning(output.size)))
    tone_bin = 1_000 * output.size // 48_000
    near = spectrum[tone_bin - 3 : tone_bin + 4]
    rest = np.sqrt((spectrum**2).sum() - (near**2).sum())
    assert 20 * np.log10(rest / np.sqrt((near**2).sum())) < -50
    assert np.abs(output).max() > 0.97 * CEILING


def test_the_gain_never_jumps() -> None:
    signal = np.full(4_800, 0.5, dtype=np.float32)
    signal[2_000:2_400] = 5.0
    output = run(Limiter(), signal)
    gain = output[LOOKAHEAD_SAMPLES:] / signal[:-LOOKAHEAD_SAMPLES]
    assert np.abs(np.diff(gain)).max() < 2.5 / LOOKAHEAD_SAMPLES
