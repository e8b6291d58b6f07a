"""One room as an edge knows it: the hub's answer, and the news that are folded into it. Pure.

Theory of operation. The room's news are numbered. What follows is folded at once; what comes too
early waits, and the whole room is asked for (``question_due``), one question at a time, later and
later while nobody answers. The answer takes the place of everything before it, then what waited is
folded. So any loss, repetition or disorder of news ends in the room as the hub told it.
"""

from dataclasses import dataclass

from parvis_wire.audience import Pulse
from parvis_wire.edges import RefusedWhy, RoomAnswer, RoomNews
from parvis_wire.errors import BadMessage
from parvis_wire.floor import Access
from parvis_wire.messages import Change, Snapshot, Time, parse_hub_message, serialize
from parvis_wire.room_view import RoomView, fold

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

MAX_EARLY = 256
"""News that wait for the room to be asked for: more than a busy minute; beyond, they are part of
the next answer anyway."""

FIRST_PAUSE_NS = NS_PER_S // 4
LONGEST_PAUSE_NS = 4 * NS_PER_S
"""Between two questions that nobody answered."""

LATE_NS = NS_PER_S // 2
"""After which news are taken for lost that the hub's beat told of: the two travel apart."""

REFUSED_FOR_NS = 5 * NS_PER_S
"""A room that is not there is asked for once in this time: names can be guessed."""


AT_LEISURE = ('{"type":"pulse"', '{"type":"time"')
"""How messages begin for which nobody waits."""


@dataclass(frozen=True, slots=True)
class Told:
    """What follows from an answer, or from one of the news."""

    texts: tuple[str, ...] = ()
    """Messages for everybody who listens."""
    at_leisure: bool = False
    """Nobody waits for ``texts``: how many listen, what time it is."""
    is_new: bool = False
    """Everybody needs the snapshot, before ``texts``."""
    out: frozenset[str] = frozenset()
    """Participants who have to leave now."""
    void_invites: frozenset[int] = frozenset()
    """Whoever came by these has to leave now."""
    uninvited_out: bool = False
    """Whoever came by no invitation has to leave now."""
    gone: bool = False
    """There is no such room any more."""


class EdgeRoom:
    """What an edge knows of one room."""

    def __init__(self, name: str) -> None:
        """Nothing is known yet; the room wants to be asked for."""
        self.name = name
        self.view: RoomView | None = None
        """As everybody is told; None: not known yet."""
        self.pulse: str | None = None
        """The last ``pulse`` message."""
        self.access = Access.OPEN
        self.audience_token: str | None = None
        self.out: frozenset[str] = frozenset()
        self.void_invites: frozenset[int] = frozenset()
        self.refused: RefusedWhy | None = None
        """Why the hub does not tell of it."""
        self._hub: str | None = None
        self._seq = 0
        self._clock: tuple[Time, int] | None = None
        self._behind: tuple[int, int] | None = None
        """The number of news that should be here, and since when."""
        self._early: dict[tuple[str, int], RoomNews] = {}
        self._wanted = True
        self._asking = False
        self._failures = 0
        self._next_ns = 0
        self._snapshot: tuple[RoomView, str] | None = None
        self._acting: tuple[RoomView, frozenset[str]] | None = None

    # Questions

    @property
    def seq(self) -> int:
        """Of the last news that is part of it."""
        return self._seq

    @property
    def is_complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.view is not None and not self._wanted

    def want(self) -> None:
        """Something may have been missed: ask for the whole."""
        self._wanted = True
        self._failures = 0
        self._next_ns = 0

    def is_at(self, hub: str, seq: int, now_ns: int) -> None:
        """The hub says that its last news of this room have this number."""
        if hub == self._hub and seq > self._seq and self._behind is None:
            self._behind = (seq, now_ns)

    def _notice_loss(self, now_ns: int) -> None:
        """What the hub has said and is not here after a while will not come."""
        if self._behind is None:
            return
        seq, since_ns = self._behind
        if self._seq >= seq:
            self._behind = None
        elif now_ns - since_ns >= LATE_NS:
            self._behind = None
            self.want()

    def question_due(self, now_ns: int) -> bool:
        """Whether the hub is to be asked now; if so, an answer or a failure has to follow."""
        self._notice_loss(now_ns)
        due = self._wanted and not self._asking and now_ns >= self._next_ns
        self._asking = self._asking or due
        return due

    def failed(self, now_ns: int) -> None:
        """Nobody answered."""
        self._asking = False
        pause_ns = min(FIRST_PAUSE_NS << min(self._failures, 8), LONGEST_PAUSE_NS)
        self._failures += 1
        self._next_ns = now_ns + pause_ns

    def refuse(self, why: RefusedWhy, now_ns: int) -> Told:
        """The hub does not tell of this room."""
        self.failed(now_ns)
        if why in (RefusedWhy.STRANGER, RefusedWhy.BUSY):
            return Told()
        self.refused, self.view = why, None
        self._early.clear()
        self._next_ns = now_ns + REFUSED_FOR_NS
        return Told(gone=True)

    def answered(self, answer: RoomAnswer, now_ns: int) -> list[Told]:
        """The whole room."""
        snapshot = _view_of(answer.snapshot)
        if snapshot is None or (answer.hub == self._hub and answer.seq < self._seq):
            self.failed(now_ns)  # made before what is known already
            return []
        is_new = answer.hub != self._hub or snapshot != self.view
        # Whether they were to leave was in the news that are missing.
        was_open = self.view is not None and self.access is Access.OPEN
        uninvited = was_open and answer.access is not Access.OPEN
        self._asking = self._wanted = False
        self._failures = 0
        self.refused = self._behind = None
        self.view, self._hub, self._seq = snapshot, answer.hub, answer.seq
        self.pulse, self._clock = answer.pulse, (answer.time, now_ns)
        self.access, self.audience_token = answer.access, answer.audience_token
        self.out, self.void_invites = frozenset(answer.out), frozenset(answer.void_invites)
        self._next_ns = now_ns + FIRST_PAUSE_NS
        self._wanted = self._drop_others(answer.hub)
        whole = Told(
            is_new=is_new, out=self.out, void_invites=self.void_invites, uninvited_out=uninvited
        )
        return [whole, *self._catch_up(now_ns)]

    def _drop_others(self, hub: str) -> bool:
        """Forget what other hubs told; whether one did, and so may have taken this one's place."""
        kept = {key: one for key, one in self._early.items() if key[0] == hub}
        dropped = len(kept) < len(self._early)
        self._early = kept
        return dropped

    # News

    def news(self, news: RoomNews, now_ns: int) -> list[Told]:
        """One of the news, in whatever order they come."""
        if news.hub == self._hub and news.seq <= self._seq:
            return []
        self._keep(news)
        if news.hub != self._hub or news.seq != self._seq + 1:
            self._wanted = True
        return [] if self.view is None else self._catch_up(now_ns)

    def _keep(self, news: RoomNews) -> None:
        if len(self._early) >= MAX_EARLY:
            self._early.clear()
            self._wanted = True
        self._early[news.hub, news.seq] = news

    def _catch_up(self, now_ns: int) -> list[Told]:
        """Fold everything that follows."""
        told: list[Told] = []
        hub = self._hub or ""
        while (follows := self._early.get((hub, self._seq + 1))) is not None:
            one = self._follow(follows, now_ns)
            if one is None:
                self._wanted = True
                return told
            told.append(one)
        self._early = {
            key: one for key, one in self._early.items() if key[0] != hub or key[1] > self._seq
        }
        return told

    def _follow(self, news: RoomNews, now_ns: int) -> Told | None:
        """Fold what comes next; None: it does not fit, the room has to be asked for."""
        if news.text is not None and not self._hear(news.text, now_ns):
            return None
        self._seq = news.seq
        out = frozenset(news.shown_out)
        void = frozenset(news.void_invites)
        self.out = (self.out | out) - frozenset(news.let_in)
        self.void_invites |= void
        if news.access is not None:
            self.access, self.audience_token = news.access, news.audience_token
        if news.gone:
            self.view, self.refused, self._wanted = None, RefusedWhy.NO_ROOM, True
            self._next_ns = now_ns + REFUSED_FOR_NS
        texts = () if news.text is None else (news.text,)
        return Told(
            texts,
            at_leisure=news.text is not None and news.text.startswith(AT_LEISURE),
            out=out,
            void_invites=void,
            uninvited_out=news.uninvited_out,
            gone=news.gone,
        )

    def _hear(self, text: str, now_ns: int) -> bool:
        """What a message for listeners changes here; False: it does not fit."""
        try:
            message = parse_hub_message(text)
        except BadMessage:
            return True  # of a newer hub: pages ignore what they do not know
        match message:
            case Change(seq=seq, event=event) if self.view is not None:
                if seq != self.view.seq + 1:
                    return False
                try:
                    self.view = fold(self.view, seq, event)
                except Exception:  # of a hub that tells it otherwise: its snapshot says more
                    return False
            case Pulse():
                self.pulse = serialize(message.model_copy(update={"reactions": {}}))
            case Time():
                self._clock = (message, now_ns)
            case _:
                pass
        return True

    # What newcomers are told

    def snapshot(self) -> str | None:
        """The ``snapshot`` message; made once for each state of the room."""
        if self.view is None:
            return None
        if self._snapshot is None or self._snapshot[0] is not self.view:
            self._snapshot = (self.view, serialize(Snapshot(view=self.view)))
        return self._snapshot[1]

    def time(self, now_ns: int) -> Time | None:
        """The three clocks at this moment, as far as the hub told them."""
        if self._clock is None:
            return None
        told, at_ns = self._clock
        passed_ns = max(0, now_ns - at_ns)
        return Time(
            room_clock=told.room_clock + passed_ns * 48 // NS_PER_MS,
            hub_ns=told.hub_ns + passed_ns,
            utc_ms=told.utc_ms + passed_ns // NS_PER_MS,
        )

    @property
    def acting(self) -> frozenset[str]:
        """Participants with a hand, a turn, a seat or a rank; found once for each state of the
        room."""
        if self.view is None:
            return frozenset()
        if self._acting is None or self._acting[0] is not self.view:
            parts = (self.view.line, self.view.floor, self.view.seats)
            found = frozenset(one.participant for part in parts for one in part)
            self._acting = (self.view, found | self.hosts)
        return self._acting[1]

    @property
    def hosts(self) -> frozenset[str]:
        """Participants who run the room: the hub knows them by tokens of its own."""
        hosts = () if self.view is None else self.view.hosts
        return frozenset(host.participant for host in hosts)


def _view_of(text: str) -> RoomView | None:
    try:
        message = parse_hub_message(text)
    except BadMessage:
        return None
    return message.view if isinstance(message, Snapshot) else None
