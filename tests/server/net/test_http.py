"""Pages, API, health and metrics over real HTTP; what a browser may and may not do."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from fakes.live_hub import LOOPBACK, LiveHub, live_hub
from fakes.peer import joined, peer
from parvis_server.engine.boundary import LATENESS_BOUNDS_MS, EngineStats, SourceStats
from parvis_server.net import http
from parvis_server.net.pages import read_pages
from parvis_server.net.qr import qr_svg
from parvis_wire.floor import About, Access, Phase
from parvis_wire.messages import Report, Role, Rung
from parvis_wire.stage import UnitTraits

INDEX = "<!doctype html><title>Audience</title>" + " " * 1000
SCRIPT = "console.log('hello');" * 100


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "host.html").write_text("<!doctype html><title>Host</title>")
    (folder / "screen.html").write_text("<!doctype html><title>Screen</title>")
    (folder / "operator.html").write_text("<!doctype html><title>Operator</title>")
    (folder / "rooms.html").write_text("<!doctype html><title>Rooms</title>")
    (folder / "assets" / "app-1a2b.js").write_text(SCRIPT)
    (folder / "assets" / "decoder-3c4d.wasm").write_bytes(bytes(2000))
    (folder / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not for you")
    return folder


@pytest.fixture
async def hub(tmp_path: Path, static: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(
        tmp_path / "data", pages=read_pages(static), names=("hall.example",)
    ) as running:
        yield running


@pytest.fixture
async def client(hub: LiveHub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        yield client


async def test_the_front_door_leads_to_the_room(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/r/main")


async def test_the_front_page_is_for_more_rooms_than_one_or_none(
    client: httpx.AsyncClient, hub: LiveHub
) -> None:
    rooms = hub.hub.rooms
    rooms.create(About(title="Hidden", access=Access.PRIVATE), phase=Phase.SCHEDULED)
    assert (await client.get("/")).status_code == 307
    rooms.create(About(title="Second"), phase=Phase.SCHEDULED)
    assert "Rooms" in (await client.get("/")).text


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/r/main", "Audience"),
        ("/host", "Host"),
        ("/screen", "Screen"),
        ("/operator", "Operator"),
        ("/c", "Rooms"),
        ("/c/", "Rooms"),
        ("/c/abc%20234", "Rooms"),
    ],
)
async def test_pages_are_asked_for_again(client: httpx.AsyncClient, path: str, title: str) -> None:
    answer = await client.get(path)
    assert title in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    etag = {"If-None-Match": answer.headers["etag"]}
    assert (await client.get(path, headers=etag)).status_code == 304


async def test_hashed_files_are_kept_for_ever_and_sent_packed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/app-1a2b.js")
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = await client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == SCRIPT
    assert "content-encoding" not in plain.headers
    wasm = await client.get("/assets/decoder-3c4d.wasm")
    assert wasm.headers["content-type"] == "application/wasm"
    assert len(gzip.compress(bytes(2000))) == int(wasm.headers["content-length"])
    assert (await client.get("/icon.svg")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/r/Attic", "/nothing", "/api/v1/attic", "/assets/"],
)
async def test_nothing_there_is_said_in_two_languages(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "nothing" in answer.text
    assert "rien" in answer.text


@pytest.mark.parametrize(
    "path", ["/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%2e%2e/secret.txt"]
)
async def test_no_path_leads_out_of_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "not for you" not in answer.text


async def test_other_kinds_of_request_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/rooms/main")
    assert answer.status_code == 405
    assert "kind of request" in answer.text


@pytest.mark.parametrize(
    "path", ["/r/main", "/host", "/healthz", "/nothing", "/assets/app-1a2b.js", "/metrics"]
)
async def test_every_answer_carries_the_security_headers(
    client: httpx.AsyncClient, hub: LiveHub, path: str
) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert f"connect-src 'self' ws://{LOOPBACK}:{hub.port} wss://{LOOPBACK}:{hub.port};" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers
    assert "server" not in headers


async def test_a_name_that_is_not_ours_is_refused(client: httpx.AsyncClient, hub: LiveHub) -> None:
    for host, status in (("evil.example", 421), ("hall.example", 200), ("localhost", 200)):
        answer = await client.get("/r/main", headers={"Host": f"{host}:{hub.port}"})
        assert answer.status_code == status
    assert "evil" not in (await client.get("/r/main", headers={"Host": "evil.example"})).text


async def test_the_opener_policy_is_sent_where_browsers_heed_it(
    client: httpx.AsyncClient, hub: LiveHub
) -> None:
    for host, sent in (
        (f"localhost:{hub.port}", True),
        ("127.0.0.1", True),
        ("hall.example", False),
    ):
        headers = (await client.get("/r/main", headers={"Host": host})).headers
        assert ("cross-origin-opener-policy" in headers) == sent


@pytest.mark.parametrize("path", ["/ws/listen", "/ws/unit", "/ws/speak"])
async def test_a_socket_from_another_sites_page_is_refused(hub: LiveHub, path: str) -> None:
    url = f"ws://{LOOPBACK}:{hub.port}{path}"
    for origin in ("http://evil.example", "null", f"http://{LOOPBACK}:1"):
        with pytest.raises(InvalidStatus) as refused:
            async with peer(url, origin=origin):
                pass
        assert refused.value.response.status_code == 403
    async with peer(url, origin=hub.http):
        pass


async def test_a_socket_under_a_name_that_is_not_ours_is_refused(hub: LiveHub) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with peer(f"ws://evil.example:{hub.port}/ws/listen", host=LOOPBACK, port=hub.port):
            pass
    assert refused.value.response.status_code == 421


async def test_a_socket_where_there_is_none_is_refused(hub: LiveHub) -> None:
    with pytest.raises(InvalidStatus):
        async with peer(f"ws://{LOOPBACK}:{hub.port}/ws/attic"):
            pass


async def test_the_api_tells_about_the_room(client: httpx.AsyncClient, hub: LiveHub) -> None:
    async with joined(hub.listen):
        room = (await client.get("/api/v1/rooms/main")).json()
    assert room.pop("live_ms") >= 0
    link = f"{hub.http}/r/main"
    assert room.pop("created_utc_ms") > 0
    assert room == {
        "room": "main",
        "title": "Parvis",
        "language": "en",
        "description": "",
        "topics": [],
        "access": "open",
        "phase": "live",
        "begins_utc_ms": None,
        "link": link,
        "listeners": 1,
        "spoke": [],
    }


async def test_the_code_to_scan_is_a_drawing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/rooms/main/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")
    assert qr_svg("http://192.0.2.7/r/main") != qr_svg("http://192.0.2.8/r/main")


async def test_health_follows_the_engine(
    client: httpx.AsyncClient, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok", "engine_restarts": 0}
    monkeypatch.setattr(http, "STATS_STALE_NS", -1)
    stale = await client.get("/healthz")
    assert (stale.status_code, stale.json()["status"]) == (503, "engine not ticking")
    monkeypatch.undo()
    hub.engine.ready.clear()
    assert (await client.get("/healthz")).status_code == 503


async def test_metrics_count_what_happens(client: httpx.AsyncClient, hub: LiveHub) -> None:
    lateness = (90, 5, 3, 1, *(0,) * (len(LATENESS_BOUNDS_MS) - 4), 1)
    hub.engine.stats(
        EngineStats(
            ticks=100,
            lateness_counts=lateness,
            lateness_sum_ms=250.0,
            sources=(SourceStats(ssrc=0xABC, received=7, late=1, lost=2, concealed=3),),
        )
    )
    async with (
        joined(hub.listen) as phone,
        joined(hub.unit, Role.UNIT, unit=UnitTraits(always_open=True)),
    ):
        await phone.say(Report(rung=Rung.WORKLET, buffer_ms=80, played_ms=1000, underruns=0))
        hub.engine.say(count=5)
        while len(phone.packets) < 5:
            await phone.hear()
        answer = await client.get("/metrics")
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert values["parvis_listeners", "worklet"] == 1
    assert values["parvis_units",] == 1
    assert values["parvis_sources",] == 1
    assert values["parvis_program_packets_total",] == 5
    assert values["parvis_tick_lateness_seconds_bucket", "0.005"] == 99
    assert values["parvis_tick_lateness_seconds_bucket", "+Inf"] == 100
    assert values["parvis_tick_lateness_seconds_sum",] == 0.25
    assert values["parvis_source_late_total", "00000abc"] == 1
    assert values["parvis_source_concealed_total", "00000abc"] == 3
    assert values["parvis_joins_total", "unit"] == 1


async def test_a_hub_without_a_page_runs_and_says_what_to_do(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, pages=read_pages(tmp_path / "missing")) as hub,
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
        joined(hub.listen),
    ):
        for path in ("/r/main", "/host", "/operator", "/screen"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert "scripts/build" in answer.text
        assert (await client.get("/healthz")).status_code == 200


async def test_our_own_mistake_is_told_without_its_insides(
    client: httpx.AsyncClient, hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> bytes:
        raise RuntimeError("insides")

    monkeypatch.setattr("parvis_server.net.metrics.Metrics.render", lambda self: broken())
    answer = await client.get("/metrics")
    assert answer.status_code == 500
    assert "insides" not in answer.text
    assert "mistake" in answer.text
