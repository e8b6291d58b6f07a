"""What a recording is: ``recording.json``, rewritten whole whenever something changes. Pure."""

from collections.abc import Container
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_server.errors import BadRecording
from parvis_wire.fields import RoomName, Ssrc
from parvis_wire.recording import DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS, RecordingId

VERSION: Final = 1

DESCRIPTION: Final = "recording.json"
MIX: Final = "mix.opus"
MIX_PLACES: Final = "mix.places"
EVENTS: Final = "events.jsonl"
TRACKS: Final = "tracks"

MAX_TRACKS: Final = 10_000
"""Push to talk gives one for each press: three a second for an hour."""

RoomClock = Annotated[int, Field(ge=0, lt=1 << 63)]
UtcMs = Annotated[int, Field(ge=0, lt=1 << 53)]
TrackFile = Annotated[str, Field(pattern=r"^tracks/[0-9]{4,8}\.opus$")]


class Kept(BaseModel):
    """Base of what is kept: immutable, and nothing that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TrackKind(StrEnum):
    """What carried a voice."""

    UNIT = "unit"
    PHONE = "phone"
    DESK = "desk"
    SPEAKER = "speaker"
    READ = "read"
    """The hub's voice, with somebody's words."""


class Answerer(Kept):
    """Somebody who sat at a table while its own microphone was recorded, and had said yes."""

    participant: Annotated[str, Field(min_length=1, max_length=256)]
    name: Annotated[str, Field(max_length=256)] | None = None


class Talker(Kept):
    """Whose sound a track is."""

    ssrc: Ssrc
    kind: TrackKind
    participant: Annotated[str, Field(min_length=1, max_length=256)]
    """Who answered for it; where nobody could, the unit or desk."""
    name: Annotated[str, Field(max_length=256)] | None = None
    """As it was shown to the public."""
    is_published: bool = False
    """Whether they said yes to that, too."""
    answered_by: tuple[Answerer, ...] = ()
    """Of a table's own microphone: everybody who sat there. Who comes or goes begins a track."""

    @property
    def people(self) -> frozenset[str]:
        """Whose answer it hangs on: those who sat there, or who had the microphone."""
        answered = frozenset(one.participant for one in self.answered_by)
        return answered or frozenset({self.participant})

    def is_of(self, people: Container[str]) -> bool:
        """Whether it may be the voice of one of these, or is the microphone of this name."""
        return self.participant in people or any(one in people for one in self.people)


class Track(Kept):
    """One stretch in which a source was open and recorded."""

    file: TrackFile
    """Its places lie beside it, in the file of the same name that ends in ``.places``."""
    talker: Talker
    begun_clock: RoomClock
    ended_clock: RoomClock | None = None
    """None: it is open."""

    @property
    def places(self) -> str:
        """The file of its places."""
        return self.file.removesuffix(".opus") + ".places"


class Gap(Kept):
    """A stretch of which sound is missing."""

    begin_clock: RoomClock
    end_clock: RoomClock
    reason: Annotated[str, Field(max_length=200)]


class Recording(Kept):
    """Everything but the sound and the events."""

    version: Literal[1] = VERSION
    recording: RecordingId
    room: RoomName
    title: Annotated[str, Field(max_length=256)] = ""
    language: Annotated[str, Field(max_length=16)] = "en"
    begun_utc_ms: UtcMs
    begun_clock: RoomClock
    """Room clock at which it began."""
    ended_utc_ms: UtcMs | None = None
    ended_clock: RoomClock | None = None
    """None: it goes on, or nobody has mended it yet."""
    mix_clock: RoomClock | None = None
    """Room clock of the first sample of ``mix.opus``, after its pre-skip; None: none yet."""
    retention_days: int = Field(default=DEFAULT_RETENTION_DAYS, ge=1, le=MAX_RETENTION_DAYS)
    text_version: Annotated[str, Field(max_length=64)] = ""
    """Of the notice that counted at the beginning; later ones stand in the events."""
    tracks: tuple[Track, ...] = Field(default=(), max_length=MAX_TRACKS)
    gaps: tuple[Gap, ...] = Field(default=(), max_length=MAX_TRACKS)

    @property
    def folder(self) -> str:
        """Where it lies in the folder of recordings."""
        return f"{self.room}/{self.recording}"

    def serialize(self) -> bytes:
        """The file."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the file; raises ``BadRecording``."""
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadRecording(f"{DESCRIPTION}: {where}: {first['msg']}") from None
