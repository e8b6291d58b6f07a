"""Recordings by HTTP: a host hears, publishes, takes back; people leave; paths of single people."""

from __future__ import annotations

import asyncio
import io
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.house import eventually
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from fakes.recordings import Said, built_page, write_recording
from fakes.replay_work import in_a_thread
from fakes.voices import voice
from parvis_server.config import RecordingSettings
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import HubReplays
from parvis_server.net.api import recording_routes
from parvis_server.net.edges.requests import EXTENSION
from parvis_server.replay.wishes import wished
from parvis_wire.floor import About, Access, Phase
from parvis_wire.messages import InviteCredential, Role

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
ID = "20260921T120001Z-1"


@dataclass
class Evening:
    """A hub with a room that was recorded."""

    hub: LiveHub
    host: httpx.AsyncClient
    anybody: httpx.AsyncClient
    room: str
    secret: str
    """Of the room's audience."""
    recordings: Path

    def path(self, what: str) -> str:
        return f"/api/v1/rooms/{self.room}/{what}"

    async def recording(self) -> dict[str, Any]:
        answer = await self.host.get(self.path("recordings"))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["recordings"][0])

    async def act(self, act: str, **more: str) -> httpx.Response:
        body = {"act": act, **more}
        return await self.host.post(self.path(f"recordings/{ID}/acts"), json=body)

    async def until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(500):
            now = await self.recording()
            if is_so(now):
                return now
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not come to that: {now}")


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    folder = tmp_path / "recordings"
    recorder = HubRecorder(folder)
    page = built_page(tmp_path / "static")
    recorder.replays = HubReplays(folder, in_a_thread(page), settle_s=0)
    async with live_hub(tmp_path / "data", recorder=recorder) as hub:
        about = About(title="Evening", access=Access.PRIVATE)
        room = hub.hub.rooms.create(about, phase=Phase.LIVE).name
        write_recording(folder, [ANN, BOB], room=room, length_s=4, retention_days=365)
        secret = hub.hub.keys.host_secret_of(room)
        headers = {"Authorization": f"Bearer {secret}"}
        async with (
            # An archive is packed by a process of the lowest priority: others come first.
            httpx.AsyncClient(
                base_url=hub.http, headers=headers, trust_env=False, timeout=60
            ) as host,
            httpx.AsyncClient(base_url=hub.http, trust_env=False, timeout=60) as anybody,
        ):
            yield Evening(hub, host, anybody, room, hub.hub.keys.audience_token(room), folder)


def with_withdrawn(evening: Evening, who: frozenset[tuple[str, str]]) -> None:
    """The room's log says that these asked to be taken out."""
    found = evening.hub.hub.rooms.get(evening.room)
    assert found is not None
    room = found.live.room
    room._state = replace(room.state, memory=replace(room.state.memory, withdrawn=who))


async def test_a_host_hears_publishes_and_takes_back(evening: Evening) -> None:
    shown = await evening.recording()
    assert [(one["name"], one["is_published"]) for one in shown["voices"]] == [
        ("Ann", True), ("Bob", True),
    ]  # fmt: skip
    assert (shown["duration_ms"], shown["is_prepared"], shown["published"]) == (4000, False, None)
    refused = await evening.act("publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_prepared")
    assert (await evening.act("prepare")).status_code == 200
    await evening.until(lambda one: one["is_prepared"] and one["work"]["state"] == "done")
    refused = await evening.act("publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_heard")
    heard = (await evening.host.post(evening.path(f"recordings/{ID}/hearing"))).json()["path"]
    page = await evening.anybody.get(heard)
    assert (
        "text/html" in page.headers["content-type"] and "private" in page.headers["cache-control"]
    )
    sound = await evening.anybody.get(f"{heard}mix.opus", headers={"Range": "bytes=0-99"})
    assert sound.status_code == 206
    with_withdrawn(evening, frozenset({(ID, "bob-id")}))
    refused = await evening.act("publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "leaving")
    with_withdrawn(evening, frozenset())
    assert (await evening.act("publish")).status_code == 200
    shown = await evening.until(
        lambda one: one["published"] is not None and one["work"]["state"] == "done"
    )
    assert shown["published"] == f"replay/{ID}/"
    assert (await evening.act("take_back")).status_code == 200
    await evening.until(lambda one: one["published"] is None)


async def test_a_voice_leaves_by_its_host_and_the_room_forgets_a_person(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = await evening.act("withdraw", participant="eve-id")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "nobody")
    assert (await evening.act("withdraw", participant="bob-id")).status_code == 200
    shown = await evening.until(
        lambda one: len(one["voices"]) == 1 and one["work"]["state"] == "done"
    )
    assert shown["work"] == {"act": "withdraw", "state": "done", "percent": None, "why": None}
    with monkeypatch.context() as patched:  # a hub that falls before it could begin with it
        patched.setattr(recording_routes, "_do", lambda known, task: None)
        answer = await evening.host.post(evening.path("erasures"), json={"participant": "ann-id"})
        assert answer.status_code == 200
        assert wished(evening.recordings / evening.room / ID) == {"ann-id"}
    answer = await evening.host.post(evening.path("erasures"), json={"participant": "ann-id"})
    assert answer.status_code == 200
    await evening.until(lambda one: one["voices"] == [] and one["work"]["state"] == "done")
    assert (await evening.act("erase")).status_code == 200
    folder = evening.recordings / evening.room
    await eventually(lambda: not folder.exists())


async def test_nobody_else_sees_recordings_or_acts_on_them(evening: Evening) -> None:
    for secret in ("none", "wrong", evening.secret):
        headers = {"Authorization": f"Bearer {secret}"}
        answer = await evening.anybody.get(evening.path("recordings"), headers=headers)
        assert answer.status_code == 401
        answer = await evening.anybody.post(
            evening.path(f"recordings/{ID}/acts"), json={"act": "erase"}, headers=headers
        )
        assert answer.status_code == 401
    missing = await evening.host.post(
        evening.path("recordings/20200101T000000Z-9/acts"), json={"act": "prepare"}
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "no_recording")


async def test_a_private_room_is_heard_by_ones_own_path_alone(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    """A guessed link gets nothing; a path is one person's, revocable, and logged as its hash."""
    caplog.set_level("INFO", logger="parvis_server")
    folder = evening.recordings.parent / "published" / evening.room / ID
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<title>Evening</title>")
    (folder / "mix.mp3").write_bytes(bytes(1000))
    credential = InviteCredential(token=evening.secret)
    async with joined(
        evening.hub.listen, Role.LISTENER, room=evening.room, credential=credential
    ) as peer:
        headers = {"Authorization": f"Bearer {evening.secret}"}
        asked = {"json": {"resume": peer.welcome.resume}, "headers": headers}
        first = (await evening.anybody.post(evening.path("paths"), **asked)).json()  # type: ignore[arg-type]
        path = (await evening.anybody.post(evening.path("paths"), **asked)).json()  # type: ignore[arg-type]
    sound = f"replay/{ID}/mix.mp3"
    for guessed in (f"/r/{evening.room}/", "/p/AAAAAAAAAAAAAAAAAAAAAA/", first["path"]):
        assert (await evening.anybody.get(guessed + sound)).status_code == 404
    part = await evening.anybody.get(path["path"] + sound, headers={"Range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert (await evening.anybody.head(path["path"] + "listen.mp3")).status_code == 200
    token = path["path"].split("/")[2]
    assert path["grant"] in caplog.text and token not in caplog.text
    kept = (evening.hub.hub.settings.data / "path_grants.json").read_text()
    assert path["grant"] in kept and token not in kept

    [listed] = (await evening.host.get(evening.path("paths"))).json()["paths"]
    assert listed["grant"] == path["grant"] and listed["holder"] == peer.welcome.participant
    gone = await evening.host.delete(evening.path(f"paths/{path['grant']}"))
    assert gone.status_code == 204
    assert (await evening.anybody.get(path["path"] + sound)).status_code == 404
    assert (await evening.host.delete(evening.path(f"paths/{path['grant']}"))).status_code == 404


async def test_a_path_needs_a_person(evening: Evening) -> None:
    headers = {"Authorization": f"Bearer {evening.secret}"}
    answer = await evening.anybody.post(evening.path("paths"), json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "nobody")
    answer = await evening.anybody.post(evening.path("paths"), json={})
    assert answer.status_code == 404, "nobody learns whether the room is there"


async def test_a_program_starts_and_stops_a_recording_as_a_host(tmp_path: Path) -> None:
    contact = RecordingSettings(contact="ada@example.org")
    async with live_hub(tmp_path, recording=contact, can_record=True) as hub:
        headers = {"Authorization": f"Bearer {hub.secret}"}
        async with httpx.AsyncClient(base_url=hub.http, headers=headers, trust_env=False) as host:

            async def act(**body: Any) -> httpx.Response:
                return await host.post("/api/v1/rooms/main/acts", json=body)

            terms = {"retention_days": 7, "unattended": "recorded", "catch_up": True}
            assert (await act(act="start_recording", terms=terms)).status_code == 200
            running = hub.live.room.view.recording
            assert running is not None and running.terms.retention_days == 7
            assert "already while the room goes on" in running.notice.en.to_publish
            assert (await act(act="stop_recording")).status_code == 200
            again = await act(act="stop_recording")
            assert (again.status_code, again.json()["code"]) == (409, "no_recording")
            wrong = await act(act="start_recording", terms={"retention_days": 400})
            assert wrong.status_code == 422


async def test_through_an_edge_only_what_stands_on_a_server_of_its_own_is_offered(
    evening: Evening,
) -> None:
    application = evening.hub.hub.application()

    async def through_an_edge(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "extensions": {EXTENSION: "e1"}}, receive, send)

    async def offered() -> Any:
        headers = {"Authorization": f"Bearer {evening.secret}"}
        transport = httpx.ASGITransport(through_an_edge)
        async with httpx.AsyncClient(
            transport=transport, base_url=evening.hub.http, headers=headers
        ) as edge:
            return (await edge.get(evening.path("replays"))).json()["replays"]

    async def asked_for_a_path() -> int:
        transport = httpx.ASGITransport(through_an_edge)
        async with httpx.AsyncClient(transport=transport, base_url=evening.hub.http) as edge:
            headers = {"Authorization": f"Bearer {evening.secret}"}
            answer = await edge.post(evening.path("paths"), json={}, headers=headers)
            return answer.status_code

    assert await asked_for_a_path() == 409
    await evening.act("prepare")
    await evening.until(lambda one: one["is_prepared"] and one["work"]["state"] == "done")
    series = evening.recordings.parent / "published" / evening.room
    shutil.copytree(evening.recordings / evening.room / ID / "prepared", series / ID)
    here = await evening.host.get(evening.path("replays"))
    assert [one["path"] for one in here.json()["replays"]] == [f"replay/{ID}/"]
    assert await offered() == []
    (series / "address.txt").write_text("https://replays.example/evening/")
    assert [one["path"] for one in await offered()] == [f"https://replays.example/evening/{ID}/"]


async def test_a_host_takes_a_room_or_a_person_home_as_one_archive(evening: Evening) -> None:
    whole = await evening.host.post(evening.path("exports"), json={})
    assert whole.status_code == 200, whole.text
    archive = await evening.anybody.get(whole.json()["path"])
    assert archive.headers["Content-Disposition"].startswith("attachment; filename=")
    assert archive.headers["Cache-Control"] == "private, no-cache"
    with zipfile.ZipFile(io.BytesIO(archive.content)) as room:
        assert room.testzip() is None
        assert {f"{evening.room}-{ID}/mix.opus", f"{evening.room}-{ID}/recording.json"} <= set(
            room.namelist()
        )
    of_bob = await evening.host.post(evening.path("exports"), json={"participant": "bob-id"})
    assert (await evening.anybody.get(whole.json()["path"])).status_code == 404, "one at a time"
    archive = await evening.anybody.get(of_bob.json()["path"])
    with zipfile.ZipFile(io.BytesIO(archive.content)) as person:
        assert [name.rpartition("/")[2] for name in person.namelist()] == [
            "person.json",
            "voice.opus",
        ]
    token = of_bob.json()["path"].split("/")[2]
    for wrong in (f"/p/{token}/export/room.txt", f"/p/{token}/replay/", "/p/guess/export/room.zip"):
        assert (await evening.anybody.get(wrong)).status_code in (404, 429)
    for nobody in ("exports", "recordings/acts"):
        answer = await evening.anybody.post(evening.path(nobody), json={"act": "erase_all"})
        assert answer.status_code in (401, 404, 422)


async def test_a_room_is_erased_whole_at_one_word(evening: Evening) -> None:
    write_recording(evening.recordings, [ANN], room=evening.room, number=2, length_s=4)
    answer = await evening.host.post(evening.path("recordings/acts"), json={"act": "erase_all"})
    assert answer.status_code == 200, answer.text

    async def listed() -> dict[str, Any]:
        return dict((await evening.host.get(evening.path("recordings"))).json())

    for _ in range(500):
        told = await listed()
        if not told["recordings"] and told["work"]["state"] == "done":
            break
        await asyncio.sleep(0.02)
    assert (told["recordings"], told["work"]["act"]) == ([], "erase_room")
    assert not (evening.recordings / evening.room).exists()
