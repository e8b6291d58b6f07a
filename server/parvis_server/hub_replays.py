"""What the hub does with recordings that are over: takes voices out, makes what hosts ask for,
deletes what was kept enough.

The work is done by a process of its own at the lowest priority
(``python -m parvis_server.replay``), started when somebody has asked for their voice to be taken
out, when a recording ends, when a host asks for something, and once an hour for what has been kept
long enough. Who asked to be taken out stands in the room's log, so nothing of that is forgotten
when the hub falls. What a host waits for and takes seconds, publishing, has a process of its own.
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Never

from parvis_server.hub_catch_up import HubCatchUp
from parvis_server.mishaps import Mishaps
from parvis_server.net.live_room import LiveRoom
from parvis_server.record.recording import DESCRIPTION, Recording
from parvis_server.replay.orders import Act, Job, JobState, Orders, Task, Wish
from parvis_server.replay.storage import StorageAddress
from parvis_wire.recording import Consented, RecordingStopped, Withdrew
from parvis_wire.room_events import RoomEvent

log = logging.getLogger(__name__)

PUBLISHED: Final = "published"
"""Beside the folder of recordings: what is published of them, a folder for each room."""

LOOK_EVERY_S: Final = 3600.0
FIRST_LOOK_S: Final = 60.0
"""After the start, and for a recording that is not over yet after all."""

MAX_SOON: Final = 5
"""So often it is looked soon; then by the hour, until something happens."""

SETTLE_S: Final = 5.0
"""The recorder needs a moment to end its files; it is mostly less."""

SETTLE_STEP_S: Final = 0.2

AGAIN_S: Final = 2.0
"""After a mistake that nobody foresaw."""

MAX_TASKS: Final = 100
"""That wait: a host has a few recordings."""

QUICK: Final = frozenset({Act.PUBLISH, Act.TAKE_BACK})
"""Copies and removes files: nobody should wait for a mix that is made again meanwhile."""

Done = dict[str, Any]

Work = Callable[[Path, Orders, Callable[[Done], None]], Awaitable[None]]
"""Does what is ordered in a folder, and tells each step."""

MAX_LINE_BYTES: Final = 1 << 20
"""Of one step: the silences of a long evening."""


async def in_a_process(folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
    """Have it done."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "parvis_server.replay", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
    )
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise AssertionError("a process with three pipes has three pipes")
    complaining = asyncio.ensure_future(child.stderr.read())
    try:
        child.stdin.write(orders.serialize() + b"\n")
        child.stdin.close()
        async for line in child.stdout:
            tell(json.loads(line))
        err = await complaining
        await child.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()  # what is cut off is done again next time
        complaining.cancel()
        await child.wait()
    if child.returncode and err:
        log.error("recordings that are over: %s", err.decode(errors="replace").strip()[-500:])


class HubReplays:
    """The recordings of a hub that are over."""

    def __init__(
        self,
        folder: Path,
        work: Work = in_a_process,
        settle_s: float = SETTLE_S,
        soon_s: float = FIRST_LOOK_S,
        storage: StorageAddress | None = None,
        data: Path | None = None,
    ) -> None:
        """``folder``: of the recordings; ``work``: who does it; ``storage``: a second place;
        ``data``: of the hub, whose copies lose what is erased from it."""
        self.folder = folder
        self.jobs: dict[str, Job] = {}
        """By ``room/recording``, or by room for somebody who is erased from it."""
        self._work = work
        self._settle_s = settle_s
        self._soon_s = soon_s
        self._wishes: set[Wish] = set()
        self._tasks: list[Task] = []
        self._quick: asyncio.Queue[Task] = asyncio.Queue(MAX_TASKS)
        self._ended: set[str] = set()
        """Recordings whose files the recorder is about to end."""
        self._followed: list[LiveRoom] = []
        self._due = asyncio.Event()
        self._late = HubCatchUp(folder)
        self._storage = storage
        self._data = None if data is None else str(data)
        self.unstored = 0
        """So many recordings wait for the store, which is away."""
        self._mishaps = Mishaps(log)

    @property
    def published(self) -> Path:
        """Where published recordings lie, a folder for each room."""
        return self.folder.parent / PUBLISHED

    def live(self, room: str) -> Path | None:
        """What those who come late may hear of a room's recording that runs; None: nothing."""
        return self._late.of(room)

    def follow(self, live: LiveRoom) -> None:
        """Hear of this room's withdrawals, those of its log first."""
        room = live.room.view.room
        self._followed.append(live)
        self._late.follow(live)
        for recording, participant in live.room.state.memory.withdrawn:
            self._wishes.add((f"{room}/{recording}", participant))
        live.event_taps.add(lambda event: self._happened(live, event))

    def do(self, task: Task) -> bool:
        """Have an act of a host done; False when too many wait."""
        if len(self._tasks) + self._quick.qsize() >= MAX_TASKS:
            return False
        self.jobs[task.recording] = Job(task.act)
        if task.act in QUICK:
            self._quick.put_nowait(task)
        else:
            self._tasks.append(task)
            self._due.set()
        return True

    async def run(self) -> Never:
        """Do what is due, until cancelled: no mistake in it ends a room."""
        async with asyncio.TaskGroup() as group:
            for work in (self._be_quick, self._late.run, self._be_thorough):
                group.create_task(self._keep_at(work))
        raise AssertionError("endless work ended")

    async def _keep_at(self, work: Callable[[], Awaitable[Never]]) -> Never:
        while True:
            with self._mishaps.during("looking after the recordings"):
                await work()
            await asyncio.sleep(AGAIN_S)

    async def _be_quick(self) -> Never:
        while True:
            task = await self._quick.get()
            await self._carry_out(Orders(tasks=(task,)))

    async def _be_thorough(self) -> Never:
        soon, wait_s = 0, self._soon_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._due.wait()
                soon = 0
            self._due.clear()
            await self._settle()
            if len(self._tasks) > 0 or await asyncio.to_thread(self.folder.is_dir):
                await self._carry_out(self._orders())
            soon = soon + 1 if self._wishes else 0
            is_soon = 0 < soon <= MAX_SOON or self.unstored > 0
            wait_s = self._soon_s if is_soon else LOOK_EVERY_S

    async def _carry_out(self, orders: Orders) -> None:
        """Have it done; whatever was said nothing of did not succeed."""
        with self._mishaps.during("the work on recordings that are over"):
            await self._work(self.folder, orders, lambda done: self._tell(done, orders))
        for task in orders.tasks:
            job = self.jobs.get(task.recording)
            if job is not None and job.act is task.act and job.is_open:
                why = "the process that does it ended by itself: see the hub's log"
                self.jobs[task.recording] = replace(job, state=JobState.FAILED, why=why)

    async def _settle(self) -> None:
        """Wait for the recorder to end its files, no longer than it needs.

        A recording that stops meanwhile has its turn next time: it made that due.
        """
        ended, waited_s = frozenset(self._ended), 0.0
        growing = ended
        while growing and waited_s < self._settle_s:
            is_over = {name: await asyncio.to_thread(self._is_over, name) for name in growing}
            growing = frozenset(name for name, over in is_over.items() if not over)
            if growing:
                await asyncio.sleep(SETTLE_STEP_S)
                waited_s += SETTLE_STEP_S
        self._ended.difference_update(ended)

    def _is_over(self, name: str) -> bool:
        try:
            content = (self.folder / name / DESCRIPTION).read_bytes()
            return Recording.parse(content).ended_clock is not None
        except (OSError, ValueError):
            return False

    def _orders(self) -> Orders:
        tasks = tuple(task for task in self._tasks if task.recording not in self._ended)
        self._tasks = [task for task in self._tasks if task.recording in self._ended]
        for task in tasks:
            self.jobs[task.recording] = Job(task.act, JobState.RUNNING)
        unpublished = (
            (f"{live.room.view.room}/{recording}", who)
            for live in self._followed
            for recording, who in live.room.state.memory.unpublished
        )
        wishes = frozenset(self._wishes)
        return Orders(wishes, frozenset(unpublished), tasks, self._storage, self._data)

    def _happened(self, live: LiveRoom, event: RoomEvent) -> None:
        room, running = live.room.view.room, live.room.view.recording
        match event:
            case Withdrew(participant=who, recording=recording):
                self._wishes.add((f"{room}/{recording}", who))
                self._due.set()
            case Consented(consent=consent) if consent.recorded and running is not None:
                self._wishes.discard((f"{room}/{running.recording}", consent.participant))
            case RecordingStopped(recording=recording):
                self._ended.add(f"{room}/{recording}")
                self._due.set()
                self.do(Task(Act.PREPARE, f"{room}/{recording}"))
            case _:
                pass

    def _stored(self, waiting: int, why: str | None) -> None:
        """Recordings wait on the local disk for as long as the store is away."""
        if why is not None:
            log.error("%d recordings wait for the store: %s", waiting, why)
        elif self.unstored:
            log.info("the store is back and has every recording")
        self.unstored = waiting if why is not None else 0

    def _tell(self, done: Done, orders: Orders) -> None:
        """``orders``: what it is the answer to; who asked since is not in them."""
        match done:
            case {"failed": name, "why": why, "act": act}:
                log.error("recording %s: %s", name, why)
                self.jobs[name] = Job(Act(act), JobState.FAILED, why=why)
            case {"progress": name, "percent": percent, "act": act}:
                self.jobs[name] = Job(Act(act), JobState.RUNNING, percent)
            case {"settled": name}:
                self._wishes -= {wish for wish in orders.wishes if wish[0] == name}
            case {"withdrawn": name}:
                log.info("a voice is out of the recording %s", name)
                self.jobs[name] = Job(Act.WITHDRAW, JobState.DONE)
            case {"done": name, "act": act}:
                log.info("recording %s: %s is done", name, act)
                self.jobs[name] = replace(self.jobs.get(name, Job(Act(act))), state=JobState.DONE)
            case {"stored": _, "waiting": waiting, "why": why}:
                self._stored(waiting, why)
            case {"copy": line}:
                log.error("%s", line)
            case {"expired": name}:
                log.info("recording %s was kept long enough and is deleted", name)
            case _:
                log.warning("recordings that are over: %s", done)
