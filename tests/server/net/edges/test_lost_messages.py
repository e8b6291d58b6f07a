"""Messages that the bus lost: connections that one end alone still has, a room's last news."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.edged_hub import becomes, edged_hub, losing
from fakes.peer import host_credential, joined
from parvis_server.net.edges.ghosts import APART_NS, Ghosts
from parvis_server.net.relay_shares import SHARES
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.edges import MAX_TOLD_RELAYED, EdgeBeat, numbers_of, parse, steps_of
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Role, Snapshot, serialize

S = 1_000_000_000


# The numbers in a beat

NUMBERS = st.frozensets(st.integers(1, (1 << 32) - 1), max_size=50)


@given(NUMBERS)
def test_a_beat_holds_the_numbers(numbers: frozenset[int]) -> None:
    beat = EdgeBeat(
        edge="e", hub="h", connections=0, room_left=0, load=0, relayed=steps_of(numbers)
    )
    read = parse(EdgeBeat, serialize(beat))
    assert read.relayed is not None
    assert numbers_of(read.relayed) == numbers


def test_four_thousand_of_a_long_evening_are_small_and_more_are_refused() -> None:
    assert sum(share.most for share in SHARES.values()) <= MAX_TOLD_RELAYED
    numbers = range(7, 4_000 * 250, 250)
    relayed = steps_of(numbers)
    beat = EdgeBeat(edge="e", hub="h", connections=0, room_left=0, load=0, relayed=relayed)
    assert len(numbers) == 4_000
    assert len(serialize(beat)) < 17_000
    text = serialize(beat).replace(str(relayed[0]), "7,1" + ",1" * MAX_TOLD_RELAYED, 1)
    with pytest.raises(BadMessage):
        parse(EdgeBeat, text)


# Which end where


def test_what_one_end_alone_has_in_two_beats_ends_there() -> None:
    ghosts = Ghosts()
    first = ghosts.told(frozenset({1, 2}), 5, {2, 3, 6}, 0)
    assert not first.hub
    assert not first.edge
    then = ghosts.told(frozenset({1, 2}), 5, {2, 3, 6}, S)
    assert then.hub == {3}, "the sixth came after the edge had spoken"
    assert then.edge == {1}


def test_beats_that_are_read_at_once_are_one() -> None:
    ghosts = Ghosts()
    for at_ns in range(0, APART_NS, APART_NS // 4):
        alone = ghosts.told(frozenset({1}), 3, {2}, at_ns)
        assert not alone.hub | alone.edge
    assert ghosts.told(frozenset({1}), 3, {2}, S).hub == {2}


def test_what_was_under_way_ends_nothing() -> None:
    """Opened at the edge, not yet at the hub; ended at the edge, not yet at the hub."""
    ghosts = Ghosts()
    ghosts.told(frozenset({2}), 2, {1}, 0)
    alone = ghosts.told(frozenset({2}), 2, {2}, S)
    assert not alone.hub | alone.edge


ACT = st.tuples(
    st.sampled_from(["opens", "edge ends", "hub ends"]),
    st.integers(0, 9),
    st.sampled_from(["comes", "comes late", "is lost"]),
)


@given(st.lists(st.lists(ACT, max_size=4), max_size=12))
def test_both_ends_have_the_same_in_the_end_and_nothing_whole_is_ended(
    seconds: list[list[tuple[str, int, str]]],
) -> None:
    """Messages come, come after the next beat, or are lost; then come three quiet beats."""
    ghosts, last = Ghosts(), 0
    edge: set[int] = set()
    hub: set[int] = set()
    late: list[tuple[set[int], str, int]] = []
    whole: set[int] = set()
    """What both ends have, and neither has ended."""

    def arrives(where: set[int], act: str, number: int) -> None:
        if act == "opens":
            where.add(number)
            if number in edge:
                whole.add(number)
        else:
            where.discard(number)

    for at, acts in enumerate([*seconds, [], [], []]):
        due, late = late, []
        for act, which, way in acts:
            here, there = (hub, edge) if act == "hub ends" else (edge, hub)
            if act == "opens":
                number = last = last + 1
                here.add(number)
            elif here:
                number = sorted(here)[which % len(here)]
                here.discard(number)
                whole.discard(number)
            else:
                continue
            if way == "comes":
                arrives(there, act, number)
            elif way == "comes late":
                late.append((there, act, number))
        alone = ghosts.told(frozenset(edge), last, hub, at * S)
        assert not whole & (alone.hub | alone.edge)
        hub -= alone.hub
        edge -= alone.edge
        for where, act, number in due:
            arrives(where, act, number)
    assert hub == edge


# Hub and edge


async def test_a_listener_whose_end_was_lost_is_gone_at_the_hub(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house:
        async with joined(house.edge.listen) as one:
            assert (await one.do(RaiseHand, name="Ada")).refused is None
            assert house.desk.relays.count == 1
            losing(house.edge_bus, lambda payload: b'"relay_gone"' in payload)
        await becomes(lambda: len(house.edge.edge.relays) == 0)
        assert house.desk.relays.count == 1, "nobody told it"
        await becomes(lambda: house.desk.relays.count == 0)
        await becomes(lambda: not house.hub.live.seats)


async def test_a_host_whom_the_hub_let_go_of_without_a_word_comes_back(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house:
        secret = host_credential(house.hub.secret)
        async with (
            joined(house.edge.listen, Role.HOST, credential=secret) as host,
            joined(house.edge.listen) as one,
        ):
            assert (await one.do(RaiseHand, name="Ada")).refused is None
            again = losing(house.hub_bus, lambda payload: b'"relay_close"' in payload)
            (visit,) = [
                visit
                for relays, _ in house.desk.relays._edges.values()
                for visit in relays.visits.values()
                if not visit.connection.is_fanned_out
            ]
            visit.socket.close(CloseCode.SLOW, "a word that is lost")
            await becomes(lambda: house.desk.relays.count == 1)
            again()
            assert (await host.until_closed())[0] == CloseCode.GOING_AWAY
            assert house.desk.relays.count == 1, "whoever is well stays"
            assert (await one.do(RaiseHand, name="Ada", text="Why?")).id


async def test_the_last_news_of_a_room_are_asked_for_when_they_were_lost(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        losing(house.hub_bus, lambda payload: b'"room_news"' in payload)
        async with joined(house.hub.listen) as at_hub:
            assert (await at_hub.do(RaiseHand, name="Ada")).refused is None
            while not one.view.line:
                await one.until(Snapshot)
        assert house.edge.edge.line.is_reached
