"""The edges by their beats: who is there, and where pages are sent."""

from collections import Counter
from math import sqrt
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_server.net.edges.roster import AWAY_NS, MAX_EDGES, Roster, by_chance, is_sister
from parvis_wire.edges import EDGE_VERSION, EdgeBeat, EdgeHello, RefusedWhy

S = 1_000_000_000


def hello(name: str, place: str | None = None, **fields: object) -> EdgeHello:
    return EdgeHello.model_validate({"edge": name, "place": place or f":{len(name)}", **fields})


def beat(name: str, connections: int = 0, left: int = 1_000, **fields: object) -> EdgeBeat:
    told = {"edge": name, "hub": "hub", "connections": connections, "room_left": left, "load": 0}
    return EdgeBeat.model_validate({**told, **fields})


def with_edges(*beats: EdgeBeat) -> Roster:
    roster = Roster("hub")
    for number, one in enumerate(beats, start=1):
        assert roster.hello(hello(one.edge, f":{number}"), 0) is None
        assert roster.beat(one, 0) is not None
    return roster


def test_the_emptier_edge_weighs_more() -> None:
    """By the room that is left, or by what is left of its core."""
    roster = with_edges(
        beat("a", 900, 100), beat("b", 100, 900), beat("c", 100, 900, load=0.5), beat("d", 0, 50)
    )
    weights = {offer.place: offer.weight for offer in roster.offers(Random(1), is_public=False)}
    assert weights == {":1": 100, ":2": 900, ":3": 500, ":4": 50}


JOINS = 10_000


@given(st.lists(st.integers(300, 4_000), min_size=4, max_size=4), st.integers())
@settings(max_examples=20, deadline=None)
def test_a_crowd_with_one_answer_is_spread_in_proportion(left: list[int], seed: int) -> None:
    """Everybody of one second got what an edge had kept: each draws, as the page does."""
    random = Random(seed)
    roster = with_edges(*(beat(f"e{number}", 4_000 - one, one) for number, one in enumerate(left)))
    kept = roster.offers(random, is_public=False)
    went = Counter(by_chance(kept, random)[0].place for _ in range(JOINS))
    for number, one in enumerate(left, start=1):
        fair = JOINS * one / sum(left)
        assert abs(went[f":{number}"] - fair) <= max(0.1 * fair, 5 * sqrt(fair))


def test_ten_thousand_joins_over_four_edges_end_within_a_tenth_of_the_fair_share() -> None:
    """Five asks of as many edges that keep the answer for a second, in which 10,000 join."""
    left = (4_000, 2_000, 1_000, 3_000)
    random = Random(12)
    roster = with_edges(*(beat(f"e{number}", 4_000 - one, one) for number, one in enumerate(left)))
    answers = [roster.offers(random, is_public=False) for _ in range(5)]
    went = Counter(by_chance(answers[join % 5], random)[0].place for join in range(JOINS))
    for number, one in enumerate(left, start=1):
        assert abs(went[f":{number}"] / one - 1) <= 0.1
    naive = Counter(answers[join % 5][0].place for join in range(JOINS))
    assert max(naive.values()) >= JOINS / 5, "whoever takes the first goes where all go"


def test_full_busy_and_draining_edges_are_passed_over() -> None:
    """A busy one is the last choice, the others none."""
    roster = with_edges(
        beat("full", 100, 0), beat("busy", load=0.95), beat("goes", draining=True), beat("free")
    )
    assert roster.places(Random(1), is_public=False) == (":4", ":2")


def test_who_is_outside_listens_outside() -> None:
    """And who is in the venue in it."""
    roster = with_edges(beat("in"))
    roster.hello(hello("out", "https://room.example", is_public=True, names=["room.example"]), 0)
    assert roster.places(Random(1), is_public=True) == ("https://room.example",)
    assert roster.places(Random(1), is_public=False) == (":1",)
    assert roster.public_origin == "https://room.example"
    assert "room.example" in roster.names


def test_a_silent_edge_is_away_and_may_come_back() -> None:
    """After three missed beats; a beat is enough to be there again."""
    roster = with_edges(beat("a"), beat("b"))
    roster.beat(beat("b"), 2 * S)
    assert [edge.hello.edge for edge in roster.away(AWAY_NS)] == ["a"]
    assert [edge.hello.edge for edge in roster] == ["b"]
    assert roster.beat(beat("a"), 4 * S) is not None
    assert len(roster) == 2


def test_the_hub_s_own_standstill_is_no_edge_s_silence() -> None:
    roster = with_edges(beat("a"))
    roster.excuse(AWAY_NS)
    assert roster.away(2 * AWAY_NS - 1) == []
    assert [edge.hello.edge for edge in roster.away(2 * AWAY_NS)] == ["a"]


def test_strangers_and_edges_of_another_hub_are_not_heard() -> None:
    """They say hello first."""
    roster = with_edges(beat("a"))
    assert roster.beat(beat("nobody"), 0) is None
    assert roster.beat(beat("a", hub="older"), 0) is None


def test_another_version_is_refused_in_words() -> None:
    """And so is one edge too many."""
    roster = Roster("hub")
    refused = roster.hello(hello("a", version=EDGE_VERSION + 1), 0)
    assert refused is not None
    assert refused.why is RefusedWhy.VERSION
    assert "same Parvis" in refused.text
    for number in range(MAX_EDGES):
        assert roster.hello(hello(f"edge{number}"), 0) is None
    many = roster.hello(hello("late"), 0)
    assert many is not None
    assert many.why is RefusedWhy.BUSY


def test_pages_of_sisters_alone_use_our_sockets() -> None:
    """A port of the same host that is an edge's, or an edge's origin."""
    roster = with_edges(beat("a"))
    roster.hello(hello("far", "https://far.example:444"), 0)
    roster.hello(hello("near", ":8081"), 0)
    assert is_sister(roster, "http://10.0.0.5:8081", "10.0.0.5:8080")
    assert is_sister(roster, "https://far.example:444", "10.0.0.5:8080")
    for origin in ("http://10.0.0.5:8082", "http://other:8081", "https://far.example", "null", ""):
        assert not is_sister(roster, origin, "10.0.0.5:8080")


@given(
    st.lists(
        st.tuples(st.integers(0, 9_000), st.integers(0, 9_000), st.floats(0, 1), st.booleans()),
        max_size=12,
    ),
    st.integers(),
)
def test_only_open_edges_are_named_once_each(
    edges: list[tuple[int, int, float, bool]], seed: int
) -> None:
    """Whatever they say of themselves."""
    beats = [
        beat(f"e{number}", connections, left, load=load, draining=draining)
        for number, (connections, left, load, draining) in enumerate(edges)
    ]
    roster = with_edges(*beats)
    places = roster.places(Random(seed), is_public=False)
    open_ = {
        f":{number}"
        for number, one in enumerate(beats, start=1)
        if one.room_left > 0 and not one.draining
    }
    assert len(set(places)) == len(places)
    assert set(places) <= open_
    assert bool(places) is bool(open_)
