from hypothesis import given
from hypothesis import strategies as st

from parvis_server.listen.hub_clock import BURST, WINDOW, HubClock
from parvis_server.listen.session import ListenSession
from parvis_wire.messages import Time, Welcome, parse_client_message, serialize
from parvis_wire.stage import SpeakerTraits, TimeReply, TimeRequest

MS = 1_000_000


def exchange(clock: HubClock, at_ns: int, offset_ns: int, there_ns: int, back_ns: int) -> None:
    """One question and its answer, held for a while by the hub."""
    received_ns = at_ns + there_ns + offset_ns
    sent_ns = received_ns + 3 * MS
    reply = TimeReply(client_ns=at_ns, received_ns=received_ns, sent_ns=sent_ns)
    clock.receive(reply, sent_ns - offset_ns + back_ns)


def test_it_asks_quickly_at_first_then_once_a_second() -> None:
    clock = HubClock()
    pauses_s = []
    for _ in range(BURST + 2):
        asked = parse_client_message(clock.ask(7))
        assert asked == TimeRequest(client_ns=7)
        pauses_s.append(clock.next_in_s)
    assert sum(pauses_s[: BURST - 1]) < 0.5
    assert pauses_s[-1] == 1.0


@given(
    st.integers(0, 10**15),
    st.lists(
        st.tuples(st.integers(0, 300 * MS), st.integers(0, 300 * MS)), min_size=1, max_size=20
    ),
)
def test_it_is_wrong_by_half_the_shortest_round_trip_at_most(
    offset_ns: int, ways_ns: list[tuple[int, int]]
) -> None:
    clock = HubClock()
    for number, (there_ns, back_ns) in enumerate(ways_ns):
        exchange(clock, number * 10**9, offset_ns, there_ns, back_ns)
    shortest_ns = min(there_ns + back_ns for there_ns, back_ns in ways_ns[-WINDOW:])
    assert clock.rtt_ms == shortest_ns / 1e6
    hub_ns = clock.hub_ns(5)
    assert hub_ns is not None
    assert abs(hub_ns - 5 - offset_ns) <= shortest_ns / 2 + 1


def test_nothing_is_known_before_an_answer_or_by_an_impossible_one() -> None:
    clock = HubClock()
    clock.receive(TimeReply(client_ns=100, received_ns=5, sent_ns=5), 50)
    clock.receive(TimeReply(client_ns=1, received_ns=9, sent_ns=5), 50)
    assert (clock.known, clock.rtt_ms, clock.hub_ns(1)) == (False, None, None)


def test_another_connection_begins_with_another_clock() -> None:
    """A hub that was started again may count from another zero."""
    session = ListenSession("main", speaker=SpeakerTraits())
    welcome = serialize(Welcome(participant="p", resume="r"))
    session.receive(welcome)
    session.hub_clock.ask(1)
    exchange(session.hub_clock, 10 * MS, 10**15, MS, MS)
    session.receive(serialize(Time(room_clock=1, hub_ns=10**15, utc_ms=1)))
    assert session.hub_clock.known and session.clock is not None
    session.receive(welcome)
    assert not session.hub_clock.known and session.clock is None
    assert session.hub_clock.next_in_s < 1.0
