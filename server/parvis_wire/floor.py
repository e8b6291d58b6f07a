"""The words of the floor: hands, turns, modes, what a room is; shared by events and the view."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import Description, Line, Name, ParticipantId, Ssrc, Title

MAX_OPEN_MICROPHONES = 25
"""The most that conference systems open at once; what the mixer is measured with."""

MAX_TURN_S = 3600

SECOND_PERSON = "~"
"""``<unit>~2`` is the second person at a unit to which nobody is attached."""

OWN_MICROPHONE = "-mic"
"""``<phone>-mic`` is the microphone of the phone of somebody who speaks into it."""

MAX_TOPICS = 8

MAX_KEPT_IN_VIEW = 24
"""As many as a page shows; one more, and the first of them gives way."""

RoomTime = Annotated[int, Field(ge=0, lt=1 << 63)]
"""48 kHz samples since the room's clock began."""

UtcMs = Annotated[int, Field(ge=0, lt=1 << 53)]


class Surface(StrEnum):
    """Where a person raises their hand."""

    UNIT = "unit"
    PHONE = "phone"


class TurnState(StrEnum):
    """How far a turn has come."""

    GRANTED = "granted"
    """The floor was given; it waits for a press."""
    LIVE = "live"
    """A microphone is open for it, or the hub reads its question out."""


class Phase(StrEnum):
    """How far a room has come."""

    SCHEDULED = "scheduled"
    """Nobody hears anything yet: the link shows when it begins."""
    BACKSTAGE = "backstage"
    """Hosts, units and speakers hear each other; the audience waits."""
    LIVE = "live"
    ENDED = "ended"
    """The link tells what it was."""


class Access(StrEnum):
    """Who may come in."""

    OPEN = "open"
    PRIVATE = "private"
    """Whoever has the link with its secret."""
    CLOSED = "closed"
    """Whoever has an invitation of their own."""


class FloorMode(StrEnum):
    """How the floor is given."""

    HOST = "host"
    """A hand waits until a host gives the floor."""
    QUEUE = "queue"
    """First come, first heard: when a place is free, the first in the line is given the floor."""
    OPEN = "open"
    """A press opens the microphone while a place is free; then the line, which moves by itself."""
    OVERRIDE = "override"
    """A press always opens the microphone: whoever has spoken longest makes room."""
    PUSH_TO_TALK = "push_to_talk"
    """The microphone is open while the button is held, as far as places are free."""
    VOICE = "voice"
    """A press arms the microphone; it is heard when somebody speaks into it."""


class FloorRules(Wire):
    """The host's rules of the floor, whole each time."""

    mode: FloorMode = FloorMode.HOST
    cap: int = Field(default=1, ge=1, le=MAX_OPEN_MICROPHONES)
    """Turns at the same time; hosts and always-open microphones are outside it."""
    turn_s: int | None = Field(default=None, ge=10, le=MAX_TURN_S)
    """A speaker's time; None: no timer. It warns, it does not cut off."""
    fresh_first: bool = False
    """Who has not spoken yet goes before who has."""
    replies: bool = True
    """Whether a right of reply may be asked for."""
    takes_hands: bool = True
    """Whether hands may be raised at all."""
    shows_counts: bool = True
    """Whether the audience sees how many they are."""


class Mute(StrEnum):
    """Why somebody far away whose turn it is sends no sound."""

    SELF = "self"
    """They muted themselves."""
    HIDDEN = "hidden"
    """Their page is not in front: nobody speaks to a hall without seeing that they are heard."""
    DEVICE = "device"
    """Their microphone is gone, or a call took it."""


class LowerReason(StrEnum):
    """Why a hand left the line, or a turn ended, without its owner."""

    DISMISSED = "dismissed"
    """By a host, who gave no reason."""
    ANSWERED = "answered"
    OFF_TOPIC = "off_topic"
    NO_TIME = "no_time"
    LATER = "later"
    """Please ask again in a while."""
    ABSENT = "absent"
    """Its owner's phone or unit was away for too long."""
    NO_ANSWER = "no_answer"
    """The floor was given three times and not taken."""
    BLOCKED = "blocked"
    CLOSED = "closed"
    """All microphones were closed, or the room ended."""
    OVERRIDDEN = "overridden"
    """In the mode override: another press took the place."""


class Overtaking(StrEnum):
    """The named rules by which a hand may come before an earlier one."""

    HOST = "host"
    """A host moved it or gave it the floor."""
    RETURNED = "returned"
    """It had the floor: the grant was not taken, or the connection broke."""
    REPLY = "reply"
    """Right of reply."""
    FRESH = "fresh"
    """Its owner has not spoken yet, and the rules put those first."""
    ABSENT = "absent"
    """The earlier hand's owner was away when its turn came; it keeps its place."""


class Hand(Wire):
    """A raised hand in the line. It belongs to a person: ``participant``."""

    participant: ParticipantId
    """The phone; the unit, when nobody is attached to it; further persons at the same unit are
    ``<unit>~2``, ``<unit>~3``."""
    name: Name
    surface: Surface
    unit: ParticipantId | None = None
    """The unit where it was raised, or where its owner sits; None: a phone somewhere."""
    unit_name: Name | None = None
    text: Line | None = None
    """A written line, for everybody to see."""
    written: bool = False
    """Only text: it is read out when its turn comes."""
    anonymous: bool = False
    """The public sees no name, here and in ``RoomView.seats``; hosts do."""
    in_hall: bool = False
    """Its owner is in the hall and goes to a unit to speak."""
    speaks: bool = False
    """A phone that can send sound: its owner far away speaks into it."""
    reply: bool = False
    raised_at: RoomTime = 0
    passed: int = Field(default=0, ge=0)
    """How often the floor was given and not taken."""
    overtaken_by: Overtaking | None = None
    """By which rule another hand came before this one, the latest time; its owner is shown it."""


class Turn(Wire):
    """Somebody who was given the floor."""

    participant: ParticipantId
    name: Name
    surface: Surface
    state: TurnState
    unit: ParticipantId | None = None
    """The unit whose microphone carries the turn, once it is live; none while a question is read
    out."""
    unit_name: Name | None = None
    """What that unit is called: listeners know no other list of units."""
    ssrc: Ssrc | None = None
    """RTP source of that microphone."""
    place: ParticipantId | None = None
    """Granted: the unit to speak at; None: any, or the person's own phone. A hand that was raised
    at a unit speaks there."""
    place_name: Name | None = None
    text: Line | None = None
    written: bool = False
    anonymous: bool = False
    in_hall: bool = False
    speaks: bool = False
    reply: bool = False
    raised_at: RoomTime = 0
    """When the hand went up."""
    since: RoomTime = 0
    """When it was granted, and then when it went live."""
    passed: int = Field(default=0, ge=0)
    reminded: bool = False
    """Granted for ten seconds: a chime was given."""
    away: bool = False
    """Live, and the connection broke: the floor is kept for a while."""
    muted: Mute | None = None
    """Live, and nothing of it is heard: its owner's doing, or their phone's."""

    @property
    def is_from_phone(self) -> bool:
        """Live on its owner's own phone: somebody far away."""
        return self.unit == microphone_of(self.participant)


def microphone_of(person: str) -> str:
    """The participant of the microphone that a person's phone is: one for each, always the same."""
    return person + OWN_MICROPHONE


class Microphone(Wire):
    """An always-open microphone: a unit without a button."""

    unit: ParticipantId
    name: Name
    ssrc: Ssrc


class Seated(Wire):
    """A person who sits at a unit: its presses are theirs."""

    participant: ParticipantId
    name: Name
    unit: ParticipantId
    unit_name: Name


class Rank(StrEnum):
    """Of those who run a room."""

    HOST = "host"
    COHOST = "cohost"
    """Everything but ending the room and making hosts; the heir, in the order of their coming."""


class RoomHost(Wire):
    """Somebody who runs the room."""

    participant: ParticipantId
    name: Name | None = None
    rank: Rank


class About(Wire):
    """What a room is, for its page and for links that are shared."""

    title: Title
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    description: Description = ""
    topics: tuple[Line, ...] = Field(default=(), max_length=MAX_TOPICS)
    access: Access = Access.OPEN
    begins_utc_ms: UtcMs | None = None
    """For the countdown and the calendar."""


class Ask(Wire):
    """One question to everybody: a show of hands."""

    number: int = Field(ge=1)
    question: Line
    at: RoomTime


class Tally(Wire):
    """How a show of hands came out."""

    question: Line
    yes_hall: int = Field(ge=0)
    """Buttons, and phones in the hall."""
    yes_far: int = Field(ge=0)
    asked: int = Field(ge=0)
    """How many could have answered."""


class InviteRole(StrEnum):
    """What an invitation makes of who opens it."""

    AUDIENCE = "audience"
    SPEAKER = "speaker"
    """A person who is expected to speak; shown in the second circle."""
    COHOST = "cohost"
    HOST = "host"
    SCREEN = "screen"


class Invite(Wire):
    """An invitation that was made; its secret is in its link alone."""

    number: int = Field(ge=1)
    role: InviteRole
    name: Name | None = None
    """For whom."""


class Person(Wire):
    """Somebody by id and name."""

    participant: ParticipantId
    name: Name
    out: bool = False
    """Blocked, and may not come into the room either."""


class Desk(Wire):
    """The part of the view that only hosts get."""

    invites: tuple[Invite, ...] = ()
    blocked: tuple[Person, ...] = ()
    undo: str | None = None
    """Type of the command that *undo* would take back."""
