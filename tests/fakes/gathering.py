"""A room with the usual people, virtual time, and short words for what they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from parvis_server.consent.notices import NoticeWriter
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member
from parvis_server.room.results import Effect, OpenSources, Result
from parvis_server.room.room import Room
from parvis_server.store.events import StoredEvent
from parvis_wire.commands import Command, GiveFloor, RaiseHand, SetRules, TakeFloor
from parvis_wire.floor import About, FloorMode, FloorRules, Person, Rank, microphone_of
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.stage import LinkKind, OutputKind, SourceKind

PEOPLE = {
    member.participant: member
    for member in (
        Member("host", Role.HOST, name="Hera", rank=Rank.HOST),
        Member("ada", Role.LISTENER, name="Ada"),
        Member("ben", Role.LISTENER, name="Ben"),
        Member("cleo", Role.LISTENER, name="Cleo", in_hall=True),
        Member("t1", Role.UNIT, name="Table 1", ssrc=1),
        Member("t2", Role.UNIT, name="Table 2", ssrc=2),
        Member("t3", Role.UNIT, name="Table 3", ssrc=3),
    )
}
WRITE_NOTICE = NoticeWriter(contact="ada@example.org")
LECTERN = Member("lectern", Role.UNIT, name="Lectern", ssrc=4, always_open=True)
DESK = Member(
    "desk", Role.UNIT, name="Desk", ssrc=5, always_open=True, source_kind=SourceKind.DESK
)  # fmt: skip


def far_microphone(person: str, ssrc: int = 11) -> Member:
    """The microphone of somebody's phone far away."""
    return Member(
        microphone_of(person), Role.SPEAKER, name=person, ssrc=ssrc, link=LinkKind.REMOTE,
        source_kind=SourceKind.SPEAKER, output=OutputKind.RETURN, output_ssrc=ssrc + 100,
        speaks_for=person,
    )  # fmt: skip


@dataclass
class Hall:
    """A room and everything that it has said."""

    has_voice: bool = False
    now_s: float = 0.0
    said: list[str] = field(default_factory=list)
    """Types of the events, in their order."""
    effects: list[Effect] = field(default_factory=list)
    log: list[StoredEvent] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        """Everybody comes."""
        self.room = Room(
            "hall", RoomClock(0), about=About(title="Hall"), has_voice=self.has_voice,
            seat_of={"code-1": "t1", "code-2": "t2"}.get, write_notice=WRITE_NOTICE, now_ns=0,
        )  # fmt: skip
        for who in PEOPLE:
            self.come(who)

    def _take(self, result: Result) -> Result:
        self.said += [change.event.type for change in result.events]
        self.effects += result.effects
        for change in result.events:
            self.log.append(
                StoredEvent.of(
                    change.event, room="hall", seq=change.seq, room_clock=change.room_clock,
                    utc_ms=0, actor=result.actor, command_id=result.command_id,
                )
            )  # fmt: skip
        for effect in result.effects:
            if isinstance(effect, OpenSources):
                self.mixed = [member.participant for member in effect.sources]
        return result

    @property
    def heard(self) -> list[str]:
        """Whose microphones are in the mix."""
        return self.mixed

    @property
    def now_ns(self) -> int:
        """The hub's clock."""
        return round(self.now_s * NS_PER_S)

    def come(self, who: str | Member) -> Result:
        """Somebody joins, or is back."""
        member = PEOPLE[who] if isinstance(who, str) else who
        return self._take(self.room.joined(member, self.now_ns))

    def go(self, *who: str) -> None:
        """Connections end."""
        for one in who:
            self._take(self.room.left(one, self.now_ns))

    def wait(self, seconds: float) -> list[str]:
        """Time passes, looked at whenever something is due; which events came of it."""
        before, end_ns = len(self.said), round((self.now_s + seconds) * NS_PER_S)
        for _ in range(100):
            due_ns = self.room.due()
            if due_ns is None or due_ns > end_ns:
                break
            self.now_s = max(self.now_s, due_ns / NS_PER_S)
            self._take(self.room.expire(self.now_ns))
        self.now_s = end_ns / NS_PER_S
        self._take(self.room.expire(end_ns))
        return [one for one in self.said[before:] if one != "undo_offered"]

    def do(self, who: str, command: Command) -> RefusalCode | None:
        """Somebody gives a command under a fresh id, a second and a half later; the refusal."""
        self.now_s += 1.5
        return self.at_once(who, command)

    def at_once(self, who: str, command: Command) -> RefusalCode | None:
        """The same, in this very moment."""
        self._count += 1
        command = command.model_copy(update={"id": f"c{self._count}"})
        result = self._take(self.room.handle(command, who, self.now_ns, utc_ms=1000))
        assert result.ack is not None
        return result.ack.refused

    def raise_hands(self, *who: str) -> None:
        """Each raises a hand."""
        for one in who:
            assert self.do(one, RaiseHand(id="x")) is None

    def grant_far(self, who: str, ssrc: int = 11) -> str:
        """Somebody far away is given the floor, and their phone comes as a microphone; its id."""
        assert self.do(who, RaiseHand(id="x", speaks=True)) is None
        assert self.do("host", GiveFloor(id="x", participant=who)) is None
        microphone = far_microphone(who, ssrc)
        self.come(microphone)
        return microphone.participant

    def press(self, unit: str) -> RefusalCode | None:
        """A unit's press to talk."""
        return self.do(unit, TakeFloor(id="x"))

    def mode(self, mode: FloorMode, cap: int = 1, **rules: object) -> None:
        """The host sets the rules."""
        changed = FloorRules.model_validate({"mode": mode, "cap": cap, **rules})
        assert self.do("host", SetRules(id="x", rules=changed)) is None

    @property
    def line(self) -> list[str]:
        """Who waits, in order."""
        return [hand.participant for hand in self.room.view.line]

    @property
    def blocked(self) -> tuple[Person, ...]:
        """Whom a host has blocked."""
        desk = self.room.view.desk
        return () if desk is None else desk.blocked

    @property
    def floor(self) -> list[tuple[str, str]]:
        """Who has the floor, and how far."""
        return [(turn.participant, turn.state.value) for turn in self.room.view.floor]

    def replayed(self) -> Room:
        """The room that is built from the log."""
        return Room.replay(
            "hall", RoomClock(0), about=About(title="Hall"), stored=self.log, now_ns=self.now_ns,
            has_voice=self.has_voice, seat_of={"code-1": "t1", "code-2": "t2"}.get,
        )  # fmt: skip
