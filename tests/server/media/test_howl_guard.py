import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.hall import Air
from fakes.voices import Samples, dbfs, noise, voice
from parvis_server.media.howl_guard import (
    LOWEST_BUS_DB,
    MOST_NOTCHES,
    NOTCH_DB,
    Howl,
    HowlGuard,
)
from parvis_server.media.limiter import Limiter

FRAME = 480


def run(guard: HowlGuard, sound: Samples) -> tuple[Samples, list[Howl]]:
    mended: list[Samples] = []
    howls: list[Howl] = []
    for frame in sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME):
        out, found = guard.process(frame)
        mended.append(out)
        howls += found
    return np.concatenate(mended), howls


def tone(hertz: float, level_dbfs: float, seconds: float) -> Samples:
    at = np.arange(int(seconds * 48_000)) / 48_000
    peak = 10 ** (level_dbfs / 20) * np.sqrt(2)
    return np.asarray(peak * np.sin(2 * np.pi * hertz * at), dtype=np.float32)


def loop(gain_db: float, seconds: float, guard: HowlGuard | None, seed: int) -> np.ndarray:
    """Level of each frame at a loudspeaker whose microphone hears it, with a talker."""
    air, limiter = Air(1, 0.4, gain_db, 0.06, seed), Limiter(-6.0)
    talker, heard, levels = voice(seconds, 2, -35), np.zeros(FRAME, np.float32), []
    for at in range(0, talker.size, FRAME):
        frame = heard + talker[at : at + FRAME]
        played = limiter.process(guard.process(frame)[0] if guard else frame)
        levels.append(dbfs(played))
        heard = air.play(played)[0]
    return np.array(levels)


@pytest.mark.parametrize(("seed", "gain_db"), [(1, -4.0), (1, -1.0), (2, -3.0), (2, 0.0)])
def test_a_howl_in_a_hall_is_stopped_within_a_second(seed: int, gain_db: float) -> None:
    free = loop(gain_db, 6, None, seed)
    assert free[-100:].mean() > -15
    guard = HowlGuard()
    levels = loop(gain_db, 6, guard, seed)
    assert guard.bus_db < 0
    assert (levels > -20).sum() <= 100
    assert levels[-100:].mean() < -35


@pytest.mark.parametrize("hertz", [230.0, 1_000.0, 3_333.0, 9_500.0])
def test_a_steady_tone_is_found_notched_and_told(hertz: float) -> None:
    guard = HowlGuard()
    mended, howls = run(guard, tone(hertz, -25, 0.7) + noise(0.7, -70))
    assert len(howls) == 1
    assert howls[0].hertz == pytest.approx(hertz, abs=2)
    assert howls[0].level_dbfs == pytest.approx(-25, abs=1)
    assert (howls[0].notches, howls[0].bus_db) == (1, -3.0)
    assert dbfs(mended[-4_800:]) == pytest.approx(-25 + NOTCH_DB - 3, abs=1)


@pytest.mark.parametrize("seed", range(4))
def test_a_voice_is_not_a_howl(seed: int) -> None:
    assert run(HowlGuard(), voice(20, seed, -18))[1] == []


def test_an_instrument_has_harmonics() -> None:
    sound = sum((tone(440 * n, -25 - 4 * n, 3) for n in range(1, 6)), noise(3, -70))
    assert run(HowlGuard(), np.asarray(sound, dtype=np.float32))[1] == []


def test_a_tone_that_dies_by_itself_is_left_alone() -> None:
    fading = tone(1_000, -20, 2) * 10 ** (-np.arange(96_000) / 48_000 * 20 / 20)
    assert run(HowlGuard(), (fading + noise(2, -70)).astype(np.float32))[1] == []


def test_sound_without_a_howl_passes_untouched() -> None:
    sound = voice(3)
    assert np.array_equal(run(HowlGuard(), sound)[0], sound)


def test_after_six_notches_only_the_level_goes_down() -> None:
    guard = HowlGuard()
    for hertz in range(500, 5_500, 500):
        run(guard, tone(hertz + 7, -23, 0.6))
        run(guard, np.zeros(14_400, dtype=np.float32))
    assert len(guard.notches_hz) == MOST_NOTCHES
    assert guard.bus_db == LOWEST_BUS_DB


def test_everything_is_given_back_after_a_minute() -> None:
    guard = HowlGuard()
    run(guard, tone(1_000, -20, 0.6))
    assert guard.notches_hz
    run(guard, np.zeros(48_000 * 60, dtype=np.float32))
    assert guard.notches_hz == ()
    assert guard.bus_db == 0
    sound = voice(1)
    assert run(guard, sound)[0] == pytest.approx(sound, abs=1e-7)


def test_the_change_does_not_click() -> None:
    sound = tone(1_000, -20, 2)
    mended, howls = run(HowlGuard(), sound)
    assert howls
    omega = 2 * np.pi * 1_000 / 48_000
    error = np.abs(mended[2:] - 2 * np.cos(omega) * mended[1:-1] + mended[:-2])
    assert error.max() < 1e-3


@settings(deadline=None, max_examples=10)
@given(hertz=st.floats(150, 11_000), level=st.floats(-45, -6), seed=st.integers(0, 99))
def test_any_steady_tone_is_found_within_600_ms(hertz: float, level: float, seed: int) -> None:
    sound = tone(hertz, level, 0.6) + noise(0.6, -75, seed)
    howls = run(HowlGuard(), sound)[1]
    assert howls
    assert howls[0].hertz == pytest.approx(hertz, abs=3)
