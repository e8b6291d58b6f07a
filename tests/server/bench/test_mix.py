"""``parvis bench mix`` as a person runs it: a real engine with a few sources."""

import json
import subprocess
import sys

import pytest

from fakes.processes import ran
from parvis_server.bench.mix import Scene
from parvis_server.errors import UsageError
from parvis_wire.stage import OutputKind

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")


def test_a_scene_names_every_source_and_a_bus_for_each_return_and_loudspeaker() -> None:
    stage = Scene(open=3, returns=2, loudspeakers=2).stage
    assert len(stage.sources) == 5
    assert len({source.ssrc for source in stage.sources}) == 5
    returns = [output for output in stage.outputs if output.kind is OutputKind.RETURN]
    assert {output.own_ssrc for output in returns} == {source.ssrc for source in stage.sources[3:]}
    assert len({output.zone for output in stage.outputs[2:]}) == 2


@pytest.mark.parametrize(("microphones", "returns"), [(0, 0), (97, 0), (1, 64)])
def test_an_impossible_scene_is_refused(microphones: int, returns: int) -> None:
    with pytest.raises(UsageError, match=r"an engine"):
        Scene(microphones, returns)


@pytest.mark.system
def test_it_measures_a_real_engine_beside_an_empty_ticker() -> None:
    asked = ("bench", "mix", "--open", "2", "--returns", "1", "--seconds", "3", "--json")
    result = ran(*PARVIS, *asked, within_s=120)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    for name in ("tick_ms", "late_ms", "empty_late_ms"):
        assert set(found[name]) == {"mean", "p50", "p95", "p99", "max"}
    assert found["ticks"] >= 300
    assert found["empty_ticks"] >= 200, "of 300, less what the machine stood still"
    assert found["tick_ms"]["p50"] > 0
    assert 40 < found["program_per_s"] < 60
    assert found["outputs"] == 2
    assert found["engine_cpu_percent"] > 0


@pytest.mark.parametrize("arguments", [["--open", "0", "--returns", "0"], ["--frame-ms", "7"]])
def test_a_users_mistake_is_one_line(arguments: list[str]) -> None:
    result = subprocess.run(
        [*PARVIS, "bench", "mix", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
