"""The log as the event loop sees it: nothing is acknowledged that could be lost, nothing waits."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from fakes.postgres import Postgres
from fakes.room_log import hands
from parvis_server.errors import JournalFull, StoreError
from parvis_server.store import journal as journal_module
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.journal import Journal, JournalState
from parvis_server.store.rooms import StoredRoom

MAIN = StoredRoom("main", 1, 1, 1)
RETRY_S = 0.01
TESTS = Path(__file__).parents[2]


@pytest.fixture
def store(store: Store) -> Store:
    store.put_room(MAIN)
    return store


class Room:
    """Appends, and remembers what was released and how the log fared."""

    def __init__(self, store: Store, stall_s: float = 30.0) -> None:
        self.released: list[int] = []
        self.states: list[JournalState] = []
        self.changed = asyncio.Event()
        self.store = store
        self.journal = Journal(store, on_state=self._note, retry_s=RETRY_S, stall_s=stall_s)

    def append(self, first: int, last: int) -> None:
        """One cause for each event."""
        for stored in hands(first, last):
            self.journal.append((stored,), partial(self._release, stored.seq))

    async def until_released(self, seq: int) -> None:
        while seq not in self.released:
            self.changed.clear()
            await self.changed.wait()

    async def until(self, failing: bool) -> JournalState:
        while not self.states or self.states[-1].failing != failing:
            self.changed.clear()
            await self.changed.wait()
        return self.states[-1]

    def _release(self, seq: int) -> None:
        self.released.append(seq)
        self.changed.set()

    def _note(self, state: JournalState) -> None:
        self.states.append(state)
        self.changed.set()


@asynccontextmanager
async def room_on(store: Store, stall_s: float = 30.0) -> AsyncIterator[Room]:
    room = Room(store, stall_s)
    try:
        async with asyncio.timeout(20):
            yield room
    finally:
        await room.journal.close()


async def test_events_are_released_in_order_and_are_then_on_disk(store: Store) -> None:
    async with room_on(store) as room:
        room.append(1, 50)
        assert room.released == [], "never before append returns"
        assert room.journal.state.waiting == 50
        await room.until_released(50)
        assert room.released == list(range(1, 51))
        kept = await room.journal.perform(lambda there: there.load("main"))
        assert kept == hands(1, 50)
        assert room.journal.state == JournalState()
    assert room.states == []


async def test_nothing_is_released_before_the_commit(store: Store) -> None:
    """Whoever is released looks into the database by another way."""
    async with room_on(store) as room:
        seen: list[int] = []
        for stored in hands(1, 20):
            room.journal.append((stored,), lambda: seen.append(len(committed(store))))
        await room.journal.flush()
        await asyncio.sleep(0)
    assert seen == sorted(seen)
    assert all(found >= seq for seq, found in enumerate(seen, start=1))


def committed(store: Store) -> list[StoredEvent]:
    return store.load("main")


async def test_an_ack_without_events_keeps_its_place(store: Store) -> None:
    async with room_on(store) as room:
        order: list[str] = []
        room.journal.append(hands(1, 2), lambda: order.append("first"))
        room.journal.append((), lambda: order.append("second"))
        room.journal.append(hands(3, 3), lambda: order.append("third"))
        await room.journal.flush()
        await asyncio.sleep(0)
        assert order == ["first", "second", "third"]


async def test_an_error_of_one_who_was_released_does_not_take_others_along(store: Store) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    async with room_on(store) as room:
        room.journal.append(hands(1, 1), lambda: 1 // 0)  # type: ignore[arg-type]
        room.journal.append(hands(2, 2), lambda: room.released.append(2))
        await room.journal.flush()
        await asyncio.sleep(0)
    assert room.released == [2]
    assert len(complaints) == 1


async def test_work_on_the_store_waits_for_what_came_before(store: Store) -> None:
    async with room_on(store) as room:
        room.append(1, 3)
        erasing = asyncio.ensure_future(
            room.journal.perform(lambda there: there.erase("main", "phone-2"))
        )
        await asyncio.sleep(0)
        room.append(4, 5)
        assert await erasing == 2
        with pytest.raises(StoreError, match="another hub uses"):
            await room.journal.perform(lambda there: Store.open(there.address))
        await room.journal.flush()
        assert await room.journal.perform(lambda there: there.last_seq("main")) == 5


async def test_what_waits_is_written_at_the_end(store: Store) -> None:
    room = Room(store)
    room.append(1, 700)
    assert await room.journal.close() == 0
    assert await room.journal.close() == 0
    assert store.last_seq("main") == 700
    with pytest.raises(RuntimeError, match="closed"):
        room.append(701, 701)


async def test_the_backlog_is_bounded_and_a_log_has_no_hole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MAX_WAITING_EVENTS", 10)
    store.put_room(StoredRoom("other", 1, 1, 1))
    async with room_on(store) as room:
        hold = threading.Event()
        holding = asyncio.ensure_future(room.journal.perform(lambda _: hold.wait(20)))
        await asyncio.sleep(0)
        room.append(1, 10)
        with pytest.raises(JournalFull, match="log of room main is cut off"):
            room.append(11, 11)
        room.journal.append((), lambda: None)
        hold.set()
        assert await holding
        await room.journal.flush()
        with pytest.raises(JournalFull, match="log of room main is cut off"):
            room.append(12, 12)
        room.journal.append(hands(1, 1, room="other"), lambda: room.released.append(100))
        await room.journal.flush()
        assert room.journal.state.failing, "until somebody has seen to it"
        await room.until_released(10)
    assert store.load("main") == hands(1, 10)
    assert store.load("other") == hands(1, 1, room="other")


async def test_a_database_that_does_not_answer_holds_nobody_up(store: Store) -> None:
    async with room_on(store, stall_s=0.02) as room:
        hold = threading.Event()
        holding = asyncio.ensure_future(room.journal.perform(lambda _: hold.wait(20)))
        await asyncio.sleep(0)
        room.append(1, 3)
        state = await room.until(failing=True)
        assert state.why == "the database does not answer"
        await room.until_released(3)
        room.append(4, 4)
        await room.until_released(4)
        assert room.journal.state.waiting == 4
        hold.set()
        await room.until(failing=False)
        assert await holding
        await room.journal.flush()
        assert await room.journal.perform(lambda there: there.last_seq("main")) == 4
    assert room.released == [1, 2, 3, 4]


async def test_a_server_that_is_down_for_a_while(postgres: Postgres) -> None:
    store = Store.open(Address.parse(postgres.database()))
    store.put_room(MAIN)
    async with room_on(store) as room:
        room.append(1, 2)
        await room.journal.flush()
        await asyncio.to_thread(postgres.stop)
        room.append(3, 5)
        state = await room.until(failing=True)
        assert state.why is not None
        assert "cannot be reached" in state.why or "terminat" in state.why
        room.append(6, 6)
        await room.until_released(6)
        await asyncio.to_thread(postgres.start)
        await room.until(failing=False)
        await room.journal.flush()
        room.append(7, 7)
        await room.until_released(7)
    assert room.released == list(range(1, 8))
    assert store.load("main") == hands(1, 7)
    store.close()


async def test_a_connection_that_was_cut_is_no_alarm(postgres: Postgres) -> None:
    url = postgres.database()
    store = Store.open(Address.parse(url))
    store.put_room(MAIN)
    async with room_on(store) as room:
        postgres.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'parvis'"
        )
        room.append(1, 3)
        await room.journal.flush()
        assert room.states == []
    assert store.last_seq("main") == 3
    store.close()


class SmallDisk:
    """A real filesystem of a megabyte, which can be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"a full disk can be tried only where one may mount: {done.stderr.strip()}")

    def fill(self) -> None:
        """To the last byte."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            for size in (65_536, 512, 1):
                try:
                    while ballast.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder)
    yield disk
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk(small_disk: SmallDisk) -> None:
    store = Store.open(Address.of(None, small_disk.folder))
    store.put_room(MAIN)
    async with room_on(store) as room:
        room.append(1, 5)
        await room.journal.flush()
        small_disk.fill()
        room.append(6, 300)
        state = await room.until(failing=True)
        assert state.why is not None
        assert "disk is full: make room" in state.why
        assert state.failing_since_utc_ms is not None
        await room.until_released(300)
        room.append(301, 302)
        await room.until_released(302)
        assert room.journal.state.waiting > 0
        small_disk.free()
        assert (await room.until(failing=False)).waiting == 0
        room.append(303, 303)
        await room.until_released(303)
    assert room.released == list(range(1, 304))
    store.close()
    again = Store.open(store.address)
    assert again.load("main") == hands(1, 303)
    again.close()


async def test_what_cannot_be_written_at_the_end_is_said(
    small_disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(Address.of(None, small_disk.folder))
    store.put_room(MAIN)
    room = Room(store)
    small_disk.fill()
    room.append(1, 400)
    await room.until(failing=True)
    assert await room.journal.close() == 400
    assert "400 events of the log are lost" in caplog.text
    store.close()


KILLS = 5


def test_a_killed_hub_loses_no_acknowledged_event(url: str) -> None:
    draw = random.Random(4)
    acknowledged = 0
    for _ in range(KILLS):
        acknowledged = killed_after(url, acknowledged, draw.randint(1, 40))
        store = Store.open(url)
        log = store.load("main")
        store.close()
        assert len(log) >= acknowledged, "acknowledged and lost"
        assert log == hands(1, len(log)), "in order, none twice, none missing"


def killed_after(url: str, acknowledged: int, lines: int) -> int:
    """Run a hub until it has given so many acknowledgements, kill it; the last one that it gave."""
    with subprocess.Popen(
        [sys.executable, TESTS / "server/store/crashing_hub.py", url],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    ) as hub:
        assert hub.stdout is not None
        for _ in range(lines):
            line = hub.stdout.readline()
            assert line, "it ended by itself"
            acknowledged = int(line)
        hub.send_signal(signal.SIGKILL)
        rest = hub.stdout.read().split()
    return int(rest[-1]) if rest else acknowledged
