"""Whether the hub is there, and which: beats, silence, another hub."""

from __future__ import annotations

from parvis_server.edge.hub_watch import HubWatch
from parvis_wire.edges import HubBeat, HubHello

S = 1_000_000_000


def hello(hub: str = "hub1") -> HubHello:
    key = "00" * 32
    return HubHello(hub=hub, listener_key=key, grant_key=key, max_listeners=10, max_packet_ms=120)


def reached(hub: str = "hub1", now_ns: int = 0) -> HubWatch:
    watch = HubWatch()
    assert watch.hello_due(now_ns)
    watch.welcomed(hello(hub), now_ns)
    assert watch.look(now_ns)
    assert watch.is_reached
    return watch


def test_hello_is_said_once_a_second_until_somebody_answers() -> None:
    watch, said = HubWatch(), 0
    for now_ns in range(0, 5 * S, S // 10):
        if watch.hello_due(now_ns):
            said += 1
            watch.failed(now_ns)
    assert said == 5
    assert not watch.look(5 * S)
    assert not watch.is_reached


def test_an_edge_that_is_refused_asks_rarely() -> None:
    watch = HubWatch()
    assert watch.hello_due(0)
    watch.failed(0, is_refused=True)
    assert not watch.hello_due(9 * S)
    assert watch.hello_due(10 * S)


def test_three_seconds_of_silence_and_the_hub_is_away() -> None:
    watch = reached()
    watch.beat(HubBeat(hub="hub1"), 2 * S)
    assert not watch.look(4 * S + S // 2)
    assert watch.look(5 * S)
    assert not watch.is_reached
    assert watch.hello_due(5 * S)
    assert not watch.welcomed(hello(), 6 * S)
    assert watch.look(6 * S)
    assert watch.is_reached


def test_a_hub_that_was_started_again_is_another() -> None:
    watch = reached()
    watch.beat(HubBeat(hub="hub2"), 2 * S)
    assert watch.hello_due(2 * S)
    assert watch.welcomed(hello("hub2"), 2 * S)
    assert not watch.look(2 * S)
    assert watch.hub == "hub2"


def test_a_second_hub_on_the_bus_changes_nothing() -> None:
    watch = reached()
    for now_ns in range(0, 10 * S, S):
        watch.beat(HubBeat(hub="hub1"), now_ns)
        watch.beat(HubBeat(hub="other"), now_ns + S // 2)
        assert not watch.hello_due(now_ns + S // 2)
    assert watch.others == 10
    assert watch.hub == "hub1"


def test_a_hub_that_does_not_know_us_hears_hello_again() -> None:
    watch = reached()
    watch.want()
    assert watch.hello_due(2 * S)


def test_an_edge_that_stood_still_does_not_blame_the_hub() -> None:
    watch = reached()
    watch.excuse(4 * S)
    assert not watch.look(5 * S)
    assert watch.is_reached
    assert watch.look(8 * S)
    assert not watch.is_reached
