"""Published replays on the hub: byte ranges, the newest at the link, nothing else of the disk."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from parvis_server.net.path_grants import no_paths
from parvis_server.net.recordings import Recordings
from parvis_server.net.replays import Ways, add_replays

ID = "20260921T120001Z-1"
NEWER = "20260922T120001Z-2"
SOUND = bytes(range(256)) * 40


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Two replays of an open room, one of a private one, and what nobody may have."""
    for room, recording in (("main", ID), ("main", NEWER), ("club", ID)):
        folder = tmp_path / "published" / room / recording
        (folder / "assets").mkdir(parents=True)
        (folder / "index.html").write_text("<title>replay</title>")
        (folder / "index.json").write_text("{}")
        (folder / "mix.opus").write_bytes(SOUND)
        (folder / "assets/replay-1.js").write_text("play()")
    (tmp_path / "published/main/feed.xml").write_text("<rss/>")
    (tmp_path / "published/main/address.txt").write_text("https://room.example/")
    (tmp_path / "secrets.json").write_text("{}")
    return tmp_path / "published"


@pytest.fixture
def client(published: Path) -> httpx.AsyncClient:
    app = FastAPI()
    recordings = Recordings(no_paths(), published.parent / "recordings", published)
    add_replays(app, Ways(recordings, lambda room: room == "main", lambda request: 404))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub.test")


async def test_the_link_leads_to_the_newest(client: httpx.AsyncClient) -> None:
    for link in ("/r/main/replay", "/r/main/replay/"):
        answer = await client.get(link)
        assert (answer.status_code, answer.headers["location"]) == (307, f"/r/main/replay/{NEWER}/")
    answer = await client.get(f"/r/main/replay/{ID}")
    assert answer.headers["location"] == f"/r/main/replay/{ID}/"
    assert "replay" in (await client.get(f"/r/main/replay/{ID}/")).text


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=1000-1999", 1000, 1999),
        ("bytes=10000-", 10_000, 10_239),
        ("bytes=-5", 10_235, 10_239),
    ],
)
async def test_any_range_of_the_sound(
    client: httpx.AsyncClient, asked: str, first: int, last: int
) -> None:
    answer = await client.get(f"/r/main/replay/{ID}/mix.opus", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert answer.content == SOUND[first : last + 1]
    assert answer.headers["content-type"] == "audio/ogg; codecs=opus"


async def test_a_range_behind_the_end_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/r/main/replay/{ID}/mix.opus", headers={"Range": "bytes=99999-"})
    assert answer.status_code == 416


async def test_scripts_are_kept_and_what_may_be_withdrawn_is_asked_for_again(
    client: httpx.AsyncClient,
) -> None:
    script = await client.get(f"/r/main/replay/{ID}/assets/replay-1.js")
    assert "immutable" in script.headers["cache-control"]
    for name in ("index.json", "mix.opus"):
        answer = await client.get(f"/r/main/replay/{ID}/{name}")
        assert answer.headers["cache-control"] == "no-cache"
    assert (await client.get("/r/main/replay/feed.xml")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/r/main/replay/nothing/",
        f"/r/main/replay/{ID}/other.opus",
        "/r/main/replay/address.txt",
        "/r/main/replay/../../secrets.json",
        "/r/main/replay/%2e%2e/%2e%2e/secrets.json",
        f"/r/main/replay/{ID}/..%2f..%2f..%2fsecrets.json",
        f"/r/main/replay/{ID}/assets/x/replay-1.js",
        f"/r/club/replay/{ID}/",
        "/r/club/replay/",
        "/r/other/replay",
        "/r/..%2fmain/replay/",
        "/r/main/replay/now/",
        f"/p/guessed/replay/{ID}/",
        f"/p/guessed/hear/{ID}/",
    ],
)
async def test_nothing_else_is_there(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
