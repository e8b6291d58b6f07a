"""The hub sees to recordings that are over: who asked leaves them, what was kept enough goes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from fakes.live_hub import live_hub
from fakes.recordings import Said, write_recording
from fakes.voices import voice
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import HubReplays, Wish, in_a_process
from parvis_server.replay.keeping_up import carry_out
from parvis_server.replay.rights import mentions
from parvis_wire.recording import Consent, Consented, RecordingStopped, Withdrew
from parvis_wire.room_events import RoomEvent

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
ID = "20260921T120001Z-1"
NAME = f"main/{ID}"
SOON_UTC_MS = 1_790_000_000_000
CENTURY_UTC_MS = 4_000_000_000_000


def write(recordings: Path, *said: Said, **more: Any) -> Path:
    return write_recording(recordings, list(said), length_s=4, **more)


class Room:
    """A room's log, as far as it is listened to here."""

    def __init__(self, withdrawn: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.event_taps: set[Any] = set()
        view = SimpleNamespace(room="main", recording=SimpleNamespace(recording=ID))
        state = SimpleNamespace(memory=SimpleNamespace(withdrawn=withdrawn))
        self.room = SimpleNamespace(view=view, state=state)

    def happens(self, event: RoomEvent) -> None:
        for tap in self.event_taps:
            tap(event)


class Worker:
    """Whoever does the work: each time it is asked, it says what a test has told it to."""

    def __init__(self, *answers: list[dict[str, object]]) -> None:
        self.answers = list(answers)
        self.asked: asyncio.Queue[frozenset[Wish]] = asyncio.Queue()

    async def __call__(self, folder: Path, wishes: frozenset[Wish]) -> list[dict[str, object]]:
        self.asked.put_nowait(wishes)
        return self.answers.pop(0) if self.answers else []


async def running(replays: HubReplays, room: Room) -> asyncio.Task[None]:
    replays.follow(room)  # type: ignore[arg-type]
    return asyncio.create_task(replays.run())


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_withdrawal_and_the_end_of_a_recording_start_the_work(tmp_path: Path) -> None:
    room, worker = Room(), Worker([], [{"settled": NAME}])
    task = await running(HubReplays(tmp_path, worker, settle_s=0), room)
    room.happens(Withdrew(participant="bob-id", recording=ID))
    assert await worker.asked.get() == {(NAME, "bob-id")}
    await asyncio.sleep(0)
    room.happens(RecordingStopped(recording=ID))
    assert await worker.asked.get() == {(NAME, "bob-id")}
    room.happens(Withdrew(participant="ann-id", recording="20260921T120002Z-2"))
    assert await worker.asked.get() == {("main/20260921T120002Z-2", "ann-id")}, "the first is done"
    await end(task)


async def test_who_asked_before_the_hub_fell_is_not_forgotten(tmp_path: Path) -> None:
    room, worker = Room(frozenset({(ID, "bob-id")})), Worker()
    task = await running(HubReplays(tmp_path, worker, settle_s=0), room)
    room.happens(RecordingStopped(recording=ID))
    assert await worker.asked.get() == {(NAME, "bob-id")}
    await end(task)


async def test_who_says_yes_again_stays_in_the_recording_that_runs(tmp_path: Path) -> None:
    other = "20250101T000000Z-1"
    room = Room(frozenset({(ID, "bob-id"), (other, "bob-id")}))
    worker = Worker()
    task = await running(HubReplays(tmp_path, worker, settle_s=0), room)
    consent = Consent(
        participant="bob-id", recorded=True, published=False, text_version="0" * 16, at=0
    )
    room.happens(Consented(consent=consent))
    room.happens(RecordingStopped(recording=ID))
    assert await worker.asked.get() == {(f"main/{other}", "bob-id")}
    await end(task)


async def test_the_process_takes_voices_out_and_says_what_it_did(tmp_path: Path) -> None:
    write(tmp_path, ANN, BOB, retention_days=365)
    write(tmp_path, BOB, number=2, retention_days=365, is_growing=True)
    growing = "main/20260921T120002Z-2"
    done = await in_a_process(tmp_path, frozenset({(NAME, "bob-id"), (growing, "bob-id")}))
    assert done == [
        {"withdrawn": NAME, "tracks": 1, "silences": []},
        {"settled": NAME},
    ]
    assert all(growing.split("/")[1] in str(path) for path in mentions(tmp_path, "bob-id"))


def test_what_was_kept_long_enough_goes_and_one_fault_hinders_nothing_else(tmp_path: Path) -> None:
    broken = write(tmp_path, ANN, number=1)
    write(tmp_path, ANN, number=2)
    (broken / "tracks/0001.opus").write_bytes(b"no sound")
    first, second = NAME, "main/20260921T120002Z-2"
    done = list(carry_out(tmp_path, [(first, "ann-id"), (second, "ann-id")], SOON_UTC_MS))
    assert [next(iter(one)) for one in done] == ["withdrawn", "failed", "settled"]
    assert done[1]["failed"] == first and "is no Ogg Opus" in done[1]["why"]
    assert done[2] == {"settled": second}
    expired = [one for one in carry_out(tmp_path, [], CENTURY_UTC_MS) if "expired" in one]
    assert len(expired) == 2
    assert not (tmp_path / "main").exists()


def test_wishes_for_what_is_gone_are_settled(tmp_path: Path) -> None:
    assert list(carry_out(tmp_path, [(NAME, "ann-id")], SOON_UTC_MS)) == [{"settled": NAME}]


async def test_a_hub_serves_what_is_published_beside_its_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "published/main" / ID
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<title>An evening</title>")
    (folder / "mix.mp3").write_bytes(bytes(1000))
    recorder = HubRecorder(tmp_path / "recordings")
    async with (
        live_hub(tmp_path / "data", recorder=recorder) as hub,
        httpx.AsyncClient(base_url=hub.http, trust_env=False, follow_redirects=True) as client,
    ):
        page = await client.get("/r/main/replay")
        assert "An evening" in page.text and page.url.path == f"/r/main/replay/{ID}/"
        assert "media-src 'self'" in page.headers["content-security-policy"]
        sound = await client.get(f"{page.url.path}mix.mp3", headers={"Range": "bytes=10-19"})
        assert (sound.status_code, len(sound.content)) == (206, 10)
