"""Bodies about recordings, replays, and the paths of single people."""

from typing import Annotated, Literal

from pydantic import Field

from parvis_server.net.api.models import Body
from parvis_wire.fields import ParticipantId
from parvis_wire.floor import UtcMs


class RecordedVoice(Body):
    """Somebody whose voice is in a recording."""

    participant: str
    name: str | None
    """As it was shown to the public."""
    kind: str
    """unit, phone, desk, speaker, read; or seat: they sat at a table that was recorded."""
    is_published: bool
    """Whether they said yes to that, too; else they are in nothing that is published."""
    duration_ms: int
    """How long their microphone was open."""


class Muted(Body):
    """Where a microphone is muted, because it had picked up somebody who left."""

    begin_ms: int
    end_ms: int


class Work(Body):
    """What was asked for last, and how far it is."""

    act: str
    state: Literal["waiting", "running", "done", "failed"]
    percent: int | None
    """Of a mix that is made again."""
    why: str | None
    """One line, where it failed."""


class Left(Body):
    """Somebody who had their voice taken out."""

    participant: str
    name: str | None
    """As the public saw it last; null: nobody knows it any more."""


class RecordingInfo(Body):
    """A recording, for those who run its room."""

    recording: str
    title: str
    begun_utc_ms: UtcMs
    duration_ms: int | None
    """Null: it goes on."""
    delete_utc_ms: UtcMs
    voices: tuple[RecordedVoice, ...]
    withdrew: tuple[Left, ...]
    leaving: int
    """So many of them wait to be taken out."""
    muted: tuple[Muted, ...]
    is_prepared: bool
    """Whether there is something to hear that could be published."""
    is_heard: bool
    """Whether a host has listened to it: nothing else is published."""
    published: str | None
    """Path of the replay, below the room's link or one's own path; null: it is not published."""
    work: Work | None


class RecordingList(Body):
    """The recordings of a room, the newest first."""

    recordings: tuple[RecordingInfo, ...]
    work: Work | None
    """About the whole room: somebody who is erased from it."""


class PlainAct(Body):
    """Something about the whole recording."""

    act: Literal["prepare", "publish", "take_back", "erase"]
    """prepare: make what would be published, to be heard. take_back: publish it no longer. erase:
    delete it, with every copy."""


class WithdrawAct(Body):
    """Take somebody's voice out, in their name."""

    act: Literal["withdraw"]
    participant: ParticipantId


OnRecording = Annotated[PlainAct | WithdrawAct, Field(discriminator="act")]


class RoomAct(Body):
    """Something about all recordings of a room."""

    act: Literal["erase_all"]
    """Delete every one, with every copy that was published; and everybody's names and words."""


class ExportRequest(Body):
    """What is to be taken home."""

    participant: ParticipantId | None = None
    """What there is of one person; null: the whole room."""


class OwnPath(Body):
    """A path for one person; it holds a secret, and is void once they ask again."""

    path: str
    """`/p/TOKEN/`: before `listen.mp3` and `replay/`; or whole, to something to hear or take."""
    grant: str
    """Names it, for who revokes it; also in the hub's log."""


class PathRequest(Body):
    """For whom a path is wanted."""

    resume: Annotated[str, Field(max_length=256)] | None = None
    """The token of a listener, from their `welcome`; not needed with an invitation of one's own."""


class PathInfo(Body):
    """A path that is good, without its secret."""

    grant: str
    holder: str
    """A participant, `invitation N` or `host`."""
    scope: str
    since_utc_ms: UtcMs


class PathList(Body):
    """The paths of a room."""

    paths: tuple[PathInfo, ...]


class ReplayInfo(Body):
    """A recording that is published."""

    recording: str
    title: str
    begun_utc_ms: UtcMs
    duration_ms: int
    path: str
    """Below the room's link, or below a path of one's own; or a whole address elsewhere."""


class ReplayList(Body):
    """What can be heard again of a room."""

    replays: tuple[ReplayInfo, ...]
    now: str | None
    """Of the recording that goes on, from its beginning, where its host allows that."""
    is_open: bool
    """Whether `/r/ROOM/` before a path is enough; else ask for a path of your own."""


class Erasure(Body):
    """Whom to erase from a room: voice, name and words."""

    participant: ParticipantId


class ErasePerson(Body):
    """Whom to erase from every room of the hub."""

    person: Annotated[str, Field(min_length=1, max_length=256)]
    """Their id, or a name that they were called by."""


class ErasedPerson(Body):
    """Who that was."""

    participant: str
    rooms: tuple[str, ...]
    """Whose recordings follow: see `work` of each."""
    words: int
    paths: int


class Erased(Body):
    """What was erased at once; the recordings follow, see `work` of the room's recordings."""

    words: int
    """Names and written words in the log."""
    paths: int
