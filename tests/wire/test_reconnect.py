"""The waiting times between attempts."""

import json
from pathlib import Path

import pytest

from parvis_wire.reconnect import delay_s, spread_delay_s

CASES = json.loads((Path(__file__).parents[1] / "vectors" / "reconnect.json").read_text("utf-8"))


def test_times_are_quick_then_steady_then_patient() -> None:
    delays = [delay_s(attempt) for attempt in range(36)]
    assert delays == [0.25, 0.5, *[1.0] * 30, 2.0, 4.0, 8.0, 8.0]
    assert CASES["delays_s"][:36] == delays


def test_a_forgotten_phone_does_not_overflow() -> None:
    assert delay_s(10**6) == 8.0


@pytest.mark.parametrize("case", CASES["spread"])
def test_only_the_first_attempt_is_spread(case: dict[str, float]) -> None:
    got = spread_delay_s(int(case["attempt"]), int(case["spread_ms"]), case["fraction"])
    assert got == case["delay_s"]
    assert got == delay_s(int(case["attempt"])) + (0.5 if case["attempt"] == 0 else 0)
