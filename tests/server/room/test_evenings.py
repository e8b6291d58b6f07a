"""Simulated evenings: the floor never stalls, and nobody is overtaken without a reason shown."""

import pytest

from fakes.evenings import Evening, Findings, evenings

EVENINGS, PIECES = 240, 4
MOST_DEAD_AIR_S_PER_HOUR = 5.0


@pytest.mark.parametrize("piece", range(PIECES))
def test_no_dead_air_while_a_hand_waits_and_no_unfair_overtaking(piece: int) -> None:
    each = EVENINGS // PIECES
    found = evenings(piece * each, each)
    assert found.worst_s_per_hour <= MOST_DEAD_AIR_S_PER_HOUR, str(found)
    assert found.unfair == 0
    assert found.turns > each * 10, "people did speak"
    assert found.passed > 0
    assert found.drops > 0


def test_an_evening_is_the_same_each_time() -> None:
    assert Evening(7, hours=0.2).run() == Evening(7, hours=0.2).run()


def test_a_floor_that_stalls_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parvis_server.room.room.advance", lambda draft: None)
    found = Findings()
    for seed in range(6):
        found.add(Evening(seed).run())
    assert found.worst_s_per_hour > MOST_DEAD_AIR_S_PER_HOUR
