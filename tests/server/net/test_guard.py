"""The guard around every route: foreign pages, unknown names, and the headers of every answer."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from websockets.exceptions import InvalidStatus

from fakes.asked_api import AskedApi
from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import peer
from parvis_server.link.publish_address import BUS_PATH, LINK_PATH
from parvis_server.net.entrance import LISTEN_PATH
from parvis_server.net.guard import (
    FIXED_HEADERS,
    OPERATOR_PATH,
    SCANS,
    Guard,
    content_security_policy,
)
from parvis_server.net.pages import read_pages
from parvis_server.net.websocket_protocol import MESSAGE_LIMIT_BYTES

WEB = Path(__file__).parents[3] / "server" / "web"
NAME = "hall.example"
ENDPOINTS = tuple(path for path in MESSAGE_LIMIT_BYTES if path not in (LINK_PATH, BUS_PATH))
"""Of a hub; a hub that publishes joins its public edge at the last."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    for page in ("index", "host", "screen", "rooms", "operator"):
        (folder / f"{page}.html").write_text(f"<!doctype html><head></head>{page}")
    (folder / "assets" / "app-1a2b.js").write_text("")
    pages = read_pages(folder)
    async with live_hub(tmp_path / "data", tls=True, names=(NAME,), pages=pages) as running:
        yield running


def foreign_origins(scheme: str, port: int, other_port: int) -> list[str]:
    """Twelve that are not the hub's own page at ``scheme://127.0.0.1:port``."""
    other = {"http": "https", "https": "http"}[scheme]
    return [
        "null",
        "",
        f"{scheme}://evil.example",
        f"{scheme}://evil.example:{port}",
        f"{scheme}://{LOOPBACK}",
        f"{scheme}://{LOOPBACK}:{port + 1 if port < 65_535 else port - 1}",
        f"{other}://{LOOPBACK}:{port}",
        f"{other}://{LOOPBACK}:{other_port}",
        f"{scheme}://{LOOPBACK}:{port}.evil.example",
        f"{scheme}://{LOOPBACK}.evil.example:{port}",
        f"{scheme}://localhost:{port}",
        f"file://{LOOPBACK}:{port}",
    ]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_socket_opens_for_another_page(hub: LiveHub, scheme: str, endpoint: str) -> None:
    encrypted = scheme == "https"
    port, other_port = (hub.https_port, hub.port) if encrypted else (hub.port, hub.https_port)
    url = f"{'wss' if encrypted else 'ws'}://{LOOPBACK}:{port}{endpoint}"
    context = hub.trusting() if encrypted else None
    foreign = foreign_origins(scheme, port, other_port)
    assert len(set(foreign)) == 12
    for origin in foreign:
        with pytest.raises(InvalidStatus) as refused:
            async with peer(url, ssl=context, additional_headers={"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403, origin
    async with peer(url, ssl=context, origin=f"{scheme}://{LOOPBACK}:{port}"):
        pass
    async with peer(url, ssl=context):
        pass  # no browser, which is no way around: there is no cookie to steal


UNKNOWN_HOSTS = [
    "",
    "evil.example",
    f"{NAME}.evil.example",
    f"evil.{NAME}",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "127.1",
    "2130706433",
    "localhost.evil.example",
    "[::1",
]


@pytest.mark.parametrize("host", UNKNOWN_HOSTS)
async def test_nothing_is_told_under_another_name(hub: LiveHub, host: str) -> None:
    assert len(UNKNOWN_HOSTS) == 10
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        for path in ("/r/main", "/api/v1/rooms/main", "/operator", "/listen.mp3"):
            answer = await client.get(path, headers={"Host": host})
            assert answer.status_code == 421, path
            assert "main" not in answer.text
    for endpoint in ENDPOINTS:
        with pytest.raises(InvalidStatus) as refused:
            async with peer(
                f"ws://{LOOPBACK}:{hub.port}{endpoint}", additional_headers={"Host": host}
            ):
                pass
        assert refused.value.response.status_code in {400, 421}


def applications(app: ASGIApp) -> Iterator[tuple[str, FastAPI]]:
    """The application under the guard, and those under it, with their paths."""
    while not isinstance(app, FastAPI):
        match app:
            case AskedApi():
                app = app.api
            case Guard():
                app = app.app
            case _:
                app = vars(app)["_app"]
    yield "", app
    for route in app.routes:
        if isinstance(route, Mount):
            for path, inner in applications(route.app):
                yield route.path + path, inner


def test_every_socket_is_in_the_table(hub: LiveHub) -> None:
    routes = [route for _, app in applications(hub.hub.application()) for route in app.routes]
    paths = {route.path for route in routes if isinstance(route, WebSocketRoute)}
    assert paths | {LISTEN_PATH} == set(ENDPOINTS)
    assert LISTEN_PATH not in paths, "it has a way in of its own"


async def test_every_answer_of_every_route_carries_the_headers(hub: LiveHub) -> None:
    asked: set[int] = set()
    origins = [(hub.http, f"{LOOPBACK}:{hub.port}"), (hub.https, f"{LOOPBACK}:{hub.https_port}")]
    async with httpx.AsyncClient(verify=hub.trusting(), trust_env=False) as client:
        for origin, host in origins:
            for method, path in requests_to_every_route(hub):
                async with client.stream(method, origin + path) as answer:
                    check_headers(answer, host)
                    asked.add(answer.status_code)
    assert asked >= {200, 307, 401, 404, 405, 422}


def requests_to_every_route(hub: LiveHub) -> list[tuple[str, str]]:
    found = set()
    for prefix, app in applications(hub.hub.application()):
        documented = app.openapi()["paths"] if app.openapi_url is not None else {}
        for path, operations in documented.items():
            found |= {(method.upper(), prefix + path) for method in operations}
        for route in app.routes:
            if isinstance(route, Route):
                found |= {(method, prefix + route.path) for method in route.methods or ()}
    assert len(found) > 40, "the whole API is among them"
    filled = [(method, re.sub(r"\{\w+(:path)?\}", "main", path)) for method, path in found]
    more = [("GET", "/assets/app-1a2b.js"), ("GET", "/index.html"), ("GET", "/assets/none.js")]
    more += [("POST", "/r/main"), ("GET", "/api/v1/nothing"), ("POST", "/ws/listen")]
    return sorted(filled) + more


def check_headers(answer: httpx.Response, host: str) -> None:
    where = f"{answer.request.method} {answer.request.url}: {answer.status_code}"
    scans = SCANS if answer.request.url.path == OPERATOR_PATH else {}
    for name, value in {**FIXED_HEADERS, **scans}.items():
        assert answer.headers.get(name) == value, f"{where}: {name}"
    policy = answer.headers.get("content-security-policy")
    assert policy == content_security_policy(host), where
    assert answer.headers["cross-origin-opener-policy"] == "same-origin", where
    assert "set-cookie" not in answer.headers and "server" not in answer.headers, where


async def test_a_mistake_of_the_hub_carries_them_too(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistake(self: object) -> str:
        raise RuntimeError("the test broke it")

    monkeypatch.setattr("parvis_server.net.metrics.Metrics.render", mistake)
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 500 and "the test broke it" not in answer.text
    check_headers(answer, f"{LOOPBACK}:{hub.port}")


async def test_refusals_of_the_guard_carry_them_too(hub: LiveHub) -> None:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        answer = await client.get("/r/main", headers={"Host": "evil.example"})
    for name, value in FIXED_HEADERS.items():
        assert answer.headers.get(name) == value
    with pytest.raises(InvalidStatus) as refused:
        async with peer(hub.listen, additional_headers={"Origin": "null"}):
            pass
    for name, value in FIXED_HEADERS.items():
        assert refused.value.response.headers.get(name) == value


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    policy = content_security_policy("hall.example:8443")
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'" and directives["frame-ancestors"] == "'none'"
    assert "unsafe-inline" not in policy and "'unsafe-eval'" not in policy and "*" not in policy
    hosts = set(re.findall(r"\w+://[^\s;]+", policy))
    assert hosts == {"ws://hall.example:8443", "wss://hall.example:8443"}
    assert content_security_policy("evil.example; script-src *") == content_security_policy("")


@pytest.mark.parametrize("page", sorted(WEB.glob("*.html")), ids=lambda page: page.name)
def test_no_page_has_a_script_or_a_style_of_its_own(page: Path) -> None:
    written = page.read_text()
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", written, re.S)
    assert scripts and all("src=" in tag and not text.strip() for tag, text in scripts)
    assert not re.search(r"\son\w+\s*=", written) and "javascript:" not in written
    assert not re.search(r"<style\b|\sstyle\s*=", written)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", written), "no third party"
