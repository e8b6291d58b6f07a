"""Links, codes to scan and codes to type, invitations."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from parvis_server.net.qr import qr_svg
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import About, Access, Phase, Rank
from parvis_wire.messages import HostCredential, InviteCredential, Role

Client = httpx.AsyncClient


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        about = About(title="Board", access=Access.PRIVATE)
        running.hub.rooms.create(about, name="board", phase=Phase.LIVE)
        yield running


def client_of(hub: LiveHub, secret: str | None) -> Client:
    headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    return Client(base_url=f"{hub.http}/api/v1/rooms/board", headers=headers, trust_env=False)


@pytest.fixture
async def host(hub: LiveHub) -> AsyncIterator[Client]:
    async with client_of(hub, hub.hub.keys.host_secret_of("board")) as client:
        yield client


async def invite(host: Client, role: str) -> tuple[int, str]:
    answer = await host.post("/invitations", json={"role": role, "name": "Ada"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return made["number"], made["link"]


def key_of(link: str) -> str:
    return link.rpartition("k=")[2]


async def test_a_host_gets_every_link_of_the_room(hub: LiveHub, host: Client) -> None:
    keys = hub.hub.keys

    async def link(**wanted: Any) -> Any:
        answer = await host.post("/links", json=wanted)
        drawing = await host.post("/links/qr.svg", json=wanted)
        assert drawing.status_code == answer.status_code
        if answer.status_code == 200:
            assert drawing.content == qr_svg(answer.json()["link"])
            assert drawing.headers["content-type"] == "image/svg+xml"
            ElementTree.fromstring(drawing.text)
        return answer.json()

    audience = await link(kind="audience")
    assert audience["link"] == f"{hub.http}/r/board#k={keys.audience_token('board')}"
    own = await link(kind="host")
    assert own == {
        "link": f"{hub.http}/host#r=board&k={keys.host_secret_of('board')}",
        "code": None,
    }
    assert (await link(kind="screen"))["code"] == "no_invite"
    number, made = await invite(host, "screen")
    assert (await link(kind="screen"))["link"] == made
    assert await link(kind="invite", number=number) == {"link": made, "code": None}
    assert (await link(kind="invite", number=99))["code"] == "no_invite"
    assert (await link(kind="invite"))["code"] == "no_invite"
    async with joined(hub.unit, Role.UNIT, room="board", name="Table 1") as table:
        seat = await link(kind="seat", unit=table.participant)
        assert seat["link"].endswith(f"&seat={keys.seat_code('board', 'Table 1')}")
    assert (await link(kind="seat"))["code"] == "no_unit"


async def test_an_invitation_makes_of_somebody_what_it_says_until_it_is_void(
    hub: LiveHub, host: Client
) -> None:
    number, link = await invite(host, "cohost")
    credential = InviteCredential(token=key_of(link))
    own = HostCredential(secret=hub.hub.keys.host_secret_of("board"))
    async with (
        joined(hub.listen, Role.HOST, room="board", credential=own),
        joined(hub.listen, Role.HOST, room="board", credential=credential) as cohost,
    ):
        assert cohost.welcome.rank is Rank.COHOST
        assert (await host.delete(f"/invitations/{number}")).status_code == 204
        code, _ = await cohost.until_closed()
        assert code == CloseCode.ROOM_CLOSED
    again = await host.delete(f"/invitations/{number}")
    assert again.status_code == 409


async def test_a_cohost_sees_no_link_that_makes_hosts(hub: LiveHub, host: Client) -> None:
    _, link = await invite(host, "cohost")
    number, _ = await invite(host, "host")
    async with client_of(hub, key_of(link)) as cohost:
        assert (await cohost.post("/links", json={"kind": "audience"})).status_code == 200
        for wanted in ({"kind": "host"}, {"kind": "invite", "number": number}):
            assert (await cohost.post("/links", json=wanted)).status_code == 401
        assert (await cohost.put("/phase", json={"phase": "ended"})).status_code == 401


async def test_who_is_no_host_gets_no_link(hub: LiveHub) -> None:
    for secret in (None, hub.hub.keys.audience_token("board"), hub.secret):
        async with client_of(hub, secret) as client:
            assert (await client.post("/links", json={"kind": "audience"})).status_code == 401


async def test_a_code_leads_where_its_link_does(hub: LiveHub, host: Client) -> None:
    link = (await host.post("/links", json={"kind": "audience"})).json()
    assert len(link["code"]) == 6
    async with Client(base_url=hub.http, trust_env=False) as anybody:
        for typed in (link["code"], link["code"].lower(), f"{link['code'][:3]} {link['code'][3:]}"):
            found = await anybody.post("/api/v1/codes", json={"code": typed})
            assert hub.http + found.json()["path"] == link["link"]
        wrong = [
            (await anybody.post("/api/v1/codes", json={"code": "222222"})).status_code
            for _ in range(11)
        ]
        assert wrong == [404] * 10 + [429]
        late = await anybody.post("/api/v1/codes", json={"code": link["code"]})
        assert late.status_code == 429, "guesses are not let through by the way"


async def test_codes_outlive_a_restart(tmp_path: Path) -> None:
    async def code(hub: LiveHub) -> str:
        async with Client(base_url=f"{hub.http}/api/v1/rooms/main", trust_env=False) as client:
            headers = {"Authorization": f"Bearer {hub.secret}"}
            answer = await client.post("/links", json={"kind": "audience"}, headers=headers)
            return str(answer.json()["code"])

    async with live_hub(tmp_path) as first:
        before = await code(first)
    async with live_hub(tmp_path) as second:
        async with Client(base_url=second.http, trust_env=False) as client:
            found = await client.post("/api/v1/codes", json={"code": before})
        assert found.json() == {"path": "/r/main"}
