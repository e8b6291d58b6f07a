"""What edges are told of each room: the whole when they ask, then numbered news, and the program.

Theory of operation. A room that an edge asked for is *followed*: what everybody in its audience is
told goes out as news, once for all edges, and its program with it. A room of which no edge has
spoken for a minute costs nothing; when it is followed again, a number is left out, and an edge that
still holds the old room asks for the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from parvis_server.bus.bus import Bus
from parvis_server.net.edges.sound_way import SoundWay
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_wire.bus_subjects import Subjects, pack_program
from parvis_wire.edges import (
    MAX_TOLD_ROOMS,
    Refused,
    RefusedWhy,
    RoomAnswer,
    RoomNews,
    RoomQuestion,
)
from parvis_wire.floor import Access
from parvis_wire.messages import Snapshot, serialize
from parvis_wire.room_events import Blocked, Described, InviteRevoked, RoomEvent, Unblocked
from parvis_wire.room_view import RoomView, for_public

FOLLOWED_NS = 60_000_000_000
"""Since an edge spoke of the room: longer than listeners need to come back."""

NEW_NS = 5_000_000_000
"""For five beats the last news of a room are told by their number: one will arrive."""

MAX_ANSWER_BYTES = 900_000
"""The bus takes a megabyte."""

MAX_VOID_INVITES = 1_000
"""Grants live for ten minutes: who came by an older invitation has none that is good."""

NO_ROOM = "there is no such room"


@dataclass(slots=True, eq=False)
class Followed:
    """A room that edges follow."""

    room: HubRoom
    tell: Callable[[RoomNews], None]
    program: Callable[[int, bytes], None]
    hub: str
    seq: int
    asked_ns: int
    access: Access
    _taps: list[Callable[[], None]] = field(default_factory=list)
    _snapshot: tuple[RoomView, str] | None = None
    _noticed: tuple[int, int] = (0, 0)
    """The last number that a beat told first, and when."""

    def is_new(self, now_ns: int) -> bool:
        """Whether its last news are so new that somebody may have missed them unawares."""
        if self._noticed[0] != self.seq:
            self._noticed = (self.seq, now_ns)
        return now_ns - self._noticed[1] < NEW_NS

    def begin(self) -> None:
        """Hear what happens in the room."""
        live = self.room.live
        live.bulletin.public_taps.add(self._text)
        live.event_taps.add(self._event)
        live.program_taps.add(self.program)

    def end(self) -> None:
        """No more."""
        live = self.room.live
        live.bulletin.public_taps.discard(self._text)
        live.event_taps.discard(self._event)
        live.program_taps.discard(self.program)

    def news(self, **what: object) -> None:
        """Tell all edges."""
        self.seq += 1
        self.tell(RoomNews.model_validate({"hub": self.hub, "seq": self.seq, **what}))

    def _text(self, text: str) -> None:
        self.news(text=text)

    def _event(self, event: RoomEvent) -> None:
        match event:
            case Blocked(person=person) if person.out:
                self.news(shown_out=(person.participant,))
            case Blocked(person=person):
                self.news(let_in=(person.participant,))
            case Unblocked(participant=participant):
                self.news(let_in=(participant,))
            case InviteRevoked(number=number):
                self.news(void_invites=(number,))
            case Described(about=about) if about.access is not self.access or event.shown_out:
                self.access = about.access
                token, out = self.audience_token(), event.shown_out
                self.news(access=about.access, audience_token=token, uninvited_out=out)
            case _:
                pass

    audience_token: Callable[[], str | None] = lambda: None

    def snapshot(self) -> str:
        """The public snapshot as everybody was told; made once for each state of the room."""
        view = self.room.live.bulletin.view
        if self._snapshot is None or self._snapshot[0] is not view:
            self._snapshot = (view, serialize(Snapshot(view=for_public(view))))
        return self._snapshot[1]


class News:
    """Of all rooms of a hub."""

    def __init__(
        self,
        hub: str,
        bus: Bus,
        subjects: Subjects,
        sound: SoundWay,
        rooms: Rooms,
        audience_token: Callable[[str], str],
    ) -> None:
        """Nothing is followed yet; ``audience_token`` gives the secret of a room's link."""
        self._hub = hub
        self._bus = bus
        self._subjects = subjects
        self._sound = sound
        self._rooms = rooms
        self._audience_token = audience_token
        self._followed: dict[str, Followed] = {}
        self._seqs: dict[str, int] = {}

    @property
    def followed(self) -> frozenset[str]:
        """The rooms that edges follow."""
        return frozenset(self._followed)

    def answer(self, question: RoomQuestion, now_ns: int) -> RoomAnswer | Refused:
        """The whole room, which is followed from now on."""
        followed = self._follow(question.room, now_ns)
        if followed is None:
            return Refused(why=RefusedWhy.NO_ROOM, text=NO_ROOM)
        live, snapshot = followed.room.live, followed.snapshot()
        if len(snapshot) > MAX_ANSWER_BYTES:
            return Refused(why=RefusedWhy.TOO_BIG, text="this room is too large for the bus")
        pulse = live.audience.last_pulse
        return RoomAnswer(
            hub=self._hub,
            seq=followed.seq,
            snapshot=snapshot,
            pulse=None if pulse is None else serialize(pulse),
            time=live.time(),
            access=followed.room.access,
            audience_token=followed.audience_token(),
            out=_out(live.bulletin.view),
            void_invites=void_invites(live),
        )

    def latest(self, now_ns: int) -> dict[str, int]:
        """The numbers of the last news of rooms that changed lately; for each beat."""
        new = ((name, one.seq) for name, one in self._followed.items() if one.is_new(now_ns))
        return dict(islice(new, MAX_TOLD_ROOMS))

    def spoken_of(self, room: str, now_ns: int) -> None:
        """An edge has somebody in this room."""
        followed = self._followed.get(room)
        if followed is not None:
            followed.asked_ns = now_ns

    def look(self, now_ns: int, *, anybody: bool) -> None:
        """Follow no room any more that no edge speaks of; ``anybody``: there are edges."""
        for name, followed in tuple(self._followed.items()):
            if not anybody or now_ns - followed.asked_ns >= FOLLOWED_NS:
                self._end(name)

    def go_on(self) -> None:
        """After a cut of the bus: whoever missed the last news is shown so by its next number."""
        for followed in self._followed.values():
            followed.news(text=serialize(followed.room.live.time()))

    def close(self) -> None:
        """Follow nothing any more."""
        for name in tuple(self._followed):
            self._end(name)

    def _end(self, name: str) -> None:
        followed = self._followed.pop(name)
        followed.end()
        self._seqs[name] = followed.seq

    def _follow(self, name: str, now_ns: int) -> Followed | None:
        room = self._rooms.get(name)
        if room is None:
            return None
        followed = self._followed.get(name)
        if followed is None:
            followed = self._begin(name, room, now_ns)
        followed.asked_ns = now_ns
        return followed

    def _begin(self, name: str, room: HubRoom, now_ns: int) -> Followed:
        subject = self._subjects.news(name)
        followed = Followed(
            room,
            tell=lambda news: self._bus.publish(subject, serialize(news).encode()),
            program=lambda ptime_ms, rtp: self._sound.send_program(
                name, pack_program(ptime_ms, rtp)
            ),
            hub=self._hub,
            seq=self._seqs.get(name, 0) + 1,  # one is left out
            asked_ns=now_ns,
            access=room.access,
        )
        followed.audience_token = partial(self._token, room)
        followed.begin()
        self._followed[name] = followed
        return followed

    def _token(self, room: HubRoom) -> str | None:
        return self._audience_token(room.name) if room.access is Access.PRIVATE else None


def _out(view: RoomView) -> tuple[str, ...]:
    blocked = () if view.desk is None else view.desk.blocked
    return tuple(person.participant for person in blocked if person.out)


def void_invites(live: LiveRoom) -> tuple[int, ...]:
    """Numbers of invitations that were made and are no longer good."""
    desk = live.bulletin.view.desk
    good = frozenset(invite.number for invite in (() if desk is None else desk.invites))
    last = live.room.state.memory.last_invite
    made = range(max(1, last - MAX_VOID_INVITES), last + 1)
    return tuple(number for number in made if number not in good)
