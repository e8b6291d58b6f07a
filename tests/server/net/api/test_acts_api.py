"""The record of a room over HTTP: who did what, when, for those who run it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import host_credential, joined
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.store.database import Store
from parvis_wire.commands import Block, GiveFloor, MakeInvite, RaiseHand, SetPhase
from parvis_wire.floor import InviteRole, LowerReason, Phase
from parvis_wire.messages import Role


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    store = Store.open(f"sqlite:///{tmp_path / 'parvis.db'}")
    keeper = StoredRooms(store, lambda: None, "main")
    async with live_hub(tmp_path / "hub", keeper=keeper) as running:
        yield running


async def record(hub: LiveHub, secret: str | None = None, **asked: Any) -> httpx.Response:
    shown = hub.secret if secret is None else secret
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(
            f"{hub.http}/api/v1/rooms/main/acts",
            params=asked,
            headers={"Authorization": f"Bearer {shown}"} if shown else {},
        )


async def test_the_host_reads_who_did_what(hub: LiveHub) -> None:
    host = host_credential(hub.secret)
    async with (
        joined(hub.listen) as ada,
        joined(hub.listen) as ben,
        joined(hub.unit, Role.UNIT, name="Table 4") as table,
        joined(hub.listen, Role.HOST, credential=host, name="Hera") as run,
    ):
        await ada.do(RaiseHand, name="Ada", text="Why?", anonymous=True)
        await ben.do(RaiseHand, name="Ben")
        await table.do(RaiseHand)
        await run.do(GiveFloor, participant=ada.participant)
        await run.do(Block, participant=ben.participant, out=True)
        await run.do(SetPhase, phase=Phase.BACKSTAGE)
        answer = await record(hub)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        acts = answer.json()["acts"]
        shown = [
            (one["act"], one["by"]["name"], one["about"] and one["about"]["name"], one["detail"])
            for one in acts
        ]
        assert shown == [
            ("phase_set", "Hera", None, "backstage"),
            ("hand_lowered", "Hera", "Ben", LowerReason.BLOCKED.value),
            ("blocked", "Hera", "Ben", "out"),
            ("floor_granted", "Hera", "Ada", None),
            ("hand_raised", "Table 4", "Table 4", None),
            ("hand_raised", "Ben", "Ben", None),
            ("hand_raised", "Ada", "Ada", None),
        ]
        assert "Why?" not in answer.text, "what was asked is no act"
        assert all(one["utc_ms"] > 1_700_000_000_000 for one in acts)
        assert answer.json()["before"] is None


async def test_it_comes_in_bounded_pages(hub: LiveHub) -> None:
    async with joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as run:
        for _ in range(3):
            await run.do(MakeInvite, role=InviteRole.AUDIENCE)
        first = (await record(hub, limit=2)).json()
        assert (len(first["acts"]), first["before"]) == (2, first["acts"][-1]["seq"])
        rest = (await record(hub, limit=2, before=first["before"])).json()
        assert (len(rest["acts"]), rest["before"]) == (1, None)
        assert (await record(hub, limit=1000)).status_code == 422


async def test_it_is_for_those_who_run_the_room(hub: LiveHub) -> None:
    keys = hub.hub.keys
    async with (
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as run,
    ):
        for role in (InviteRole.COHOST, InviteRole.AUDIENCE):
            await run.do(MakeInvite, role=role)
        cohost = keys.invite_token("main", 1, InviteRole.COHOST)
        guest = keys.invite_token("main", 2, InviteRole.AUDIENCE)
        for secret in (keys.operator_token, cohost):
            assert (await record(hub, secret)).status_code == 200
        elsewhere = keys.host_secret_of("other")
        for secret in ("", guest, phone.welcome.resume, keys.audience_token("main"), elsewhere):
            answer = await record(hub, secret)
            assert answer.status_code == 401
            assert "acts" not in answer.json()
