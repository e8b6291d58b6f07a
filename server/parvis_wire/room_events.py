"""What can happen in a room. Events make the log, and ``room_view.fold`` makes the view of them."""

from typing import Annotated, Literal

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import Name, ParticipantId, Ssrc
from parvis_wire.floor import (
    About,
    Ask,
    FloorRules,
    Hand,
    Invite,
    LowerReason,
    Microphone,
    Mute,
    Overtaking,
    Person,
    Phase,
    RoomHost,
    RoomTime,
    Seated,
    Tally,
    UtcMs,
)
from parvis_wire.recording import (
    Consented,
    RecordingChanged,
    RecordingStarted,
    RecordingStopped,
    SourcesRecorded,
    Withdrew,
)

Place = Annotated[int, Field(ge=1)]
"""1 for the first in the line."""


class HandRaised(Wire):
    """A hand joined the line: at the end, or at ``place`` by a rule."""

    type: Literal["hand_raised"] = "hand_raised"
    hand: Hand
    place: Place | None = None
    rule: Overtaking | None = None


class HandLowered(Wire):
    """A hand left the line without a turn."""

    type: Literal["hand_lowered"] = "hand_lowered"
    participant: ParticipantId
    reason: LowerReason | None = None
    """None: its owner lowered it."""


class HandMoved(Wire):
    """A hand got another place."""

    type: Literal["hand_moved"] = "hand_moved"
    participant: ParticipantId
    place: Place
    rule: Overtaking = Overtaking.HOST


class FloorGranted(Wire):
    """The floor was given to a hand, which thereby leaves the line."""

    type: Literal["floor_granted"] = "floor_granted"
    participant: ParticipantId
    at: RoomTime = 0
    place: ParticipantId | None = None
    """The unit to speak at, for somebody in the hall with a phone."""
    place_name: Name | None = None
    rule: Overtaking | None = None
    """By which rule it came before others; None: it was the first."""


class FloorTaken(Wire):
    """A press took the floor: ``unit``'s microphone is open for ``participant``.

    Without a unit, the hub reads the participant's question out.

    A unit that had no grant before (modes open, override, push to talk, voice) brings the whole
    person: ``hand``.
    """

    type: Literal["floor_taken"] = "floor_taken"
    participant: ParticipantId
    unit: ParticipantId | None
    unit_name: Name | None = None
    ssrc: Ssrc
    at: RoomTime = 0
    hand: Hand | None = None


class FloorReminded(Wire):
    """A grant waits to be taken for ten seconds: a chime."""

    type: Literal["floor_reminded"] = "floor_reminded"
    participant: ParticipantId


class FloorReturned(Wire):
    """A turn is over although its owner had no say: the hand is in the line again, at ``place``."""

    type: Literal["floor_returned"] = "floor_returned"
    participant: ParticipantId
    place: Place
    passed: bool
    """True: the grant was not taken; false: the connection broke."""


class TurnInterrupted(Wire):
    """The connection of a live turn broke; the floor is kept for a while."""

    type: Literal["turn_interrupted"] = "turn_interrupted"
    participant: ParticipantId


class TurnResumed(Wire):
    """It came back in time."""

    type: Literal["turn_resumed"] = "turn_resumed"
    participant: ParticipantId


class TurnMuted(Wire):
    """A remote speaker is not heard for now, and why; None: they are again."""

    type: Literal["turn_muted"] = "turn_muted"
    participant: ParticipantId
    muted: Mute | None


class FloorReleased(Wire):
    """A turn is over."""

    type: Literal["floor_released"] = "floor_released"
    participant: ParticipantId
    reason: LowerReason | None = None
    """None: it was spoken to the end."""


class MicrophoneOpened(Wire):
    """A unit without a button joined: its microphone stays open."""

    type: Literal["microphone_opened"] = "microphone_opened"
    microphone: Microphone


class MicrophoneClosed(Wire):
    """A unit without a button left."""

    type: Literal["microphone_closed"] = "microphone_closed"
    unit: ParticipantId


class RulesSet(Wire):
    """The floor has other rules."""

    type: Literal["rules_set"] = "rules_set"
    rules: FloorRules


class Silenced(Wire):
    """All microphones but the hosts' are silent, or no longer."""

    type: Literal["silenced"] = "silenced"
    on: bool


class PhaseSet(Wire):
    """The room went backstage, live, or ended."""

    type: Literal["phase_set"] = "phase_set"
    phase: Phase
    utc_ms: UtcMs


class Described(Wire):
    """What the room is."""

    type: Literal["described"] = "described"
    about: About
    shown_out: bool = False
    """Who listened and was not invited had to leave."""


class SeatTaken(Wire):
    """A person attached themselves to a unit."""

    type: Literal["seat_taken"] = "seat_taken"
    seated: Seated


class SeatLeft(Wire):
    """And left it."""

    type: Literal["seat_left"] = "seat_left"
    participant: ParticipantId


class HostUnitSet(Wire):
    """A unit is the hosts': its press is *Next*; or no longer."""

    type: Literal["host_unit_set"] = "host_unit_set"
    unit: ParticipantId
    on: bool


class KeptInView(Wire):
    """Whoever gave a name under this id is shown behind the stage; or no longer."""

    type: Literal["kept_in_view"] = "kept_in_view"
    participant: ParticipantId
    on: bool


class HostJoined(Wire):
    """Somebody runs the room from now on, or has another rank."""

    type: Literal["host_joined"] = "host_joined"
    host: RoomHost


class HostLeft(Wire):
    """And no longer does."""

    type: Literal["host_left"] = "host_left"
    participant: ParticipantId


class HeirActs(Wire):
    """No host is there: this co-host acts as one; None: a host is there again, or nobody is."""

    type: Literal["heir_acts"] = "heir_acts"
    participant: ParticipantId | None


class AutopilotSet(Wire):
    """Nobody runs the room: until somebody does, the line moves by itself."""

    type: Literal["autopilot_set"] = "autopilot_set"
    on: bool


class Asked(Wire):
    """A show of hands began."""

    type: Literal["asked"] = "asked"
    ask: Ask


class AskClosed(Wire):
    """And is counted."""

    type: Literal["ask_closed"] = "ask_closed"
    tally: Tally


class InviteMade(Wire):
    """Hosts only: an invitation was made."""

    type: Literal["invite_made"] = "invite_made"
    invite: Invite


class InviteRevoked(Wire):
    """Hosts only: an invitation is void, and whoever came by it is out."""

    type: Literal["invite_revoked"] = "invite_revoked"
    number: int = Field(ge=1)


class Blocked(Wire):
    """Hosts only: this person may raise no hand any more."""

    type: Literal["blocked"] = "blocked"
    person: Person


class Unblocked(Wire):
    """Hosts only: and may again."""

    type: Literal["unblocked"] = "unblocked"
    participant: ParticipantId


class UndoOffered(Wire):
    """Hosts only: what *undo* would take back now."""

    type: Literal["undo_offered"] = "undo_offered"
    command: str | None = Field(max_length=40)


class Hidden(Wire):
    """What everybody else gets in the place of an event for hosts only: the number goes on."""

    type: Literal["hidden"] = "hidden"


HOSTS_ONLY = (InviteMade, InviteRevoked, Blocked, Unblocked, UndoOffered, Consented, Withdrew)
"""Events that are ``Hidden`` from the public."""

RoomEvent = Annotated[
    HandRaised
    | HandLowered
    | HandMoved
    | FloorGranted
    | FloorTaken
    | FloorReminded
    | FloorReturned
    | TurnInterrupted
    | TurnResumed
    | TurnMuted
    | FloorReleased
    | MicrophoneOpened
    | MicrophoneClosed
    | RulesSet
    | Silenced
    | PhaseSet
    | Described
    | SeatTaken
    | SeatLeft
    | HostUnitSet
    | KeptInView
    | HostJoined
    | HostLeft
    | HeirActs
    | AutopilotSet
    | Asked
    | AskClosed
    | InviteMade
    | InviteRevoked
    | Blocked
    | Unblocked
    | UndoOffered
    | RecordingStarted
    | RecordingChanged
    | RecordingStopped
    | SourcesRecorded
    | Consented
    | Withdrew
    | Hidden,
    Field(discriminator="type"),
]
