"""The recordings of a hub, for its API and its pages: what there is, and what hosts have done."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parvis_server.net.path_grants import PathGrants
from parvis_server.replay.index import INDEX, Index
from parvis_server.replay.orders import Act, Job, Task
from parvis_server.replay.overview import ADDRESS, PREPARED, Overview, index_of, overviews, replays


def _nobody_does(task: Task) -> bool:
    return False


def _not_live(room: str) -> Path | None:
    return None


def _address(file: Path) -> str | None:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Recordings:
    """Where they are, and who works on them."""

    grants: PathGrants
    folder: Path | None = None
    """None: this hub has no recorder."""
    published: Path | None = None
    """A folder for each room."""
    do: Callable[[Task], bool] = _nobody_does
    """Have something done; False when too much waits."""
    jobs: Mapping[str, Job] = field(default_factory=dict)
    """What was asked for last, by recording, and by room."""
    data: Path | None = None
    """The hub's folder, in which is noted who was erased; None: it keeps nothing."""
    live: Callable[[str], Path | None] = _not_live
    """By room: what those who come late may hear of the recording that runs; None: nothing."""
    heard: set[tuple[str, str]] = field(default_factory=set)
    """Recordings that a host has listened to since they were prepared, and their fingerprints."""

    async def of_room(self, room: str) -> list[Overview]:
        """All of a room, the newest first."""
        if self.folder is None or self.published is None:
            return []
        return await asyncio.to_thread(overviews, self.folder, self.published, room)

    async def replays(self, room: str) -> list[Index]:
        """What is published of a room, the newest first."""
        if self.published is None:
            return []
        return await asyncio.to_thread(replays, self.published / room)

    async def address(self, room: str) -> str | None:
        """Where what is published of a room stands on a server of its own, if anybody said so."""
        if self.published is None:
            return None
        return await asyncio.to_thread(_address, self.published / room / ADDRESS)

    def prepared(self, room: str, recording: str) -> Path | None:
        """Folder of what could be published of a recording."""
        return None if self.folder is None else self.folder / room / recording / PREPARED

    async def note_heard(self, room: str, recording: str) -> None:
        """A host listens to what was prepared."""
        folder = self.prepared(room, recording)
        index = None if folder is None else await asyncio.to_thread(index_of, folder / INDEX)
        if index is not None:
            self.heard.add((f"{room}/{recording}", index.source))

    def is_heard(self, overview: Overview) -> bool:
        """Whether a host has listened to exactly what would be published."""
        return (overview.name, overview.prepared) in self.heard

    def is_busy(self, name: str) -> bool:
        """Whether something is done to a recording that must be over first."""
        job = self.jobs.get(name)
        return job is not None and job.is_open and job.act is not Act.PREPARE
