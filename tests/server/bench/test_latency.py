"""``parvis bench latency`` as a person runs it: real hub, unit, sound server, listener."""

import json
import subprocess
import sys

import pytest

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")
STAGES = ("capture_block_ms", "hub_buffer_ms", "mix_encode_ms", "network_ms", "playout_ms")


@pytest.mark.system
def test_it_measures_every_stage() -> None:
    result = subprocess.run(
        [*PARVIS, "bench", "latency", "--seconds", "4", "--json"],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    stages = [*STAGES, *(["unit_to_hub_ms"] if found["microphone"] == "sound server" else [])]
    for name in (*stages, "total_ms", "hub_start_ms"):
        assert set(found[name]) == {"mean", "p50", "p95", "p99", "max"}
    assert sum(found[name]["mean"] for name in stages) == pytest.approx(
        found["total_ms"]["mean"], abs=0.1
    )
    assert found["chirps"] >= 1
    assert found["engine_ticks"] > 300
    assert found["empty_ticks"] > 300
    assert found["unit_rss_mb"] > 10
    assert found["api_failures"] == 0


@pytest.mark.parametrize("arguments", [["latency", "--seconds", "0"], ["speed"]])
def test_a_users_mistake_is_told_without_a_traceback(arguments: list[str]) -> None:
    result = subprocess.run(
        [*PARVIS, "bench", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
