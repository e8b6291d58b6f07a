"""Pages and requests at an edge: its own, the hub's, and none while the venue is away."""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from fakes.live_edge import House, edge_house
from fakes.peer import joined
from parvis_server.edge import gateway, hub_line
from parvis_server.net.pages import FOREVER, BuiltFile, Pages
from parvis_wire.edges import MAX_HTTP_ANSWER_BYTES, HttpAnswer, Refused, RefusedWhy


def built(text: str) -> BuiltFile:
    return BuiltFile(text.encode(), None, "text/html; charset=utf-8", '"1"', FOREVER)


PAGES = Pages(
    {
        name: built(f"<head></head>{name}")
        for name in ("index.html", "host.html", "rooms.html", "operator.html", "assets/a.js")
    }
)


def client(house: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=house.edge.http, trust_env=False)


async def test_pages_are_the_edges_own() -> None:
    async with edge_house(pages=PAGES) as house, client(house) as browser:
        for path, name in (("/r/main", "index.html"), ("/host", "host.html"), ("/c", "rooms.html")):
            answer = await browser.get(path)
            assert (answer.status_code, answer.text.endswith(name)) == (200, True)
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert (await browser.get("/assets/a.js")).status_code == 200
        assert (await browser.get("/nothing")).status_code == 404
        assert (await browser.get("/r/Not_A_Room")).status_code == 404
        assert house.hub.asked_http == []


async def test_an_open_rooms_page_says_what_it_is_once_somebody_listens() -> None:
    async with edge_house(pages=PAGES) as house, client(house) as browser:
        assert "noindex" in (await browser.get("/r/main")).text
        async with joined(house.edge.listen):
            assert 'content="Hall"' in (await browser.get("/r/main")).text


async def test_the_api_is_the_hubs() -> None:
    async with edge_house() as house, client(house) as browser:
        house.hub.page("/api/v1/rooms?before=7", '{"rooms": []}')
        answer = await browser.get(
            "/api/v1/rooms?x=1&before=7&limit=x", headers={"Authorization": "Bearer t"}
        )
        assert (answer.status_code, answer.json()) == (200, {"rooms": []})
        (asked,) = house.hub.asked_http
        assert dict(asked.headers)["authorization"] == "Bearer t"
        assert asked.address == "127.0.0.1"
        house.hub.page("/api/v1/codes", '{"path": "/r/main"}', method="POST")
        answer = await browser.post("/api/v1/codes", json={"code": "ABCDEF"})
        assert answer.json() == {"path": "/r/main"}


async def test_what_everybody_may_see_is_asked_once_a_second() -> None:
    async with edge_house() as house, client(house) as browser:
        house.hub.page("/api/v1/rooms/main", '{"name": "main"}')
        answers = await asyncio.gather(*(browser.get("/api/v1/rooms/main") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(house.hub.asked_http) == 1
        secret = {"Authorization": "Bearer t"}
        await browser.get("/api/v1/rooms/main", headers=secret)
        assert len(house.hub.asked_http) == 2


async def test_what_a_stranger_adds_makes_no_new_question() -> None:
    """Queries, languages, kinds of answer and spellings of one path; HEAD beside GET."""
    async with edge_house() as house, client(house) as browser:
        house.hub.page("/api/v1/rooms/main", '{"name": "main"}')
        for number in range(100):
            headers = {"Accept-Language": f"x-{number}", "Accept": f"a/{number}"}
            spelt = ("/api/v1/rooms/main", "/api/v1/rooms/m%61in", "/api/v1/rooms/%6dain")[
                number % 3
            ]
            path = f"{spelt}?before={number}&x{number}=1"
            method = "HEAD" if number % 2 else "GET"
            assert (await browser.request(method, path, headers=headers)).status_code == 200
        assert {asked.target for asked in house.hub.asked_http} == {"/api/v1/rooms/main"}
        assert len(house.hub.asked_http) < 100 // 4, "one a second"


async def test_a_network_that_asks_too_much_is_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In two languages; what is kept for everybody costs it nothing, and others go on."""
    monkeypatch.setattr(gateway, "KEPT_NS", 3_600 * gateway.NS_PER_S)
    async with edge_house(pages=PAGES) as house, client(house) as browser:
        house.hub.page("/api/v1/rooms/main", '{"name": "main"}')
        house.hub.page("/api/v1/rooms", "{}", method="POST")
        now_ns = house.edge.edge.line.now_ns()
        monkeypatch.setattr(house.edge.edge.line, "now_ns", lambda: now_ns)
        assert (await browser.get("/api/v1/rooms/main")).status_code == 200
        answers = [await browser.post("/api/v1/rooms") for _ in range(gateway.ASKED_AT_ONCE + 5)]
        assert [answer.status_code for answer in answers].count(429) == 6
        refused = answers[-1]
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_often", "2")
        assert "réessayez" in refused.json()["text"] and "try again" in refused.json()["text"]
        assert (await browser.get("/api/v1/rooms/main")).status_code == 200
        assert (await browser.get("/r/main")).status_code == 200
        assert len(house.hub.asked_http) == gateway.ASKED_AT_ONCE


async def test_a_hall_behind_one_address_types_its_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have a share of their own; the hub counts the wrong ones."""
    monkeypatch.setattr(gateway, "CODES_AT_ONCE", gateway.ASKED_AT_ONCE + 2)
    async with edge_house() as house, client(house) as browser:
        house.hub.page("/api/v1/codes", "{}", method="POST")
        house.hub.page("/api/v1/rooms", "{}", method="POST")
        now_ns = house.edge.edge.line.now_ns()
        monkeypatch.setattr(house.edge.edge.line, "now_ns", lambda: now_ns)
        answers = [await browser.post("/api/v1/codes") for _ in range(gateway.CODES_AT_ONCE + 1)]
        codes = [answer.status_code for answer in answers]
        assert codes == gateway.CODES_AT_ONCE * [200] + [429]
        assert "try again in a few seconds" in answers[-1].json()["text"]
        assert (await browser.post("/api/v1/rooms")).status_code == 200, "the rest goes on"


async def test_the_api_is_not_described_through_a_public_edge() -> None:
    async with edge_house(is_public=True) as house, client(house) as browser:
        answer = await browser.get("/api/v1/openapi.json")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_here")
        assert "réseau du lieu" in answer.json()["text"]
        assert house.hub.asked_http == []


@pytest.mark.parametrize(
    ("packed", "status"),
    [
        (zlib.compress(b"{}"), 200),
        (zlib.compress(b"{}")[:-1], 502),
        (b"{}", 502),
        (b"", 502),
        (zlib.compress(bytes(MAX_HTTP_ANSWER_BYTES + 1)), 502),
    ],
)
async def test_packed_answers_are_opened_within_bounds(packed: bytes, status: int) -> None:
    async with edge_house() as house, client(house) as browser:
        house.hub.page("/api/v1/rooms/main", "")
        body = base64.b64encode(packed).decode()
        house.hub.pages["GET /api/v1/rooms/main"] = HttpAnswer(
            status=200, headers=(("content-type", "x/y"),), body=body, is_packed=True
        )
        answer = await browser.get("/api/v1/rooms/main")
        assert answer.status_code == status
        assert status != 200 or answer.content == b"{}"


async def test_without_the_venue_pages_open_and_requests_say_so() -> None:
    async with edge_house(pages=PAGES) as house, client(house) as browser:
        house.edge.edge.line.watch.is_reached = False
        house.edge.edge.line.watch.hello = None
        assert (await browser.get("/r/main")).status_code == 200
        assert (await browser.get("/")).headers["location"] == "/r/main"
        answer = await browser.get("/api/v1/rooms/main")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_reached")
        assert "injoignable" in answer.json()["text"]
        answer = await browser.get("/r/main/event.ics")
        assert (answer.status_code, answer.text) == (503, gateway.NOT_REACHED)
        assert (await browser.get("/healthz")).json() == {"status": "venue away"}


async def test_a_hub_that_is_slow_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with edge_house() as house, client(house) as browser:

        async def none(*args: object, **more: object) -> None:
            return None

        monkeypatch.setattr(hub_line.HubLine, "ask", none)
        answer = await browser.get("/api/v1/rooms/main")
        assert (answer.status_code, answer.json()["code"]) == (502, "no_answer")


@pytest.mark.parametrize(
    ("why", "status"),
    [(RefusedWhy.TOO_BIG, 413), (RefusedWhy.FORBIDDEN, 403), (RefusedWhy.BUSY, 503)],
)
async def test_what_the_hub_refuses_is_said(
    why: RefusedWhy, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with edge_house() as house, client(house) as browser:

        async def refused(*args: object, **more: object) -> Refused:
            return Refused(why=why)

        monkeypatch.setattr(hub_line.HubLine, "ask", refused)
        assert (await browser.get("/api/v1/rooms/main")).status_code == status


@pytest.mark.parametrize(
    "path", ["/operator", "/api/v1/claim", "/api/v1/sessions", "/api/v1/units", "/api/v1/setup"]
)
async def test_operators_do_not_come_through_a_public_edge(path: str) -> None:
    async with edge_house(pages=PAGES, is_public=True) as house, client(house) as browser:
        answer = await browser.get(path)
        assert answer.status_code == 403
        assert "opérateurs" in answer.text
        assert house.hub.asked_http == []


async def test_too_large_a_body_goes_no_further() -> None:
    async with edge_house() as house, client(house) as browser:
        answer = await browser.post("/api/v1/rooms", content=b"x" * 70_000)
        assert answer.status_code == 413
        assert house.hub.asked_http == []


async def test_health_and_metrics() -> None:
    async with edge_house() as house, client(house) as browser, joined(house.edge.listen):
        assert (await browser.get("/healthz")).json() == {"status": "ok"}
        metrics = (await browser.get("/metrics")).text
        assert 'parvis_edge_listeners{rung="unknown"} 1.0' in metrics
        assert "parvis_edge_venue_reached 1.0" in metrics


@pytest.mark.parametrize("behind_proxy", [(), ("127.0.0.1",)])
async def test_metrics_of_a_public_edge_are_for_its_own_machine(
    behind_proxy: tuple[str, ...],
) -> None:
    """Not for whoever came through a proxy on that machine, whatever they say of themselves."""
    async with (
        edge_house(is_public=True, behind_proxy=behind_proxy) as house,
        client(house) as browser,
    ):
        assert "parvis_edge_venue_reached" in (await browser.get("/metrics")).text
        for visitor in ("203.0.113.7", "127.0.0.1", "10.0.0.1", "127.0.0.1, 127.0.0.1"):
            answer = await browser.get("/metrics", headers={"X-Forwarded-For": visitor})
            assert answer.status_code == 403
            assert "parvis_edge" not in answer.text


async def test_pages_of_the_hub_may_use_the_sockets_and_others_not() -> None:
    async with edge_house(sisters=(":8080",)) as house:
        async with joined_from(house, "http://127.0.0.1:8080") as status:
            assert status == 101
        async with joined_from(house, "http://127.0.0.1:8090") as status:
            assert status == 403


@asynccontextmanager
async def joined_from(house: House, origin: str) -> AsyncIterator[int]:
    """How a page of this origin is answered that opens a socket."""
    try:
        async with connect(house.edge.listen, origin=Origin(origin), proxy=None):
            yield 101
    except InvalidStatus as refused:
        yield refused.response.status_code
