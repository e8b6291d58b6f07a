"""The link's two ends in virtual time: copies, stalls, silence, and what waits too long."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.link.link_end import BOUND_NS, IN_FLIGHT_NS, SILENT, Line, LinkEnd, take
from parvis_server.link.packets import Kind, LinkPacket, beat, received_in

MS = 1_000_000
TICK_NS = 50 * MS


def packet(number: int) -> LinkPacket:
    return LinkPacket(Kind.PROGRAM, "main", number.to_bytes(4))


@dataclass(eq=False)
class Wire:
    """One direction of a connection that may stand still: what is written comes when it runs."""

    waiting: deque[bytes] = field(default_factory=deque)
    stalled: bool = False
    unsent: int = 0
    ended: str | None = None

    def write(self, message: bytes) -> None:
        self.waiting.append(message)

    def unsent_bytes(self) -> int:
        return self.unsent

    def end(self, why: str) -> None:
        self.ended = why


class Pair:
    """A hub's end and an edge's, with two connections between them."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.down: list[LinkPacket] = []
        self.up: list[LinkPacket] = []
        self.hub, self.edge = LinkEnd(self.up.append), LinkEnd(self.down.append)
        self.wires = [(Wire(), Wire()) for _ in range(2)]
        self.lines: list[tuple[Line, Line]] = []
        for outward, back in self.wires:
            self.lines.append((self.hub.opened(outward, 0), self.edge.opened(back, 0)))

    def run(self, ms: int) -> None:
        until_ns = self.now_ns + ms * MS
        while self.now_ns < until_ns:
            self.now_ns += TICK_NS
            self.hub.tick(self.now_ns)
            self.edge.tick(self.now_ns)
            self.pass_on()

    def pass_on(self) -> None:
        for (outward, back), (hub_line, edge_line) in zip(self.wires, self.lines, strict=True):
            while outward.waiting and not outward.stalled:
                take(self.edge, edge_line, outward.waiting.popleft(), self.now_ns)
            while back.waiting and not back.stalled:
                take(self.hub, hub_line, back.waiting.popleft(), self.now_ns)

    def numbers(self) -> list[int]:
        return [int.from_bytes(one.packet) for one in self.down]


def test_every_packet_goes_over_both_and_counts_once() -> None:
    pair = Pair()
    for number in range(100):
        pair.hub.send(packet(number), pair.now_ns)
        pair.edge.send(LinkPacket(Kind.UP, "edge", b"x"), pair.now_ns)
        pair.pass_on()
    assert pair.numbers() == list(range(100))
    assert len(pair.up) == 100
    assert pair.edge.repeated == pair.hub.repeated == 100


@given(st.lists(st.sampled_from(("send", "stall 0", "stall 1", "run 0", "run 1")), max_size=60))
def test_one_connection_that_stands_still_costs_nothing(acts: list[str]) -> None:
    """At most one stands still at a time, for less than the time in which it is given up."""
    pair, sent = Pair(), 0
    for act in acts:
        what, _, place = act.partition(" ")
        if what == "send":
            pair.hub.send(packet(sent), pair.now_ns)
            sent += 1
        elif what == "run" or not pair.wires[1 - int(place)][0].stalled:
            pair.wires[int(place)][0].stalled = what == "stall"
        pair.run(50)
        if pair.hub.lines < 2 or pair.edge.lines < 2:
            break
    pair.wires[0][0].stalled = pair.wires[1][0].stalled = False
    pair.pass_on()
    assert sorted(pair.numbers()) == list(range(sent))


def test_a_silent_connection_is_ended_within_a_second_and_the_other_goes_on() -> None:
    pair = Pair()
    outward, back = pair.wires[0]
    outward.stalled = back.stalled = True
    pair.run(900)
    assert pair.hub.lines == 2, "a stall of less is no loss"
    pair.run(100)
    assert (outward.ended, back.ended) == (SILENT, SILENT)
    assert (pair.hub.lines, pair.edge.lines) == (1, 1)
    pair.hub.send(packet(7), pair.now_ns)
    pair.pass_on()
    assert pair.numbers() == [7]


def test_a_process_that_stood_still_accuses_nobody() -> None:
    pair = Pair()
    pair.run(500)
    pair.now_ns += 3_000 * MS
    pair.run(1_000)
    assert (pair.hub.lines, pair.edge.lines) == (2, 2)


def test_a_connection_without_traffic_is_kept_by_its_beats() -> None:
    pair = Pair()
    pair.run(60_000)
    assert (pair.hub.lines, pair.edge.lines) == (2, 2)


def test_no_packet_waits_longer_than_its_bound_behind_a_full_network() -> None:
    pair = Pair()
    for outward, _ in pair.wires:
        outward.unsent = 1_000_000
    for number in range(50):
        pair.hub.send(packet(number), pair.now_ns)
        pair.run(50)
    for outward, _ in pair.wires:
        outward.unsent = 0
    pair.hub.tick(pair.now_ns)
    pair.pass_on()
    oldest = 50 - BOUND_NS // TICK_NS + 1
    assert pair.numbers() == list(range(oldest, 50))
    assert pair.hub.dropped == 2 * oldest


def test_a_proxy_that_swallows_everything_is_noticed() -> None:
    """Nothing waits in our kernel, but nothing arrives either: half a second is in flight at most,
    though the way back is alive."""
    pair = Pair()
    for outward, _ in pair.wires:
        outward.stalled = True
    for number in range(60):
        pair.hub.send(packet(number), pair.now_ns)
        pair.now_ns += 10 * MS
        pair.hub.tick(pair.now_ns)
    held = [len([one for one in outward.waiting if one[4]]) for outward, _ in pair.wires]
    bound = IN_FLIGHT_NS // (10 * MS) + 2
    assert all(written <= bound for written in held)
    assert min(held) >= bound - 3


@pytest.mark.parametrize("said", [0, 1, 500, (1 << 31) - 1, (1 << 32) - 1])
def test_an_end_that_lies_about_what_it_has_received_is_sent_no_more_than_the_network_takes(
    said: int,
) -> None:
    """Too little, and its connection counts as behind; too much, and the kernel's own word bounds
    it: what waits is bounded either way, and the other connection carries everything."""
    pair = Pair()
    (outward, _), (line, _) = pair.wires[0], pair.lines[0]
    outward.stalled, outward.unsent = True, 1 << 20
    for number in range(500):
        pair.hub.send(packet(number), pair.now_ns)
        take(pair.hub, line, beat(said), pair.now_ns)
        pair.run(TICK_NS // MS)
    assert all(received_in(message) is not None for message in outward.waiting), "beats alone"
    assert len(line.queue) <= BOUND_NS // TICK_NS + 1
    assert pair.numbers() == list(range(500))


def test_without_a_connection_sound_is_void() -> None:
    pair = Pair()
    for line, _ in pair.lines:
        pair.hub.closed(line)
    pair.hub.send(packet(1), 0)
    assert pair.hub.dropped == 1
    outward = Wire()
    pair.hub.opened(outward, 0)
    pair.hub.tick(0)
    assert all(not message[4] for message in outward.waiting), "nothing of before"


@pytest.mark.parametrize("message", ["text", b"\0\0\0\1\x2a\1a", b"\0"])
def test_what_cannot_be_read_ends_its_connection_alone(message: str | bytes) -> None:
    pair = Pair()
    _, edge_line = pair.lines[0]
    take(pair.edge, edge_line, message, 0)
    assert pair.wires[0][1].ended
    assert (pair.edge.lines, pair.wires[1][1].ended) == (1, None)


def test_another_start_of_the_other_end_counts_anew() -> None:
    pair = Pair()
    pair.hub.send(packet(1), 0)
    pair.pass_on()
    pair.edge.begin_anew("another hub took its place")
    assert [back.ended for _, back in pair.wires] == 2 * ["another hub took its place"]
    other, wire = LinkEnd(pair.up.append), Wire()
    other.opened(wire, 0)
    line = pair.edge.opened(Wire(), 0)
    other.send(packet(1), 0)
    while wire.waiting:
        take(pair.edge, line, wire.waiting.popleft(), 0)
    assert pair.numbers() == [1, 1]
