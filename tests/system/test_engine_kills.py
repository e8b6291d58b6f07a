"""Ten kills of the engine in the middle of the sound; `scripts/soak kills` makes a hundred."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakes.engine_kills import LONGEST_GAP_MS, house, kills
from fakes.machine import MachineWatch

pytestmark = pytest.mark.system

HOUSES, KILLS_EACH = 2, 5
"""Side by side, since each engine has to live for five seconds between two kills."""


def test_ten_kills_cost_ten_short_gaps_and_no_connection(
    machine: MachineWatch, tmp_path: Path
) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(HOUSES) as pool:
        places = [stack.enter_context(house(tmp_path / str(n))) for n in range(HOUSES)]
        runs = [pool.submit(kills, place, KILLS_EACH, machine) for place in places]
        found = [kill for run in runs for kill in run.result()]
        lost = [line for place in places for line in place.lost_hubs]
    print("\nmissing after a kill: " + ", ".join(f"{kill.gap_ms:.0f}" for kill in found) + " ms")
    assert len(found) == HOUSES * KILLS_EACH
    assert lost == []
    assert [kill for kill in found if kill.ours] == [], f"longer than {LONGEST_GAP_MS:.0f} ms"
    assert sum(kill.gap_ms <= LONGEST_GAP_MS for kill in found) > len(found) / 2, (
        "the machine was too busy to judge"
    )
