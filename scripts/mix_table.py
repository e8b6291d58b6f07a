"""Work of the mixing engine from one microphone to the largest conference systems, as a table.

``scripts/bench mixes [--seconds S] [--json]`` runs ``parvis bench mix`` once for each row.
"""

import argparse
import asyncio
import json
from typing import Any

from parvis_server.bench.mix import Scene, measure_mix

SCENES = (Scene(1, 0), Scene(4, 0), Scene(16, 4), Scene(25, 8), Scene(50, 20), Scene(8, 0, 1, 5))
"""The last is the profile of least delay: ticks of 5 ms."""

COLUMNS = ("mean", "p50", "p95", "p99", "max")


def main() -> None:
    """Measure every scene and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    arguments = parser.parse_args()
    heads = "".join(f"{name:>7}" for name in COLUMNS)
    print(f"{'tick_ms of':<16}{heads}{'late %':>8}{'empty %':>8}{'cpu %':>7}{'savings':>8}")
    for scene in SCENES:
        found = asyncio.run(measure_mix(scene, arguments.seconds))
        print(json.dumps(found) if arguments.json else row(scene, found), flush=True)


def row(scene: Scene, found: dict[str, Any]) -> str:
    """One scene's figures."""
    name = f"{scene.open} + {scene.returns}" + ("" if scene.frame_ms == 10 else ", 5 ms")
    work = "".join(f"{found['tick_ms'][column]:>7.2f}" for column in COLUMNS)
    late = f"{found['late_percent']:>8.2f}{found['empty_late_percent']:>8.2f}"
    return f"{name:<16}{work}{late}{found['engine_cpu_percent']:>7.1f}{found['savings']:>8}"


if __name__ == "__main__":
    main()
