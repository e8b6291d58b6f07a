"""The arithmetic of the stages, with a path whose every delay the test has made up."""

import numpy as np
import pytest

from parvis_audio.measure import chirp
from parvis_server.bench.stages import Arrival, Evidence, HubReading, measure

LENGTH_SAMPLES = chirp().size
ORIGIN_NS = 5_000_000_000
CODEC_SAMPLES = 504
MS = 1_000_000
CHIRPS_MS = (1_003, 2_008)
"""When the microphone heard them, after the origin."""
UNIT_MS, HOLD_MS, ENCODE_MS, NETWORK_MS, PLAYOUT_MS = 2.0, 15.0, 0.5, 1.5, 70.0


def evidence() -> Evidence:
    """A path on which a sample mixed at tick k was captured so that all the delays fit."""
    program = np.zeros(48_000 * 4, dtype=np.float32)
    played = np.zeros(48_000 * 4, dtype=np.float32)
    for heard_ms in CHIRPS_MS:
        tick = round((heard_ms + 10 + UNIT_MS + HOLD_MS) / 10)
        chirp_at = tick * 480 + CODEC_SAMPLES
        program[chirp_at : chirp_at + LENGTH_SAMPLES] = chirp()
        packet = chirp_at // 960
        arrival_ms = packet * 20 + 10 + ENCODE_MS + NETWORK_MS
        out = round((arrival_ms + PLAYOUT_MS) * 48)
        played[out : out + LENGTH_SAMPLES] = chirp()
    arrivals = [
        Arrival(
            timestamp=n * 960,
            arrival_ns=ORIGIN_NS + round((n * 20 + 10 + ENCODE_MS + NETWORK_MS) * MS),
            sound=program[n * 960 : (n + 1) * 960],
        )
        for n in range(200)
    ]
    return Evidence(
        arrivals=arrivals,
        played=played,
        played_start_ns=ORIGIN_NS,
        room_origin_ns=ORIGIN_NS,
        readings=[HubReading(ORIGIN_NS, HOLD_MS, ENCODE_MS)],
        codec_samples=CODEC_SAMPLES,
    )


def test_the_stages_are_what_was_made_up_and_add_up() -> None:
    captured_ns = [ORIGIN_NS + at * MS for at in CHIRPS_MS]
    stages = measure(evidence(), captured_ns)
    assert stages["capture_block_ms"] == pytest.approx([10, 10], abs=0.1)
    assert stages["hub_buffer_ms"] == pytest.approx([HOLD_MS] * 2)
    assert stages["network_ms"] == pytest.approx([NETWORK_MS] * 2, abs=0.1)
    assert stages["playout_ms"] == pytest.approx([PLAYOUT_MS] * 2, abs=0.1)
    assert stages["unit_to_hub_ms"] == pytest.approx([2, 7], abs=0.1)  # the second waits for a tick
    for place, total in enumerate(stages["total_ms"]):
        parts = [stages[name][place] for name in stages if name != "total_ms"]
        assert sum(parts) == pytest.approx(total)


def test_without_a_rig_the_total_begins_at_the_hub() -> None:
    stages = measure(evidence(), None)
    assert "unit_to_hub_ms" not in stages
    for place, total in enumerate(stages["total_ms"]):
        parts = [stages[name][place] for name in stages if name != "total_ms"]
        assert sum(parts) == pytest.approx(total)


def test_nothing_heard_is_nothing_measured() -> None:
    silent = Evidence((), np.zeros(96_000, dtype=np.float32), 0, 0.0, (), CODEC_SAMPLES)
    assert measure(silent, [1]) == {}
