import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.voices import Samples, dbfs, delayed, noise, voice
from parvis_server.media.automix import FLOOR_DB, GainSharing, ramps

FRAME = 480


def share(
    sources: list[Samples], priority_db: list[float] | None = None
) -> tuple[Samples, Samples]:
    """Mix of the sources and the gains of each at each frame."""
    count = len(sources)
    sharing, before = GainSharing(count), np.ones(count, dtype=np.float32)
    priority = 10 ** (np.array(priority_db or [0.0] * count) / 10)
    sound = np.stack(sources)
    mixed, gains = [], []
    for start in range(0, sound.shape[1] - FRAME + 1, FRAME):
        frames = sound[:, start : start + FRAME]
        after = sharing.gains(frames, np.arange(count), priority, np.zeros(count, dtype=bool))
        mixed.append(ramps(frames, before, after).sum(axis=0))
        gains.append(after)
        before = after
    return np.concatenate(mixed), np.stack(gains)


def db(gain: np.ndarray | float) -> np.ndarray:
    return np.asarray(20 * np.log10(np.maximum(gain, 1e-9)))


@pytest.mark.parametrize("count", range(1, 17))
def test_the_noise_floor_does_not_rise_with_open_microphones(count: int) -> None:
    mixed, _ = share([noise(3, -60, seed=n) for n in range(count)])
    assert dbfs(mixed[48_000:]) == pytest.approx(-60, abs=0.5)


def test_two_microphones_that_hear_the_same_add_nothing() -> None:
    talker = voice(4)
    mixed, _ = share([talker, talker])
    assert dbfs(mixed[4_800:]) - dbfs(talker[4_800:]) <= 0.5


def test_a_talker_alone_is_untouched() -> None:
    talker = voice(3)
    mixed, gains = share([talker])
    assert np.abs(mixed - talker[: mixed.size]).max() < 1e-6
    assert gains == pytest.approx(1)


@pytest.mark.parametrize("others", [1, 3, 7, 15])
def test_the_first_syllable_is_not_lost(others: int) -> None:
    """Among idle microphones, at any moment of the frame."""
    worst_db, worst_energy_db = 0.0, 0.0
    for onset in range(24_000, 24_480, 96):
        talker = np.concatenate((np.zeros(onset, dtype=np.float32), voice(1, pauses=False)))
        sources = [noise(2, -60, seed=9 + n)[: talker.size] for n in range(others)]
        mine = talker + noise(2, -60, seed=5)[: talker.size]
        mixed, gains = share([mine, *sources])
        own = mixed[onset : onset + 2_400]
        heard_db = dbfs(own) - dbfs(mine[onset : onset + 2_400])
        worst_energy_db = min(worst_energy_db, heard_db)
        worst_db = min(worst_db, float(db(gains[(onset + 1_440) // FRAME, 0])))
    assert worst_db >= -1
    assert worst_energy_db >= -2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bleed_is_pushed_down(seed: int) -> None:
    talker = voice(6, seed)
    bleed = [delayed(talker, 144 + 48 * n, -12) + noise(6, -70, seed=n) for n in range(7)]
    _, gains = share([talker, *bleed])
    loud = np.array([dbfs(f) > -26 for f in talker[: gains.shape[0] * FRAME].reshape(-1, FRAME)])
    loud[:20] = False
    assert np.median(db(gains[loud, 0])) >= -1
    assert (np.median(db(gains[loud, 1:]), axis=0) <= -12).all()


def test_a_turn_passes_from_one_to_the_next() -> None:
    first, second = noise(2, -20, seed=1), noise(2, -20, seed=2)
    silence = np.zeros(96_000, dtype=np.float32)
    _, gains = share([np.concatenate((first, silence)), np.concatenate((silence, second))])
    at = 96_000 // FRAME
    assert db(gains[at, 1]) >= -3
    assert db(gains[at + 2, 1]) >= -1
    assert db(gains[at + 60, 0]) <= -15


def test_six_at_once_are_as_loud_as_one() -> None:
    sources = [voice(4, seed, pauses=False) for seed in range(6)]
    mixed, _ = share(sources)
    assert dbfs(mixed[48_000:]) <= np.mean([dbfs(s[48_000:]) for s in sources]) + 1


def test_sources_that_cancel_keep_a_gain_of_one() -> None:
    talker = voice(2)
    _, gains = share([talker, -talker])
    assert gains.max() <= 1 + 1e-6
    assert db(gains[50:].max()) == pytest.approx(0, abs=0.1)


def test_priority_is_as_if_louder() -> None:
    sources = [voice(4, 1, pauses=False), voice(4, 2, pauses=False)]
    _, equal = share(sources)
    _, lifted = share(sources, [6.0, 0.0])
    difference = (db(lifted[100:, 0]) - db(lifted[100:, 1])) - (
        db(equal[100:, 0]) - db(equal[100:, 1])
    )
    assert difference == pytest.approx(6.0, abs=0.3)


def test_a_lost_packet_does_not_hand_the_room_to_the_noise() -> None:
    talker, idle = voice(2, pauses=False), noise(2, -50)
    sharing, priority = GainSharing(2), np.ones(2)
    rows = np.arange(2)
    for frame in range(100):
        part = slice(frame * FRAME, (frame + 1) * FRAME)
        frames = np.stack((talker[part], idle[part]))
        before = sharing.gains(frames, rows, priority, np.array([False, False]))
    for frame in range(100, 130):
        part = slice(frame * FRAME, (frame + 1) * FRAME)
        frames = np.stack((np.zeros(FRAME, dtype=np.float32), idle[part]))
        after = sharing.gains(frames, rows, priority, np.array([True, False]))
    assert db(after[1]) <= db(before[1]) + 1
    assert db(after[0]) == pytest.approx(float(db(before[0])), abs=0.5)


@settings(deadline=None, max_examples=40)
@given(
    levels=st.lists(st.floats(-100, 0), min_size=1, max_size=12),
    priorities=st.lists(st.sampled_from([-12.0, 0.0, 12.0]), min_size=12, max_size=12),
)
def test_no_gain_passes_one_or_the_floor(levels: list[float], priorities: list[float]) -> None:
    sources = [noise(0.2, level, seed=n) for n, level in enumerate(levels)]
    _, gains = share(sources, priorities[: len(levels)])
    assert gains.max() <= 1 + 1e-6
    assert db(gains.min()) >= FLOOR_DB - 1e-3
    assert np.isfinite(gains).all()


def test_gains_move_in_straight_lines() -> None:
    frames = np.ones((2, FRAME), dtype=np.float32)
    moved = ramps(frames, np.array([0, 1], dtype=np.float32), np.array([1, 1], dtype=np.float32))
    assert moved[0, 0] == pytest.approx(1 / FRAME)
    assert moved[0, -1] == 1
    assert np.diff(moved[0]) == pytest.approx(1 / FRAME, abs=1e-6)
    assert (moved[1] == 1).all()


def test_a_source_without_a_claim_is_in_nobodys_sum() -> None:
    talker, louder = voice(2, 1, pauses=False), voice(2, 2, -6, pauses=False)
    sharing, rows = GainSharing(2), np.arange(2)
    for start in range(0, 48_000, FRAME):
        frames = np.stack((talker[start : start + FRAME], louder[start : start + FRAME]))
        gains = sharing.gains(frames, rows, np.array([1.0, 0.0]), np.zeros(2, dtype=bool))
    assert db(gains[0]) == pytest.approx(0, abs=0.1)


def test_frames_of_5_ms_follow_as_quickly_as_those_of_10() -> None:
    onset, talker = 24_000, voice(1, pauses=False)
    for samples in (240, 480):
        sharing, rows = GainSharing(2, samples), np.arange(2)
        sound = np.stack(
            (np.concatenate((np.zeros(onset, dtype=np.float32), talker)), noise(1.5, -60))
        )
        for start in range(0, onset + 1_440, samples):
            frames = sound[:, start : start + samples]
            gains = sharing.gains(frames, rows, np.ones(2), np.zeros(2, dtype=bool))
        assert db(gains[0]) >= -1
