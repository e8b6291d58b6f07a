"""What the hub does with recordings that are over: takes voices out, deletes what was kept enough.

The work is done by a process of its own at the lowest priority
(``python -m parvis_server.replay``), started when somebody has asked for their voice to be taken
out, when a recording ends for which somebody had, and once an hour for what has been kept long
enough. Who asked stands in the room's log, so nothing is forgotten when the hub falls.
"""

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Never

from parvis_server.net.live_room import LiveRoom
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
"""The recorder needs a moment to end its files."""

Wish = tuple[str, str]
"""``room/recording``, and whose voice is to leave it."""

Work = Callable[[Path, frozenset[Wish]], Awaitable[list[dict[str, object]]]]


async def in_a_process(folder: Path, wishes: frozenset[Wish]) -> list[dict[str, object]]:
    """Have it done; what was done."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "parvis_server.replay", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await child.communicate(json.dumps(sorted(wishes)).encode())
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()  # what is cut off is done again next time
        await child.wait()
        raise
    if child.returncode and err:
        log.error("recordings that are over: %s", err.decode(errors="replace").strip()[-500:])
    return [json.loads(line) for line in out.splitlines()]


class HubReplays:
    """The recordings of a hub that are over."""

    def __init__(
        self,
        folder: Path,
        work: Work = in_a_process,
        settle_s: float = SETTLE_S,
        soon_s: float = FIRST_LOOK_S,
    ) -> None:
        """``folder``: of the recordings; ``work``: who does it."""
        self.folder = folder
        self._work = work
        self._settle_s = settle_s
        self._soon_s = soon_s
        self._wishes: set[Wish] = set()
        self._due = asyncio.Event()

    def follow(self, live: LiveRoom) -> None:
        """Hear of this room's withdrawals, those of its log first."""
        room = live.room.view.room
        for recording, participant in live.room.state.memory.withdrawn:
            self._wishes.add((f"{room}/{recording}", participant))
        live.event_taps.add(lambda event: self._happened(live, event))

    async def run(self) -> Never:
        """Do what is due, until cancelled."""
        soon, wait_s = 0, self._soon_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._due.wait()
                soon = 0
                await asyncio.sleep(self._settle_s)
            self._due.clear()
            if await asyncio.to_thread(self.folder.is_dir):
                self._tell(await self._work(self.folder, frozenset(self._wishes)))
            soon = soon + 1 if self._wishes else 0
            wait_s = self._soon_s if 0 < soon <= MAX_SOON else LOOK_EVERY_S

    def _happened(self, live: LiveRoom, event: RoomEvent) -> None:
        room, running = live.room.view.room, live.room.view.recording
        match event:
            case Withdrew(participant=who, recording=recording):
                self._wishes.add((f"{room}/{recording}", who))
                self._due.set()
            case Consented(consent=consent) if consent.recorded and running is not None:
                self._wishes.discard((f"{room}/{running.recording}", consent.participant))
            case RecordingStopped():
                if self._wishes:
                    self._due.set()
            case _:
                pass

    def _tell(self, done: list[dict[str, object]]) -> None:
        for one in done:
            if "failed" in one:
                log.error("recording %s: %s", one["failed"], one["why"])
            elif "settled" in one:
                self._wishes = {wish for wish in self._wishes if wish[0] != one["settled"]}
            elif "withdrawn" in one:
                log.info("a voice is out of the recording %s", one["withdrawn"])
            else:
                log.info("recording %s was kept long enough and is deleted", one["expired"])
