"""What a replay page is told: ``index.json`` beside the sound; the page's ``index.ts`` reads it.

Names are those that the public saw; there is no participant's id in it. Every address is relative
to the folder, so that the folder plays wherever it is put.
"""

from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from parvis_server.record.recording import Recording
from parvis_server.replay.chapters import Chapter
from parvis_server.replay.retention import deleted_at_utc_ms

INDEX: Final = "index.json"
WAVEFORM: Final = "waveform.json"
CHAPTERS: Final = "chapters.json"
FEED: Final = "feed.xml"


class Part(BaseModel):
    """Base: whole, and nothing that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReplayState(StrEnum):
    """How far a recording has come."""

    GROWING = "growing"
    FINISHED = "finished"


class SoundFile(Part):
    """A file of sound."""

    url: str
    type: str
    bytes: int
    who: str | None = None
    """Whose voice alone; None: the mix."""


class ShownChapter(Part):
    """A chapter as the public may see it."""

    begin_ms: int
    end_ms: int
    kind: str
    name: str | None
    text: str | None


class Silence(Part):
    """A stretch in which a microphone was muted because it had picked a voice up."""

    begin_ms: int
    end_ms: int


class Mark(Part):
    """A moment that listeners marked while the room was live: how many, never who."""

    at_ms: int
    count: int


class Index(Part):
    """Everything that the page shows."""

    version: Literal[1] = 1
    id: str
    room: str
    title: str
    language: str
    begun_utc_ms: int
    duration_ms: int
    delete_utc_ms: int
    """When it will be deleted, for the clock on the page."""
    state: ReplayState
    sounds: tuple[SoundFile, ...]
    """The mix, best first; a player takes the first that it can play."""
    downloads: tuple[SoundFile, ...] = ()
    chapters: tuple[ShownChapter, ...] = ()
    marks: tuple[Mark, ...] = ()
    silences: tuple[Silence, ...] = ()
    source: str = ""
    """Of what it was made; another one: the recording has changed since."""


def index_of(
    recording: Recording,
    *,
    duration_ms: int,
    sounds: tuple[SoundFile, ...],
    downloads: tuple[SoundFile, ...] = (),
    chapters: tuple[Chapter, ...] = (),
    marks: tuple[Mark, ...] = (),
    silences: tuple[Silence, ...] = (),
    source: str = "",
) -> Index:
    """The index of a recording."""
    is_growing = recording.ended_clock is None
    return Index(
        id=recording.recording,
        room=recording.room,
        title=recording.title or recording.room,
        language=recording.language,
        begun_utc_ms=recording.begun_utc_ms,
        duration_ms=duration_ms,
        delete_utc_ms=deleted_at_utc_ms(recording),
        state=ReplayState.GROWING if is_growing else ReplayState.FINISHED,
        sounds=sounds,
        downloads=downloads,
        chapters=tuple(
            ShownChapter(
                begin_ms=one.begin_ms,
                end_ms=one.end_ms,
                kind=one.kind,
                name=one.name,
                text=one.text,
            )
            for one in chapters
        ),
        marks=marks,
        silences=silences,
        source=source,
    )
