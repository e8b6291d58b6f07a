"""Units over HTTP: who waits, who is paired, and what a pairing desk is asked."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from fakes.operators import Api
from fakes.operators import api as make_api
from parvis_server.errors import TrustRefused
from parvis_server.net.api.faults import add_faults
from parvis_server.net.api.operators import Operators
from parvis_server.net.api.seams import Actor, Stranger
from parvis_server.net.api.unit_routes import unit_routes
from parvis_server.net.rate import wrong_secret_attempts
from parvis_wire.identity import fingerprint, public_bytes, to_text

KEY = public_bytes(Ed25519PrivateKey.generate())
UNIT = fingerprint(KEY)


class Desk:
    """Notes what it is asked; refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.refusal: TrustRefused | None = None

    def waiting(self) -> Sequence[Stranger]:
        return (Stranger(UNIT, "Table 4", 7, "192.0.2.8", True, "press", 3),)

    def _note(self, *said: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(said)

    def pair(self, unit: str, code: str, by: Actor) -> None:
        self._note("pair", unit, code, by.name)

    def accept(self, unit: str, by: Actor) -> None:
        self._note("accept", unit, by.name)

    def identify(self, unit: str, by: Actor) -> None:
        self._note("identify", unit, by.name)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def _kept() -> None:
    return


@pytest.fixture
async def client(tmp_path: Path, desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    with make_api(tmp_path) as made:
        hub = made.hub
        operators = Operators(
            keys=hub.keys,
            trust=hub.trust,
            rooms=hub.rooms,
            attempts=wrong_secret_attempts(),
            origin=hub.operator_origin,
            kept=_kept,
            desk=desk,
        )
        app = FastAPI()
        add_faults(app)
        app.include_router(unit_routes(operators))
        headers = {"Authorization": f"Bearer {hub.keys.operator_token}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers
        ) as asks:
            yield asks


async def test_who_waits_is_listed(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/units")).json()
    assert listed["paired"] == []
    assert listed["waiting"] == [
        {
            "unit": UNIT,
            "name": "Table 4",
            "since_utc_ms": 7,
            "address": "192.0.2.8",
            "has_code": True,
            "state": "press",
            "tries_left": 3,
            "first_use": False,
        }
    ]


async def test_the_desk_is_asked_in_the_operators_name(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    paired = await client.post(f"/units/{UNIT}/pair", json={"code": "k7qw-3mpd "})
    accepted = await client.post(f"/units/{UNIT}/accept")
    blinks = await client.post(f"/units/{UNIT}/identify")
    assert [one.status_code for one in (paired, accepted, blinks)] == [202] * 3
    assert desk.asked == [
        ("pair", UNIT, "K7QW3MPD", "command line"),
        ("accept", UNIT, "command line"),
        ("identify", UNIT, "command line"),
    ]


async def test_what_is_no_code_never_reaches_a_unit(client: httpx.AsyncClient, desk: Desk) -> None:
    for code in ("K7QW3MP0", "K7QW3MPDX", "        ", "K7QW3MÉD"):
        answer = await client.post(f"/units/{UNIT}/pair", json={"code": code})
        assert answer.status_code == 422
        assert "eight letters and digits" in answer.json()["text"]
        assert code not in answer.text
    assert desk.asked == []


async def test_what_the_desk_refuses_is_told(client: httpx.AsyncClient, desk: Desk) -> None:
    for code, status in (("not_found", 404), ("paused", 409), ("busy", 409)):
        desk.refusal = TrustRefused(code, "not now")
        for path, body in (("pair", {"code": "K7QW3MPD"}), ("accept", None), ("identify", None)):
            answer = await client.post(f"/units/{UNIT}/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    with make_api(tmp_path) as made:
        yield made


async def test_a_key_that_is_handed_over_is_paired(api: Api) -> None:
    token = await api.claimed()

    async def ask(method: str, path: str, body: Any = None) -> httpx.Response:
        return await api.ask(method, path, body, token=token)

    made = await ask("POST", "/units", {"key": to_text(KEY), "name": "Table 4"})
    assert made.status_code == 201
    assert made.json()["unit"] == UNIT
    assert (made.json()["how"], made.json()["by"]) == ("operator", "Zoé")
    renamed = await ask("PATCH", f"/units/{UNIT}", {"name": "Balcony"})
    assert renamed.json()["name"] == "Balcony"
    listed = (await ask("GET", "/units")).json()["paired"]
    assert [(one["name"], one["here"], one["room"]) for one in listed] == [("Balcony", False, None)]
    assert (await ask("DELETE", f"/units/{UNIT}")).status_code == 204
    assert (await ask("DELETE", f"/units/{UNIT}")).status_code == 404
    assert (await ask("PATCH", f"/units/{UNIT}", {"name": "Balcony"})).status_code == 404
    assert (await ask("GET", "/units")).json()["paired"] == []


async def test_what_is_no_key(api: Api) -> None:
    for key in ("", "A" * 42, "A" * 44, "B" * 43, "!" * 43):
        answer = await api.ask("POST", "/units", {"key": key, "name": "T"}, token=api.own_token)
        assert answer.status_code == 422


async def test_a_hub_without_a_desk_says_that_nobody_waits(api: Api) -> None:
    answer = await api.ask("POST", f"/units/{UNIT}/pair", {"code": "K7QW3MPD"}, token=api.own_token)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
