"""A thousand people hear a replay beside a live room: what the room's engine feels of it.

`scripts/bench replay` runs it (`PYTHONPATH=tests python tests/bench/replay_crowd.py`). A real hub
with its real engine, an hour of a replay on its disk, and as many connections as there are
listeners, each of which asks for byte ranges as a browser's audio element does: 64 kB at once, and
again when it is played (at 32 kb/s, every 16 s; the beginnings lie apart). Told are the engine's
late ticks beside those of an empty ticker of the same priority in the same seconds, which is the
bound: at most 0.1 percentage point more; how long a range took; the hub's CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parvis_server.bench.empty_ticker import LATE_NS
from parvis_server.bench.figures import figures, table
from parvis_server.bench.hub_probe import HubProbe
from parvis_server.bench.processes import running_hub
from parvis_server.listen.link import ListenerLink

RANGE_BYTES = 65_536
RATE_BYTES_PER_S = 4_000
HOUR_BYTES = 3_600 * RATE_BYTES_PER_S
PATH = "/r/main/replay/20261123T190000Z-1/mix.opus"
WARM_UP_S = 5.0
TICKER = (sys.executable, "-m", "parvis_server.bench.empty_ticker", "--seconds")


@dataclass
class Crowd:
    """What the listeners got."""

    taken_ms: list[float] = field(default_factory=list)
    failures: int = 0


async def listen(link: ListenerLink, at: int, crowd: Crowd) -> None:
    """One listener, from somewhere in the hour, until cancelled."""
    await asyncio.sleep(random.uniform(0, RANGE_BYTES / RATE_BYTES_PER_S))
    deadline_s = time.monotonic()
    while True:
        at = (at + RANGE_BYTES) % (HOUR_BYTES - RANGE_BYTES)
        asked_s = time.monotonic()
        if await take(link, at):
            crowd.taken_ms.append((time.monotonic() - asked_s) * 1000)
        else:
            crowd.failures += 1
        deadline_s += RANGE_BYTES / RATE_BYTES_PER_S
        await asyncio.sleep(max(0.0, deadline_s - time.monotonic()))


async def take(link: ListenerLink, first: int) -> bool:
    """One range; a connection that is idle for 16 s would have been closed meanwhile."""
    reader, writer = await asyncio.open_connection(link.host, link.port)
    try:
        asked = f"Range: bytes={first}-{first + RANGE_BYTES - 1}\r\nConnection: close"
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: {link}\r\n{asked}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(RANGE_BYTES)
        return b" 206 " in head.split(b"\r\n", 1)[0]
    except (OSError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()


async def ticked(seconds: float) -> dict[str, Any]:
    """The empty ticker beside it."""
    child = await asyncio.create_subprocess_exec(
        *TICKER, str(seconds), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    return dict(json.loads(out))


def late_percent(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Ticks of the hub's engine that were later than the bound, of those in between."""
    bucket = f'parvis_tick_lateness_seconds_bucket{{le="{LATE_NS / 1e9}"}}'
    count = "parvis_tick_lateness_seconds_count"
    ticks = after[count] - before[count]
    return 100 * (ticks - (after[bucket] - before[bucket])) / max(1.0, ticks)


async def measure(listeners: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Run it."""
    public = folder / "published/main/20261123T190000Z-1"
    public.mkdir(parents=True)
    (public / "index.html").write_text("<title>replay</title>")
    (public / "mix.opus").write_bytes(random.Random(1).randbytes(HOUR_BYTES))
    found: dict[str, Any] = {"listeners": listeners, "seconds": seconds}
    with running_hub(folder, "--edge-workers", "0") as hub:
        link = ListenerLink.parse(hub.link)
        probe, crowd = HubProbe(link), Crowd()
        for who in ("nobody", "everybody"):
            async with asyncio.TaskGroup() as group:
                count = listeners if who == "everybody" else 0
                tasks = [
                    group.create_task(listen(link, random.randrange(HOUR_BYTES), crowd))
                    for _ in range(count)
                ]
                await asyncio.sleep(WARM_UP_S + (RANGE_BYTES / RATE_BYTES_PER_S if count else 0))
                crowd.taken_ms.clear()
                before, cpu = await probe.metrics(), hub.process.cpu_times()
                ticker = await ticked(seconds)
                after, used = await probe.metrics(), hub.process.cpu_times()
                for task in tasks:
                    task.cancel()
            found[who] = {
                "late_percent": round(late_percent(before, after), 3),
                "empty_ticker_late_percent": round(100 * ticker["late"] / ticker["ticks"], 3),
                "hub_cpu_percent": round(
                    100 * (used.user + used.system - cpu.user - cpu.system) / seconds, 1
                ),
            }
        await probe.close()
    found["range_ms"] = figures(crowd.taken_ms)
    found["failures"] = crowd.failures
    return found


def main() -> int:
    """Run the bench; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(given.listeners, given.seconds, Path(folder)))
    print(json.dumps(found) if given.json else table(found))
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
