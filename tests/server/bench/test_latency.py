"""``parvis bench latency`` as a person runs it: real hub, unit, sound server, listener."""

import json
import subprocess
import sys

import pytest

from fakes.processes import ran
from parvis_server.bench.stages import PATH_STAGES

QUICKLY = ("--seconds", "4", "--json")
MOST_RSS_MB = 110
"""Of a unit that plays: a Raspberry Pi Zero 2 W has 512 MB for everything."""

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")


@pytest.mark.system
@pytest.mark.patient
@pytest.mark.parametrize("frame_ms", [10, 5])
def test_it_measures_every_stage(frame_ms: int) -> None:
    asked = ("bench", "latency", *f"--warm-up 5 --frame-ms {frame_ms}".split(), *QUICKLY)
    result = ran(*PARVIS, *asked, within_s=150)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    for name in (*PATH_STAGES, "total_ms", "return_ms", "listener_ms", "hub_start_ms"):
        assert set(found[name]) == {"mean", "p50", "p95", "p99", "max"}
    assert sum(found[name]["mean"] for name in PATH_STAGES) == pytest.approx(
        found["total_ms"]["mean"], abs=0.1
    )
    assert set(found["budget_ms"]) == {*PATH_STAGES, "total_ms"}
    assert found["chirps"] >= 1
    assert found["return_ms"]["p50"] > 5
    assert found["return_target_ms"] >= 40
    assert found["reports_ms"] > 5
    assert found["engine_ticks"] > 3000 / frame_ms
    assert found["empty_ticks"] > 300
    assert found["unit_rss_mb"] > 10
    assert 10 < found["loudspeaker_rss_mb"] <= MOST_RSS_MB
    assert found["api_failures"] == 0


@pytest.mark.parametrize(
    "arguments", [["latency", "--seconds", "0"], ["latency", "--frame-ms", "7"], ["speed"]]
)
def test_a_users_mistake_is_told_without_a_traceback(arguments: list[str]) -> None:
    result = subprocess.run(
        [*PARVIS, "bench", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
