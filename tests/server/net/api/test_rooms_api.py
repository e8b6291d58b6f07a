"""Rooms by HTTP: made, shown, changed, begun, ended; who may, and what a wrong request hears."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from parvis_server.net.api.routes import MAX_BODY_BYTES
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import Phase
from parvis_wire.messages import HostCredential, InviteCredential, Role

Client = httpx.AsyncClient
EVENING = {"title": "Evening", "access": "private", "phase": "live"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


@pytest.fixture
async def client(hub: LiveHub) -> AsyncIterator[Client]:
    async with Client(base_url=f"{hub.http}/api/v1", trust_env=False) as client:
        yield client


@pytest.fixture
async def operator(hub: LiveHub) -> AsyncIterator[Client]:
    headers = bearer(hub.hub.keys.operator_token)
    async with Client(base_url=f"{hub.http}/api/v1", headers=headers, trust_env=False) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def key_of(link: str) -> str:
    return link.rpartition("k=")[2]


async def make(operator: Client, **fields: Any) -> dict[str, Any]:
    answer = await operator.post("/rooms", json={"title": "Evening", "phase": "live", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_room_is_made_in_one_step(hub: LiveHub, operator: Client, client: Client) -> None:
    made = await make(
        operator,
        title="Été à Lyon",
        language="fr",
        description="Deux heures.",
        topics=["budget"],
        begins_utc_ms=1_800_000_000_000,
        phase="scheduled",
    )
    room, links = made["room"], made["links"]
    assert (room["room"], room["phase"], room["access"]) == ("ete-a-lyon", "scheduled", "open")
    assert links["audience"] == room["link"] == f"{hub.http}/r/ete-a-lyon"
    assert links["screen"] == f"{hub.http}/screen#r=ete-a-lyon"
    shown = (await client.get("/rooms/ete-a-lyon")).json()
    assert shown.pop("live_ms") >= room.pop("live_ms")
    assert shown == room
    listed = (await client.get("/rooms")).json()["rooms"]
    assert [one["room"] for one in listed] == ["main", "ete-a-lyon"]
    credential = HostCredential(secret=key_of(links["host"]))
    async with joined(hub.listen, Role.HOST, room="ete-a-lyon", credential=credential) as host:
        assert host.view.about is not None
        assert host.view.about.topics == ("budget",)


async def test_a_private_room_is_known_to_whoever_has_its_link(
    hub: LiveHub, operator: Client, client: Client
) -> None:
    made = await make(operator, access="private")
    name, links = made["room"]["room"], made["links"]
    nowhere = await client.get("/rooms/attic")
    hidden = await client.get(f"/rooms/{name}")
    assert (hidden.status_code, hidden.json()) == (404, nowhere.json())
    for link in (links["audience"], links["host"]):
        shown = await client.get(f"/rooms/{name}", headers=bearer(key_of(link)))
        assert shown.json()["title"] == "Evening"
    assert [r["room"] for r in (await client.get("/rooms")).json()["rooms"]] == ["main"]
    assert name in (await operator.get("/rooms")).text
    screen = InviteCredential(token=key_of(links["screen"]))
    async with joined(hub.listen, Role.SCREEN, room=name, credential=screen) as shows:
        assert shows.view.title == "Evening"


async def test_a_rooms_host_changes_begins_and_ends_it(
    hub: LiveHub, operator: Client, client: Client
) -> None:
    made = await make(operator, phase="scheduled", description="Old")
    host = bearer(key_of(made["links"]["host"]))
    changed = await client.patch("/rooms/evening", json={"title": "Night"}, headers=host)
    assert (changed.json()["title"], changed.json()["description"]) == ("Night", "Old")
    room = hub.hub.rooms.get("evening")
    assert room is not None
    async with joined(hub.listen, room="evening") as stranger:
        closing = {"access": "closed", "show_out": True}
        changed = await client.patch("/rooms/evening", json=closing, headers=host)
        assert changed.json()["access"] == "closed"
        assert (await stranger.until_closed())[0] == CloseCode.ROOM_CLOSED
    await client.patch("/rooms/evening", json={"access": "open"}, headers=host)
    for phase in ("backstage", "live", "live", "ended"):
        answer = await client.put("/rooms/evening/phase", json={"phase": phase}, headers=host)
        assert answer.json()["phase"] == phase
        assert (room.engine.running is not None) == (phase != "ended")
    again = await client.put("/rooms/evening/phase", json={"phase": "live"}, headers=host)
    assert again.status_code == 409
    assert room.phase is Phase.ENDED
    assert (await client.get("/rooms/evening")).json()["phase"] == "ended", "its link lives on"


async def test_whoever_may_not_is_told_so(hub: LiveHub, operator: Client, client: Client) -> None:
    made = await make(operator)
    stranger, other = bearer("a" * 22), bearer(hub.secret)
    for headers in ({}, stranger, other, bearer(key_of(made["links"]["host"]))):
        answer = await client.post("/rooms", json={"title": "Mine"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        assert answer.headers["www-authenticate"] == "Bearer"
    for headers in ({}, stranger, other):
        for name in ("evening", "attic"):
            answer = await client.put(
                f"/rooms/{name}/phase", json={"phase": "ended"}, headers=headers
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert (await operator.put("/rooms/attic/phase", json={"phase": "live"})).status_code == 404


async def test_guessing_is_slowed_down(client: Client) -> None:
    codes = [
        (await client.get("/rooms/attic", headers=bearer("a" * 22))).status_code for _ in range(31)
    ]
    assert codes == [404] * 30 + [429]
    assert (await client.get("/rooms/main")).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "A", "colour": "red"}, "colour"),
        ({"title": "A", "language": "english"}, "language"),
        ({"title": "A", "topics": ["x"] * 9}, "topics"),
        ({"title": "A", "name": "Not A Name"}, "name"),
        ({"title": "A", "phase": "ended"}, "phase"),
        ({"title": "A", "begins_utc_ms": -1}, "begins_utc_ms"),
        ([], "body"),
    ],
)
async def test_a_room_that_cannot_be_is_refused(operator: Client, body: Any, words: str) -> None:
    answer = await operator.post("/rooms", json=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert words in answer.json()["text"]


async def test_requests_that_are_none(operator: Client, client: Client) -> None:
    answer = await operator.post(
        "/rooms", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    big = await operator.post("/rooms", json={"title": "x" * MAX_BODY_BYTES})
    assert (big.status_code, big.json()["code"]) == (413, "too_big")
    taken = await operator.post("/rooms", json={"title": "A", "name": "main"})
    assert (taken.status_code, taken.json()["code"]) == (409, "taken")
    nothing = await client.get("/attic")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    method = await client.delete("/rooms")
    assert (method.status_code, method.json()["code"]) == (405, "method")


async def test_other_sites_pages_may_not_read_it(client: Client) -> None:
    answer = await client.get("/rooms", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_document_knows_every_route(client: Client) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["servers"] == [{"url": "/api/v1"}]
    assert set(document["paths"]) >= {
        "/rooms",
        "/rooms/{room}",
        "/rooms/{room}/phase",
        "/rooms/{room}/audience",
        "/rooms/{room}/floor",
        "/rooms/{room}/acts",
        "/rooms/{room}/links",
        "/rooms/{room}/links/qr.svg",
        "/rooms/{room}/qr.svg",
        "/rooms/{room}/invitations",
        "/rooms/{room}/invitations/{number}",
        "/codes",
    }
