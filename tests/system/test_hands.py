"""Five hands at the same instant, the hub killed between two of them: one order everywhere.

`scripts/soak hands` makes two hundred runs.
"""

from __future__ import annotations

import pytest

from fakes.hands import trials
from fakes.parvis import HubProcess

pytestmark = [pytest.mark.system, pytest.mark.beside]

RUNS = 10


def test_ten_kills_among_five_hands_lose_nobody_and_leave_one_order(hub: HubProcess) -> None:
    found = trials(hub, range(RUNS), print)
    assert len(found) == RUNS
    assert [trial for trial in found if trial.faults] == []
    # Kills really fall between two hands: some were answered before, some were not.
    assert any(0 < trial.answered_before < 5 for trial in found)
