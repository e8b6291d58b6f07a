"""The arithmetic of the stages, with a path whose every delay the test has made up."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from parvis_audio.measure import chirp
from parvis_server.bench.budget import budget_ms
from parvis_server.bench.stages import (
    PATH_STAGES,
    Arrival,
    Evidence,
    HubReading,
    Lookahead,
    Onset,
    measure,
    onset_samples,
    reports_sum_ms,
)

ORIGIN_NS = 5_000_000_000
LOOKAHEAD = Lookahead(to_return=504, to_loudspeaker=312)
LOOKAHEAD_MS = 6.5
MS = 1_000_000
CHIRPS_MS = (1_003.0, 2_008.0)
"""When each chirp's beginning came in the microphone's callback, after the origin."""
UNIT_MS, HOLD_MS, ENCODE_MS, NETWORK_MS, LOUDSPEAKER_MS, LISTENER_MS = 2.0, 15.0, 0.5, 1.5, 12, 150
ONSET_NS = round(onset_samples() * 1e9 / 48_000)


def evidence() -> Evidence:
    """Everything as it would be with just these delays."""
    line = np.zeros(48_000 * 4, dtype=np.float32)
    spoken, played, heard_ns = [], [], []
    for at_ms in CHIRPS_MS:
        mixed_ms = at_ms + UNIT_MS + HOLD_MS
        begin = round(mixed_ms * 48) + LOOKAHEAD.to_return
        line[begin : begin + chirp().size] = chirp()
        onset_ns = ORIGIN_NS + round(at_ms * MS) + ONSET_NS
        spoken.append(Onset(onset_ns, onset_ns - 3 * MS))
        delay_ms = UNIT_MS + HOLD_MS + ENCODE_MS + LOOKAHEAD_MS + LOUDSPEAKER_MS
        played.append(Onset(onset_ns + round(delay_ms * MS), 0))
        heard_ns.append(ORIGIN_NS + (at_ms + LISTENER_MS) * MS)
    arrivals = [
        Arrival(
            timestamp=n * 960,
            arrival_ns=ORIGIN_NS + round((n * 20 + 10 + ENCODE_MS + NETWORK_MS) * MS),
            sound=line[n * 960 : (n + 1) * 960],
        )
        for n in range(200)
    ]
    return Evidence(
        spoken=spoken,
        played=played,
        returned=arrivals,
        heard_ns=heard_ns,
        room_origin_ns=ORIGIN_NS,
        readings=[HubReading(ORIGIN_NS, HOLD_MS, ENCODE_MS)],
        lookahead=LOOKAHEAD,
    )


def test_the_stages_are_what_was_made_up_and_add_up() -> None:
    stages = measure(evidence())
    expected = {"unit_to_hub_ms": UNIT_MS, "hub_buffer_ms": HOLD_MS, "mix_encode_ms": ENCODE_MS}
    expected |= {"lookahead_ms": LOOKAHEAD_MS, "loudspeaker_ms": LOUDSPEAKER_MS}
    expected |= {"listener_ms": LISTENER_MS}
    for name, value_ms in expected.items():
        assert stages[name] == pytest.approx([value_ms] * 2, abs=0.1), name
    for place, total in enumerate(stages["total_ms"]):
        assert sum(stages[name][place] for name in PATH_STAGES) == pytest.approx(total)


def test_the_return_is_counted_from_the_callback_to_the_packet_with_the_chirps_beginning() -> None:
    for at_ms, return_ms in zip(CHIRPS_MS, measure(evidence())["return_ms"], strict=True):
        begin_ms = at_ms + UNIT_MS + HOLD_MS + LOOKAHEAD.to_return / 48
        arrival_ms = begin_ms // 20 * 20 + 10 + ENCODE_MS + NETWORK_MS
        assert return_ms == pytest.approx(arrival_ms - at_ms - ONSET_NS / MS + 3)


def test_a_chirp_that_no_loudspeaker_played_is_not_measured() -> None:
    whole = evidence()
    assert measure(with_played(whole, whole.played[1:]))["total_ms"] == pytest.approx(
        measure(whole)["total_ms"][1:]
    )
    assert measure(with_played(whole, ())) == {}


def with_played(whole: Evidence, played: Sequence[Onset]) -> Evidence:
    return replace(whole, played=played)


def test_nothing_heard_is_nothing_measured() -> None:
    silent = Evidence([Onset(1, 1)], (), (), (), 0.0, (), LOOKAHEAD)
    assert measure(silent) == {}


def test_reports_are_counted_between_the_callbacks() -> None:
    capture_ms = {"delay": 37.0, "block": 10.0, "latency": 10.0}
    output_ms = {"delay": 33.0, "latency": 20.0}
    assert reports_sum_ms(capture_ms, output_ms, 6.5) == pytest.approx(36.5)


def test_every_stage_has_a_budget() -> None:
    for frame_ms, most_ms in ((10, 31), (5, 18)):
        budgets = [budget_ms(stage, frame_ms) for stage in PATH_STAGES]
        assert sum(budget for budget in budgets if budget is not None) < most_ms
        assert None not in budgets
    assert budget_ms("listener_ms", 10) is None
