"""Measure how the audience grows; draw docs/images/scaling-*.png, fill in docs/scaling.md's tables.

    scripts/bench scaling                                  all of it, about six minutes
    scripts/bench scaling --listeners 500 --listeners 1000 --seconds 5
    scripts/bench scaling --draw                           only the pictures, from docs/scaling.json

Every figure comes from `parvis bench listeners` and `parvis bench fanout` on this machine; what was
measured is kept in docs/scaling.json with the load under which it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = DOCS / "scaling.json"
PAGE = DOCS / "scaling.md"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
LISTENERS = (500, 1000, 2000, 4000, 8000)
LONGEST_S = 900
LINEAR = 0.15
"""How far the cost for a listener and packet may move while the audience grows."""

MACHINES = (
    ("this machine, both cores", 1.0, 2.0, "measured"),
    ("a rented server with 2 shared cores", 1.5, 2.0, "estimated: 1.5 times the time"),
    ("a Raspberry Pi 5 that also mixes", 2.25, 2.0, "estimated: 2 to 2.5 times the time"),
)
"""Name, how much longer a packet takes there, cores for edge workers, how that is known."""

BUSY = 0.7
"""Of a core that fans out: the rest is for joins, acknowledgements and what else happens."""

Told = dict[str, Any]


def run(*arguments: str) -> Told | None:
    """What a bench found; None, with its own words, when it could not be run."""
    command = (sys.executable, "-c", "from parvis_server.cli import main; main()", "bench")
    print(f"parvis bench {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [*command, *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=None,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    if done.returncode:
        print(f"  not measured: exit code {done.returncode}", flush=True)
        return None
    *words, last = done.stdout.strip().splitlines()
    print("\n".join(f"  {line}" for line in words), flush=True)
    told: Told = json.loads(last)
    told.pop("counted", None)
    return told


def measure(listeners: Sequence[int], seconds: float, workers: int | None) -> Told:
    """All benches, one after the other."""
    extra = () if workers is None else ("--edge-workers", str(workers))
    audience = [
        run("listeners", "--listeners", str(count), "--seconds", f"{seconds:g}", *extra)
        for count in listeners
    ]
    return {
        "utc": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {_processor()}",
        "edge_workers": workers,
        "audience": [told for told in audience if told is not None],
        "fanout": run("fanout"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


# Pictures


def draw_audience(found: Sequence[Told]) -> Figure:
    """Listeners against CPU, memory, delay and packet time."""
    figure, panels = pyplot.subplots(2, 2, figsize=(9, 7))
    counts = [told["listeners"] for told in found]
    _cpu(panels[0][0], counts, found)
    memory = [told["memory_kb_per_listener"] for told in found]
    panels[0][1].plot(counts, memory, "o-", color=GREEN)
    panels[0][1].set(ylabel="memory of the server for a listener (kB)", ylim=(0, None))
    for name, colour in (("p50", BLUE), ("p99", RED), ("max", "0.6")):
        delays = [told["delivery_ms"][name] for told in found]
        panels[1][0].plot(counts, delays, "o-", color=colour, label=name)
    panels[1][0].set(ylabel="engine to last byte read (ms)", ylim=(0, None))
    panels[1][0].legend()
    panels[1][1].step(counts, [told["packet_ms"][0] for told in found], "o-", where="mid")
    panels[1][1].set(ylabel="packet time (ms)", ylim=(0, 130), yticks=range(0, 121, 20))
    for axes in panels.flat:
        axes.set_xlabel("listeners")
        axes.set_xlim(0, None)
    return figure


def _cpu(axes: Axes, counts: Sequence[int], found: Sequence[Told]) -> None:
    names = sorted({name for told in found for name in told["server_cpu"]} - {"total"})
    for name, colour in zip(names, (BLUE, ORANGE, GREEN, RED), strict=False):
        used = [told["server_cpu"].get(name, 0.0) for told in found]
        axes.plot(counts, used, "o-", color=colour, label=name)
    axes.plot(
        counts, [told["generator_cpu"] for told in found], "o--", color="0.6", label="the bench"
    )
    axes.set(ylabel="CPU (% of a core)", ylim=(0, None))
    axes.legend()


def draw_cost(found: Sequence[Told], fanout: Told | None) -> Figure:
    """What one packet costs for one listener: as the audience grows, and beside others."""
    figure, (growth, beside) = pyplot.subplots(1, 2, figsize=(9, 3.8))
    counts = [told["listeners"] for told in found]
    costs = [told["server_us_per_packet"] for told in found]
    growth.plot(counts, costs, "o-", color=BLUE)
    middle = median(costs)
    growth.axhspan(middle * (1 - LINEAR), middle * (1 + LINEAR), color=GREEN, alpha=0.2)
    growth.set(xlabel="listeners", ylabel="us for a listener's packet", ylim=(0, None))
    growth.set_title(f"as the audience grows (median ± {LINEAR:.0%})")
    if fanout is not None:
        told = fanout["us_per_listener_and_packet"]
        colours = [GREEN if name == "parvis" else "0.7" for name in told]
        beside.barh(list(told), list(told.values()), color=colours)
        beside.invert_yaxis()
        beside.set(xlabel="us for a listener's packet")
        beside.set_title(f"beside others, {fanout['listeners']} listeners")
    return figure


# Words


def tables(kept: Told) -> dict[str, str]:
    """The measured parts of the page, by the names of their places."""
    rows = [
        "| Listeners | Packets | Lost | Closed | Delivery p50, p99, max | CPU of the server | "
        "us a packet | kB a listener | Join p99 | Load before |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [_audience_row(told) for told in kept["audience"]]
    heading = f"Measured on {kept['utc']}: {kept['machine']}; the bench on the same machine."
    found = {"audience": "\n".join([heading, "", *rows])}
    costs = [told["server_us_per_packet"] for told in kept["audience"]]
    found["capacity"] = _capacity(median(costs))
    fanout = kept["fanout"]
    if fanout is not None:
        rows = ["| Server | us | by the floor | reads a packet |", "|---|---|---|---|"]
        for name, us in fanout["us_per_listener_and_packet"].items():
            ratio = fanout["ratio_to_floor"].get(name, "")
            rows.append(f"| {name} | {us} | {ratio} | {fanout['reads_per_packet'][name]} |")
        about = (
            f"{fanout['listeners']} listeners, packets of {fanout['packet_bytes']} bytes, median "
            f"of {fanout['pairs']} rounds; load before {fanout['load_before']}."
        )
        missing = [f"{name}: {why}." for name, why in fanout["missing"].items()]
        found["fanout"] = "\n".join([about, "", *rows, "", *missing]).strip()
    return found


def _capacity(us: float) -> str:
    """Listeners that fit, by the cost of a packet."""
    rows = [
        f"At {us:g} us for a listener's packet (the median of the table above), with "
        f"{BUSY:.0%} of each core that fans out:",
        "",
        "| Machine | 20 ms | 60 ms | 120 ms | |",
        "|---|---|---|---|---|",
    ]
    for name, slower, cores, known in MACHINES:
        fits = [
            f"{BUSY * cores / (1000 / ms * us * slower / 1e6) // 100 * 100:,.0f}"
            for ms in (20, 60, 120)
        ]
        rows.append(f"| {name} | {' | '.join(fits)} | {known} |")
    return "\n".join(rows)


def _audience_row(told: Told) -> str:
    delivery = " , ".join(f"{told['delivery_ms'][name]:g}" for name in ("p50", "p99", "max"))
    used = ", ".join(f"{name} {share:g} %" for name, share in told["server_cpu"].items())
    packets = " or ".join(f"{length} ms" for length in told["packet_ms"])
    return (
        f"| {told['listeners']} | {packets} | {told['lost']} | {told['closed']} | "
        f"{delivery.replace(' ,', ',')} ms | {used} | {told['server_us_per_packet']} | "
        f"{told['memory_kb_per_listener']} | {told['join_ms']['p99']:g} ms | "
        f"{told['load_before']} |"
    )


def write(parts: dict[str, str]) -> None:
    """Put the tables in their places on the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, words in parts.items():
        begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"docs/scaling.md has no place between {begin} and {end}")
        page = f"{before}{begin}\n{words}\n{end}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    """Measure unless only the pictures are wanted; then draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true", help="only draw, from docs/scaling.json")
    parser.add_argument("--listeners", type=int, action="append", metavar="N")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--edge-workers", type=int, default=None, metavar="W")
    given = parser.parse_args()
    if not given.draw:
        kept = measure(given.listeners or LISTENERS, given.seconds, given.edge_workers)
        if not kept["audience"]:
            raise SystemExit("nothing was measured")
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    matplotlib.use("agg")
    pyplot.rcParams.update({"font.size": 10, "axes.grid": True, "grid.color": "0.92"})
    pyplot.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    pyplot.rcParams.update({"axes.axisbelow": True})
    for name, figure in (
        ("audience", draw_audience(kept["audience"])),
        ("cost", draw_cost(kept["audience"], kept["fanout"])),
    ):
        figure.tight_layout()
        path = DOCS / f"images/scaling-{name}.png"
        figure.savefig(path, dpi=130)
        print(path.relative_to(DOCS.parent), flush=True)
    write(tables(kept))
    print(PAGE.relative_to(DOCS.parent), flush=True)


if __name__ == "__main__":
    main()
