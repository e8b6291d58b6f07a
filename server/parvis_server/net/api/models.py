"""Bodies of the HTTP API's requests and answers: unknown keys are refused, sizes bounded."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from parvis_server.net.rooms import HubRoom
from parvis_server.room.audience import Listed
from parvis_wire.audience import Avatar
from parvis_wire.fields import CommandId, Line, Name, ParticipantId, RoomName
from parvis_wire.floor import (
    MAX_TOPICS,
    About,
    Access,
    FloorRules,
    Hand,
    Invite,
    InviteRole,
    LowerReason,
    Microphone,
    Phase,
    Turn,
    UtcMs,
)
from parvis_wire.recording import RecordingTerms
from parvis_wire.room_view import ANONYMOUS_NAME, for_public

ABOUT = About.model_fields


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Fault(Body):
    """Why a request was not carried out."""

    code: str
    """A word for programs."""
    text: str
    """What was wrong, and what would be right."""


Title = Annotated[str, *ABOUT["title"].metadata]
Description = Annotated[str, *ABOUT["description"].metadata]
Language = Annotated[str, *ABOUT["language"].metadata]
Topics = Annotated[tuple[Line, ...], Field(max_length=MAX_TOPICS)]


class NewRoom(Body):
    """A room to make."""

    title: Title
    language: Language = "en"
    """ISO 639-1: of the room's words, and of the voice that reads questions."""
    description: Description = ""
    topics: Topics = ()
    access: Access = Access.OPEN
    begins_utc_ms: UtcMs | None = None
    """For the countdown and the calendar."""
    name: RoomName | None = None
    """In links; unless given, made of the title, or hidden for a room that is not open."""
    phase: Literal[Phase.SCHEDULED, Phase.BACKSTAGE, Phase.LIVE] = Phase.SCHEDULED

    @property
    def about(self) -> About:
        """What the room is."""
        return About(**self.model_dump(exclude={"name", "phase"}))


class RoomChange(Body):
    """What shall be different; what is left out stays."""

    title: Title | None = None
    language: Language | None = None
    description: Description | None = None
    topics: Topics | None = None
    access: Access | None = None
    begins_utc_ms: UtcMs | None = None
    show_out: bool = False
    """Of a room that is not open: who listens and was not invited has to leave now."""

    def of(self, about: About) -> About:
        """``about`` with the changes."""
        change = self.model_dump(exclude_unset=True, exclude_none=True, exclude={"show_out"})
        return About(**about.model_dump() | change)


class RoomInfo(Body):
    """A room, as everybody sees it who may know of it."""

    room: str
    title: str
    language: str
    description: str
    topics: tuple[str, ...]
    access: Access
    phase: Phase
    begins_utc_ms: int | None
    created_utc_ms: int
    listeners: int | None
    """None: the host hides the count."""
    live_ms: int
    """Since the room's clock began."""
    spoke: tuple[str, ...]
    """Who has had a turn, in order, as they chose to be shown; the unnamed are left out."""
    link: str
    """For the audience."""

    @classmethod
    def of(cls, room: HubRoom, link: str) -> "RoomInfo":
        """The room as it is now."""
        about, live = room.about, room.live
        return cls(
            room=room.name,
            **about.model_dump(),
            phase=room.phase,
            created_utc_ms=room.created_utc_ms,
            listeners=live.listeners if live.room.view.rules.shows_counts else None,
            live_ms=live.room.clock.live_ms(live.now_ns()),
            spoke=tuple(name for name in live.room.spoken if name != ANONYMOUS_NAME),
            link=link,
        )


class RoomList(Body):
    """Rooms in the order of their making."""

    rooms: tuple[RoomInfo, ...]


class HostLinks(Body):
    """The links that whoever made a room gives away, or keeps."""

    audience: str
    host: str
    """Whoever has it runs the room: keep it."""
    screen: str | None
    """For the hall's screen."""
    audience_code: str
    """Six characters to type in the place of the audience's link."""


class MadeRoom(Body):
    """A room that was made, with its links."""

    room: RoomInfo
    links: HostLinks


class SetRoomPhase(Body):
    """Go backstage, live, or end the room."""

    phase: Phase


class FloorNow(Body):
    """Who speaks, who waits: the same as on every screen, without names that are hidden."""

    room: str
    phase: Phase
    seq: int
    """Number of the newest event."""
    rules: FloorRules
    silenced: bool
    floor: tuple[Turn, ...]
    line: tuple[Hand, ...]
    """First come first."""
    microphones: tuple[Microphone, ...]
    """Always open."""

    @classmethod
    def of(cls, room: HubRoom) -> "FloorNow":
        """The floor as it is now."""
        view = for_public(room.live.room.view)
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class PersonHere(Body):
    """Somebody in the audience who gave a name."""

    participant: ParticipantId
    name: Name
    avatar: Avatar | None
    in_hall: bool
    invited: bool
    """By an invitation of their own."""


class AudienceNow(Body):
    """Who listens: people who gave a name, and how many in all."""

    people: tuple[PersonHere, ...]
    """The invited first; no more than fit on a page."""
    listeners: int | None
    """None: the host hides the counts."""
    in_hall: int | None
    """Of the listeners, those who said that they are in the hall."""

    @classmethod
    def of(cls, room: HubRoom, elsewhere: Sequence[Listed], *, counted: bool) -> "AudienceNow":
        """Those who are here now, or at edges; ``counted``: the caller may know how many."""
        live = room.live
        listed = live.audience.named(live.seated.is_listening, elsewhere)
        return cls(
            people=tuple(PersonHere(**asdict(one)) for one in listed),
            listeners=live.listeners if counted else None,
            in_hall=live.audience.in_hall_count if counted else None,
        )


class NextAct(Body):
    """End the running turn, if any, and give the floor to the first in the line."""

    act: Literal["next"]
    id: CommandId | None = None
    """Made by the client: an act of the same id is answered again, not carried out twice."""


class GrantAct(Body):
    """Give the floor to this hand."""

    act: Literal["grant"]
    participant: ParticipantId
    id: CommandId | None = None


class DismissAct(Body):
    """Lower this hand."""

    act: Literal["dismiss"]
    participant: ParticipantId
    reason: LowerReason | None = None
    id: CommandId | None = None


class SilenceAct(Body):
    """Silence every microphone but the hosts', or no longer."""

    act: Literal["silence"]
    on: bool
    id: CommandId | None = None


class StartRecordingAct(Body):
    """Record the room from now on, under these terms; everybody is told, and asked."""

    act: Literal["start_recording"]
    terms: RecordingTerms
    id: CommandId | None = None


class StopRecordingAct(Body):
    """Record no more."""

    act: Literal["stop_recording"]
    id: CommandId | None = None


Act = Annotated[
    NextAct | GrantAct | DismissAct | SilenceAct | StartRecordingAct | StopRecordingAct,
    Field(discriminator="act"),
]


class Done(Body):
    """An act was carried out."""

    seq: int
    """Number of the newest event."""


class LinkRequest(Body):
    """Which of a room's links."""

    kind: Literal["audience", "host", "screen", "invite", "seat"]
    number: Annotated[int, Field(ge=1)] | None = None
    """invite: its number."""
    unit: ParticipantId | None = None
    """seat: the unit that stands there."""


class Link(Body):
    """A link, with its secret."""

    link: str
    code: str | None
    """Six characters to type in its place, for links that many may know."""


class NewInvite(Body):
    """An invitation to make."""

    role: InviteRole
    name: Name | None = None
    """For whom."""


class InviteList(Body):
    """Invitations, without their secrets."""

    invitations: tuple[Invite, ...]


class MadeInvite(Body):
    """An invitation that was made."""

    number: int
    link: str
    """With its secret, for the one who is invited."""


class TypedCode(Body):
    """A short code, as it was typed."""

    code: Annotated[str, Field(min_length=6, max_length=20)]


class FoundLink(Body):
    """Where a code leads."""

    path: str
    """On this hub; its secret, if any, is in the fragment."""
