"""A cause in the middle of being carried out: the rules write events, and see the room after each.

A rule that refuses raises ``Refused``, and the whole draft is dropped: nothing of it happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member, Members
from parvis_server.room.results import Effect
from parvis_server.room.state import Cause, State
from parvis_wire.floor import TurnState
from parvis_wire.messages import Change, RefusalCode
from parvis_wire.recording import Notice, RecordingTerms
from parvis_wire.room_events import RoomEvent
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import KeptOut

OpenRule = Callable[[Member, int], KeptOut | None]
"""Why a member's microphone may not be opened beside so many others; None when it may."""

WriteNotice = Callable[[RecordingTerms, str], tuple[RecordingTerms, Notice]]
"""Terms and the room's title to the terms with the hub's own words for what the host left open, and
the notice that says them; ``ValueError`` in one line when a word is missing."""

SeatOf = Callable[[str], str | None]
"""A seat's code to the unit's participant; None: nobody here has this code."""


class Refused(Exception):
    """The command changes nothing, and why."""

    def __init__(self, code: RefusalCode, text: str) -> None:
        """Refuse with a code for the page and words for the log."""
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(slots=True)
class House:
    """What is around the events: who is there, and what the hub can do."""

    clock: RoomClock
    members: Members
    open_rule: OpenRule
    seat_of: SeatOf
    has_voice: bool
    write_notice: WriteNotice | None
    """None: the hub has no recorder."""
    began_ns: int
    """Since when this process knows the room; None of its absences is older."""
    answers: dict[str, bool] = field(default_factory=dict)
    """Of the open show of hands; true: in the hall."""
    reading: dict[str, int] = field(default_factory=dict)
    """Whose questions the hub's voice has been asked to read, and when."""

    def away_since_ns(self, participant: str) -> int | None:
        """Since when somebody is away; None: they are here. Strangers: since the beginning."""
        member = self.members.get(participant)
        return self.began_ns if member is None else member.away_since_ns

    def here(self, participant: str) -> bool:
        """Whether a connection of this participant stands."""
        return self.away_since_ns(participant) is None

    def at_ns(self, at: int) -> int:
        """Monotonic time of a moment of the room clock."""
        return self.clock.origin_ns + -(-at * NS_PER_S // CLOCK_RATE_HZ)

    def voice_ends(self, participant: str, now_ns: int) -> bool:
        """The voice is done with this question: the patience with the next ones begins now."""
        if self.reading.pop(participant, None) is None:
            return False
        self.reading = dict.fromkeys(self.reading, now_ns)
        return True

    def since_ns(self, at: int) -> int:
        """The same, or this process's beginning: while the hub was down nobody was late."""
        return max(self.began_ns, self.at_ns(at))


@dataclass(slots=True)
class Draft:
    """One cause, its events so far, and the room after them."""

    state: State
    house: House
    now_ns: int
    utc_ms: int
    cause: Cause
    at: int
    """Room clock."""
    changes: list[Change] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    @property
    def view(self) -> RoomView:
        """The room after the events so far."""
        return self.state.view

    def emit(self, event: RoomEvent) -> None:
        """One more event."""
        self.state = self.state.after(event, self.at, self.cause)
        self.changes.append(Change(seq=self.view.seq, room_clock=self.at, event=event))

    def kept_out(self, member: Member) -> KeptOut | None:
        """Why this microphone may not be opened now; None when it is open or may be."""
        sources = right_ssrcs(self.view)
        if member.ssrc is None or member.ssrc in sources:
            return None
        return self.house.open_rule(member, len(sources))


def right_ssrcs(view: RoomView) -> frozenset[int]:
    """Sources that have a right to be heard: live turns and always-open microphones."""
    live = (turn.ssrc for turn in view.floor if turn.state is TurnState.LIVE)
    always = (microphone.ssrc for microphone in view.microphones)
    return frozenset(ssrc for ssrc in (*live, *always) if ssrc is not None)
