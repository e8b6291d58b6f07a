"""What comes of a command, a coming, a going or of time: the answer, the events, the effects."""

from dataclasses import dataclass
from enum import StrEnum

from parvis_server.room.members import Member
from parvis_wire.messages import Ack, Attention, Change


@dataclass(frozen=True, slots=True)
class OpenSources:
    """From now on exactly these microphones are in the mix; who is silenced is not among them."""

    sources: tuple[Member, ...]
    """Units and speakers, in the order in which they came into the room."""


@dataclass(frozen=True, slots=True)
class AttendTo:
    """Tell one participant to look, or to chime."""

    participant: str
    what: Attention


@dataclass(frozen=True, slots=True)
class ReadOutText:
    """The hub's voice reads the written question whose turn it is."""

    participant: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class StopReading:
    """The turn is over: the hub's voice stops."""

    participant: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The hub's voice, where it has one, says this to the hall."""

    text: str
    language: str


class VoiceKind(StrEnum):
    """What carries a voice."""

    UNIT = "unit"
    PHONE = "phone"
    DESK = "desk"
    SPEAKER = "speaker"
    READ = "read"
    """The hub's voice, with somebody's words."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A microphone that is in the recording while it is open."""

    ssrc: int
    kind: VoiceKind
    participant: str
    """The person who answered; where nobody could, the unit or the desk."""
    name: str
    """As it is shown to the public."""
    is_published: bool
    """Whether they said yes to that, too."""
    answered_by: tuple[tuple[str, str], ...] = ()
    """Of a table's own microphone: who sit there and answered for it, ids and names."""


@dataclass(frozen=True, slots=True)
class RecordVoices:
    """From now on exactly these open microphones are recorded."""

    voices: tuple[Voice, ...]


class Why(StrEnum):
    """Why somebody has to leave the room."""

    INVITATION = "invitation"
    """The one by which they came is void."""
    BLOCKED = "blocked"
    """A host showed them out."""
    UNINVITED = "uninvited"
    """The room is for fewer people now, and a host wanted the others to leave."""
    TURN_OVER = "turn_over"
    """The microphone of a phone: it is not its owner's turn any more."""


@dataclass(frozen=True, slots=True)
class Evict:
    """The connections of these participants end."""

    participants: tuple[str, ...]
    why: Why = Why.INVITATION


Effect = OpenSources | AttendTo | ReadOutText | StopReading | Announce | RecordVoices | Evict


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one cause."""

    ack: Ack | None = None
    events: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    actor: str | None = None
    """Whose command it was; None: time, or a coming or going."""
    command_id: str | None = None
