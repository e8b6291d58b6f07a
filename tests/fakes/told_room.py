"""A room as a hub tells edges of it: its answers and its numbered news."""

from __future__ import annotations

from parvis_wire.audience import Pulse
from parvis_wire.edges import RoomAnswer, RoomNews
from parvis_wire.floor import Access, Hand, Surface
from parvis_wire.messages import Change, Snapshot, Time, serialize
from parvis_wire.room_events import HandLowered, HandRaised, RoomEvent
from parvis_wire.room_view import RoomView, fold


class ToldRoom:
    """One room of one start of a hub."""

    def __init__(self, name: str = "main", hub: str = "hub1", title: str = "Hall") -> None:
        self.hub = hub
        self.view = RoomView(room=name, title=title, seq=0)
        self.seq = 0
        self.pulse: str | None = None
        self.access = Access.OPEN
        self.audience_token: str | None = None
        self.out: frozenset[str] = frozenset()
        self.void: frozenset[int] = frozenset()

    def answer(self) -> RoomAnswer:
        """The whole room as it is now."""
        return RoomAnswer(
            hub=self.hub,
            seq=self.seq,
            snapshot=serialize(Snapshot(view=self.view)),
            pulse=self.pulse,
            time=Time(room_clock=48_000, hub_ns=1_000_000_000, utc_ms=1_000_000),
            access=self.access,
            audience_token=self.audience_token,
            out=tuple(sorted(self.out)),
            void_invites=tuple(sorted(self.void)),
        )

    def happens(self, event: RoomEvent) -> RoomNews:
        """An event that everybody is told."""
        seq = self.view.seq + 1
        self.view = fold(self.view, seq, event)
        return self._news(text=serialize(Change(seq=seq, room_clock=seq, event=event)))

    def raises(self, who: str) -> RoomNews:
        """Somebody's hand goes up."""
        hand = Hand(participant=who, name=f"Name {who}", surface=Surface.PHONE)
        return self.happens(HandRaised(hand=hand))

    def lowers(self, who: str) -> RoomNews:
        """And down."""
        return self.happens(HandLowered(participant=who))

    def pulses(self, listeners: int) -> RoomNews:
        """How many listen."""
        self.pulse = serialize(Pulse(listeners=listeners))
        return self._news(text=self.pulse)

    def shows_out(self, who: str) -> RoomNews:
        """A host shows somebody out."""
        self.out |= {who}
        return self._news(shown_out=(who,))

    def lets_in(self, who: str) -> RoomNews:
        """And takes it back."""
        self.out -= {who}
        return self._news(let_in=(who,))

    def voids(self, number: int) -> RoomNews:
        """An invitation is no longer good."""
        self.void |= {number}
        return self._news(void_invites=(number,))

    def opens(
        self, access: Access, token: str | None = None, *, uninvited_out: bool = False
    ) -> RoomNews:
        """Others may come in from now on."""
        self.access, self.audience_token = access, token
        return self._news(access=access, audience_token=token, uninvited_out=uninvited_out)

    def ends(self) -> RoomNews:
        """The room is no more."""
        return self._news(gone=True)

    def _news(self, **fields: object) -> RoomNews:
        self.seq += 1
        return RoomNews.model_validate({"hub": self.hub, "seq": self.seq, **fields})
