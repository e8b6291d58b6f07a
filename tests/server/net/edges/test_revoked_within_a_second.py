"""Who may no longer listen at an edge: how much they still hear, and that they stay out.

Judged by the program's own positions: packets said after the host's order and still heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.edged_hub import EdgedHub, edged_hub
from fakes.engine import FakeEngine
from fakes.peer import Peer, host_credential, joined, peer, resume
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Block, MakeInvite, RaiseHand, RevokeInvite
from parvis_wire.floor import About, Access, InviteRole, Phase
from parvis_wire.messages import PROTOCOL_VERSION, InviteCredential, Join, Role

PACKET_S, PACKET_SAMPLES = 0.02, 960
MOST_SAMPLES = 48_000
"""A second of the program."""


@asynccontextmanager
async def speaking(engine: FakeEngine) -> AsyncIterator[None]:
    """A packet every 20 ms, never two at once: the program is no quicker than the clock."""

    async def speak() -> None:
        while True:
            engine.say()
            await asyncio.sleep(PACKET_S)

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()


async def hears(one: Peer) -> None:
    while not one.packets:
        await one.hear()


def heard_after(one: Peer, said: int) -> int:
    """Samples from the first packet that was said after the order to the last that was heard."""
    return one.packets[-1].timestamp + PACKET_SAMPLES - said * PACKET_SAMPLES


async def turned_away(house: EdgedHub, **fields: object) -> int:
    async with peer(house.edge.listen) as one:
        told = {"version": PROTOCOL_VERSION, "role": Role.LISTENER, **fields}
        await one.say(Join.model_validate(told))
        return (await one.until_closed())[0]


async def test_who_is_shown_out_at_the_hub_hears_less_than_a_second_more(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house, speaking(house.hub.engine):
        credential = host_credential(house.hub.secret)
        async with (
            joined(house.hub.listen, Role.HOST, credential=credential) as host,
            joined(house.edge.listen) as one,
            joined(house.edge.listen) as other,
        ):
            assert (await one.do(RaiseHand, name="Rude")).refused is None
            await hears(one)
            said = house.hub.engine.said
            assert (await host.do(Block, participant=one.participant, out=True)).refused is None
            assert (await one.until_closed())[0] == CloseCode.FORBIDDEN
            assert heard_after(one, said) < MOST_SAMPLES
            assert await turned_away(house, credential=resume(one)) == CloseCode.FORBIDDEN
            other.packets.clear()
            await hears(other)


async def test_a_grant_whose_invitation_is_void_is_worth_less_than_a_second(tmp_path: Path) -> None:
    async with edged_hub(tmp_path) as house:
        about = About(title="Closed", access=Access.CLOSED)
        room = house.hub.hub.rooms.create(about, name="closed", phase=Phase.LIVE)
        engine = room.engine.running
        assert isinstance(engine, FakeEngine)
        invitation = MakeInvite(id="invite-0001-abcdef", role=InviteRole.SPEAKER)
        made = await room.live.ask(OPERATOR, invitation)
        shown = InviteCredential(token=(made.link or "").rpartition("k=")[2])
        async with (
            speaking(engine),
            joined(house.edge.listen, room="closed", invite=shown) as guest,
        ):
            grant = guest.welcome.grant
            assert grant is not None
            await hears(guest)
            said = engine.said
            await room.live.ask(OPERATOR, RevokeInvite(id="revoke-0001-abcdef", number=1))
            assert (await guest.until_closed())[0] == CloseCode.ROOM_CLOSED
            assert heard_after(guest, said) < MOST_SAMPLES
            again = {"room": "closed", "grant": grant, "credential": resume(guest)}
            assert await turned_away(house, **again) == CloseCode.ROOM_CLOSED
