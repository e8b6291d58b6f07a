"""For those who come late: a process for each recording that its host lets them hear.

It copies what may be heard (``replay/catch_up.py``) until the recording is over, or the host allows
it no longer; then the copy is deleted. Whose voice may be heard follows from the room's own state.
"""

import asyncio
import contextlib
import json
import logging
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never

from parvis_server.mishaps import Mishaps
from parvis_server.net.live_room import LiveRoom
from parvis_server.replay.overview import CATCH_UP
from parvis_wire.room_events import RoomEvent

log = logging.getLogger(__name__)

AGAIN_S: Final = 2.0
"""After a process that ended by itself."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What should run for a room."""

    folder: Path
    refused: frozenset[str]


class HubCatchUp:
    """The copies of a hub."""

    def __init__(self, folder: Path) -> None:
        """``folder``: of the recordings."""
        self._folder = folder
        self._rooms: dict[str, LiveRoom] = {}
        self._news = asyncio.Event()
        self._mishaps = Mishaps(log)

    def follow(self, live: LiveRoom) -> None:
        """Look at this room whenever something happens in it."""
        self._rooms[live.room.view.room] = live
        live.event_taps.add(lambda event: self._news.set())
        self._news.set()

    def of(self, room: str) -> Path | None:
        """Where the copy of a room's running recording lies; None: there is none to hear."""
        live = self._rooms.get(room)
        wanted = None if live is None else self._wanted(live)
        return None if wanted is None else wanted.folder / CATCH_UP

    async def run(self) -> Never:
        """Keep a process for each recording that wants one, until cancelled."""
        tasks: dict[str, tuple[Path, asyncio.Task[None]]] = {}
        self._news.set()
        async with asyncio.TaskGroup() as group:
            while True:
                await self._news.wait()
                self._news.clear()
                for room, live in self._rooms.items():
                    wanted = self._wanted(live)
                    folder, task = tasks.get(room, (None, None))
                    if task is not None and (wanted is None or wanted.folder != folder):
                        task.cancel()
                        del tasks[room]
                    if wanted is not None and room not in tasks:
                        tasks[room] = (wanted.folder, group.create_task(self._copy(live, wanted)))
        raise AssertionError("an endless wait ended")

    def _wanted(self, live: LiveRoom) -> _Wanted | None:
        recording = live.room.view.recording
        if recording is None or not recording.terms.catch_up:
            return None
        room, memory = live.room.view.room, live.room.state.memory
        refused = {
            who
            for which, who in memory.withdrawn | memory.unpublished
            if which == recording.recording
        }
        return _Wanted(self._folder / room / recording.recording, frozenset(refused))

    async def _copy(self, live: LiveRoom, wanted: _Wanted) -> None:
        """Run a process until it is wanted no longer; then nothing of the copy is left."""
        try:
            while True:
                with self._mishaps.during(f"the copy of {wanted.folder} for those who come late"):
                    await self._follow(live, wanted)
                await asyncio.sleep(AGAIN_S)
        finally:
            await asyncio.shield(asyncio.to_thread(_remove, wanted.folder / CATCH_UP))

    async def _follow(self, live: LiveRoom, wanted: _Wanted) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "parvis_server.replay.catching_up"),
            str(wanted.folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        if child.stdin is None:
            raise AssertionError("a process with a pipe has a pipe")
        said, changed = None, asyncio.Event()

        def tap(event: RoomEvent) -> None:
            changed.set()

        live.event_taps.add(tap)
        ending = asyncio.ensure_future(child.wait())
        try:
            while child.returncode is None:
                now = self._wanted(live)
                if now is not None and now.refused != said:
                    said = now.refused
                    child.stdin.write(json.dumps(sorted(said)).encode() + b"\n")
                waiting = asyncio.ensure_future(changed.wait())
                await asyncio.wait({ending, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                changed.clear()
            log.warning("who comes late hears nothing new for a moment: its process ended")
        finally:
            live.event_taps.discard(tap)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await ending


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        if folder.exists():
            log.error("%s cannot be deleted (%s): it is tried again by the hour", folder, error)
