"""Measure how the audience grows; draw docs/images/scaling-*.png, fill in docs/scaling.md's tables.

    scripts/bench scaling                                  all of it, about a quarter of an hour
    scripts/bench scaling --part audience --listeners 500 --listeners 1000 --seconds 5
    scripts/bench scaling --draw                           only the pictures, from docs/scaling.json

Every figure comes from `parvis bench listeners` and `parvis bench fanout` on this machine; what was
measured is kept in docs/scaling.json with what else the machine did meanwhile. Parts that are not
measured anew stay as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parents[1] / "docs"
KEPT = DOCS / "scaling.json"
PAGE = DOCS / "scaling.md"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
LISTENERS = (500, 1000, 2000, 4000, 8000)
PARTS = ("audience", "growth", "limits", "spread", "fanout")
TWO_EDGES = ("--edge-workers", "2")
SAME_PACKET_MS = 60
LIMITS = ((8000, 60), (16000, 120))
"""Listeners and the sound in a packet: both are 133,000 packets a second."""
SPREAD_LISTENERS, SPREAD_EDGES = (1000, 4000), (1, 3)
LONGEST_S = 900
QUIET_CPU = 15.0
"""Percent of a core that others may take on a machine that is called quiet: the kernel's own
threads and the microphone of the bench are in it."""
LINEAR = 0.15
"""How far what the audience costs may be from a line while it grows."""

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


def crowd(listeners: int, seconds: float, *more: str) -> Told | None:
    """So many listeners for so long."""
    return run("listeners", "--listeners", str(listeners), "--seconds", f"{seconds:g}", *more)


def measure_audience(listeners: Sequence[int], seconds: float) -> list[Told]:
    """As the audience grows: packets as the hub chooses them."""
    found = [crowd(count, seconds, *TWO_EDGES) for count in listeners]
    return [told for told in found if told is not None]


def measure_growth(listeners: Sequence[int], seconds: float) -> list[Told]:
    """The same with one length of packets: what a packet costs, whoever else listens."""
    same = (*TWO_EDGES, "--packet-ms", str(SAME_PACKET_MS))
    found = [crowd(count, seconds, *same) for count in listeners]
    return [told for told in found if told is not None]


def measure_limits(seconds: float) -> list[Told]:
    """As many as this machine was asked to carry."""
    found = []
    for count, packet_ms in LIMITS:
        more = (*TWO_EDGES, "--packet-ms", str(packet_ms))
        if (told := crowd(count, seconds, *more)) is not None:
            found.append(told)
    return found


def measure_spread(seconds: float) -> list[Told]:
    """The same listeners at one edge and at three, in turns."""
    found = []
    for count in SPREAD_LISTENERS:
        for edges in SPREAD_EDGES:
            more = ("--edge-workers", str(edges), "--packet-ms", str(SAME_PACKET_MS))
            if (told := crowd(count, seconds, *more)) is not None:
                found.append(told | {"edges": edges})
    return found


def measure(parts: Sequence[str], listeners: Sequence[int], seconds: float) -> Told:
    """These parts, one after the other."""
    measures: dict[str, Callable[[], object]] = {
        "audience": lambda: measure_audience(listeners, seconds),
        "growth": lambda: measure_growth(listeners, seconds),
        "limits": lambda: measure_limits(2 * seconds),
        "spread": lambda: measure_spread(seconds),
        "fanout": lambda: run("fanout"),
    }
    machine = {
        "utc": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {_processor()}",
    }
    return machine | {name: measures[name]() for name in parts}


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
    """What the audience costs as it grows, and what one packet does beside other servers."""
    figure, (growth, beside) = pyplot.subplots(1, 2, figsize=(9, 3.8))
    counts = [told["listeners"] for told in found]
    growth.plot(counts, [fan_out_cpu(told) for told in found], "o", color=BLUE)
    slope, begin = line_of(found)
    line = begin + slope * np.array([0, *counts])
    growth.plot([0, *counts], line, color=GREEN)
    growth.fill_between(
        [0, *counts], line * (1 - LINEAR), line * (1 + LINEAR), color=GREEN, alpha=0.2
    )
    growth.set(xlabel="listeners", ylabel="CPU for all listeners (% of a core)", ylim=(0, None))
    growth.set_title(f"packets of {SAME_PACKET_MS} ms, and a line ± {LINEAR:.0%}")
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
    heading = f"Measured on {kept['utc']}: {kept['machine']}; the bench on the same machine."
    found = {"audience": "\n".join([heading, "", *_crowds(kept["audience"])])}
    found["limits"] = "\n".join([*_crowds(kept["limits"]), "", _arithmetic(kept["limits"][0])])
    found["spread"] = _spread(kept["spread"])
    costs = [told["server_us_per_packet"] for told in kept["growth"]]
    found["growth"] = _growth(kept["growth"])
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
        f"At {us:g} us for a listener's packet (the median of those above), with "
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


def _crowds(found: Sequence[Told]) -> list[str]:
    return [
        "| Listeners | Packets | Lost | Closed | Delivery p50, p99, max | CPU of the server | "
        "us a packet | kB a listener | Join p99 | The rest of the machine |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_audience_row, found),
    ]


def _rest(told: Told) -> str:
    """What else the machine did."""
    quiet = "quiet" if told["others_cpu"] <= QUIET_CPU else "not quiet"
    return f"{quiet}: others {told['others_cpu']:g} %, idle {told['machine_idle_cpu']:g} %"


def _arithmetic(told: Told) -> str:
    """Where two cores go."""
    a_second = told["packets"] / told["seconds"]
    used = told["server_cpu"]["total"] + told["generator_cpu"]
    return (
        f"{told['listeners']:,} listeners with packets of {told['packet_ms'][0]} ms are "
        f"{a_second:,.0f} packets a second. Each takes the server "
        f"{told['server_us_per_packet']:g} us and its listener, who reads and acknowledges it on "
        f"the same machine, {told['generator_us_per_packet']:g} us: with the engine "
        f"({told['server_cpu']['engine']:g} %) {used:.0f} % of the {100 * (os.cpu_count() or 1)} % "
        "that there are."
    )


def fan_out_cpu(told: Told) -> float:
    """What the listeners cost the server, in percent of a core."""
    return float(told["server_us_per_packet"] * told["packets"] / told["seconds"] / 1e4)


def line_of(found: Sequence[Told]) -> tuple[float, float]:
    """Percent of a core for each listener, and without any: the line nearest to all, by share."""
    used = [fan_out_cpu(told) for told in found]
    counts = [told["listeners"] for told in found]
    slope, begin = np.polyfit(counts, used, 1, w=[1 / one for one in used])
    return float(slope), float(begin)


def _growth(found: Sequence[Told]) -> str:
    slope, begin = line_of(found)
    off = [fan_out_cpu(told) / (begin + slope * told["listeners"]) - 1 for told in found]
    each = ", ".join(f"{told['listeners']:,}: {fan_out_cpu(told):.1f} %" for told in found)
    return (
        f"Packets of {SAME_PACKET_MS} ms to 2 edges, what the listeners cost hub, edges and bus: "
        f"{each} of a core. A line of {begin:.1f} % and {1000 * slope:.2f} % for each 1,000 is off "
        f"by {min(off):+.0%} to {max(off):+.0%}; 15 % were asked. {_worst(found)}"
    )


def _worst(found: Sequence[Told]) -> str:
    busiest = max(found, key=lambda told: float(told["others_cpu"]))
    return f"The rest of the machine at most: {_rest(busiest)}."


def _spread(found: Sequence[Told]) -> str:
    """One edge and three: all edges together, and the hub."""
    rows = [
        "| Listeners | Edges | CPU of the edges | by one edge | CPU of the hub | of the bus | "
        "Lost | The rest of the machine |",
        "|---|---|---|---|---|---|---|---|",
    ]
    alone: dict[int, float] = {}
    for told in found:
        cpu, count = told["server_cpu"], told["listeners"]
        alone.setdefault(count, cpu["edge"])
        rows.append(
            f"| {count} | {told['edges']} | {cpu['edge']:g} % | {cpu['edge'] / alone[count]:.2f} | "
            f"{cpu['hub']:g} % | {cpu['bus']:g} % | {told['lost']} | {_rest(told)} |"
        )
    return "\n".join(rows)


def _audience_row(told: Told) -> str:
    delivery = " , ".join(f"{told['delivery_ms'][name]:g}" for name in ("p50", "p99", "max"))
    used = ", ".join(f"{name} {share:g} %" for name, share in told["server_cpu"].items())
    packets = " or ".join(f"{length} ms" for length in told["packet_ms"])
    return (
        f"| {told['listeners']} | {packets} | {told['lost']} | {told['closed']} | "
        f"{delivery.replace(' ,', ',')} ms | {used} | {told['server_us_per_packet']} | "
        f"{told['memory_kb_per_listener']} | {told['join_ms']['p99']:g} ms | {_rest(told)} |"
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
    parser.add_argument(
        "--part", action="append", choices=PARTS, help="only these; as before: others"
    )
    given = parser.parse_args()
    if not given.draw:
        found = measure(given.part or PARTS, given.listeners or LISTENERS, given.seconds)
        if not all(found.values()):
            raise SystemExit("not everything was measured: nothing is kept")
        before = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
        kept = before | found
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    matplotlib.use("agg")
    pyplot.rcParams.update({"font.size": 10, "axes.grid": True, "grid.color": "0.92"})
    pyplot.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    pyplot.rcParams.update({"axes.axisbelow": True})
    for name, figure in (
        ("audience", draw_audience(kept["audience"])),
        ("cost", draw_cost(kept["growth"], kept["fanout"])),
    ):
        figure.tight_layout()
        path = DOCS / f"images/scaling-{name}.png"
        figure.savefig(path, dpi=130)
        print(path.relative_to(DOCS.parent), flush=True)
    write(tables(kept))
    print(PAGE.relative_to(DOCS.parent), flush=True)


if __name__ == "__main__":
    main()
