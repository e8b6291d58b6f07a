"""The marks of receiving, run short; ``PARVIS_MARK_MINUTES=60`` runs them as long as they ask."""

from __future__ import annotations

import os

import pytest

from fakes.clock_loop import Crystal
from fakes.marks import LINKS, Freezes, drift_mark, wifi_mark

MINUTES = float(os.environ.get("PARVIS_MARK_MINUTES", "4"))
WANDERING = Crystal(30, 10)


@pytest.mark.parametrize("ppm", [-200, 1_000])
@pytest.mark.parametrize("link", LINKS)
def test_a_crystal_is_followed_on_every_link(link: str, ppm: float) -> None:
    mark = drift_mark(link, Crystal(ppm), MINUTES)
    assert mark.underruns == 0
    assert mark.depth_p99_ms < 3
    assert mark.drift_p99_ppm < 0.5


@pytest.mark.parametrize("link", ["ethernet", "wifi"])
def test_a_warming_crystal_is_followed(link: str) -> None:
    mark = drift_mark(link, WANDERING, max(MINUTES, 21))  # up, down, and up again
    assert mark.underruns == 0
    assert mark.depth_p99_ms < 3
    assert mark.drift_p99_ppm < 6


def test_a_warming_crystal_is_followed_on_bad_wifi_within_its_noise() -> None:
    mark = drift_mark("bad wifi", WANDERING, max(MINUTES, 21))
    assert mark.underruns == 0
    assert mark.depth_p99_ms < 3
    assert mark.drift_p99_ppm < 7  # measured 5.0 to 6.2 by seed


def test_wifi_that_freezes_is_heard_whole_between_its_freezes() -> None:
    seconds = max(60.0, MINUTES * 15)
    mark = wifi_mark(Freezes.every_three_seconds(seconds), seconds)
    assert mark.concealed_outside < 0.005
    assert mark.stoi_outside >= 0.97


@pytest.mark.parametrize("freeze_ms", [150.0, 500.0])
def test_after_one_freeze_the_target_is_held_again_within_ten_seconds(freeze_ms: float) -> None:
    mark = wifi_mark(Freezes(((20_000.0, 20_000.0 + freeze_ms),)), 40)
    assert mark.recovered_s(20) <= 10
    assert mark.concealed_outside < 0.005
    assert mark.stoi_outside >= 0.97
