"""The noise floor: down at once, up slowly, never up to speech."""

from __future__ import annotations

from parvis_audio.level import SILENT_DBFS
from parvis_audio.noise_floor import LOUDEST_NOISE_DBFS, NoiseFloor


def test_it_falls_at_once_and_rises_three_decibels_a_second() -> None:
    floor = NoiseFloor(-50.0)
    floor.follow(-70.0)
    assert floor.dbfs == -70.0
    for _ in range(200):
        floor.follow(-20.0)
    assert abs(floor.dbfs - -64.0) < 0.1


def test_a_short_tick_rises_as_fast() -> None:
    floor = NoiseFloor(-70.0, frame_ms=5.0)
    for _ in range(400):
        floor.follow(-20.0)
    assert abs(floor.dbfs - -64.0) < 0.1


def test_it_stays_between_silence_and_the_loudest_noise() -> None:
    floor = NoiseFloor(-60.0)
    for _ in range(10_000):
        floor.follow(-3.0)
    assert floor.dbfs == LOUDEST_NOISE_DBFS
    floor.follow(SILENT_DBFS + 0.5)
    assert floor.dbfs == SILENT_DBFS + 0.5


def test_digital_silence_says_nothing_about_the_room() -> None:
    """A microphone that is switched off, sound that did not come."""
    floor = NoiseFloor(-50.0)
    for level_dbfs in (SILENT_DBFS, -500.0, float("nan")):
        floor.follow(level_dbfs)
    assert floor.dbfs == -50.0
