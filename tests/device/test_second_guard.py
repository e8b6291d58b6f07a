"""When the second connection rests and is tried again, in virtual time."""

from __future__ import annotations

import pytest

from parvis_device.second_guard import CROWDED as LIMIT
from parvis_device.second_guard import (
    PROVEN_SECONDS,
    RESTS_S,
    SecondGuard,
    Traffic,
    Verdict,
)

S = 1_000_000_000
FINE = (100, 0), (100, 0)
CROWDED = (70, 30), (60, 40)
FROZEN = (0, 90), (0, 90)
ONE_BEHIND = (100, 0), (40, 60)
SILENT = (0, 0), (0, 0)

Second = tuple[tuple[int, int], tuple[int, int]]


class Rig:
    """Seconds go by; what the guard says is kept with its moment."""

    def __init__(self) -> None:
        self.guard = SecondGuard()
        self.now_s = 0
        self.said: list[tuple[int, Verdict]] = []
        self._counts = [Traffic(), Traffic()]
        self._look()

    def pass_by(self, second: Second, times: int = 1) -> None:
        for _ in range(times):
            self._counts = [
                Traffic(count.left + left, count.dropped + dropped)
                for count, (left, dropped) in zip(self._counts, second, strict=True)
            ]
            self.now_s += 1
            self._look()

    def _look(self) -> None:
        for tenth in range(10):
            verdict = self.guard.look(self.now_s * S + tenth * S // 10, *self._counts)
            if verdict is not None:
                self.said.append((self.now_s, verdict))


def test_crowded_seconds_end_it() -> None:
    rig = Rig()
    rig.pass_by(FINE, 5)
    rig.pass_by(CROWDED, LIMIT)
    assert rig.said == [(5 + LIMIT, Verdict.REST)]


MEASURED = [(0, 0), (0, 0), (0, 0), (0, 34), (0, 0), (8, 0), (28, 1), (0, 0), (13, 0), (22, 1)]
"""What both dropped in each second of a real unit's sound over 200 kbit/s."""


def test_a_link_of_200_kbit_as_it_was_measured() -> None:
    rig = Rig()
    for first, second in MEASURED:
        rig.pass_by(((100 - first, first), (100 - second, second)))
    assert rig.said == [(len(MEASURED), Verdict.REST)]


@pytest.mark.parametrize(
    "seconds",
    [
        [FINE],
        [SILENT],
        [FROZEN],
        [ONE_BEHIND],
        [CROWDED, FINE, FINE],
        [CROWDED, FROZEN, CROWDED, FINE, FINE, FINE],
        [CROWDED, *[ONE_BEHIND] * 9],
    ],
)
def test_what_does_not_end_it(seconds: list[Second]) -> None:
    rig = Rig()
    for _ in range(100):
        for second in seconds:
            rig.pass_by(second)
    assert rig.said == []


def test_silence_between_two_turns_neither_counts_nor_forgets() -> None:
    rig = Rig()
    for _ in range(LIMIT):
        rig.pass_by(CROWDED)
        rig.pass_by(SILENT, 20)
    assert [verdict for _, verdict in rig.said] == [Verdict.REST]


def test_it_is_tried_again_later_and_later() -> None:
    rig = Rig()
    rig.pass_by(CROWDED, 1000)
    moments = [moment for moment, _ in rig.said]
    expected, now_s = [], 0
    for rest_s in (*RESTS_S, RESTS_S[-1]):
        expected += [now_s + LIMIT, now_s + LIMIT + rest_s]
        now_s = expected[-1]
    assert moments[: len(expected)] == expected
    assert {verdict for _, verdict in rig.said[::2]} == {Verdict.REST}
    assert {verdict for _, verdict in rig.said[1::2]} == {Verdict.TRY_AGAIN}


def test_a_second_connection_that_did_well_begins_anew() -> None:
    rig = Rig()
    rig.pass_by(CROWDED, LIMIT)
    rig.pass_by(FINE, RESTS_S[0] + PROVEN_SECONDS)
    rig.pass_by(CROWDED, LIMIT)
    assert rig.said[-1][1] is Verdict.REST
    assert rig.guard.rest_s == RESTS_S[0]


def test_what_went_well_without_it_proves_nothing() -> None:
    rig = Rig()
    rig.pass_by(CROWDED, LIMIT)
    rig.pass_by(((100, 0), (0, 0)), RESTS_S[0] + 10 * PROVEN_SECONDS)
    rig.pass_by(CROWDED, LIMIT)
    assert rig.guard.rest_s == RESTS_S[1]
