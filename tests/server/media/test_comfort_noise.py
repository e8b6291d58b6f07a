import numpy as np
import pytest

from parvis_server.media.comfort_noise import FLOOR_DBFS, ComfortNoise


def frames_of(noise: ComfortNoise, count: int) -> np.ndarray:
    return np.concatenate([noise.next_frame() for _ in range(count)])


def dbfs(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2))))


def test_its_level_is_what_it_says() -> None:
    assert dbfs(frames_of(ComfortNoise(480), 401)) == pytest.approx(FLOOR_DBFS, abs=0.01)


def test_every_second_of_it_is_about_as_loud() -> None:
    samples = frames_of(ComfortNoise(480), 401)
    assert all(abs(dbfs(second) - FLOOR_DBFS) < 1.0 for second in np.array_split(samples, 4))


def test_its_end_meets_its_beginning() -> None:
    samples = frames_of(ComfortNoise(480), 802)
    steps = np.abs(np.diff(samples))
    assert steps[401 * 480 - 1] <= np.quantile(steps, 0.999)


def test_it_lies_where_room_noise_lies() -> None:
    samples = frames_of(ComfortNoise(480), 401)
    power = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    hertz = np.fft.rfftfreq(samples.size, 1 / 48_000)
    assert power[(hertz < 99) | (hertz > 8_001)].sum() < 1e-6 * power.sum()
    octaves = [power[(hertz >= low) & (hertz < 2 * low)].sum() for low in (200, 800, 3_200)]
    assert max(octaves) / min(octaves) < 2


def test_it_is_the_same_for_the_same_seed_only() -> None:
    one, same, other = (ComfortNoise(480, seed=seed).next_frame() for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_its_peaks_stay_small() -> None:
    assert np.abs(frames_of(ComfortNoise(480), 401)).max() < 0.01
