"""What sounds where: sources, outputs, zones, clocks, and the host's hand on the mix.

A *source* is a microphone, a desk or a remote speaker; an *output* is where a bus of the hub comes
out: a loudspeaker, a line to the hall's desk, an assistive output, or the return of a remote
speaker. Both stand in a *zone*, a part of the venue within earshot. Imported by ``messages``, which
knows every type that may cross.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import CommandId, LevelDbfs, Name, ParticipantId, Ssrc, ZoneName
from parvis_wire.pairing import WaitingUnit
from parvis_wire.update import UnitSoftware

DEFAULT_ZONE = "hall"
"""Where a unit stands that names no zone: in a hall of one zone nobody has to know the word."""

LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -40.0, 18.0
"""Bounds of a gain that a host sets by hand; the upper one is also the leveller's."""

PRIORITY_RANGE_DB = 12.0

GainDb = Annotated[float, Field(ge=LOWEST_GAIN_DB, le=HIGHEST_GAIN_DB)]
PriorityDb = Annotated[float, Field(ge=-PRIORITY_RANGE_DB, le=PRIORITY_RANGE_DB)]
LONGEST_MS = 600_000
"""Ten minutes: whatever waits longer is a wrong clock."""

Milliseconds = Annotated[float, Field(ge=0, le=LONGEST_MS)]
HubTime = Annotated[int, Field(ge=0, lt=1 << 63)]
Count = Annotated[int, Field(ge=0, lt=1 << 53)]


class LinkKind(StrEnum):
    """The network under a source; it sets the bounds of its jitter buffer."""

    WIRED = "wired"
    WIFI = "wifi"
    REMOTE = "remote"


class SourceKind(StrEnum):
    """What a source is."""

    MICROPHONE = "microphone"
    DESK = "desk"
    """Line in from the hall's mixing desk: always in the mix, not levelled unless asked."""
    SPEAKER = "speaker"
    """A remote speaker: hears everything but themselves, is heard in every zone."""


class OutputKind(StrEnum):
    """Where a bus comes out."""

    LOUDSPEAKER = "loudspeaker"
    """A loudspeaker of a zone: what the zone does not hear by itself."""
    LINE = "line"
    """The same bus as a loudspeaker of its zone, into the hall's desk."""
    ASSISTIVE = "assistive"
    """Headphone, induction loop, Auracast transmitter: the whole program, the zone's own
    microphones included, at the lowest delay."""
    RETURN = "return"
    """To a remote speaker: everything but their own voice."""


class Duplex(StrEnum):
    """How a unit with microphone and loudspeaker keeps the one out of the other."""

    HALF = "half"
    """The loudspeaker is silent while the microphone is open."""
    FULL = "full"
    """Both at once, with echo cancellation in the unit."""


class OutputTraits(Wire):
    """What a unit plays."""

    kind: OutputKind = OutputKind.LOUDSPEAKER
    duplex: Duplex = Duplex.HALF


class UnitTraits(Wire):
    """What a unit tells about itself when it joins."""

    always_open: bool = False
    """It has no button: its microphone is open from the start."""
    link: LinkKind = LinkKind.WIRED
    zone: ZoneName = DEFAULT_ZONE
    source: SourceKind | None = SourceKind.MICROPHONE
    """Microphone or desk; None: it only plays."""
    output: OutputTraits | None = None
    """What it plays; None: it only speaks."""
    software: UnitSoftware | None = None
    """The program that it runs, and what becomes of its update."""


class SpeakerTraits(Wire):
    """What a remote speaker tells when it joins."""

    sends: bool = False
    """Its sound comes from the start, like that of a unit without a button."""
    person: str | None = Field(default=None, min_length=1, max_length=256)
    """The phone that speaks: the resume token of its own ``welcome``. Its owner's turn is what lets
    this connection in, and its end is what ends it."""


# --- clocks ---


class TimeRequest(Wire):
    """Ask for the hub's clock, eight times at the start and then once a second (RFC 5905)."""

    type: Literal["time_request"] = "time_request"
    client_ns: HubTime
    """The client's monotonic clock when this left; comes back unchanged."""


class TimeReply(Wire):
    """Answer to ``time_request``: with the arrival at the client, the four time stamps."""

    type: Literal["time_reply"] = "time_reply"
    client_ns: HubTime
    received_ns: HubTime
    """The hub's monotonic clock when the request came."""
    sent_ns: HubTime
    """The hub's monotonic clock when the reply left."""


class CaptureTime(Wire):
    """When a sample of this source was captured, on the hub's clock; once a second while armed."""

    type: Literal["capture_time"] = "capture_time"
    timestamp: Annotated[int, Field(ge=0, lt=1 << 32)]
    """RTP timestamp of the sample."""
    hub_ns: HubTime
    rtt_ms: Milliseconds
    """Round trip of the exchange that told the hub's clock."""


class OutputReport(Wire):
    """How an output plays, twice a second."""

    type: Literal["output_report"] = "output_report"
    delay_ms: Milliseconds
    """From the room clock of a sample to its leaving the converter."""
    buffer_ms: Milliseconds
    """Sound held in the jitter buffer."""
    underruns: Count
    concealed: Count
    """Frames that were made up."""
    drift_ppm: Annotated[float, Field(ge=-10_000, le=10_000)] = 0.0
    """The converter's clock against the hub's."""
    playing: bool
    """False while it is silent on purpose: half duplex, or nothing to play on."""


# --- the host's hand on the mix ---


class SetSource(Wire):
    """Host: how one source goes into the mix, whole each time."""

    type: Literal["set_source"] = "set_source"
    id: CommandId
    participant: ParticipantId
    gain_db: GainDb | None = None
    """A gain by hand; None: levelled by the hub (a desk: left as it comes)."""
    priority_db: PriorityDb = 0.0
    """As if the source were so much louder than the others."""
    shared: bool = True
    """Whether it takes part in gain sharing; False: at its full level beside the others."""
    muted: bool = False


class SetSharing(Wire):
    """Host: the automatic mix on or off. Off, every open source is at its own gain."""

    type: Literal["set_sharing"] = "set_sharing"
    id: CommandId
    on: bool


class SetLift(Wire):
    """Host: let a zone hear its own microphones, or no longer. Refused where it would howl."""

    type: Literal["set_lift"] = "set_lift"
    id: CommandId
    zone: ZoneName
    on: bool
    loudspeakers_far: bool = False
    """The host's word that these loudspeakers are far from every talker of the zone."""


class CheckSound(Wire):
    """Host: play a coded signal into an output and listen on the desk feeds for its return."""

    type: Literal["check_sound"] = "check_sound"
    id: CommandId
    participant: ParticipantId
    """The unit or speaker whose output it is."""


StageCommand = Annotated[SetSource | SetSharing | SetLift | CheckSound, Field(discriminator="type")]
"""Acts on the mix, for hosts alone: nothing that the room view shows changes by them."""


# --- what the host sees ---


class OutputStatus(Wire):
    """One output on the host's page."""

    kind: OutputKind
    playing: bool = False
    delay_ms: float | None = None
    """From the room clock of a sample to its leaving the converter."""
    buffer_ms: float | None = None
    underruns: Count = 0
    turned_down_db: float = 0.0
    """By the howl guard; 0 or less."""


class KeptOut(StrEnum):
    """Why a source that would be open is not in the mix."""

    NOT_WIRED = "not_wired"
    """The room ticks at 5 ms: it takes wired sources only."""
    TOO_MANY = "too_many"
    """The room has as many sources as it can mix."""
    RETURNS = "returns"
    """A desk that brings back what an output plays: ``muted`` until the host allows it."""


class SourceStatus(Wire):
    """One source's way into the mix on the host's page."""

    kind: SourceKind
    kept_out: KeptOut | None = None
    gain_db: float | None = None
    """What the leveller, or the host's hand, adds now."""
    by_hand: bool = False
    priority_db: float = 0.0
    shared: bool = True
    muted: bool = False
    delay_ms: float | None = None
    """From the converter to the mix; None: not measured."""
    drift_ppm: float | None = None
    late: Count = 0
    concealed: Count = 0


class UnitStatus(Wire):
    """One unit, or remote speaker, on the host's page."""

    unit: ParticipantId
    name: Name
    connected: bool
    on_air: bool
    """Its sound is in the mix."""
    level_dbfs: LevelDbfs | None = None
    """None when nothing was heard of it for two seconds."""
    zone: ZoneName | None = None
    """None: a remote speaker."""
    muted_there: bool = False
    """Its own MUTE switch is on: nothing of it is heard, and no host can change that from here."""
    software: UnitSoftware | None = None
    """The program of a unit that told it, and what becomes of its update."""
    source: SourceStatus | None = None
    output: OutputStatus | None = None


class AlarmKind(StrEnum):
    """What a host must know at once."""

    HOWL = "howl"
    """A loudspeaker began to howl; the guard turned it down."""
    DESK_RETURNS = "desk_returns"
    """The desk feed brings back what an output plays: it stays out of the mix."""
    CLOCK = "clock"
    """A source's crystal is more than 200 ppm off."""
    ENGINE_BUSY = "engine_busy"
    """The mixer saves work: sound goes on with less comfort."""
    LIFT_ENDED = "lift_ended"
    """A zone no longer hears its own microphones, because it would not be safe now."""
    LOG_FAILS = "log_fails"
    """The room's log cannot be written: it goes on in memory, and a restart would forget."""
    SAME_VOICE = "same_voice"
    """Another microphone picks up the same voice, louder: this one is ducked."""
    CERTIFICATE = "certificate"
    """The hub's certificate ends within two weeks, or has ended (``value``: days, below 0)."""
    CLONED = "cloned"
    """Two units come with the same key, one after the other: somebody copied it."""
    RECORDER_FAILS = "recorder_fails"
    """The room is said to be recorded, and the recorder does not write."""
    DISK_LOW = "disk_low"
    """The disk is full before long (``value``: minutes of recording that are left)."""
    STORAGE_AWAY = "storage_away"
    """The store of recordings is away: they wait on the hub's disk (``value``: how many)."""


class Alarm(Wire):
    """Something a host must know; shown as long as it is in the status."""

    kind: AlarmKind
    participant: ParticipantId | None = None
    """Unit or speaker concerned."""
    zone: ZoneName | None = None
    """lift_ended: which."""
    hertz: float | None = None
    value: float | None = None
    """howl: dB the output is turned down; desk_returns: dB of the return; clock: ppm;
    engine_busy: step of the savings; lift_ended: ms of the path, when it is measured; log_fails:
    events that wait to be written, of all rooms."""


class CheckState(StrEnum):
    """How far a sound check has come."""

    RUNNING = "running"
    CLEAN = "clean"
    """No desk feed brings the output back."""
    RETURNS = "returns"
    """One does, and is refused."""
    UNHEARD = "unheard"
    """Nothing can be said: there was no desk feed to listen on, one stalled, or the output did not
    tell that it played."""


class CheckResult(Wire):
    """A sound check of one output."""

    output: ParticipantId
    state: CheckState
    desk: ParticipantId | None = None
    """The feed that brings it back."""
    gain_db: float | None = None
    """How loud it comes back against what was played."""
    delay_ms: float | None = None


class Shares(Wire):
    """How long who has spoken in this room."""

    stage_ms: Count = 0
    """Always-open microphones and desks, as far as they were heard, since the hub started."""
    hall_ms: Count = 0
    """Turns at units."""
    phones_ms: Count = 0
    """Turns of people far away, and their questions that were read out."""


class Status(Wire):
    """For hosts, twice a second: everything that sounds, at a glance. Never stored."""

    type: Literal["status"] = "status"
    units: tuple[UnitStatus, ...] = ()
    listeners: int = Field(default=0, ge=0)
    sharing: bool = True
    """Whether the automatic mix is on."""
    lifted: tuple[ZoneName, ...] = ()
    """Zones that hear their own microphones now."""
    alarms: tuple[Alarm, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    in_hall: int = Field(default=0, ge=0)
    """Of the listeners, those who said that they are in the hall."""
    shares: Shares = Shares()
    longest_wait_ms: Count = 0
    """Since when the foremost hand is up; 0: no hand."""
    waiting: tuple[WaitingUnit, ...] = ()
    """Units that want to join and that an operator has to let in."""
    can_record: bool = False
    """Whether the hub has a recorder."""


class Bus(Wire):
    """In ``welcome``: the bus that a unit's output or a remote speaker gets."""

    ssrc: Ssrc
    kind: OutputKind
    ptime_ms: Literal[5, 10, 20]
