"""Control messages: JSON objects with a ``type``, one for each text WebSocket message.

``ClientMessage`` goes to the hub, ``HubMessage`` comes from it. A client's first message is
``join``; the hub answers ``welcome``, ``snapshot`` and ``time``, and from then on a ``change`` for
every event. Commands carry an ``id`` made by the client and are answered with ``ack`` after
they took effect; a repeated id gets the same answer and is not applied again.
"""

from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from parvis_wire.audience import Here, Pulse, React, TokenKept
from parvis_wire.base import Wire
from parvis_wire.commands import AnyCommand
from parvis_wire.edge_words import FromEdge
from parvis_wire.errors import BadMessage
from parvis_wire.fields import (
    CommandId,
    LevelDbfs,
    Name,
    ParticipantId,
    RoomName,
    Ssrc,
    StreamId,
)
from parvis_wire.floor import Rank
from parvis_wire.packet_time import PacketTime
from parvis_wire.pairing import StrangerSays, ToStranger, UnitKey
from parvis_wire.room_events import RoomEvent
from parvis_wire.room_view import RoomView
from parvis_wire.stage import (
    Bus,
    CaptureTime,
    CheckSound,
    OutputReport,
    SetLift,
    SetSharing,
    SetSource,
    SpeakerTraits,
    Status,
    TimeReply,
    TimeRequest,
    UnitTraits,
)
from parvis_wire.update import UpdateOffer, UpdateReport

T = TypeVar("T")

PROTOCOL_VERSION = 1
"""Raised when an older peer could no longer take part; new optional keys do not raise it."""

DEFAULT_ROOM = "main"
"""The room that a hub opens by itself."""

MAX_LISTENER_MESSAGE_BYTES = 20_480
"""A host's ``describe`` is the longest: 2,000 characters and eight topics of 280, of four bytes."""

MAX_UNIT_MESSAGE_BYTES = 16_384
"""Units also send packets of up to ``rtp.MAX_PACKET_BYTES``, and later their self-test."""

MAX_PLAYED_MS = 31 * 24 * 3600 * 1000
"""A month: no page plays longer, and infinity is no time."""

MAX_FAULT_CHARACTERS = 300
"""Faults quote the sender's own text; a log line stays one line."""


class Role(StrEnum):
    """What a connection is, and so what it may do."""

    LISTENER = "listener"
    HOST = "host"
    UNIT = "unit"
    SPEAKER = "speaker"
    """Somebody far away who is heard in the hall."""
    SCREEN = "screen"
    """The hall's screen: shows, and does nothing."""


class ResumeCredential(Wire):
    """Come back as the participant of an earlier ``welcome``."""

    kind: Literal["resume"] = "resume"
    token: str = Field(min_length=1, max_length=256)


class InviteCredential(Wire):
    """The secret of an invitation's link, or of a private room's audience link."""

    kind: Literal["invite"] = "invite"
    token: str = Field(min_length=1, max_length=256)


class HostCredential(Wire):
    """The secret of the host link."""

    kind: Literal["host"] = "host"
    secret: str = Field(min_length=1, max_length=256)


Credential = Annotated[
    ResumeCredential | InviteCredential | HostCredential, Field(discriminator="kind")
]


class Join(Wire):
    """First message of every connection."""

    type: Literal["join"] = "join"
    version: int
    role: Role
    room: RoomName = DEFAULT_ROOM
    credential: Credential | None = None
    invite: InviteCredential | None = None
    """Beside a resume token: what let the participant into a room that is not open."""
    grant: str | None = Field(default=None, max_length=512)
    """Listeners: the grant of an earlier ``welcome`` in a room that is not open."""
    stream: StreamId | None = None
    """Second connection of a source: the stream that the first one's ``welcome`` named."""
    name: Name | None = None
    """Units: what the table is called. Listeners give theirs when they raise a hand."""
    unit: UnitTraits | None = None
    """Present exactly for the role ``unit``."""
    unit_key: UnitKey | None = None
    """Units: who this is; without one, a stranger from this machine, or into an open house."""
    speaker: SpeakerTraits | None = None
    """Present exactly for the role ``speaker``."""


class Level(Wire):
    """A unit's microphone level while no sound leaves it, five times a second, and at once when its
    MUTE switch is turned."""

    type: Literal["level"] = "level"
    level_dbfs: LevelDbfs
    muted: bool = False
    """Its MUTE switch is on: no sound leaves it, whatever the hub says."""


class Rung(StrEnum):
    """How a listener plays."""

    WORKLET = "worklet"
    BUFFER_SOURCE = "buffer_source"
    MP3 = "mp3"
    NATIVE = "native"
    """``parvis listen``."""


class Report(Wire):
    """How a listener fares, every ten seconds; counted, never stored with a name."""

    type: Literal["report"] = "report"
    rung: Rung
    buffer_ms: float = Field(ge=0, le=60_000)
    """Sound held in the playout buffer."""
    played_ms: float = Field(ge=0, le=MAX_PLAYED_MS)
    """Sound played since the tap."""
    underruns: int = Field(ge=0, le=1 << 31)


ClientMessage = Annotated[
    Join
    | AnyCommand
    | SetSource
    | SetSharing
    | SetLift
    | CheckSound
    | Here
    | React
    | TokenKept
    | Level
    | Report
    | TimeRequest
    | CaptureTime
    | OutputReport
    | UpdateReport
    | StrangerSays,
    Field(discriminator="type"),
]


class Welcome(Wire):
    """Answer to ``join``."""

    type: Literal["welcome"] = "welcome"
    participant: ParticipantId
    resume: str
    """Token for ``ResumeCredential``; it outlives a restart of the hub."""
    confirm: bool = False
    """Answer with ``token_kept``: until then it is told again."""
    grant: str | None = None
    """Listeners in a room that is not open: lets them back in at any edge for some minutes."""
    reconnect_spread_ms: int = Field(default=0, ge=0)
    """Listeners spread their first reconnect over this time."""
    stream: StreamId | None = None
    """Units and speakers: name for a second connection of this source."""
    ssrc: Ssrc | None = None
    """Units and speakers: the SSRC to send with."""
    ptime_ms: Literal[5, 10, 20] = 10
    """Units and speakers: length of the packets to send."""
    bus: Bus | None = None
    """Units with an output, and speakers: what they will get to play."""
    rank: Rank | None = None
    """Hosts and co-hosts."""
    speaker: bool = False
    """Listeners: they came by a speaker's invitation."""


class Snapshot(Wire):
    """The whole room; what was known before is void."""

    type: Literal["snapshot"] = "snapshot"
    view: RoomView


class Change(Wire):
    """One event; ``seq`` is one more than that of the view before it."""

    type: Literal["change"] = "change"
    seq: int = Field(ge=1)
    room_clock: int = Field(ge=0)
    """48 kHz samples since the room went live."""
    event: RoomEvent


class Time(Wire):
    """Maps the room clock to the hub's monotonic clock and UTC, at join and every ten seconds."""

    type: Literal["time"] = "time"
    room_clock: int = Field(ge=0)
    """48 kHz samples since the room went live; the program's RTP timestamp is its low 32 bits."""
    hub_ns: int = Field(ge=0)
    utc_ms: int = Field(ge=0)


class RefusalCode(StrEnum):
    """Why a command was not applied. Pages translate the code; ``text`` is for logs."""

    NOT_ALLOWED = "not_allowed"
    OVER_PLAIN = "over_plain"
    """Rooms are run over https from other machines; ``text`` says where."""
    NAME_NEEDED = "name_needed"
    ALREADY_RAISED = "already_raised"
    NO_HAND = "no_hand"
    NO_TURN = "no_turn"
    LINE_EMPTY = "line_empty"
    LINE_FULL = "line_full"
    LIFT_UNSAFE = "lift_unsafe"
    """A zone may not hear its own microphones now; ``text`` says why, with the figure."""
    NO_OUTPUT = "no_output"
    """Nobody of this id plays anything."""
    NO_SOURCE = "no_source"
    """Nobody of this id has a microphone or line."""
    BLOCKED = "blocked"
    NO_HANDS = "no_hands"
    """The host takes no hands now."""
    NOT_LIVE = "not_live"
    """The room has not begun, or is over."""
    CAP_REACHED = "cap_reached"
    """As many microphones are open as the rules allow."""
    WRONG_MODE = "wrong_mode"
    """Not in this mode of the floor."""
    NOT_HERE = "not_here"
    """Nobody of this id is in the room."""
    TEXT_NEEDED = "text_needed"
    """Only text, or anonymous, without a text."""
    LAST_HOST = "last_host"
    """Somebody has to run the room."""
    NOTHING_TO_UNDO = "nothing_to_undo"
    NO_SEAT = "no_seat"
    """No unit has this code."""
    NO_ASK = "no_ask"
    """No show of hands is open, or one is already."""
    CAME_LATE = "came_late"
    """The show of hands was put before they came."""
    NO_INVITE = "no_invite"
    NO_VOICE = "no_voice"
    """The hub has no voice to read with: install espeak-ng."""
    TOO_MANY = "too_many"
    """As many as the hub keeps are there already."""
    NO_CONTACT = "no_contact"
    """Neither the host nor the hub says whom people write to about the recording."""
    NO_CATCH_UP = "no_catch_up"
    """The hub's own texts say nothing of hearing it from the beginning while it goes on."""
    NO_RECORDER = "no_recorder"
    """The hub cannot record."""
    NO_RECORDING = "no_recording"
    """None runs, or one does already; or there is none of this id."""
    CONSENT_NEEDED = "consent_needed"
    """The room is recorded: the two questions come first."""
    TEXT_CHANGED = "text_changed"
    """The answer is to another text than the one that counts: ask again."""
    NOT_RECORDED = "not_recorded"
    """In this recording nobody speaks who does not want to be recorded."""
    NOT_REACHED = "not_reached"
    """The edge does not reach the venue's hub now: try again."""
    BUSY = "busy"
    """More people do something at this moment than an edge passes on: try again."""


class Ack(Wire):
    """The command took effect, or why it did not."""

    type: Literal["ack"] = "ack"
    id: CommandId
    refused: RefusalCode | None = None
    text: str = ""
    figure_ms: float | None = None
    """lift_unsafe: the path from mouth to loudspeaker, where it was measured and is the reason."""
    link: str | None = None
    """make_invite: the link with its secret, which the hub does not keep."""


class Attention(StrEnum):
    """What a unit or phone shall show or sound."""

    IDENTIFY = "identify"
    """A unit blinks white for ten seconds."""
    CHIME = "chime"
    """Hosts: a new hand. Whoever was given the floor: it still waits."""
    TIME_SOON = "time_soon"
    """A speaker's time: a fifth is left."""
    TIME_OVER = "time_over"


class Attend(Wire):
    """To one participant: look here. Never stored."""

    type: Literal["attend"] = "attend"
    what: Attention


class Failure(Wire):
    """Last message before the hub closes a connection: the code that follows, and the fault."""

    type: Literal["failure"] = "failure"
    code: int
    text: str


HubMessage = Annotated[
    Welcome
    | Snapshot
    | Change
    | Time
    | TimeReply
    | Ack
    | Attend
    | Pulse
    | Failure
    | FromEdge
    | PacketTime
    | Status
    | UpdateOffer
    | ToStranger,
    Field(discriminator="type"),
]

client_messages: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
hub_messages: TypeAdapter[HubMessage] = TypeAdapter(HubMessage)


def parse_client_message(text: str | bytes) -> ClientMessage:
    """Read a message on the hub's side.

    Raises:
        BadMessage: it is not JSON, of no known type, or a field is out of bounds.
    """
    return _parse(client_messages, text)


def parse_hub_message(text: str | bytes) -> HubMessage:
    """Read a message on a client's side; raises ``BadMessage`` like ``parse_client_message``."""
    return _parse(hub_messages, text)


def serialize(message: Wire) -> str:
    """The message as compact JSON."""
    return message.model_dump_json(exclude_defaults=False)


def _parse(adapter: TypeAdapter[T], text: str | bytes) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessage(f"{where}: {first['msg']}"[:MAX_FAULT_CHARACTERS]) from error
