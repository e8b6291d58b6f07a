import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, noise, voice
from parvis_server.media.automix import ramps
from parvis_server.media.levelling import PROGRAM, TALKER, Leveller, ProgramServo
from parvis_server.media.limiter import Limiter
from parvis_server.media.loudness import LoudnessMeter

ONE = np.zeros(1, dtype=np.intp)
HOLDING = np.ones(1, dtype=bool)
IDLE = np.zeros(1, dtype=bool)


def at_lufs(sound: Samples, level: float) -> Samples:
    return np.asarray(sound * 10 ** ((level - loudness(sound)) / 20), dtype=np.float32)


def loudness(sound: Samples) -> float:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // 480 * 480].reshape(-1, 480):
        meter.add(frame)
    return meter.integrated_lufs


def level(leveller: Leveller, sound: Samples, holding: np.ndarray = HOLDING) -> Samples:
    before, out = np.array([10 ** (leveller.gain_db(0) / 20)], dtype=np.float32), []
    for frame in sound.reshape(-1, 480):
        after = leveller.gains(frame[None], ONE, holding)
        out.append(ramps(frame[None], before, after)[0])
        before = after
    return np.concatenate(out)


@pytest.mark.parametrize(("loud", "quiet"), [(-18, -38), (-13, -33), (-20, -40)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_talkers_20_db_apart_meet_within_ten_seconds(loud: float, quiet: float, seed: int) -> None:
    heard = []
    for talker_lufs, voice_seed in ((loud, seed), (quiet, seed + 20)):
        talker = at_lufs(voice(13, voice_seed), talker_lufs)
        heard.append(loudness(level(Leveller(1), talker)[480_000:]))
    assert abs(heard[0] - heard[1]) <= 2


@pytest.mark.parametrize("seed", [1, 2])
def test_the_program_comes_to_its_loudness(seed: int) -> None:
    """Three talkers 20 dB apart in turns, levelled, then the servo and the limiter."""
    levellers = [Leveller(1) for _ in range(3)]
    servo, limiter, before, out = ProgramServo(), Limiter(), np.ones(1, dtype=np.float32), []
    for turn in range(12):
        who = turn % 3
        talker = at_lufs(voice(8, seed + 10 * who), -16 - 10 * who)
        for frame in level(levellers[who], talker).reshape(-1, 480):
            after = np.array([servo.gain(frame)], dtype=np.float32)
            out.append(limiter.process(ramps(frame[None], before, after)[0]))
            before = after
    program = np.concatenate(out)
    assert loudness(program[48_000 * 30 :]) == pytest.approx(-18, abs=1)
    assert np.abs(program).max() <= 10 ** (-2 / 20)


def test_idle_noise_is_never_lifted() -> None:
    leveller = Leveller(1)
    level(leveller, noise(20, -50), IDLE)
    assert leveller.gain_db(0) == 0
    level(leveller, noise(20, -50), HOLDING)
    assert leveller.gain_db(0) == pytest.approx(0, abs=2)


def test_pauses_freeze_the_gain() -> None:
    leveller = Leveller(1)
    level(leveller, at_lufs(voice(15), -35))
    before = leveller.gain_db(0)
    level(leveller, noise(30, -65))
    assert leveller.gain_db(0) == pytest.approx(before, abs=0.3)


def test_without_the_floor_nothing_moves() -> None:
    leveller = Leveller(1)
    level(leveller, at_lufs(voice(10), -40), IDLE)
    assert leveller.gain_db(0) == 0


def test_a_talkers_gain_is_kept_for_the_next_turn_and_forgotten_for_the_next_talker() -> None:
    leveller = Leveller(1)
    level(leveller, at_lufs(voice(15), -35))
    kept = leveller.gain_db(0)
    level(leveller, np.zeros(480_000, dtype=np.float32), IDLE)
    assert leveller.gain_db(0) == kept
    assert kept == pytest.approx(12, abs=2)
    leveller.forget(0)
    assert leveller.gain_db(0) == 0


@pytest.mark.parametrize(("input_lufs", "bound_db"), [(-55, 18), (0, -12)])
def test_the_range_is_kept(input_lufs: float, bound_db: float) -> None:
    leveller = Leveller(1)
    level(leveller, at_lufs(voice(25), input_lufs))
    assert leveller.gain_db(0) == pytest.approx(bound_db, abs=0.1)


def test_the_servo_never_moves_faster_than_half_a_decibel_a_second() -> None:
    servo, gains = ProgramServo(), []
    for frame in at_lufs(voice(20), -30).reshape(-1, 480):
        servo.gain(frame)
        gains.append(servo.gain_db)
    assert max(np.diff(gains)) <= PROGRAM.up_db_per_s * 0.01 + 1e-9
    assert gains[-1] > 8


def test_rows_are_their_own() -> None:
    leveller, rows = Leveller(4), np.array([3, 1])
    loud, quiet = at_lufs(voice(8, 1), -13), at_lufs(voice(8, 2), -33)
    for start in range(0, loud.size, 480):
        frames = np.stack((loud[start : start + 480], quiet[start : start + 480]))
        gains = leveller.gains(frames, rows, np.array([True, True]))
    assert gains[0] < 1 < gains[1]
    assert leveller.gain_db(0) == leveller.gain_db(2) == 0


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.floats(-120, 20), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_comes_the_gain_stays_in_range(blocks: list[tuple[float, bool]]) -> None:
    leveller = Leveller(1)
    white = noise(0.1, 0)
    for level_dbfs, holding in blocks:
        for frame in (white * 10 ** (level_dbfs / 20)).astype(np.float32).reshape(-1, 480):
            gain = leveller.gains(frame[None], ONE, np.array([holding]))
            assert np.isfinite(gain).all()
            assert TALKER.lowest_db <= leveller.gain_db(0) <= TALKER.highest_db
