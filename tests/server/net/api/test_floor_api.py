"""Queue and floor by HTTP: who speaks and waits, and a host's acts."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from parvis_wire.commands import RaiseHand, TakeFloor
from parvis_wire.messages import Role
from parvis_wire.room_view import ANONYMOUS_NAME

Client = httpx.AsyncClient


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


@pytest.fixture
async def client(hub: LiveHub) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {hub.secret}"}
    async with Client(
        base_url=f"{hub.http}/api/v1/rooms/main", headers=headers, trust_env=False
    ) as client:
        yield client


async def act(client: Client, **body: Any) -> int:
    answer = await client.post("/acts", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["seq"])


async def test_the_floor_is_what_screens_show(hub: LiveHub, client: Client) -> None:
    async with joined(hub.listen) as ada, joined(hub.listen) as grace:
        await ada.do(RaiseHand, name="Ada")
        await grace.do(RaiseHand, name="Grace", text="Why?", written=True, anonymous=True)
        floor = (await client.get("/floor", headers={"Authorization": ""})).json()
        assert [hand["name"] for hand in floor["line"]] == ["Ada", ANONYMOUS_NAME]
        assert (floor["phase"], floor["floor"], floor["silenced"]) == ("live", [], False)
        assert floor["seq"] == hub.live.room.view.seq
        assert "desk" not in floor


async def test_a_host_acts(hub: LiveHub, client: Client) -> None:
    async with (
        joined(hub.unit, Role.UNIT) as table,
        joined(hub.unit, Role.UNIT) as other,
        joined(hub.listen) as phone,
    ):
        for somebody in (table, other):
            await somebody.do(RaiseHand)
        await phone.do(RaiseHand, name="Ada")
        seq = await act(client, act="grant", participant=other.participant)
        assert [t.participant for t in (await phone.until_seq(seq)).floor] == [other.participant]
        await other.do(TakeFloor)
        seq = await act(client, act="silence", on=True)
        assert (await phone.until_seq(seq)).silenced
        seq = await act(client, act="dismiss", participant=phone.participant, reason="no_time")
        view = await phone.until_seq(seq)
        assert [hand.participant for hand in view.line] == [table.participant]
        seq = await act(client, act="next", id="once")
        view = await phone.until_seq(seq)
        assert [turn.participant for turn in view.floor] == [table.participant]
        assert await act(client, act="next", id="once") == seq, "answered again, not done twice"


async def test_a_room_tells_who_spoke_as_they_wanted_to_be_called(
    hub: LiveHub, client: Client
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Table 1") as table, joined(hub.listen) as shy:
        await table.do(RaiseHand)
        await shy.do(RaiseHand, name="Grace", text="Why?", written=True, anonymous=True)
        assert (await client.get(f"{hub.http}/api/v1/rooms/main")).json()["spoke"] == []
        await act(client, act="next")
        await table.do(TakeFloor)
        await act(client, act="next")
        assert (await client.get(f"{hub.http}/api/v1/rooms/main")).json()["spoke"] == ["Table 1"]


async def test_an_act_that_cannot_be_says_why(client: Client) -> None:
    empty = await client.post("/acts", json={"act": "next"})
    assert (empty.status_code, empty.json()["code"]) == (409, "line_empty")
    nobody = await client.post("/acts", json={"act": "grant", "participant": "nobody"})
    assert nobody.status_code == 409
    for body in ({"act": "sing"}, {"act": "grant"}, {"act": "silence", "on": True, "off": 1}):
        assert (await client.post("/acts", json=body)).status_code == 422
    refused = await client.post("/acts", json={"act": "next"}, headers={"Authorization": ""})
    assert refused.status_code == 401
