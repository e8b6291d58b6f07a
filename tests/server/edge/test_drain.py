"""An edge that is emptied: everybody is told where to go, the rest is closed, then it ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from fakes.live_edge import edge_house
from fakes.peer import joined, peer
from parvis_server.edge.drain import in_proportion
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Move
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role


async def test_everybody_is_told_where_to_go_and_the_edge_ends() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        async with joined(house.edge.listen) as other:
            house.hub.drain(house.edge.id, 30.0, ":8081", ":8082")
            moves = [await each.until(Move) for each in (one, other)]
            assert {move.place for move in moves} == {":8081", ":8082"}
            assert {move.within_ms for move in moves} == {30_000}
            async with peer(house.edge.listen) as late:
                await late.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER))
                assert (await late.until_closed())[0] == CloseCode.GOING_AWAY
            await house.hub.until(lambda: any(beat.draining for beat in house.hub.beats))
            assert house.hub.beats[-1].room_left == 0
        await one.socket.close()  # the last one has moved: nobody waits for the half minute
        async with asyncio.timeout(5):
            await house.edge.edge.drainage.done.wait()


async def test_a_fuller_edge_gets_fewer() -> None:
    async with (
        edge_house() as house,
        joined(house.edge.listen) as one,
        joined(house.edge.listen) as other,
        joined(house.edge.listen) as third,
    ):
        house.hub.drain(house.edge.id, 30.0, ":1", ":2", ":3", weights=(0, 200, 100))
        moves = [await each.until(Move) for each in (one, other, third)]
        assert Counter(move.place for move in moves) == {":2": 2, ":3": 1}


@given(st.lists(st.integers(0, 4_000), max_size=6), st.integers(1, 6), st.integers(0, 2_000))
def test_each_place_gets_its_share(weights: list[int], places: int, listeners: int) -> None:
    sent = Counter(islice(in_proportion(weights, places), listeners))
    known = (weights + places * [0])[:places]
    fair = known if sum(known) else [1] * places
    for place, weight in enumerate(fair):
        assert abs(sent[place] - listeners * weight / sum(fair)) <= places


async def test_who_does_not_move_is_closed_and_comes_back() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.hub.drain(house.edge.id, 0.1, ":8081")
        assert (await one.until_closed())[0] == CloseCode.GOING_AWAY


async def test_without_another_place_everybody_is_closed_in_time() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.hub.drain(house.edge.id, 0.1)
        assert (await one.until_closed())[0] == CloseCode.GOING_AWAY
        async with asyncio.timeout(5):
            await house.edge.edge.drainage.done.wait()


async def test_an_edge_that_is_told_to_stop_says_goodbye() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.edge.edge.stopping.set()
        assert (await one.until_closed())[0] == CloseCode.GOING_AWAY
