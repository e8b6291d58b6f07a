"""Control messages: JSON objects with a ``type``, one for each text WebSocket message.

``ClientMessage`` goes to the hub, ``HubMessage`` comes from it. A client's first message is
``join``; the hub answers ``welcome``, ``snapshot`` and ``time``, and from then on a ``change`` for
every event. Commands carry an ``id`` made by the client and are answered with ``ack`` after
they took effect; a repeated id gets the same answer and is not applied again.
"""

from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

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
from parvis_wire.room_view import RoomEvent, RoomView, Wire
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

T = TypeVar("T")

PROTOCOL_VERSION = 1
"""Raised when an older peer could no longer take part; new optional keys do not raise it."""

DEFAULT_ROOM = "main"
"""The room that a hub opens by itself."""

MAX_LISTENER_MESSAGE_BYTES = 4096
"""A command is under 300 bytes; a join with its credential under 1,000."""

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


class ResumeCredential(Wire):
    """Come back as the participant of an earlier ``welcome``."""

    kind: Literal["resume"] = "resume"
    token: str = Field(min_length=1, max_length=256)


class HostCredential(Wire):
    """The secret of the host link."""

    kind: Literal["host"] = "host"
    secret: str = Field(min_length=1, max_length=256)


Credential = Annotated[ResumeCredential | HostCredential, Field(discriminator="kind")]


class Join(Wire):
    """First message of every connection."""

    type: Literal["join"] = "join"
    version: int
    role: Role
    room: RoomName = DEFAULT_ROOM
    credential: Credential | None = None
    stream: StreamId | None = None
    """Second connection of a source: the stream that the first one's ``welcome`` named."""
    name: Name | None = None
    """Units: what the table is called. Listeners give theirs when they raise a hand."""
    unit: UnitTraits | None = None
    """Present exactly for the role ``unit``."""
    speaker: SpeakerTraits | None = None
    """Present exactly for the role ``speaker``."""


class RaiseHand(Wire):
    """Join the end of the line."""

    type: Literal["raise_hand"] = "raise_hand"
    id: CommandId
    name: Name | None = None
    """A phone gives the name to be called by; a unit's is known."""


class LowerHand(Wire):
    """Leave the line, or turn down a floor that was granted."""

    type: Literal["lower_hand"] = "lower_hand"
    id: CommandId
    participant: ParticipantId | None = None
    """Whose hand; a host may name anybody, everyone else only themselves (or nobody)."""


class TakeFloor(Wire):
    """A unit's press after a grant: open this microphone."""

    type: Literal["take_floor"] = "take_floor"
    id: CommandId


class LeaveFloor(Wire):
    """Step down."""

    type: Literal["leave_floor"] = "leave_floor"
    id: CommandId


class Next(Wire):
    """Host: end the running turn, if any, and give the floor to the first in the line."""

    type: Literal["next"] = "next"
    id: CommandId


class GiveFloor(Wire):
    """Host: end the running turn, if any, and give the floor to this hand out of order."""

    type: Literal["give_floor"] = "give_floor"
    id: CommandId
    participant: ParticipantId


class EndTurn(Wire):
    """Host: this turn is over."""

    type: Literal["end_turn"] = "end_turn"
    id: CommandId
    participant: ParticipantId


Command = Annotated[
    RaiseHand | LowerHand | TakeFloor | LeaveFloor | Next | GiveFloor | EndTurn,
    Field(discriminator="type"),
]
"""Acts on the floor: the room decides."""


class Level(Wire):
    """A unit's microphone level while no sound leaves it, five times a second."""

    type: Literal["level"] = "level"
    level_dbfs: LevelDbfs


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
    | RaiseHand
    | LowerHand
    | TakeFloor
    | LeaveFloor
    | Next
    | GiveFloor
    | EndTurn
    | SetSource
    | SetSharing
    | SetLift
    | CheckSound
    | Level
    | Report
    | TimeRequest
    | CaptureTime
    | OutputReport,
    Field(discriminator="type"),
]


class Welcome(Wire):
    """Answer to ``join``."""

    type: Literal["welcome"] = "welcome"
    participant: ParticipantId
    resume: str
    """Token for ``ResumeCredential``; it outlives a restart of the hub."""
    edge: str | None = None
    """Origin of the edge to listen at; none: stay here."""
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


class Ack(Wire):
    """The command took effect, or why it did not."""

    type: Literal["ack"] = "ack"
    id: CommandId
    refused: RefusalCode | None = None
    text: str = ""
    figure_ms: float | None = None
    """lift_unsafe: the measured path from mouth to loudspeaker; None: another reason, or not
    measured."""


class Failure(Wire):
    """Last message before the hub closes a connection for a fault: what was wrong."""

    type: Literal["failure"] = "failure"
    code: int
    """The close code that follows."""
    text: str


HubMessage = Annotated[
    Welcome | Snapshot | Change | Time | TimeReply | Ack | Failure | Status,
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
