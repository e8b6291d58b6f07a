"""A recording and the consent to it: what everybody is told, what people answer, what follows.

A room is recorded from a host's start to a stop, under *terms*. What people are asked is the
*notice*, in French and English; its ``version`` is made of its words, so an answer is to one text
and no other. Answers are for hosts alone; which sources are in the recording is for everybody.
Imported by ``room_events`` and ``commands``.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, assert_never

from pydantic import AfterValidator, Field, StringConstraints

from parvis_wire.base import Wire
from parvis_wire.fields import CommandId, Line, Name, ParticipantId, Ssrc, one_text
from parvis_wire.floor import RoomTime, UtcMs

DEFAULT_RETENTION_DAYS = 30
MAX_RETENTION_DAYS = 365
"""A year: the longest that the authorities take for logs, and longer than any replay is of use."""

MAX_WORDS_CHARACTERS = 1200
"""A purpose and a contact of 280 characters each, and what stands around them."""


def _words(text: str) -> str:
    return one_text(text, MAX_WORDS_CHARACTERS, "a notice")


Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_WORDS_CHARACTERS),
    AfterValidator(_words),
]
"""A sentence or a question of a notice."""

RecordingId = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9]{1,6}$")]
"""When it began (UTC), and the how manieth of its room it is."""

TextVersion = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Made of every word of a notice: another text has another one."""


class Unattended(StrEnum):
    """What holds for a microphone in the hall to which nobody is attached who could answer."""

    LEFT_OUT = "left_out"
    RECORDED = "recorded"
    """In the recording; published only if a host says so for it."""
    PUBLISHED = "published"


class RecordingTerms(Wire):
    """Under what terms a room is recorded, whole each time."""

    retention_days: int = Field(default=DEFAULT_RETENTION_DAYS, ge=1, le=MAX_RETENTION_DAYS)
    """After so many days it is deleted."""
    unattended: Unattended = Unattended.LEFT_OUT
    unrecorded_may_speak: bool = True
    """Whether somebody who does not want to be recorded may speak all the same."""
    catch_up: bool = False
    """Whether those who come late may hear, while it goes on, what people said who agreed to being
    published."""
    purpose_fr: Line | None = None
    """What it is for; None: as whoever runs the hub has written it."""
    purpose_en: Line | None = None
    contact: Line | None = None
    """Whom to write to; None: whom the hub names."""


class NoticeWords(Wire):
    """What people are told and asked, in one language."""

    hearing: Words
    """The sentence before one hears a room that is recorded."""
    to_record: Words
    """The first question before one goes on stage."""
    to_publish: Words
    """The second one."""
    aloud: Words
    """What the hub's voice says to the hall when it begins."""


class Notice(Wire):
    """What people are told and asked."""

    version: TextVersion
    fr: NoticeWords
    en: NoticeWords


class Recording(Wire):
    """The recording that runs."""

    recording: RecordingId
    begun_at: RoomTime
    begun_utc_ms: UtcMs
    terms: RecordingTerms
    notice: Notice
    sources: tuple[Ssrc, ...] = ()
    """Microphones whose sound is in it while they are open."""


class Consent(Wire):
    """What somebody answered to the notice of one recording."""

    participant: ParticipantId
    name: Name | None = None
    """As they wanted to be called then."""
    recorded: bool
    published: bool
    text_version: TextVersion
    at: RoomTime


class RecordingEnd(StrEnum):
    """Why a recording stopped without a host's word."""

    CLOSED = "closed"
    """The room ended, or went backstage."""
    NO_HOST = "no_host"
    """Nobody ran the room for a quarter of an hour."""
    FAILED = "failed"
    """The recorder could not go on."""


# --- commands ---


class StartRecording(Wire):
    """Host: record from now on."""

    type: Literal["start_recording"] = "start_recording"
    id: CommandId
    terms: RecordingTerms


class SetRecordingTerms(Wire):
    """Host: other terms for the recording that runs; everybody is asked again."""

    type: Literal["set_recording_terms"] = "set_recording_terms"
    id: CommandId
    terms: RecordingTerms


class StopRecording(Wire):
    """Host: no more."""

    type: Literal["stop_recording"] = "stop_recording"
    id: CommandId


class AnswerRecording(Wire):
    """My answer to the two questions; it may change at any time."""

    type: Literal["answer_recording"] = "answer_recording"
    id: CommandId
    recorded: bool
    published: bool
    """Only who may be recorded can be published."""
    text_version: TextVersion
    """Of the notice that was shown."""


class WithdrawVoice(Wire):
    """Take my voice out of a recording, also of what was said before; a host may name anybody."""

    type: Literal["withdraw_voice"] = "withdraw_voice"
    id: CommandId
    recording: RecordingId | None = None
    """None: the one that runs."""
    participant: ParticipantId | None = None


AnyRecordingCommand = (
    StartRecording | SetRecordingTerms | StopRecording | AnswerRecording | WithdrawVoice
)


# --- events ---


class RecordingStarted(Wire):
    """The room is recorded from now on. Earlier answers are void."""

    type: Literal["recording_started"] = "recording_started"
    recording: Recording


class RecordingChanged(Wire):
    """Other terms, and so another notice: answers to the old one do not count any more."""

    type: Literal["recording_changed"] = "recording_changed"
    terms: RecordingTerms
    notice: Notice


class RecordingStopped(Wire):
    """The room is not recorded any more."""

    type: Literal["recording_stopped"] = "recording_stopped"
    recording: RecordingId
    reason: RecordingEnd | None = None
    """None: a host stopped it."""


class SourcesRecorded(Wire):
    """Exactly these microphones are in the recording from now on, while they are open."""

    type: Literal["sources_recorded"] = "sources_recorded"
    sources: tuple[Ssrc, ...]


class Consented(Wire):
    """Hosts only: somebody answered, or changed their answer."""

    type: Literal["consented"] = "consented"
    consent: Consent


class Withdrew(Wire):
    """Hosts only: somebody's voice is to be taken out of this recording."""

    type: Literal["withdrew"] = "withdrew"
    participant: ParticipantId
    recording: RecordingId


RecordingEvent = (
    RecordingStarted | RecordingChanged | RecordingStopped | SourcesRecorded | Consented | Withdrew
)

Consents = tuple[Consent, ...]


def recording_changed(
    recording: Recording | None, consents: Consents, event: RecordingEvent
) -> dict[str, Any]:
    """The parts of a room's view that are other ones after this event."""
    match event:
        case RecordingStarted(recording=begun):
            return {"recording": begun, "consents": ()}
        case RecordingChanged(terms=terms, notice=notice):
            update = {"terms": terms, "notice": notice}
            return {"recording": recording and recording.model_copy(update=update)}
        case RecordingStopped():
            return {"recording": None, "consents": ()}
        case SourcesRecorded(sources=sources):
            return {"recording": recording and recording.model_copy(update={"sources": sources})}
        case Consented(consent=consent):
            others = tuple(c for c in consents if c.participant != consent.participant)
            return {"consents": (*others, consent)}
        case Withdrew(participant=who, recording=which):
            if recording is None or which != recording.recording:
                return {}
            return {"consents": tuple(_refused(c) if c.participant == who else c for c in consents)}
    assert_never(event)


def _refused(consent: Consent) -> Consent:
    return consent.model_copy(update={"recorded": False, "published": False})
