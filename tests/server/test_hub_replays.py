"""The hub sees to recordings that are over: who asked leaves them, what was kept enough goes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from fakes.live_hub import live_hub
from fakes.recordings import Said, built_page, write_recording
from fakes.voices import voice
from parvis_server import hub_replays
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import Done, HubReplays, in_a_process
from parvis_server.replay import keeping_up
from parvis_server.replay.keeping_up import Bench, carry_out
from parvis_server.replay.opened import Opened
from parvis_server.replay.orders import Act, JobState, Orders, Task, Wish
from parvis_server.replay.rights import mentions
from parvis_wire.recording import Consent, Consented, RecordingStopped, Withdrew
from parvis_wire.room_events import RoomEvent

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
ID = "20260921T120001Z-1"
NAME = f"main/{ID}"
SOON_UTC_MS = 1_790_000_000_000
CENTURY_UTC_MS = 4_000_000_000_000
PATIENCE_S = 20.0


def write(recordings: Path, *said: Said, **more: Any) -> Path:
    return write_recording(recordings, list(said), length_s=4, **more)


class Room:
    """A room's log, as far as it is listened to here."""

    def __init__(self, withdrawn: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.event_taps: set[Any] = set()
        recording = SimpleNamespace(recording=ID, terms=SimpleNamespace(catch_up=False))
        view = SimpleNamespace(room="main", recording=recording)
        memory = SimpleNamespace(withdrawn=withdrawn, unpublished=frozenset())
        self.room = SimpleNamespace(view=view, state=SimpleNamespace(memory=memory))

    def happens(self, event: RoomEvent) -> None:
        for tap in self.event_taps:
            tap(event)


class Worker:
    """Whoever does the work: each time it is asked, it says what a test has told it to."""

    def __init__(self, *answers: list[dict[str, object]]) -> None:
        self.answers = list(answers)
        self.asked: asyncio.Queue[frozenset[Wish]] = asyncio.Queue()
        self.tasks: list[Task] = []

    async def __call__(self, folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        self.tasks += orders.tasks
        for done in self.answers.pop(0) if self.answers else []:
            tell(done)
        self.asked.put_nowait(orders.wishes)


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
    done: list[Done] = []
    wishes = frozenset({(NAME, "bob-id"), (growing, "bob-id")})
    await in_a_process(tmp_path, Orders(wishes), done.append)
    assert [one for one in done if "progress" not in one] == [
        {"withdrawn": NAME, "tracks": 1, "silences": []},
        {"settled": NAME},
    ]
    assert all(growing.split("/")[1] in str(path) for path in mentions(tmp_path, "bob-id"))


def all_done(recordings: Path, wishes: Iterable[Wish], utc_ms: int, *tasks: Task) -> list[Done]:
    """What came of it, without how far it had come meanwhile."""
    static = recordings / "static"
    page = static if static.exists() else built_page(static)
    bench = Bench(recordings, utc_ms, page, lambda done: None)
    return list(carry_out(bench, Orders(frozenset(wishes), tasks=tasks)))


def test_what_was_kept_long_enough_goes_and_one_fault_hinders_nothing_else(tmp_path: Path) -> None:
    broken = write(tmp_path, ANN, number=1)
    write(tmp_path, ANN, number=2)
    (broken / "tracks/0001.opus").write_bytes(b"no sound")
    first, second = NAME, "main/20260921T120002Z-2"
    done = all_done(tmp_path, [(first, "ann-id"), (second, "ann-id")], SOON_UTC_MS)
    assert [next(iter(one)) for one in done] == ["withdrawn", "failed", "settled"]
    assert done[1]["failed"] == first and "is no Ogg Opus" in done[1]["why"]
    assert done[2] == {"settled": second}
    expired = [one for one in all_done(tmp_path, [], CENTURY_UTC_MS) if "expired" in one]
    assert len(expired) == 2
    assert not (tmp_path / "main").exists()


def test_wishes_for_what_is_gone_are_settled(tmp_path: Path) -> None:
    assert all_done(tmp_path, [(NAME, "ann-id")], SOON_UTC_MS) == [{"settled": NAME}]


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


async def test_hosts_have_things_done_and_publishing_waits_for_nothing(tmp_path: Path) -> None:
    worker = Worker([{"progress": NAME, "act": "prepare", "percent": 40}])
    replays = HubReplays(tmp_path, worker, settle_s=0)
    assert replays.do(Task(Act.PREPARE, NAME))
    assert replays.jobs[NAME].state is JobState.WAITING
    task = await running(replays, Room())
    await worker.asked.get()
    await asyncio.sleep(0)
    job = replays.jobs[NAME]
    assert (job.state, job.percent) == (JobState.FAILED, 40), "it ended without a word"
    assert "ended by itself" in str(job.why)
    worker.answers.append([{"failed": NAME, "act": "publish", "why": "the disk is full"}])
    assert replays.do(Task(Act.PUBLISH, NAME))
    await worker.asked.get()
    assert [one.act for one in worker.tasks] == [Act.PREPARE, Act.PUBLISH]
    assert replays.jobs[NAME].why == "the disk is full"
    await end(task)


async def test_what_ends_is_prepared_to_be_heard(tmp_path: Path) -> None:
    room, worker = Room(), Worker()
    task = await running(HubReplays(tmp_path, worker, settle_s=0), room)
    room.happens(RecordingStopped(recording=ID))
    await worker.asked.get()
    assert worker.tasks == [Task(Act.PREPARE, NAME)]
    await end(task)


def test_tasks_are_carried_out_and_what_fails_says_why(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    write(recordings, ANN, BOB, retention_days=365)
    acts = [Task(act, NAME) for act in (Act.PUBLISH, Act.PREPARE, Act.PUBLISH)]
    done = all_done(recordings, [], SOON_UTC_MS, *acts)
    assert "nobody has heard it" in done[0]["why"]
    assert [one.get("done") for one in done[1:]] == [NAME, NAME]
    public = tmp_path / "published" / NAME
    assert (public / "mix.mp3").exists()
    [back] = all_done(recordings, [], SOON_UTC_MS, Task(Act.TAKE_BACK, NAME))
    assert back["done"] == NAME and not public.exists()
    [out] = all_done(recordings, [], SOON_UTC_MS, Task(Act.WITHDRAW, NAME, "bob-id"))
    assert (out["withdrawn"], out["tracks"]) == (NAME, 1)
    [gone] = all_done(recordings, [], SOON_UTC_MS, Task(Act.ERASE_PERSON, "main", "ann-id"))
    assert gone == {"done": "main", "act": "erase_person"}
    assert list(mentions(recordings, "ann-id")) == []
    [gone] = all_done(recordings, [], SOON_UTC_MS, Task(Act.ERASE, NAME))
    assert gone["done"] == NAME and not (recordings / NAME).exists()


def test_what_a_hub_that_fell_left_for_who_came_late_goes(tmp_path: Path) -> None:
    over = write(tmp_path, ANN) / "catch_up"
    grows = write(tmp_path, BOB, number=2, is_growing=True) / "catch_up"
    for copy in (over, grows):
        copy.mkdir()
        (copy / "mix.opus").write_bytes(b"who took their yes back since")
    assert all_done(tmp_path, [], SOON_UTC_MS) == []
    assert not over.exists() and grows.exists()


def test_a_disk_that_fails_costs_one_task_and_not_those_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ANN, number=1)
    write(tmp_path, BOB, number=2)
    second = "main/20260921T120002Z-2"
    recordings = tmp_path.resolve()

    def full(opened: Opened, *how: Any, **more: Any) -> Any:
        raise OSError(28, "No space left on device", str(recordings / opened.name))

    monkeypatch.setattr(keeping_up, "prepare", full)
    monkeypatch.setattr(keeping_up, "withdraw_from", lambda bench, opened, *how: full(opened))
    tasks = Task(Act.PREPARE, NAME), Task(Act.ERASE, NAME)
    done = all_done(tmp_path, [(second, "bob-id")], SOON_UTC_MS, *tasks)
    assert [next(iter(one)) for one in done] == ["failed", "failed", "done"]
    assert [one.get("failed") for one in done] == [second, NAME, None], "the wish stays open"
    assert done[1]["why"] == f"{recordings / NAME}: No space left on device"


def test_orders_cross_to_the_process_whole() -> None:
    orders = Orders(
        frozenset({(NAME, "ann-id")}),
        frozenset({(NAME, "bob-id")}),
        (Task(Act.WITHDRAW, NAME, "bob-id"), Task(Act.ERASE, NAME)),
    )
    assert Orders.parse(orders.serialize()) == orders


async def soon(awaited: Awaitable[Any]) -> Any:
    """A mistake may end the work: then a test fails instead of waiting for ever."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaited


def ended(folder: Path, number: int) -> str:
    write(folder, ANN, number=number)
    return f"main/20260921T12000{number}Z-{number}"


async def test_a_recording_that_stops_while_another_is_ended_waits_for_its_own_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ended(tmp_path, 1), ended(tmp_path, 2)
    room, worker = Room(), Worker()
    replays = HubReplays(tmp_path, worker, settle_s=60)
    is_over, loop = replays._is_over, asyncio.get_running_loop()
    looked: list[str] = []

    def looks(name: str) -> bool:
        """In a thread; the second recording stops while it looks at the first."""
        looked.append(name)
        if len(looked) == 1:
            stopped = RecordingStopped(recording=second.split("/")[1])
            loop.call_soon_threadsafe(room.happens, stopped)
        return is_over(name)

    monkeypatch.setattr(replays, "_is_over", looks)
    task = await running(replays, room)
    room.happens(RecordingStopped(recording=first.split("/")[1]))
    await soon(worker.asked.get())
    assert worker.tasks == [Task(Act.PREPARE, first)]
    await soon(worker.asked.get())
    assert worker.tasks == [Task(Act.PREPARE, first), Task(Act.PREPARE, second)]
    assert looked == [first, second]
    await end(task)


async def test_who_asks_while_the_mix_is_made_without_another_is_taken_out_next(
    tmp_path: Path,
) -> None:
    room, worker = Room(), Worker()

    async def slow(folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        if orders.wishes == {(NAME, "ann-id")}:
            room.happens(Withdrew(participant="bob-id", recording=ID))
        tell({"settled": NAME})
        await worker(folder, orders, tell)

    task = await running(HubReplays(tmp_path, slow, settle_s=0), room)
    room.happens(Withdrew(participant="ann-id", recording=ID))
    assert await soon(worker.asked.get()) == {(NAME, "ann-id")}
    assert await soon(worker.asked.get()) == {(NAME, "bob-id")}
    await end(task)


async def test_work_that_cannot_even_begin_fails_and_ends_nothing(tmp_path: Path) -> None:
    asked: asyncio.Queue[Act] = asyncio.Queue()

    async def no_process(folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        for one in orders.tasks:
            asked.put_nowait(one.act)
        raise OSError(12, "Cannot allocate memory")

    replays = HubReplays(tmp_path, no_process, settle_s=0)
    task = await running(replays, Room())
    for act in (Act.PUBLISH, Act.PREPARE, Act.TAKE_BACK, Act.WITHDRAW):
        assert replays.do(Task(act, NAME))
        assert await soon(asked.get()) is act
        await asyncio.sleep(0)
        assert replays.jobs[NAME].state is JobState.FAILED
    await end(task)


async def test_a_mistake_that_nobody_foresaw_ends_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker()
    replays = HubReplays(tmp_path, worker, settle_s=0)
    monkeypatch.setattr(hub_replays, "AGAIN_S", 0)
    begun: asyncio.Queue[None] = asyncio.Queue()

    async def mistaken() -> None:
        begun.put_nowait(None)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(replays._late, "run", mistaken)
    task = await running(replays, Room())
    for _ in range(3):
        await soon(begun.get())
    assert not task.done()
    await end(task)


@pytest.mark.parametrize("line", ["no JSON", '{"pid": 1}', "x" * (hub_replays.MAX_LINE_BYTES + 1)])
async def test_a_process_that_says_nonsense_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "line").write_text(f"{line}\n")
    child = tmp_path / "child"
    child.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\ncat {tmp_path}/line\nexec sleep 600\n")
    child.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(child))

    def tell(done: Done) -> None:
        raise KeyError("act")

    with pytest.raises((ValueError, KeyError)):
        await soon(in_a_process(tmp_path, Orders(), tell))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
