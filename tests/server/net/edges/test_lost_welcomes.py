"""The word that tells a listener their raised token is lost: they come back as who they are.

Whoever is made host or co-host gets another token, and a listener's is worth nothing from then on,
since edges can make those. Until its owner has shown the new one, the old one brings it again.
"""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

import pytest
from websockets.exceptions import ConnectionClosed

from fakes.edged_hub import EdgedHub, becomes, edged_hub, losing, other_site
from fakes.live_hub import LOOPBACK
from fakes.peer import Peer, joined, peer, resume
from parvis_server.net.token_handing import MOST, TokenHanding
from parvis_server.room.permissions import OPERATOR
from parvis_wire.audience import React, Reaction, TokenKept
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import LowerHand, RaiseHand, SetRank, SilenceAll
from parvis_wire.floor import Rank
from parvis_wire.messages import PROTOCOL_VERSION, Join, ResumeCredential, Role, Welcome


async def raise_to_cohost(house: EdgedHub, who: str) -> None:
    ack = await house.hub.live.ask(
        OPERATOR, SetRank(id=token_hex(8), participant=who, rank=Rank.COHOST)
    )
    assert ack.refused is None, ack


async def refused_with(url: str, token: ResumeCredential) -> CloseCode:
    async with peer(url) as stranger:
        await stranger.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER, credential=token))
        code, _ = await stranger.until_closed()
        return CloseCode(code)


async def until_raised(one: Peer) -> ResumeCredential:
    """What they are told in the midst of it."""
    while not one.welcome.confirm:
        await one.hear()
    return resume(one)


def test_one_is_under_way_until_it_arrives_by_the_way_it_was_told() -> None:
    handing = TokenHanding()
    handing.gave("ada", "edges")
    assert handing.is_under_way("ada")
    assert handing.is_under_way_by("ada", "edges")
    assert not handing.is_under_way_by("ada", "")
    assert not handing.is_under_way_by("bob", "edges")
    handing.gave("ada", "")
    assert not handing.is_under_way_by("ada", "edges"), "told again, by the hub itself"
    handing.arrived("ada")
    handing.arrived("ada")
    assert not handing.is_under_way("ada")


def test_a_bounded_number_is_under_way() -> None:
    handing = TokenHanding()
    for number in range(MOST + 2):
        handing.gave(str(number), "")
    assert not handing.is_under_way("1")
    assert handing.is_under_way("2")


async def test_who_did_not_hear_of_it_at_an_edge_comes_back_as_the_same_and_is_told(
    tmp_path: Path,
) -> None:
    async with edged_hub(tmp_path) as house:
        async with joined(house.edge.listen) as one:
            assert (await one.do(RaiseHand, name="Ada")).refused is None
            before, who = resume(one), one.participant
            again = losing(house.hub_bus, lambda text: b"raised-" in text)
            await raise_to_cohost(house, who)
            while not one.view.hosts:
                await one.hear()
            assert resume(one) == before, "nobody told them"
        await becomes(lambda: house.desk.relays.count == 0)
        again()
        async with joined(house.edge.listen, credential=before) as back:
            assert back.participant == who
            token = await until_raised(back)
            assert (await back.do(SilenceAll, on=True)).refused is None
        assert await refused_with(house.edge.listen, before) is CloseCode.UNAUTHORISED
        async with joined(house.edge.listen, credential=token) as back:
            assert back.participant == who


async def test_who_goes_on_acting_is_told_again(tmp_path: Path) -> None:
    """The connection never broke: nothing else would tell them before it does."""
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        assert (await one.do(RaiseHand, name="Ada")).refused is None
        before = resume(one)
        again = losing(house.hub_bus, lambda text: b"raised-" in text)
        await raise_to_cohost(house, one.participant)
        while not one.view.hosts:
            await one.hear()
        again()
        assert resume(one) == before
        assert (await one.do(SilenceAll, on=True)).refused is None
        assert resume(one) != before
        await becomes(lambda: not is_under_way(house, one))


def is_under_way(house: EdgedHub, one: Peer) -> bool:
    return house.hub.hub.edges.site.doorkeeper.handing.is_under_way(one.participant)


async def test_an_answer_that_is_lost_is_asked_for_again(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        assert (await one.do(RaiseHand, name="Ada")).refused is None
        again = losing(house.edge_bus, lambda text: b"token_kept" in text)
        await raise_to_cohost(house, one.participant)
        token = await until_raised(one)
        assert is_under_way(house, one)
        again()
        assert (await one.do(SilenceAll, on=True)).refused is None
        await becomes(lambda: not is_under_way(house, one))
        assert resume(one) == token


async def test_whose_connection_broke_at_the_hub_is_told_when_they_come_back(
    tmp_path: Path,
) -> None:
    async with edged_hub(tmp_path) as house:
        async with joined(house.hub.listen) as one:
            before, who = resume(one), one.participant
            one.confirms = False
            await raise_to_cohost(house, who)
        async with joined(house.hub.listen, credential=before) as back:
            assert back.participant == who
            assert (back.welcome.confirm, resume(back) != before) == (True, True)
            await becomes(lambda: not is_under_way(house, back))
        assert await refused_with(house.hub.listen, before) is CloseCode.UNAUTHORISED


@pytest.mark.parametrize("is_by_join", [False, True])
async def test_once_shown_the_token_before_is_void(tmp_path: Path, is_by_join: bool) -> None:
    async with edged_hub(tmp_path) as house, joined(house.hub.listen) as one:
        before = resume(one)
        one.confirms = not is_by_join
        await raise_to_cohost(house, one.participant)
        token = await until_raised(one)
        if is_by_join:
            await one.say(TokenKept(resume=before.token))
            await one.say(React(reaction=Reaction.CLAP))
            await one.until(Welcome)
            assert is_under_way(house, one), "not by another token"
            async with joined(house.hub.listen, credential=token) as back:
                assert not back.welcome.confirm
        await becomes(lambda: not is_under_way(house, one))
        assert await refused_with(house.hub.listen, before) is CloseCode.UNAUTHORISED


async def test_other_edges_take_no_place_of_one_who_was_not_told_yet(tmp_path: Path) -> None:
    """Neither those of the house, of whom the hub itself told, nor those of another site."""
    async with (
        edged_hub(tmp_path) as house,
        other_site(house) as other,
        joined(house.hub.listen) as near,
        joined(house.edge.listen) as far,
    ):
        assert (await far.do(RaiseHand, name="Ada")).refused is None
        losing(house.hub_bus, lambda text: b"raised-" in text)
        near.confirms = False
        for one in (near, far):
            await raise_to_cohost(house, one.participant)
        for url in (house.edge.listen, other.listen):
            assert await refused_with(url, resume(near)) is CloseCode.UNAUTHORISED
        for url in (house.hub.listen, other.listen):
            assert await refused_with(url, resume(far)) is CloseCode.UNAUTHORISED


async def test_another_way_than_it_was_told_by_brings_it_to_nobody(tmp_path: Path) -> None:
    """Somebody is raised in one room while other edges speak for them, or say so, in another."""
    async with (
        edged_hub(tmp_path) as house,
        other_site(house) as other,
        joined(other.listen) as far,
    ):
        assert (await far.do(RaiseHand, name="Ada")).refused is None
        before = resume(far)
        house.hub.hub.edges.site.doorkeeper.handing.gave(far.participant, LOOPBACK)
        assert (await far.do(LowerHand)).refused is None
        assert resume(far) == before
        assert is_under_way(house, far)


async def test_who_knows_the_token_of_before_and_comes_from_elsewhere_gets_nothing(
    tmp_path: Path,
) -> None:
    """Whoever runs an edge could make it, and come to the hub themselves."""
    async with edged_hub(tmp_path) as house, joined(house.hub.listen) as one:
        before = resume(one)
        one.confirms = False
        await raise_to_cohost(house, one.participant)
        assert is_under_way(house, one)
        async with peer(house.hub.listen, local_addr=("127.0.0.2", 0)) as elsewhere:
            with pytest.raises(ConnectionClosed):
                await elsewhere.join(Role.HOST, credential=before)
        assert is_under_way(house, one)
        async with joined(house.hub.listen, credential=before) as back:
            assert back.participant == one.participant
