"""What the hub counts, in the words of Prometheus; read from the live room when asked."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from parvis_server.engine.boundary import LATENESS_BOUNDS_MS, EngineStats
from parvis_server.net.live_room import LiveRoom
from parvis_wire.messages import Role, Rung


class HubCollector(Collector):
    """Makes the metrics of one live room."""

    def __init__(self, live: LiveRoom) -> None:
        """Watch ``live``."""
        self._live = live

    def collect(self) -> Iterable[Metric]:
        """Everything as it is now."""
        yield from self._people()
        yield from self._network()
        yield from self._outputs()
        yield _counter("engine_restarts", "Engines replaced", self._live.engine.restarts)
        yield _counter(
            "engine_dropped_packets",
            "Packets that no engine could take",
            self._live.engine.dropped_packets,
        )
        if self._live.stats is not None:
            yield from _engine(self._live.stats)

    def _people(self) -> Iterator[Metric]:
        listeners = GaugeMetricFamily(
            "parvis_listeners", "Connected listeners by how they play", labels=["rung"]
        )
        rungs = [seat.rung for seat in self._live.seats if seat.role is Role.LISTENER]
        for rung in (*Rung, None):
            count = rungs.count(rung)
            if rung is Rung.MP3:
                count += self._live.extra_listeners()
            listeners.add_metric([rung.value if rung else "unknown"], count)
        yield listeners
        room = self._live.room
        yield _gauge("units", "Connected units", self._live.count(Role.UNIT))
        yield _gauge("speakers", "Connected remote speakers", self._live.count(Role.SPEAKER))
        yield _gauge("hosts", "Connected hosts", self._live.count(Role.HOST))
        yield _gauge("sources", "Open microphones", len(room.open_ssrcs))
        yield _gauge("hands", "Hands in the line", len(room.view.line))
        yield _counter("events", "Events of the room", room.view.seq)

    def _network(self) -> Iterator[Metric]:
        counts, fanout = self._live.counts, self._live.fanout.counts
        joins = CounterMetricFamily("parvis_joins", "Joins by role", labels=["role"])
        for role in Role:
            joins.add_metric([role.value], counts.joins[role])
        yield joins
        faults = CounterMetricFamily(
            "parvis_faults", "Connections closed for a fault, by code", labels=["code"]
        )
        for code, count in sorted(counts.faults.items()):
            faults.add_metric([str(int(code))], count)
        yield faults
        yield _counter("packets", "Packets of units and speakers", counts.packets)
        yield _counter("duplicate_packets", "Second copies", counts.duplicate_packets)
        yield _counter("unwanted_packets", "Of closed sources", counts.unwanted_packets)
        yield _counter("rate_drops", "Messages and packets over the rate", counts.rate_drops)
        yield _counter("time_requests", "Questions for the hub's clock", counts.time_requests)
        yield _counter("program_packets", "Packets of the program", fanout.sound_frames)
        yield _counter("changes", "Messages to everybody", fanout.control_frames)
        yield _counter("fanout_skips", "Times a receiver fell behind", fanout.skips)
        yield _counter(
            "fanout_skipped_packets", "Packets left out for those behind", fanout.skipped_sound
        )
        yield _counter("fanout_closed_slow", "Receivers closed as too slow", fanout.closed_slow)
        yield _counter("fanout_overrun", "Packets that the fan-out dropped", fanout.overrun_sound)

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
        seconds, now_ns = 0, self._live.now_ns()
        for _, stream in self._live.streams:
            seconds += stream.second is not None
            if stream.output is None:
                continue
            bus = stream.output.bus
            labels = [f"{bus.ssrc:08x}", bus.kind.value]
            packets.add_metric(labels, stream.output.packets)
            dropped.add_metric(labels, stream.dropped_packets)
            report = stream.output.fresh_report(now_ns)
            if report is not None:
                underruns.add_metric(labels, report.underruns)
                delay.add_metric(labels, report.delay_ms / 1e3)
        yield from (packets, dropped, underruns, delay)
        yield _gauge("second_connections", "Streams on two connections", seconds)
        yield _counter(
            "foreign_output_packets",
            "Packets of buses that nobody plays",
            self._live.stage.foreign_outputs,
        )


def _engine(stats: EngineStats) -> Iterator[Metric]:
    cumulative, buckets = 0, []
    for bound_ms, count in zip((*LATENESS_BOUNDS_MS, None), stats.lateness_counts, strict=True):
        cumulative += count
        buckets.append(("+Inf" if bound_ms is None else str(bound_ms / 1000), cumulative))
    yield HistogramMetricFamily(
        "parvis_tick_lateness_seconds",
        "How late the mixer's ticks were",
        buckets=buckets,
        sum_value=stats.lateness_sum_ms / 1000,
    )
    yield _counter("ticks", "Ticks of the mixer", stats.ticks)
    yield _counter("skipped_ticks", "Ticks never run", stats.skipped_ticks)
    yield _gauge("tick_work_mean_seconds", "Work of a tick", stats.work_mean_us / 1e6)
    yield _gauge("tick_work_max_seconds", "Longest work of a tick", stats.work_max_us / 1e6)
    yield _gauge(
        "tick_encode_mean_seconds", "A tick's start to its packet", stats.encode_mean_us / 1e6
    )
    yield _gauge("tick_real_time", "Whether the mixer has real-time priority", stats.real_time)
    yield _counter("engine_stale_packets", "Waited over 100 ms for the mixer", stats.stale_packets)
    yield _counter("engine_foreign_packets", "Of sources not open", stats.foreign_packets)
    yield _counter("engine_dropped_output", "Datagrams lost to the hub", stats.dropped_output)
    for field, text in (
        ("received", "Packets of open sources"),
        ("malformed", "Packets that could not be decoded"),
        ("late", "Frames that came after their playout"),
        ("lost", "Frames that never came"),
        ("concealed", "Frames filled by concealment"),
    ):
        family = CounterMetricFamily(f"parvis_source_{field}", text, labels=["ssrc"])
        for source in stats.sources:
            family.add_metric([f"{source.ssrc:08x}"], getattr(source, field))
        yield family
    drift = GaugeMetricFamily(
        "parvis_source_drift_ppm", "The source's clock against the hub's", labels=["ssrc"]
    )
    for source in stats.sources:
        drift.add_metric([f"{source.ssrc:08x}"], source.drift_ppm)
    yield drift
    yield _gauge("engine_savings", "Step of the mixer's savings, 0: none", stats.savings)
    for field, text in (
        ("hold", "Time of sound from its arrival to its tick"),
        ("target", "Target delay of the jitter buffer"),
    ):
        gauge = GaugeMetricFamily(f"parvis_source_{field}_seconds", text, labels=["ssrc"])
        for source in stats.sources:
            gauge.add_metric([f"{source.ssrc:08x}"], getattr(source, f"{field}_ms") / 1e3)
        yield gauge


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"parvis_{name}", text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"parvis_{name}", text, value=value)


class Metrics:
    """The hub's own registry."""

    def __init__(self, live: LiveRoom) -> None:
        """Collect from ``live`` whenever asked."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(HubCollector(live))

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self._registry)
