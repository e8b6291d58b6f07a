import numpy as np
import pytest

from fakes.hall import Air
from fakes.voices import Samples, noise
from parvis_server.media.frequency_shift import DELAY_SAMPLES, SHIFT_HZ, FrequencyShift

FRAME = 480


def run(shift: FrequencyShift, sound: Samples, frame: int = FRAME) -> Samples:
    return np.concatenate([shift.process(part) for part in sound.reshape(-1, frame)])


def tone(hertz: float, seconds: float = 2.0) -> Samples:
    at = np.arange(int(seconds * 48_000)) / 48_000
    return np.asarray(0.1 * np.sin(2 * np.pi * hertz * at), dtype=np.float32)


def level_db(sound: Samples, hertz: float) -> float:
    """Of a sine of amplitude 0.1: 0 dB."""
    window = np.hanning(sound.size)
    turn = np.exp(-2j * np.pi * hertz * np.arange(sound.size) / 48_000)
    return float(20 * np.log10(20 * np.abs(np.sum(sound * window * turn)) / window.sum() + 1e-9))


@pytest.mark.parametrize("hertz", [600.0, 1_000.0, 8_000.0])
def test_a_tone_is_moved_and_leaves_no_image(hertz: float) -> None:
    moved = run(FrequencyShift(), tone(hertz))[4_800:]
    assert level_db(moved, hertz + SHIFT_HZ) == pytest.approx(0, abs=0.2)
    assert level_db(moved, hertz) < -40
    assert level_db(moved, hertz - SHIFT_HZ) < -40


def test_frame_length_does_not_matter() -> None:
    sound = noise(1, -20)
    whole, halves = run(FrequencyShift(), sound), run(FrequencyShift(), sound, 240)
    np.testing.assert_allclose(whole, halves, atol=1e-6)


def test_a_shift_of_nothing_only_delays() -> None:
    sound = noise(1, -20)
    late = run(FrequencyShift(0.0), sound)
    np.testing.assert_array_equal(late[DELAY_SAMPLES:], sound[:-DELAY_SAMPLES])


def grows(gain_db: float, reverberation_s: float, seed: int, shifted: bool) -> bool:
    """Whether a loop through a hall is louder in its last two seconds than before."""
    air, shift = Air(1, reverberation_s, gain_db, 0.06, seed), FrequencyShift()
    heard, kick, levels = np.zeros(FRAME, np.float32), noise(0.3, -60, seed), []
    for tick in range(500):
        frame = heard + (kick[tick * FRAME : (tick + 1) * FRAME] if tick < 30 else np.float32(0))
        played = np.clip(shift.process(frame) if shifted else frame, -1, 1)
        heard = air.play(played)[0]
        levels.append(10 * np.log10(np.mean(played.astype(np.float64) ** 2) + 1e-30))
    return float(np.mean(levels[300:])) > float(np.mean(levels[100:300]))


def most_gain_db(reverberation_s: float, seed: int, shifted: bool) -> float:
    """The highest gain of the loop, in steps of 1 dB, at which it still dies away."""
    low, high = -20, 6
    while high - low > 1:
        middle = (low + high) // 2
        if grows(middle, reverberation_s, seed, shifted):
            high = middle
        else:
            low = middle
    return low


@pytest.mark.parametrize(("reverberation_s", "seed"), [(0.4, 1), (1.5, 3)])
def test_a_shifted_loop_stands_more_gain(reverberation_s: float, seed: int) -> None:
    plain = most_gain_db(reverberation_s, seed, shifted=False)
    shifted = most_gain_db(reverberation_s, seed, shifted=True)
    print(f"RT60 {reverberation_s} s: dies away up to {plain} dB, shifted up to {shifted} dB")
    assert shifted >= plain + 5
