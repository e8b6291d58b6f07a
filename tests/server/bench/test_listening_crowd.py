"""The listeners of a bench against a server that does wrong on purpose: it has to be found out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from ctypes import CDLL

import pytest

from fakes.sly_server import SlyServer, meet, program, server_frame
from parvis_server.bench.listening.crowd import BUFFER_BYTES, Crowd
from parvis_server.bench.listening.fast_reader import COMPILERS, FastReader, built
from parvis_server.bench.listening.ledger import Window
from parvis_server.bench.listening.plan import Plan, Target
from parvis_server.bench.listening.tally import Tally

LISTENERS = 300
FOREVER_NS = 1 << 62


@pytest.fixture
def server() -> Iterator[SlyServer]:
    # The room clock began an hour from now: whatever comes has not left yet, and is not delayed.
    sly = SlyServer(room_clock=0, hub_ns=time.monotonic_ns())
    yield sly
    sly.close()


@pytest.fixture(scope="module")
def compiled() -> CDLL | None:
    """The reads in C; None where nothing compiles them."""
    return built()


@pytest.fixture(params=["in Python", "in C"])
def library(request: pytest.FixtureRequest, compiled: CDLL | None) -> CDLL | None:
    """Each test with either way of reading; without a compiler both are the same, and fair."""
    return compiled if request.param == "in C" else None


class House:
    """A server and its listeners, all joined, in an open window."""

    def __init__(self, server: SlyServer, library: CDLL | None, listeners: int = LISTENERS) -> None:
        self.server = server
        plan = Plan((Target("127.0.0.1", server.port, "localhost"),), "{}", listeners, 1e6)
        self.crowd = Crowd(plan, library)
        server.at_close.append(self.crowd.close)
        self.sent = 0
        self.meet(lambda: len(server.guests) == listeners)
        self.play()
        self.settle()
        assert self.crowd.is_complete
        self.crowd.ledger.window = Window(-FOREVER_NS, FOREVER_NS)

    def meet(self, until: object) -> None:
        assert callable(until)
        meet(self.server, self.crowd.serve, until)

    def play(self, *, to: int | None = None, but: int | None = None) -> None:
        """The next packet, to all unless said otherwise."""
        self.server.say(program(self.sent), to=to, but=but)
        self.sent += 1

    def settle(self) -> None:
        """A ping is answered by everybody: so all before it was read."""
        token = self.sent.to_bytes(4) + b"?"
        self.server.ping(token)
        self.meet(lambda: self.server.have_answered(token))

    @property
    def gone(self) -> int:
        window = self.crowd.ledger.window
        return 0 if window is None else sum(window.tally.closed.values())

    def tally(self) -> Tally:
        self.settle()
        self.crowd.gather()
        window = self.crowd.ledger.window
        assert window is not None
        return window.tally


def test_everything_that_came_is_counted_once(server: SlyServer, library: CDLL | None) -> None:
    house = House(server, library)
    for _ in range(10):
        house.play()
    tally = house.tally()
    assert tally.delays.total == 10 * LISTENERS
    assert (tally.lost, tally.gaps, tally.repeated, tally.unreadable) == (0, 0, 0, 0)
    assert tally.packet_ms == {20: 10}
    outside = house.crowd.ledger.outside
    assert outside.joins.total == outside.welcomes.total == LISTENERS
    assert house.crowd.ledger.clock.shared


def test_packets_that_one_listener_did_not_get_are_lost(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library)
    house.play()
    house.play(but=17)
    house.play(but=17)
    house.play()
    tally = house.tally()
    assert (tally.lost, tally.gaps, tally.gap_ms) == (2, 1, 40.0)
    assert tally.delays.total == 4 * LISTENERS - 2


def test_what_never_comes_again_is_missed_at_the_end(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library)
    for _ in range(5):
        house.play(but=4)
    house.settle()
    ledger = house.crowd.ledger
    assert ledger.window is not None
    ledger.window.end_ns = ledger.clock.left_ns(house.sent * 960) + 1
    assert house.crowd.are_behind
    assert house.crowd.close_window().tally.lost == 5


def test_a_packet_sent_twice_is_no_second_packet(server: SlyServer, library: CDLL | None) -> None:
    house = House(server, library)
    house.play()
    house.sent -= 1
    house.play(to=3)
    house.play()
    tally = house.tally()
    assert (tally.repeated, tally.lost) == (1, 0)
    assert tally.delays.total == 2 * LISTENERS


def test_a_packet_that_was_held_back_is_late(library: CDLL | None) -> None:
    """The clock says that packets left two seconds ago."""
    server = SlyServer(room_clock=0, hub_ns=time.monotonic_ns() - 2_000_000_000)
    house = House(server, library, listeners=5)
    house.play()
    found = house.tally().delays.figures()
    server.close()
    assert found is not None
    assert found["p50"] >= 1_900
    assert house.crowd.ledger.clock.shared


def test_another_packet_time_goes_on_by_timestamp(server: SlyServer, library: CDLL | None) -> None:
    house = House(server, library)
    house.play()
    server.say(program(100, 60, ssrc=8, timestamp=house.sent * 960))
    server.say(program(101, 60, ssrc=8, timestamp=house.sent * 960 + 3 * 960))
    server.say(program(200, 20, ssrc=7, timestamp=(house.sent + 6) * 960))
    tally = house.tally()
    assert (tally.lost, tally.gaps, tally.repeated) == (0, 0, 0)
    assert tally.tier_changes == 2 * LISTENERS
    assert tally.packet_ms == {20: 2, 60: 2}


def test_a_change_of_packet_time_that_skips_sound_loses_it(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library)
    server.say(program(100, 60, ssrc=8, timestamp=(house.sent + 4) * 960))
    tally = house.tally()
    assert tally.gap_ms == 80.0 * LISTENERS
    assert tally.lost == 2 * LISTENERS


def test_who_is_shown_out_is_closed_and_the_code_is_told(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library)
    server.close_one(9, 4008, "too far behind")
    house.meet(lambda: house.gone == 1)
    house.play()
    tally = house.tally()
    assert tally.closed == {4008: 1}
    assert tally.lost == 0
    assert "4008 too far behind" in house.crowd.reason
    assert house.crowd.listening == LISTENERS - 1


def test_a_connection_that_breaks_is_closed_without_a_code(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library, listeners=3)
    server.guests.pop(1).close()
    house.meet(lambda: house.gone == 1)
    assert house.crowd.ledger.tally.closed == {1006: 1}


def test_an_end_right_behind_a_packet_is_seen(server: SlyServer, library: CDLL | None) -> None:
    house = House(server, library, listeners=3)
    house.play(but=1)  # so that this packet is known, and nothing else is said of it
    house.settle()
    server.say(program(house.sent - 1), to=1)
    server.guests.pop(1).close()
    house.meet(lambda: house.gone == 1)
    tally = house.tally()
    assert (tally.delays.total, tally.lost, tally.closed) == (3, 0, {1006: 1})


def test_more_than_one_read_takes_is_read_at_once(server: SlyServer, library: CDLL | None) -> None:
    house = House(server, library, listeners=2)
    count = 3 * BUFFER_BYTES // len(program(0))
    for _ in range(count):
        house.play()
    assert house.tally().delays.total == 2 * count


def test_garbage_is_unreadable_and_ends_the_connection(
    server: SlyServer, library: CDLL | None
) -> None:
    house = House(server, library, listeners=3)
    server.say(b"\x03garbage", to=0)
    house.meet(lambda: house.gone == 1)
    server.say(server_frame(0x82, b"no packet"), to=1)
    house.meet(lambda: house.crowd.ledger.tally.unreadable == 2)


def test_a_server_that_is_none_is_told(server: SlyServer) -> None:
    port = server.port
    server.close()
    crowd = Crowd(Plan((Target("127.0.0.1", port, "localhost"),), "{}", 2, 1e6))
    while not crowd.is_complete:
        crowd.serve()
    assert crowd.listening == 0
    assert crowd.ledger.outside.not_joined == 2
    assert "refused" in crowd.reason
    crowd.close()


def test_newcomers_leave_once_they_hear(server: SlyServer, library: CDLL | None) -> None:
    target = Target("127.0.0.1", server.port, "localhost")
    crowd = Crowd(Plan((target,), "{}", 0, 200.0, leaves=True), library)
    server.at_close.append(crowd.close)
    meet(server, crowd.serve, lambda: len(server.guests) >= 2)
    for number in range(3):
        server.say(program(number))
    meet(server, crowd.serve, lambda: crowd.ledger.outside.joins.total >= 2)
    assert crowd.listening == 0


def test_a_compiler_is_used_where_there_is_one(compiled: CDLL | None) -> None:
    assert (compiled is None) == all(shutil.which(name) is None for name in COMPILERS)


def test_nearly_all_is_read_in_c_and_counted_in_its_window(
    server: SlyServer, compiled: CDLL | None
) -> None:
    house = House(server, compiled)
    for _ in range(10):
        house.play()
    house.settle()
    window = house.crowd.close_window()
    assert window.tally.delays.total == 10 * LISTENERS
    if compiled is not None:
        house.crowd.ledger.window = Window(-FOREVER_NS, FOREVER_NS)
        house.play()
        house.sent -= 1  # the same packet again would be one that was known before
        assert house.tally().delays.total == LISTENERS
        assert window.tally.delays.total == 10 * LISTENERS


def test_who_is_followed_is_known_and_others_are_not(compiled: CDLL | None) -> None:
    if compiled is None:
        return
    reader = FastReader(compiled, 0)
    reader.follow(7, (65_535, 2**32 - 1, 0xABCD_1234))
    assert reader.expected(7) == (65_535, 2**32 - 1, 0xABCD_1234)
    reader.leave(7)
    assert [reader.expected(file) for file in (7, -1, 1 << 30)] == [None] * 3
    reader.close()
