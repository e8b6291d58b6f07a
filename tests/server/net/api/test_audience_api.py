"""Who listens, by HTTP: names that were given, the invited marked, counts as the host allows."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from parvis_wire.audience import Avatar, Here
from parvis_wire.commands import AnswerAsk, CloseAsk, LeaveSeat, OpenAsk, SetRules
from parvis_wire.floor import FloorRules
from parvis_wire.messages import InviteCredential, Role

NOBODY = ""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def ask(hub: LiveHub, secret: str = NOBODY, method: str = "GET", **json: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    url = f"{hub.http}/api/v1/rooms/main"
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        if method == "GET":
            return (await client.get(f"{url}/audience")).json()
        return (await client.post(f"{url}/invitations", json=json)).json()


async def says_here(peer: Peer, **here: Any) -> None:
    """A phone says how it is here; answered things come in order, so the hub knows it after."""
    await peer.say(Here(**here))
    assert (await peer.do(LeaveSeat)).refused is not None


async def test_people_with_a_name_the_invited_first_and_everybody_counted(hub: LiveHub) -> None:
    made = await ask(hub, hub.secret, "POST", role="speaker", name="Grace")
    invited = InviteCredential(token=made["link"].rpartition("k=")[2])
    async with (
        joined(hub.listen) as ada,
        joined(hub.listen, credential=invited) as grace,
        joined(hub.listen),
        joined(hub.listen, Role.SCREEN),
        joined(hub.unit, Role.UNIT),
    ):
        await says_here(ada, name="Ada", avatar=Avatar.OWL, in_hall=True)
        await says_here(grace, name="Grace")
        told = await ask(hub)
        assert told["people"] == [
            {
                "participant": grace.participant,
                "name": "Grace",
                "avatar": None,
                "in_hall": False,
                "invited": True,
            },
            {
                "participant": ada.participant,
                "name": "Ada",
                "avatar": "owl",
                "in_hall": True,
                "invited": False,
            },
        ]
        assert (told["listeners"], told["in_hall"]) == (3, 1)


async def test_hidden_counts_are_told_to_those_who_run_the_room(hub: LiveHub) -> None:
    made = await ask(hub, hub.secret, "POST", role="cohost")
    cohost = made["link"].rpartition("k=")[2]
    async with (
        joined(hub.listen),
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await host.do(SetRules, rules=FloorRules(shows_counts=False))
        for secret, counts in (
            (NOBODY, (None, None)),
            ("wrong", (None, None)),
            (hub.secret, (1, 0)),
            (cohost, (1, 0)),
            (hub.hub.keys.operator_token, (1, 0)),
        ):
            told = await ask(hub, secret)
            assert (told["listeners"], told["in_hall"]) == counts, secret


async def test_buttons_and_phones_in_the_hall_count_together(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT) as table,
        joined(hub.listen) as near,
        joined(hub.listen) as far,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await says_here(near, in_hall=True)
        await host.do(OpenAsk, question="Shall we go on?")
        for one in (table, near, far):
            assert (await one.do(AnswerAsk)).refused is None
        await host.do(CloseAsk)
        tally = (await far.until_seq(hub.live.room.view.seq)).tally
        assert tally is not None
        assert (tally.yes_hall, tally.yes_far, tally.asked) == (2, 1, 3)
