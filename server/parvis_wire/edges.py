"""What hub and edges say to each other on the bus; under which names: ``bus_subjects``.

An edge faces the phones, the hub keeps the rooms. Control is JSON, one message for each
publication; sound is binary. Everything is at most once: what must not be lost is numbered (a
room's news) or asked with a deadline (commands, requests), and whoever misses a number asks for the
whole again.

A plain listener lives at the edge alone: the hub hears of it as a count. Who acts (a hand, a
question) is *relayed*: the edge opens a connection in their name, in which the hub sees one more
WebSocket. Hosts, screens and phones' microphones are relayed from the start.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import accumulate
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from parvis_wire.audience import Avatar, Reaction
from parvis_wire.base import Wire
from parvis_wire.errors import BadMessage
from parvis_wire.fields import Name, ParticipantId, RoomName
from parvis_wire.floor import Access
from parvis_wire.messages import MAX_FAULT_CHARACTERS, InviteCredential, Time

T = TypeVar("T", bound=Wire)

EDGE_VERSION = 1
"""Raised when an older edge could no longer take part."""

BEAT_EVERY_S = 1.0
"""Edges and hub say that they are there; three missed beats, and the other is away."""

AWAY_AFTER_S = 3.0

REQUEST_TIMEOUT_S = 3.0
"""A question to the hub that is not answered by then is answered by the edge: try again."""

MAX_NAMED = 50
"""People with a name that an edge tells of in one room."""

MAX_TOLD_RELAYED = 4_096
"""Relayed connections whose numbers a beat holds: more than an edge has."""

MAX_TOLD_ROOMS = 500
"""Rooms of which a beat says how far their news are."""

MAX_HTTP_BODY_BYTES = 65_536
MAX_HTTP_ANSWER_BYTES = 524_288
MAX_HTTP_ON_BUS_BYTES = 65_536
"""Of an answer as it is on the bus: half a second of a venue's small uplink."""


EdgeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""Random name of one start of one edge."""

HubId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
"""Random name of one start of a hub: what an older one said is void."""

SiteName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""One hub and its edges on a bus that several may share."""

Place = Annotated[
    str,
    StringConstraints(
        pattern=r"^(:[0-9]{1,5}|/e/[0-9]{1,2}|https?://[A-Za-z0-9.\[\]:-]{1,253})$", max_length=262
    ),
]
"""Where browsers reach an edge: a port of the page's own host, a path of it, or another origin."""


# Who is there


class HubBeat(Wire):
    """The hub is there."""

    type: Literal["hub_beat"] = "hub_beat"
    version: int = EDGE_VERSION
    hub: HubId
    news: dict[RoomName, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, max_length=MAX_TOLD_ROOMS
    )
    """Of rooms that changed in the last seconds: the number of their last news, which may have been
    lost."""


class EdgeHello(Wire):
    """An edge comes, or comes back."""

    type: Literal["edge_hello"] = "edge_hello"
    version: int = EDGE_VERSION
    edge: EdgeId
    place: Place
    names: tuple[str, ...] = Field(default=(), max_length=8)
    """Public names that browsers reach it by; the first is what links lead to."""
    is_public: bool = False
    """It stands outside the venue: operators' pages are not passed through it."""


class HubHello(Wire):
    """The edge may serve."""

    type: Literal["hub_hello"] = "hub_hello"
    hub: HubId
    listener_key: str = Field(repr=False, pattern=r"^([0-9a-f]{2}){16,64}$")
    """Hex: what tokens of listeners, and of nobody else, are made with."""
    grant_key: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hex: the Ed25519 public key that grants are signed with (the site's)."""
    max_listeners: int = Field(ge=1)
    max_packet_ms: int = Field(ge=20, le=120)
    min_packet_ms: int = Field(default=20, ge=20, le=120)


class RefusedWhy(StrEnum):
    """Why the hub does not answer as asked."""

    VERSION = "version"
    """The edge is of another version."""
    NO_ROOM = "no_room"
    """No such room, or this may not be known."""
    NOT_ADMITTED = "not_admitted"
    SHOWN_OUT = "shown_out"
    STRANGER = "stranger"
    """The hub does not know the edge: say hello again."""
    TOO_BIG = "too_big"
    BUSY = "busy"
    FORBIDDEN = "forbidden"


class Refused(Wire):
    """Instead of any answer."""

    type: Literal["refused"] = "refused"
    why: RefusedWhy
    text: str = Field(default="", max_length=MAX_FAULT_CHARACTERS)


class Present(Wire):
    """Somebody in the audience who gave a name."""

    participant: ParticipantId
    name: Name
    avatar: Avatar | None = None
    in_hall: bool = False
    invited: bool = False


class RoomPresence(Wire):
    """How many are at one edge in one room; never who."""

    listeners: int = Field(ge=0)
    in_hall: int = Field(default=0, ge=0)
    reactions: dict[Reaction, int] = Field(default_factory=dict)
    """Since the last beat."""


class EdgeBeat(Wire):
    """An edge is there, and how it fares; once a second."""

    type: Literal["edge_beat"] = "edge_beat"
    edge: EdgeId
    hub: HubId
    """Whom it believes to serve."""
    connections: int = Field(ge=0)
    room_left: int = Field(ge=0)
    """Connections that it would still take (file descriptors, limits)."""
    load: float = Field(ge=0, le=1)
    """Share of its core that is used."""
    draining: bool = False
    rooms: dict[RoomName, RoomPresence] = Field(default_factory=dict)
    relayed: tuple[Annotated[int, Field(ge=1, lt=1 << 32)], ...] | None = Field(
        default=None, max_length=MAX_TOLD_RELAYED
    )
    """Numbers of its relayed connections, rising: the first, then how much higher each next one is.
    What either end does not have any more ends at the other. None: it does not tell."""
    last_relayed: int = Field(default=0, ge=0, lt=1 << 32)
    """The highest number that it ever gave."""


class Drain(Wire):
    """Move everybody to other edges within this time, and take nobody any more."""

    type: Literal["drain"] = "drain"
    within_s: float = Field(gt=0, le=600)
    places: tuple[Place, ...] = Field(default=(), max_length=64)
    """Where to, the best first."""
    weights: tuple[int, ...] = Field(default=(), max_length=64)
    """How many more listeners each of them would take well; nothing said: all alike."""


class PeopleQuestion(Wire):
    """Who runs this room wants to see who is in it; to one edge."""

    type: Literal["people_question"] = "people_question"
    room: RoomName


class People(Wire):
    """Those of an edge who gave a name: the invited first, then in the order of their coming."""

    type: Literal["people"] = "people"
    people: tuple[Present, ...] = Field(default=(), max_length=MAX_NAMED)


# A room


class RoomQuestion(Wire):
    """All that an edge needs to serve a room: at the first listener, and after a gap."""

    type: Literal["room_question"] = "room_question"
    edge: EdgeId
    room: RoomName


class RoomAnswer(Wire):
    """The room as it was told up to ``seq`` of its news."""

    type: Literal["room_answer"] = "room_answer"
    hub: HubId
    seq: int = Field(ge=0)
    """Of the last ``RoomNews`` that is part of this."""
    snapshot: str
    """The public ``snapshot`` message, as listeners get it."""
    pulse: str | None = None
    """The last ``pulse`` message."""
    time: Time
    access: Access
    audience_token: str | None = Field(default=None, repr=False)
    """Of a private room: the secret of its audience link, checked at the edge."""
    out: tuple[ParticipantId, ...] = ()
    """Who was shown out and may not come back."""
    void_invites: tuple[int, ...] = ()
    """Numbers of invitations that are no longer good."""


class RoomNews(Wire):
    """Something that everybody in the audience is told, or that edges have to know."""

    type: Literal["room_news"] = "room_news"
    hub: HubId
    seq: int = Field(ge=1)
    """One more than that of the news before; a gap, and the edge asks for the room again."""
    text: str | None = None
    """A message for all listeners, as it is sent to them."""
    shown_out: tuple[ParticipantId, ...] = ()
    """End their connections now, and let them in no more."""
    let_in: tuple[ParticipantId, ...] = ()
    """They may come back."""
    void_invites: tuple[int, ...] = ()
    """Whoever came by these has to leave."""
    access: Access | None = None
    """Who may come in from now on."""
    audience_token: str | None = Field(default=None, repr=False)
    uninvited_out: bool = False
    """Whoever listens and came by no invitation has to leave."""
    gone: bool = False
    """The room is no more: close everybody."""


class AdmitQuestion(Wire):
    """May somebody listen, who shows a secret that the edge cannot check?"""

    type: Literal["admit_question"] = "admit_question"
    edge: EdgeId
    room: RoomName
    participant: ParticipantId
    shown: tuple[InviteCredential, ...] = Field(default=(), max_length=4)
    resume: str | None = Field(default=None, max_length=256, repr=False)
    """What they come back with, where only the hub can tell whether it is theirs."""


class Admission(Wire):
    """Yes, until the grant's end."""

    type: Literal["admission"] = "admission"
    grant: str = Field(repr=False, max_length=512)
    """See ``parvis_wire.grants``: the page keeps it and shows it at any edge."""
    invited: bool = False


# Relayed connections


class RelayPath(StrEnum):
    """What a relayed connection came for."""

    LISTEN = "/ws/listen"
    SPEAK = "/ws/speak"


class RelayOpened(Wire):
    """A connection came; its ``join`` follows as the first ``RelaySaid``."""

    type: Literal["relay_opened"] = "relay_opened"
    connection: int = Field(ge=1, lt=1 << 32)
    path: RelayPath
    address: str = Field(max_length=64)
    host: str = Field(max_length=255)
    encrypted: bool
    is_fanned_out: bool = False
    """A listener whose program and news come from the edge: the hub sends only what is theirs."""


class RelaySaid(Wire):
    """The peer sent a text message."""

    type: Literal["relay_said"] = "relay_said"
    connection: int = Field(ge=1, lt=1 << 32)
    text: str


class RelayGone(Wire):
    """The peer's connection ended."""

    type: Literal["relay_gone"] = "relay_gone"
    connection: int = Field(ge=1, lt=1 << 32)


class RelayTold(Wire):
    """Send this text message to the peer."""

    type: Literal["relay_told"] = "relay_told"
    connection: int = Field(ge=1, lt=1 << 32)
    text: str


class RelayClose(Wire):
    """Close the peer's connection."""

    type: Literal["relay_close"] = "relay_close"
    connection: int = Field(ge=1, lt=1 << 32)
    code: int = Field(ge=1000, le=4999)
    reason: str = Field(default="", max_length=MAX_FAULT_CHARACTERS)


# Requests for pages and the API


class HttpQuestion(Wire):
    """A request that the edge cannot answer by itself."""

    type: Literal["http_question"] = "http_question"
    edge: EdgeId
    method: str = Field(pattern=r"^[A-Z]{3,7}$")
    target: str = Field(max_length=2048)
    """Path and query, as they came."""
    headers: tuple[tuple[str, str], ...] = Field(default=(), max_length=32, repr=False)
    """Those that the hub looks at, names in lower case."""
    address: str = Field(max_length=64)
    encrypted: bool
    body: str = Field(default="", max_length=2 * MAX_HTTP_BODY_BYTES, repr=False)
    """Base64."""


class HttpAnswer(Wire):
    """What the hub answers."""

    type: Literal["http_answer"] = "http_answer"
    status: int = Field(ge=200, le=599)
    headers: tuple[tuple[str, str], ...] = Field(default=(), repr=False)
    body: str = Field(default="", repr=False)
    """Base64."""
    is_packed: bool = False
    """The body is compressed (zlib, RFC 1950)."""


RelayUp = Annotated[RelayOpened | RelaySaid | RelayGone, Field(discriminator="type")]
RelayDown = Annotated[RelayTold | RelayClose, Field(discriminator="type")]
relay_up: TypeAdapter[RelayUp] = TypeAdapter(RelayUp)
relay_down: TypeAdapter[RelayDown] = TypeAdapter(RelayDown)


def steps_of(numbers: Iterable[int]) -> tuple[int, ...]:
    """As ``EdgeBeat.relayed`` holds them; two or three digits each, where numbers have many."""
    rising = sorted(numbers)
    return tuple(number - before for before, number in zip([0, *rising], rising, strict=False))


def numbers_of(steps: Iterable[int]) -> frozenset[int]:
    """What ``steps_of`` was made of."""
    return frozenset(accumulate(steps))


def parse(kind: type[T] | TypeAdapter[T], text: str | bytes) -> T:
    """Read a message of the bus.

    Raises:
        BadMessage: it is not JSON, not of this kind, or a field is out of bounds.
    """
    try:
        if isinstance(kind, TypeAdapter):
            return kind.validate_json(text)
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessage(f"{where}: {first['msg']}"[:MAX_FAULT_CHARACTERS]) from error
