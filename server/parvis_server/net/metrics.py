"""What the hub counts, in the words of Prometheus; read from the rooms when asked."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from parvis_server.engine.boundary import LATENESS_BOUNDS_MS, EngineStats, SourceStats
from parvis_server.net.api.edge_routes import EdgeInfo
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.rooms import Rooms
from parvis_wire.messages import Role, Rung
from parvis_wire.packet_time import PROGRAM_PTIME_MS

COUNTS = (
    ("packets", "packets", "Packets of units and speakers"),
    ("duplicate_packets", "duplicate_packets", "Second copies"),
    ("unwanted_packets", "unwanted_packets", "Of closed sources"),
    ("rate_drops", "rate_drops", "Messages and packets over the rate"),
    ("time_requests", "time_requests", "Questions for the hub's clock"),
)
"""Field of ``Counts``, name of the metric, and what it says."""

FANOUT_COUNTS = (
    ("sound_frames", "program_packets", "Packets of the program"),
    ("control_frames", "changes", "Messages to everybody"),
    ("skips", "fanout_skips", "Times a receiver fell behind"),
    ("skipped_sound", "fanout_skipped_packets", "Packets left out for those behind"),
    ("closed_slow", "fanout_closed_slow", "Receivers closed as too slow"),
    ("overrun_sound", "fanout_overrun", "Packets that the fan-out dropped"),
)


class WatchedEdges(Protocol):
    """The edges of a hub, as far as they are counted."""

    @property
    def dropped(self) -> int:
        """Publications that were not sent."""

    @property
    def relayed(self) -> int:
        """Connections that edges pass on."""

    def listed(self) -> Iterable[EdgeInfo]:
        """All that are there."""


class HubCollector(Collector):
    """Makes the metrics of a hub: sums over its rooms, whose names nobody learns here."""

    def __init__(self, rooms: Rooms, edges: WatchedEdges | None = None) -> None:
        """Watch ``rooms`` and ``edges``."""
        self._rooms = rooms
        self._edges = edges

    @property
    def _lives(self) -> tuple[LiveRoom, ...]:
        return tuple(room.live for room in self._rooms)

    def _sum(self, of: Callable[[LiveRoom], float]) -> float:
        return sum(of(live) for live in self._lives)

    def collect(self) -> Iterable[Metric]:
        """Everything as it is now."""
        yield from self._people()
        yield from self._network()
        yield from self._outputs()
        if self._edges is not None:
            yield from _of_edges(self._edges)
        yield _counter(
            "engine_restarts", "Engines replaced", self._sum(lambda live: live.engine.restarts)
        )
        yield _counter(
            "engine_dropped_packets",
            "Packets that no engine could take",
            self._sum(lambda live: live.engine.dropped_packets),
        )
        told = [live.stats for live in self._lives if live.stats is not None]
        if told:
            yield from _engines(told)

    def _people(self) -> Iterator[Metric]:
        listeners = GaugeMetricFamily(
            "parvis_listeners", "Connected listeners by how they play", labels=["rung"]
        )
        rungs: Counter[Rung | None] = Counter()
        for live in self._lives:
            rungs.update(live.seated.rungs)
        rungs[Rung.MP3] += int(self._sum(lambda live: live.extra_listeners()))
        for rung in (*Rung, None):
            listeners.add_metric([rung.value if rung else "unknown"], rungs[rung])
        yield listeners
        yield _gauge("rooms", "Rooms, those that are over included", len(self._rooms))
        for name, text, role in (
            ("units", "Connected units", Role.UNIT),
            ("speakers", "Connected remote speakers", Role.SPEAKER),
            ("hosts", "Connected hosts", Role.HOST),
        ):
            yield _gauge(name, text, sum(live.count(role) for live in self._lives))
        views = [live.room.view for live in self._lives]
        sources = self._sum(lambda live: len(live.room.open_ssrcs))
        yield _gauge("sources", "Open microphones", sources)
        yield _gauge("hands", "Hands in the line", sum(len(view.line) for view in views))
        yield _counter("events", "Events of the rooms", sum(view.seq for view in views))

    def _network(self) -> Iterator[Metric]:
        joins = CounterMetricFamily("parvis_joins", "Joins by role", labels=["role"])
        for role in Role:
            joins.add_metric([role.value], sum(live.counts.joins[role] for live in self._lives))
        yield joins
        faults = CounterMetricFamily(
            "parvis_faults", "Connections closed for a fault, by code", labels=["code"]
        )
        for code, count in sorted(self._rooms.faults.items()):
            faults.add_metric([str(int(code))], count)
        yield faults
        for field, name, text in COUNTS:
            total = sum(getattr(live.counts, field) for live in self._lives)
            yield _counter(name, text, total)
        for field, name, text in FANOUT_COUNTS:
            total = sum(getattr(live.fanout.counts, field) for live in self._lives)
            yield _counter(name, text, total)
        longest_ms = max((live.feed.ptime_ms for live in self._lives), default=PROGRAM_PTIME_MS)
        yield _gauge(
            "packet_time_seconds", "Sound in a packet, the longest of all rooms", longest_ms / 1_000
        )
        write_ns = max((live.fanout.write_ns for live in self._lives), default=0.0)
        yield _gauge("fanout_write_seconds", "What one write costs, the most", write_ns / 1e9)

    def _outputs(self) -> Iterator[Metric]:
        packets = CounterMetricFamily(
            "parvis_output_packets", "Packets of an output's bus", labels=["ssrc", "kind"]
        )
        dropped = CounterMetricFamily(
            "parvis_output_dropped_packets",
            "Packets of a bus that gave way to newer ones, on either connection",
            labels=["ssrc", "kind"],
        )
        underruns = CounterMetricFamily(
            "parvis_output_underruns", "As its player reports them", labels=["ssrc", "kind"]
        )
        delay = GaugeMetricFamily(
            "parvis_output_delay_seconds",
            "From the room clock of a sample to its leaving the converter",
            labels=["ssrc", "kind"],
        )
        seconds = 0
        streams = ((live, stream) for live in self._lives for _, stream in live.streams)
        for live, stream in streams:
            seconds += stream.second is not None
            if stream.output is None:
                continue
            bus = stream.output.bus
            labels = [f"{bus.ssrc:08x}", bus.kind.value]
            packets.add_metric(labels, stream.output.packets)
            dropped.add_metric(labels, stream.dropped_packets)
            report = stream.output.fresh_report(live.now_ns())
            if report is not None:
                underruns.add_metric(labels, report.underruns)
                delay.add_metric(labels, report.delay_ms / 1e3)
        yield from (packets, dropped, underruns, delay)
        yield _gauge("second_connections", "Streams on two connections", seconds)
        yield _counter(
            "foreign_output_packets",
            "Packets of buses that nobody plays",
            self._sum(lambda live: live.stage.foreign_outputs),
        )


def _of_edges(edges: WatchedEdges) -> Iterator[Metric]:
    """Each edge by its place, which is a bounded set; its own name is new at every start."""
    listeners = GaugeMetricFamily("parvis_edge_listeners", "Listeners at edges", labels=["place"])
    load = GaugeMetricFamily(
        "parvis_edge_load", "Share of an edge's core that is used", labels=["place"]
    )
    listed = list(edges.listed())
    for place in dict.fromkeys(edge.place for edge in listed):
        there = [edge for edge in listed if edge.place == place]
        listeners.add_metric([place], sum(edge.listeners for edge in there))
        load.add_metric([place], max(edge.load for edge in there))
    yield _gauge("edges", "Edges that are there", len(listed))
    yield from (listeners, load)
    yield _gauge("relayed_connections", "Connections that edges pass on", edges.relayed)
    yield _counter("bus_dropped", "What edges were not told, for want of a way", edges.dropped)


def _engines(told: Sequence[EngineStats]) -> Iterator[Metric]:
    """What the engines say: counts summed, of times and states the worst."""
    yield _lateness(told)
    for field, text in (
        ("ticks", "Ticks of the mixers"),
        ("skipped_ticks", "Ticks never run"),
    ):
        yield _counter(field, text, sum(getattr(stats, field) for stats in told))
    for field, text in (
        ("work_mean", "Work of a tick"),
        ("work_max", "Longest work of a tick"),
        ("encode_mean", "A tick's start to its packet"),
    ):
        seconds = max(getattr(stats, f"{field}_us") for stats in told) / 1e6
        yield _gauge(f"tick_{field}_seconds", text, seconds)
    real_time = min(stats.real_time for stats in told)
    yield _gauge("tick_real_time", "Whether the mixers have real-time priority", real_time)
    for field, text in (
        ("stale_packets", "Waited over 100 ms for the mixer"),
        ("foreign_packets", "Of sources not open"),
        ("dropped_output", "Datagrams lost to the hub"),
    ):
        yield _counter(f"engine_{field}", text, sum(getattr(stats, field) for stats in told))
    savings = max(stats.savings for stats in told)
    yield _gauge("engine_savings", "Step of the mixer's savings, 0: none", savings)
    yield from _sources([source for stats in told for source in stats.sources])


def _lateness(told: Sequence[EngineStats]) -> Metric:
    cumulative, buckets = 0, []
    counts = zip(*(stats.lateness_counts for stats in told), strict=True)
    for bound_ms, of_engines in zip((*LATENESS_BOUNDS_MS, None), counts, strict=True):
        cumulative += sum(of_engines)
        buckets.append(("+Inf" if bound_ms is None else str(bound_ms / 1000), cumulative))
    return HistogramMetricFamily(
        "parvis_tick_lateness_seconds",
        "How late the mixers' ticks were",
        buckets=buckets,
        sum_value=sum(stats.lateness_sum_ms for stats in told) / 1000,
    )


def _sources(sources: Iterable[SourceStats]) -> Iterator[Metric]:
    by_ssrc = {source.ssrc: source for source in sources}  # a name may stand once
    for field, text in (
        ("received", "Packets of open sources"),
        ("malformed", "Packets that could not be decoded"),
        ("late", "Frames that came after their playout"),
        ("lost", "Frames that never came"),
        ("concealed", "Frames filled by concealment"),
    ):
        family = CounterMetricFamily(f"parvis_source_{field}", text, labels=["ssrc"])
        for source in by_ssrc.values():
            family.add_metric([f"{source.ssrc:08x}"], getattr(source, field))
        yield family
    drift = GaugeMetricFamily(
        "parvis_source_drift_ppm", "The source's clock against the hub's", labels=["ssrc"]
    )
    for source in by_ssrc.values():
        drift.add_metric([f"{source.ssrc:08x}"], source.drift_ppm)
    yield drift
    for field, text in (
        ("hold", "Time of sound from its arrival to its tick"),
        ("target", "Target delay of the jitter buffer"),
    ):
        gauge = GaugeMetricFamily(f"parvis_source_{field}_seconds", text, labels=["ssrc"])
        for source in by_ssrc.values():
            gauge.add_metric([f"{source.ssrc:08x}"], getattr(source, f"{field}_ms") / 1e3)
        yield gauge


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"parvis_{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"parvis_{name}", text, value=value)


class Metrics:
    """The hub's own registry."""

    def __init__(self, rooms: Rooms, edges: WatchedEdges | None = None) -> None:
        """Collect from ``rooms`` and ``edges`` whenever asked."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(HubCollector(rooms, edges))

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self._registry)
