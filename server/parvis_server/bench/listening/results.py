"""What a bench of listeners found: one JSON object, lines for people, and sums of several. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parvis_server.bench.listening.tally import Tally
from parvis_server.errors import UsageError

Told = dict[str, Any]

PACKETS_KEPT = "counted"
"""Under this key a result holds the bins that ``added`` adds up."""

FANS_OUT = ("hub", "edge", "bus")
"""Those of a hub's processes whose work grows with the audience."""


@dataclass(slots=True)
class WindowFound:
    """What all processes counted in one window."""

    name: str
    seconds: float
    tally: Tally = field(default_factory=Tally)
    generator_s: float = 0.0
    """CPU time of all processes of listeners."""
    listening: int = 0
    one_clock: bool = True
    server_cpu: dict[str, float] | None = None
    idle_cpu: Mapping[str, float] = field(default_factory=dict)
    """The same without listeners."""
    server_rss_mb: float | None = None
    ticks: Told | None = None
    """Of the engine, beside an empty ticker."""
    machine_busy_cpu: float = 0.0
    """All cores of this machine, whoever used them, in percent of one core."""
    machine_idle_cpu: float = 0.0

    def take(self, answer: Mapping[str, Any]) -> None:
        """One process's answer."""
        self.tally.merge(Tally.from_json(answer["tally"]))
        self.generator_s += answer["cpu_s"]
        self.listening += answer["listening"]
        self.one_clock &= answer["one_clock"]

    @property
    def packets(self) -> int:
        """Received, over all listeners."""
        return self.tally.delays.total

    @property
    def generator_cpu(self) -> float:
        """In percent of one core."""
        return round(100 * self.generator_s / self.seconds, 1)

    @property
    def others_cpu(self) -> float | None:
        """What this machine did beside server and listeners, its kernel's own threads included."""
        if self.server_cpu is None:
            return None
        ours = self.server_cpu.get("total", 0.0) + self.generator_cpu
        return round(max(0.0, self.machine_busy_cpu - ours), 1)

    def us_per_packet(self, percent: float) -> float | None:
        """CPU time for each packet at each listener, of so many percent of a core."""
        if not self.packets:
            return None
        return round(percent / 100 * self.seconds / self.packets * 1e6, 2)

    @property
    def fan_out_cpu(self) -> float | None:
        """What the listeners cost the hub, its edges and their bus; the mix is made anyhow."""
        if self.server_cpu is None:
            return None
        now, idle = self.server_cpu, self.idle_cpu
        return sum(now.get(name, 0.0) - idle.get(name, 0.0) for name in FANS_OUT)

    def as_json(self) -> Told:
        """Its figures."""
        fan_out = self.fan_out_cpu
        delays = self.tally.delays if self.one_clock else self.tally.delays.from_least()
        return {
            "seconds": self.seconds,
            "listening": self.listening,
            "packets": self.packets,
            "lost": self.tally.lost,
            "gaps": self.tally.gaps,
            "closed": sum(self.tally.closed.values()),
            "delivery_ms": delays.figures(),
            "join_ms": self.tally.joins.figures(),
            "welcome_ms": self.tally.welcomes.figures(),
            "packet_ms": packet_ms(self.tally),
            "server_cpu": self.server_cpu,
            "server_us_per_packet": None if fan_out is None else self.us_per_packet(fan_out),
            "server_rss_mb": self.server_rss_mb,
            "ticks": self.ticks,
            "generator_cpu": self.generator_cpu,
            "others_cpu": self.others_cpu,
            "machine_idle_cpu": self.machine_idle_cpu,
            "generator_us_per_packet": self.us_per_packet(self.generator_cpu),
        }


def packet_ms(tally: Tally) -> list[int]:
    """The packet times that were met, the most frequent first."""
    return [length for length, _ in tally.packet_ms.most_common()]


def result(
    windows: Iterable[WindowFound], outside: Tally, asked: int, beside: Mapping[str, Any]
) -> Told:
    """The whole: the last window's delays, everybody's losses.

    Args:
        windows: at least one; the last one is the measurement, others are beside it.
        outside: what was counted while people joined, and between windows.
        asked: how many listeners were wanted.
        beside: further keys.
    """
    found = list(windows)
    main, everything = found[-1], Tally()
    for tally in (outside, *(window.tally for window in found)):
        everything.merge(tally)
    figures = main.as_json()
    told = {
        "listeners": main.listening,
        "lost": everything.lost,
        "closed": sum(everything.closed.values()),
        "delivery_ms": figures["delivery_ms"],
        "join_ms": everything.joins.figures(),
        "server_cpu": main.server_cpu,
        "generator_cpu": main.generator_cpu,
        "others_cpu": main.others_cpu,
        "machine_idle_cpu": main.machine_idle_cpu,
        "asked": asked,
        "not_joined": everything.not_joined,
        "closed_codes": {str(code): count for code, count in everything.closed.items()},
        "lost_outside_windows": outside.lost,
        "one_clock": main.one_clock,
        **_counts(everything),
        "packets": main.packets,
        "seconds": main.seconds,
        "packet_ms": figures["packet_ms"],
        "welcome_ms": everything.welcomes.figures(),
        "server_us_per_packet": figures["server_us_per_packet"],
        "generator_us_per_packet": figures["generator_us_per_packet"],
        "ticks": main.ticks,
        **beside,
    }
    if len(found) > 1:
        told["windows"] = {window.name: window.as_json() for window in found}
    delays = main.tally.delays if main.one_clock else main.tally.delays.from_least()
    told[PACKETS_KEPT] = {
        "delays": delays.as_json(),
        "joins": everything.joins.as_json(),
        "welcomes": everything.welcomes.as_json(),
    }
    return told


def _counts(tally: Tally) -> Told:
    return {
        "gaps": tally.gaps,
        "gap_ms": round(tally.gap_ms, 1),
        "repeated": tally.repeated,
        "tier_changes": tally.tier_changes,
        "unreadable": tally.unreadable,
    }


_SUMS = (
    *("listeners", "lost", "closed", "asked", "not_joined", "gaps", "gap_ms", "repeated"),
    *("lost_outside_windows", "tier_changes", "unreadable", "packets", "generator_cpu"),
)


def added(results: Iterable[Told]) -> Told:
    """The results of several machines that listened at the same time, as one.

    Raises:
        UsageError: one of them is no result of ``parvis bench listeners --json``.
    """
    from parvis_server.bench.listening.histogram import Histogram

    parts = list(results)
    try:
        told: Told = {key: sum(part[key] for part in parts) for key in _SUMS}
        bins = {name: Histogram() for name in ("delays", "joins", "welcomes")}
        for part in parts:
            for name, histogram in bins.items():
                histogram.merge(Histogram.from_json(part[PACKETS_KEPT][name]))
        servers = [part["server_cpu"] for part in parts if part["server_cpu"]]
        codes: Counter[str] = Counter()
        for part in parts:
            codes.update(part["closed_codes"])
        told["one_clock"] = all(part["one_clock"] for part in parts)
        told["packet_ms"] = sorted({length for part in parts for length in part["packet_ms"]})
        told["seconds"] = max(part["seconds"] for part in parts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"--add wants results of parvis bench listeners --json, and one is none: {error!r}"
        ) from None
    total: Counter[str] = Counter()
    for server in servers:
        total.update(server)
    told |= {
        "delivery_ms": bins["delays"].figures(),
        "join_ms": bins["joins"].figures(),
        "welcome_ms": bins["welcomes"].figures(),
        "server_cpu": {name: round(used, 1) for name, used in total.items()} or None,
        "closed_codes": dict(codes),
        "machines": len(parts),
        PACKETS_KEPT: {name: histogram.as_json() for name, histogram in bins.items()},
    }
    return told


# For people


def lines(told: Told) -> str:
    """The figures as a table."""
    rows = [f"{'':<30}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}   ms"]
    since = "" if told["one_clock"] else " (over the smallest)"
    rows.append(_row(f"delivery{since}", told["delivery_ms"]))
    rows.append(_row("join: call to first sound", told["join_ms"]))
    rows.append(_row("join: call to welcome", told["welcome_ms"]))
    for name, window in told.get("windows", {}).items():
        rows.append(_row(f"delivery, {name}", window["delivery_ms"]))
    rows += [
        f"listeners {told['listeners']}, not joined {told['not_joined']}, "
        f"closed {told['closed']}{_codes(told['closed_codes'])}",
        f"lost {told['lost']}, {told['lost_outside_windows']} of them before all had joined or "
        f"between windows; {told['packets']} packets of {_either(told['packet_ms'])} ms came; "
        f"gaps {told['gaps']} ({told['gap_ms']:.0f} ms), repeated {told['repeated']}, "
        f"unreadable {told['unreadable']}, changes of packet time {told['tier_changes']}",
        _cpu(told),
    ]
    if told.get("memory_kb_per_listener") is not None:
        rows.append(f"memory of the server: {told['memory_kb_per_listener']} kB for a listener")
    rows += [
        f"{name}: {_words(told[name])}"
        for name in ("newcomers", "stuck", "hostile")
        if told.get(name)
    ]
    if ticks := told.get("ticks"):
        rows.append(
            f"the engine's ticks later than 5 ms: {ticks['engine_late_percent']} %; of an empty "
            f"ticker beside it: {ticks['empty_late_percent']} %"
        )
    if not told["one_clock"]:
        rows.append("the hub's clock is another machine's: delays are over the smallest one")
    if told.get("reason"):
        rows.append(f"the first that was refused or closed: {told['reason']}")
    return "\n".join(rows)


def _row(name: str, figures: Mapping[str, float] | None) -> str:
    if figures is None:
        return f"{name:<30}{'nothing came':>9}"
    return f"{name:<30}" + "".join(f"{figures[key]:>9.1f}" for key in ("p50", "p95", "p99", "max"))


def _cpu(told: Told) -> str:
    generator = f"listeners' own {told['generator_cpu']} %"
    if not told["server_cpu"]:
        return f"CPU of a core: {generator}; the server is not this bench's own, and not measured"
    each = ", ".join(f"{name} {used} %" for name, used in told["server_cpu"].items())
    cost = told.get("server_us_per_packet")
    beside = ""
    if told.get("others_cpu") is not None:
        beside = (
            f"; the rest of the machine {told['others_cpu']} %, idle {told['machine_idle_cpu']} %"
        )
    return f"CPU of a core: {each} ({cost} us for a listener's packet); {generator}{beside}"


def _codes(codes: Mapping[str, int]) -> str:
    return f" ({_words(codes)})" if codes else ""


def _either(lengths: Iterable[int]) -> str:
    return " or ".join(str(length) for length in lengths) or "no"


def _words(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {figure}" for name, figure in figures.items())
