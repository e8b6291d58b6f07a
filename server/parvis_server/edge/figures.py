"""What an edge counts, in the words of Prometheus; read when asked."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from parvis_server.edge.door import EdgeDoor
from parvis_server.edge.hub_line import HubLine
from parvis_server.edge.listener import EdgeListener
from parvis_server.edge.relay import Relays
from parvis_server.edge.rooms import EdgeRooms
from parvis_server.net.fanout import FanoutCounts
from parvis_server.net.listener_hall import ListenerHall
from parvis_wire.messages import Rung

FANOUT_TEXT = "Of the fan-out, as the hub's metric of nearly the same name"


@dataclass(frozen=True, slots=True)
class EdgeCollector(Collector):
    """Makes the metrics of an edge: sums over its rooms."""

    line: HubLine
    rooms: EdgeRooms
    relays: Relays
    door: EdgeDoor
    hall: ListenerHall

    def collect(self) -> Iterable[Metric]:
        """Everything as it is now."""
        yield from self._people()
        yield _gauge("venue_reached", "1 while the hub is there", self.line.is_reached)
        yield _gauge("relayed", "Connections passed on to the hub", len(self.relays))
        yield _gauge("connections", "Of listeners, hosts and screens", self.hall.count)
        yield _counter("joins", "Listeners who came in", self.door.joins)
        yield _counter("bus_dropped", "Publications not sent", self.line.bus.dropped)
        faults = CounterMetricFamily(
            "parvis_edge_faults", "Connections closed for a fault, by code", labels=["code"]
        )
        for code, count in sorted(self.door.faults.items()):
            faults.add_metric([str(int(code))], count)
        yield faults
        for field in fields(FanoutCounts):
            total = sum(getattr(room.fanout.counts, field.name) for room in self.rooms)
            yield _counter(f"fanout_{field.name}", FANOUT_TEXT, total)

    def _people(self) -> Iterator[Metric]:
        listeners = GaugeMetricFamily(
            "parvis_edge_listeners", "Listeners by how they play", labels=["rung"]
        )
        here = (one for room in self.rooms for one in room.listeners.values())
        rungs = Counter(one.rung for one in here if isinstance(one, EdgeListener))
        rungs[Rung.MP3] += sum(len(room.mp3) for room in self.rooms)
        for rung in (*Rung, None):
            listeners.add_metric([rung.value if rung else "unknown"], rungs[rung])
        yield listeners
        yield _gauge("rooms", "Rooms that are followed", sum(1 for _ in self.rooms))

    def render(self) -> bytes:
        """For ``/metrics``."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"parvis_edge_{name}", text, value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"parvis_edge_{name}", text, value)
