"""Units are updated when nobody would miss them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parvis_server.updates.quiet import QUIET_NS, Quiet, RoomUse
from parvis_wire.floor import Phase

DEFAULT = RoomUse(opens_by_itself=True, phase=Phase.LIVE)
MADE = RoomUse(opens_by_itself=False, phase=Phase.LIVE)


@pytest.mark.parametrize("phase", [Phase.LIVE, Phase.BACKSTAGE])
def test_a_room_that_somebody_made_is_in_use(phase: Phase) -> None:
    assert replace(MADE, phase=phase).in_use


@pytest.mark.parametrize("phase", [Phase.SCHEDULED, Phase.ENDED])
def test_unless_it_has_not_begun_or_is_over(phase: Phase) -> None:
    assert not replace(MADE, phase=phase, listeners=9, turns=1).in_use


@pytest.mark.parametrize(
    "use",
    [
        {"listeners": 1},
        {"turns": 1},
        {"hands": 1},
        {"is_recorded": True},
        {"open_microphones": 1, "outputs": 1},
    ],
)
def test_the_room_that_opens_by_itself_is_in_use_while_somebody_is_there(
    use: dict[str, int],
) -> None:
    assert replace(DEFAULT, **use).in_use  # type: ignore[arg-type]


def test_an_open_microphone_that_nobody_hears_is_no_use() -> None:
    assert not replace(DEFAULT, open_microphones=3).in_use
    assert not replace(DEFAULT, outputs=2).in_use


def test_a_pause_is_not_yet_quiet() -> None:
    quiet = Quiet()
    busy = replace(DEFAULT, turns=1)
    assert not quiet.look([DEFAULT], 0)
    assert not quiet.look([DEFAULT], QUIET_NS - 1)
    assert quiet.look([DEFAULT], QUIET_NS)
    assert not quiet.look([DEFAULT, MADE], QUIET_NS + 1)
    assert not quiet.look([DEFAULT], QUIET_NS + 2)
    assert not quiet.look([busy], 2 * QUIET_NS + 2)
    assert not quiet.look([], 2 * QUIET_NS + 3)
    assert quiet.look([], 3 * QUIET_NS + 3)
