"""Figures of what a microphone delivered: levels, pauses, its crystal."""

from __future__ import annotations

import numpy as np
import pytest

from parvis_audio.level import SILENT_DBFS
from parvis_device.capture import FRAME_NS, FRAME_SAMPLES, Block
from parvis_device.selftest.hearing import Hearing


def block(number: int, level: float = 0.01, at_ns: int | None = None) -> Block:
    samples = np.full(FRAME_SAMPLES, level, dtype=np.float32)
    return Block(number * FRAME_SAMPLES, number * FRAME_NS if at_ns is None else at_ns, samples)


def test_a_door_does_not_raise_the_floor() -> None:
    hearing = Hearing()
    for number in range(100):
        hearing.block(block(number, 0.5 if number in range(40, 60) else 0.001))
    figures = hearing.stretch()
    assert figures is not None and figures.blocks == 100
    assert figures.floor_dbfs == pytest.approx(-60, abs=0.1)
    assert figures.voice_dbfs == pytest.approx(-6, abs=0.1)
    assert figures.peak_dbfs == pytest.approx(-6, abs=0.1)
    assert not figures.clipped and not figures.silent


def test_a_part_is_told_from_the_whole() -> None:
    hearing = Hearing()
    for number in range(10):
        hearing.block(block(number, 0.001))
    for number in range(10, 20):
        hearing.block(block(number, 1.0))
    quiet, loud = hearing.stretch(0, 10), hearing.stretch(10)
    assert quiet is not None and loud is not None
    assert quiet.peak_dbfs < -59 and not quiet.clipped and loud.clipped
    assert hearing.stretch(20) is None


def test_zeros_are_silence() -> None:
    hearing = Hearing()
    hearing.block(block(0, 0.0))
    figures = hearing.stretch()
    assert figures is not None and figures.silent and figures.floor_dbfs == SILENT_DBFS


@pytest.mark.parametrize("ppm", [-400.0, 0.0, 60.0])
def test_the_crystal_is_measured(ppm: float) -> None:
    hearing = Hearing()
    random = np.random.default_rng(7)
    for number in range(6_000):
        late_ns = int(random.exponential(500_000))
        hearing.block(block(number, at_ns=int(number * FRAME_NS / (1 + ppm * 1e-6)) + late_ns))
    clock = hearing.clock()
    assert clock.ppm == pytest.approx(ppm, abs=10)
    assert clock.sigma_ppm < 20 and clock.alarming == (abs(ppm) > 300)


def test_pauses_and_losses_are_counted_and_a_replug_is_no_drift() -> None:
    hearing = Hearing()
    hearing.opened("USB")
    for number in range(500):
        hearing.block(block(number))
    hearing.lost()
    hearing.opened("USB again")
    away = 500 + 300
    for number in range(away, away + 500):
        hearing.block(block(number, at_ns=number * FRAME_NS + 20_000_000))
    told = hearing.delivery(errors=2)
    assert (told.losses, told.errors) == (1, 2)
    assert told.seconds == pytest.approx(10) and told.longest_pause_ms == pytest.approx(10)
    assert abs(hearing.clock().ppm) < 20 and hearing.description == "USB again"
