"""A voice that another microphone picked up is found; two voices at once are not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from fakes.voices import Samples, noise, room, voice
from parvis_server.replay.bleed import picked_up

SECONDS = 5


def in_the_room(sound: Samples, level_db: float, seed: int) -> Samples:
    far = fftconvolve(sound, room(0.4, seed))[: sound.size] * 10 ** (level_db / 20)
    return np.asarray(far, dtype=np.float32)


@pytest.mark.parametrize("level_db", [0, -20, -40])
def test_a_silent_microphone_that_heard_them_is_found(level_db: float) -> None:
    theirs = voice(SECONDS, 1)
    other = noise(SECONDS, -65) + in_the_room(theirs, level_db, 4)
    assert picked_up(theirs, other) == [(0, theirs.size)]


def test_a_talker_over_whom_they_are_heard_is_found() -> None:
    theirs = voice(SECONDS, 1)
    assert picked_up(theirs, voice(SECONDS, 11) + in_the_room(theirs, -15, 4))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_people_who_talk_at_once_are_two(seed: int) -> None:
    assert picked_up(voice(SECONDS, seed), voice(SECONDS, seed + 10)) == []


def test_where_they_are_silent_nobody_heard_them() -> None:
    theirs = np.concatenate((voice(3, 1), np.zeros(5 * 48_000, dtype=np.float32)))
    other = noise(8, -65) + in_the_room(theirs, -10, 4)
    [(begin, end)] = picked_up(theirs, other)
    assert begin == 0
    assert 3 * 48_000 <= end <= 4 * 48_000


@pytest.mark.parametrize("samples", [0, 100, 30_000])
def test_short_sounds_are_no_fault(samples: int) -> None:
    silence = np.zeros(samples, dtype=np.float32)
    assert picked_up(silence, silence) == []
