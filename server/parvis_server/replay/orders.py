"""What the process beside the hub is asked to do with recordings, as a line of JSON. Pure."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from parvis_server.replay.storage import StorageAddress

Wish = tuple[str, str]
"""``room/recording``, and a person."""


class Act(StrEnum):
    """What a host does to a recording that is over."""

    PREPARE = "prepare"
    """Make what would be published, to be heard."""
    PUBLISH = "publish"
    TAKE_BACK = "take_back"
    """Publish it no longer; the recording stays."""
    WITHDRAW = "withdraw"
    """Take a person's voice out of it."""
    ERASE = "erase"
    ERASE_PERSON = "erase_person"
    """Out of every recording of this room."""
    ERASE_ROOM = "erase_room"
    """Every recording of this room."""


@dataclass(frozen=True, slots=True)
class Task:
    """One act."""

    act: Act
    recording: str
    """``room/recording``; of ``ERASE_PERSON`` and ``ERASE_ROOM``, the room."""
    participant: str | None = None
    """Whom it is about, where it is about somebody."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Everything that is due."""

    wishes: frozenset[Wish] = frozenset()
    """Who asked for their voice to be taken out."""
    unpublished: frozenset[Wish] = frozenset()
    """Whose last answer was not a yes to being published."""
    tasks: tuple[Task, ...] = ()
    storage: StorageAddress | None = None
    """Where recordings are kept a second time; None: nowhere, or not now."""
    data: str | None = None
    """The hub's data folder, whose copies lose what was erased from it; None: it has none."""

    def serialize(self) -> bytes:
        """The line."""
        tasks = [[task.act.value, task.recording, task.participant] for task in self.tasks]
        parts = {
            "wishes": sorted(self.wishes),
            "unpublished": sorted(self.unpublished),
            "tasks": tasks,
            "storage": None if self.storage is None else asdict(self.storage),
            "data": self.data,
        }
        return json.dumps(parts).encode()

    @classmethod
    def parse(cls, line: bytes | str) -> Self:
        """Read it; raises ``ValueError`` for what no hub of this version writes."""
        parts: dict[str, Any] = json.loads(line)
        wishes = frozenset((str(name), str(who)) for name, who in parts["wishes"])
        unpublished = frozenset((str(name), str(who)) for name, who in parts["unpublished"])
        tasks = tuple(Task(Act(act), str(name), who) for act, name, who in parts["tasks"])
        store = parts.get("storage")
        storage = None if store is None else StorageAddress(**store)
        return cls(wishes, unpublished, tasks, storage, parts.get("data"))


class JobState(StrEnum):
    """How far something has come that a host asked for."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """The newest act on one recording."""

    act: Act
    state: JobState = JobState.WAITING
    percent: int | None = None
    """Of a mix that is made again."""
    why: str | None = None
    """One line, where it failed."""

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state in (JobState.WAITING, JobState.RUNNING)
