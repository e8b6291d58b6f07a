import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.listen.media_buffer import HALF_TAPS, MediaBuffer


def tone(count: int, hertz: float, at: np.ndarray | None = None) -> np.ndarray:
    times = np.arange(count) if at is None else at
    return np.sin(2 * np.pi * hertz / 48_000 * times).astype(np.float32)


def filled(samples: np.ndarray, start: int = 0) -> MediaBuffer:
    media = MediaBuffer()
    media.begin_at(start)
    media.append(samples)
    return media


@given(st.integers(-(2**40), 2**40), st.integers(-600, 1_600), st.integers(1, 500))
def test_whole_positions_are_read_exactly_and_outside_is_silence(
    start: int, offset: int, count: int
) -> None:
    samples = np.arange(1, 1_001, dtype=np.float32)
    read = filled(samples, start).read(float(start + offset), count, 1.0)
    expected = [float(n + 1) if 0 <= n < 1_000 else 0.0 for n in range(offset, offset + count)]
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("rate", [0.995, 0.997, 1.0, 1.003, 1.005])
@pytest.mark.parametrize("hertz", [440, 6_000, 12_000])
def test_reading_at_a_rate_keeps_a_tone_clean(rate: float, hertz: float) -> None:
    media = filled(tone(4_800, hertz))
    read = media.read(100.25, 480, rate)
    expected = tone(480, hertz, at=100.25 + rate * np.arange(480))
    error_db = 20 * np.log10(np.sqrt(np.mean((read - expected) ** 2)) / 0.7)
    assert error_db < -60


def test_frames_read_one_after_the_other_are_one_piece() -> None:
    media, position, pieces = filled(tone(48_000, 440)), 1_000.0, []
    for _ in range(50):
        pieces.append(media.read(position, 480, 1.003))
        position += 480 * 1.003
        media.discard_before(position)
    whole = filled(tone(48_000, 440)).read(1_000.0, 480 * 50, 1.003)
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)
    assert media.end == 48_000
    assert media.start == int(position) - HALF_TAPS


def test_playable_leaves_the_reach_of_the_interpolation() -> None:
    media = filled(np.zeros(1_000, dtype=np.float32), start=500)
    assert media.playable(500) == 1_000 - HALF_TAPS
    assert media.playable(1_495) == 0
    assert media.playable(9_999) == 0
