"""One room: commands and comings and goings in, numbered events and effects out.

Theory of operation. Every cause (a command, a coming, a going, time) makes a ``Draft``: the rules
write events into it, each folded at once with the same ``fold`` that clients use, and at its end
the room takes the draft's state over, or drops it when a rule refuses. Then follows what always
follows: somebody runs the room, a free place goes to the line where it moves by itself. The
state is a function of the events alone, so ``replay`` builds the room again from its log; who is
here, what the voice reads and the answers to a show of hands are beside it, in ``House``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Self

from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.deciding import decide
from parvis_server.room.draft import Draft, House, OpenRule, Refused, SeatOf, WriteNotice
from parvis_server.room.folded import Folded
from parvis_server.room.hands import chimes
from parvis_server.room.hearing import open_ssrcs, shares
from parvis_server.room.members import MAX_AWAY, Member, Members
from parvis_server.room.permissions import OPERATOR, Part, parts_of
from parvis_server.room.presence import (
    arrive,
    busy,
    forget_longest_absent,
    forget_namesakes,
    late_openings,
)
from parvis_server.room.recording import end_failed, follow_room, voices
from parvis_server.room.results import (
    AttendTo,
    Effect,
    OpenSources,
    RecordVoices,
    Result,
    StopReading,
    Voice,
)
from parvis_server.room.speaking import may_speak, show_out
from parvis_server.room.state import Cause, State, Stored, turn_of
from parvis_server.room.stewardship import keep_watch
from parvis_server.room.timing import HAND_AWAY_NS, deadlines, timers
from parvis_server.room.turns import advance
from parvis_server.room.undo import offer_after
from parvis_wire.commands import Command
from parvis_wire.floor import About, Phase, TurnState
from parvis_wire.messages import Ack, Attention, Role
from parvis_wire.room_events import FloorReleased, FloorTaken
from parvis_wire.room_view import RoomView
from parvis_wire.stage import KeptOut, Shares

UNIT_FORGOTTEN_NS = 300 * NS_PER_S
"""The host sees a lost unit for this long, to go and look for it."""

ANY_HOST = "*"
"""Whose answers hosts get: one who lost the connection comes back by the link's secret, as somebody
new, and a repeated *Next* must not skip a person then. No participant's id has this sign."""

ANY_HOST_AT_THE_DESK = "*mix"
"""The same for commands about the mix, kept apart: a fader that is drawn gives ten a second, and
must not push the answer of a *Next* out of memory."""

MOST_ROUNDS = 8
"""One deadline may bring another one that is due already; the rest is for the next tick."""


def no_seats(code: str) -> str | None:
    """No unit has a code."""
    return None


def no_rule(member: Member, open_sources: int) -> KeptOut | None:
    """Every microphone may be opened."""
    return None


class Room:
    """The room's state and everything that may happen to it."""

    def __init__(
        self,
        name: str,
        clock: RoomClock,
        *,
        about: About,
        phase: Phase = Phase.LIVE,
        open_rule: OpenRule = no_rule,
        seat_of: SeatOf = no_seats,
        has_voice: bool = False,
        write_notice: WriteNotice | None = None,
        now_ns: int | None = None,
    ) -> None:
        """Open an empty room.

        Args:
            name: as in links.
            clock: numbers its events in samples.
            about: what it is, until somebody describes it anew.
            phase: how far it has come, until a host goes on.
            open_rule: why a microphone may not be opened.
            seat_of: the participant of the unit that a seat's code belongs to.
            has_voice: whether the hub can read written questions out.
            write_notice: writes what people are asked before a recording; None: it cannot record.
            now_ns: since when there might have been a host; unless given, the clock's origin.
        """
        self.clock = clock
        began_ns = clock.origin_ns if now_ns is None else now_ns
        self._house = House(clock, Members(), open_rule, seat_of, has_voice, write_notice, began_ns)
        self._state = Folded.founded(name, about, phase).state
        self._told_sources: tuple[int | None, ...] = ()
        self._told_voices: tuple[Voice, ...] = ()
        self._warned: set[tuple[str, int, Attention]] = set()

    @classmethod
    def replay(
        cls,
        name: str,
        clock: RoomClock,
        *,
        about: About,
        stored: Iterable[Stored],
        now_ns: int,
        folded: Folded | None = None,
        phase: Phase = Phase.LIVE,
        open_rule: OpenRule = no_rule,
        seat_of: SeatOf = no_seats,
        has_voice: bool = False,
        write_notice: WriteNotice | None = None,
    ) -> Self:
        """The room that wrote this log; everybody is away since now.

        ``about`` and ``phase`` are those that the room was made with, or newer ones. ``folded``:
        what came before ``stored``.
        """
        room = cls(
            name, clock, about=about, phase=phase, open_rule=open_rule, seat_of=seat_of,
            has_voice=has_voice, write_notice=write_notice, now_ns=now_ns,
        )  # fmt: skip
        whole = (folded or Folded(room._state)).after(stored)
        room._state = whole.state
        commands = whole.commands.items()
        room._house.members.carried_out_before(
            {id: (actor, ANY_HOST) if ran else (actor,) for id, (actor, ran) in commands}
        )
        return room

    # What it is

    @property
    def view(self) -> RoomView:
        """The room as its hosts see it."""
        return self._state.view

    @property
    def state(self) -> State:
        """What follows from the events alone."""
        return self._state

    def member(self, participant: str) -> Member | None:
        """Who this id belongs to, absent or not; None for a stranger."""
        return self._house.members.get(participant)

    @property
    def sounding(self) -> tuple[Member, ...]:
        """Every unit and speaker, the lost ones included, in the order of their first coming."""
        return self._house.members.sounding

    @property
    def open_ssrcs(self) -> frozenset[int]:
        """Sources whose sound belongs in the mix now."""
        return open_ssrcs(self.view, self.sounding)

    @property
    def can_record(self) -> bool:
        """Whether the hub has a recorder."""
        return self._house.write_notice is not None

    @property
    def recorded_voices(self) -> tuple[Voice, ...]:
        """Open microphones whose sound belongs in the recording now; without one, none."""
        open_now = self.open_ssrcs
        return tuple(v for v in voices(self.view, self.sounding) if v.ssrc in open_now)

    def kept_out(self, member: Member) -> KeptOut | None:
        """Why this member's microphone may not be opened now; None when it is open or may be."""
        return self._draft(0).kept_out(member)

    def may_speak(self, person: str, now_ns: int) -> bool:
        """Whether the phone of this person may be a microphone: they have a spoken turn."""
        return may_speak(self._house, self.view, person, now_ns)

    @property
    def answers(self) -> int:
        """How many have said yes to the open show of hands."""
        return len(self._house.answers)

    @property
    def spoken(self) -> tuple[str, ...]:
        """The names of those who have spoken, as the public saw them."""
        return tuple(dict.fromkeys(self._state.memory.spoken.values()))

    def shares(self, now_ns: int) -> Shares:
        """How long turns have run in the hall and far away.

        How long the stage was heard is for those who hear it.
        """
        return shares(self._state, self.clock.samples(now_ns))

    # What happens to it

    def joined(self, member: Member, now_ns: int) -> Result:
        """A participant came, or came back. An always-open unit's microphone opens."""
        members = self._house.members
        if member.role is Role.UNIT:
            forget_namesakes(members, self.view, member)
        members.put(replace(member, away_since_ns=None))
        draft = self._draft(now_ns)
        arrive(draft, member)
        return self._settle(draft)

    def is_in_hall(self, participant: str, in_hall: bool) -> None:
        """A listener says where they are: in the hall, their turn is at a unit."""
        member = self.member(participant)
        if member is not None and member.in_hall != in_hall:
            self._house.members.put(replace(member, in_hall=in_hall))

    def left(self, participant: str, now_ns: int) -> Result:
        """The participant's connection ended. A live turn is interrupted; the rest takes time."""
        members = self._house.members
        members.mark_away(participant, now_ns)
        if members.away_count > MAX_AWAY:
            forget_longest_absent(members, self.view)
        member = members.get(participant)
        return self.expire(now_ns) if member is not None and member.sounds else Result()

    def handle(self, command: Command, actor: str, now_ns: int, utc_ms: int = 0) -> Result:
        """Apply ``actor``'s command once; a repeated id gets the same answer and no events.

        ``permissions.OPERATOR`` is nobody's id and may be an actor.

        Raises:
            KeyError: ``actor`` never joined.
        """
        member = self.member(actor)
        if member is None and actor != OPERATOR:
            raise KeyError(actor)
        askers = self._askers(actor, member)
        answered = self._house.members.answer_to(askers, command.id)
        if answered is not None:
            return Result(ack=answered)
        draft = self._draft(now_ns, utc_ms, Cause(actor, command.id))
        ack, result = Ack(id=command.id), Result()
        try:
            decide(draft, member, command)
        except Refused as refused:
            ack = Ack(id=command.id, refused=refused.code, text=refused.text)
        else:
            result = self._settle(draft, command, member)
        self._house.members.carried_out(askers, ack, lasting=bool(result.events))
        return replace(result, ack=ack)

    def _askers(self, actor: str, member: Member | None) -> tuple[str, ...]:
        """Under whose names an answer is kept: hosts share one."""
        parts = parts_of(self.view, member)
        runs = not parts.isdisjoint({Part.HOST, Part.COHOST, Part.OPERATOR})
        return (actor, ANY_HOST) if runs else (actor,)

    def answered(self, actor: str, command_id: str) -> Ack | None:
        """The answer that a command outside the floor got when it came first."""
        return self._house.members.answered(self._at_the_desk(actor), command_id)

    def remember(self, actor: str, ack: Ack) -> None:
        """Keep the answer of a command outside the floor for its repetitions."""
        self._house.members.remember(self._at_the_desk(actor), ack)

    def _at_the_desk(self, actor: str) -> str:
        at_the_desk = ANY_HOST in self._askers(actor, self.member(actor))
        return ANY_HOST_AT_THE_DESK if at_the_desk else actor

    def read_started(self, participant: str, ssrc: int, now_ns: int) -> Result:
        """The hub's voice begins with the question of ``participant``, under this source."""
        draft = self._draft(now_ns)
        turn = turn_of(self.view, participant)
        if turn is not None and turn.written and turn.state is TurnState.GRANTED:
            self._house.reading[participant] = now_ns
            draft.emit(FloorTaken(participant=participant, unit=None, ssrc=ssrc, at=draft.at))
        return self._settle(draft)

    def read_ended(self, participant: str, now_ns: int) -> Result:
        """The hub's voice has finished, or cannot read: the turn is over."""
        was_reading = self._house.voice_ends(participant, now_ns)
        draft = self._draft(now_ns)
        if was_reading and turn_of(self.view, participant) is not None:
            draft.emit(FloorReleased(participant=participant))
        return self._settle(draft)

    def recording_failed(self, recording: str, now_ns: int) -> Result:
        """The hub can write this recording no more: it is over."""
        draft = self._draft(now_ns)
        end_failed(draft, recording)
        return self._settle(draft)

    # Time

    def due(self) -> int | None:
        """When ``expire`` will next have something to do; None: nothing, as things are."""
        moments = [deadline.at_ns for deadline in deadlines(self._state, self._house)]
        moments += [at_ns for at_ns, _ in self._forgettings()]
        moments += [
            at_ns
            for at_ns, turn, what in timers(self._state, self._house)
            if (turn.participant, turn.since, what) not in self._warned
        ]
        return min(moments, default=None)

    def expire(self, now_ns: int) -> Result:
        """Draw the consequences of time: chimes, lost turns and hands, an heir, forgetting."""
        draft = self._draft(now_ns)
        for _ in range(MOST_ROUNDS):
            due = [d for d in deadlines(draft.state, self._house) if d.at_ns <= now_ns]
            if not due:
                break
            for deadline in sorted(due, key=lambda one: one.at_ns):
                deadline.act(draft)
            self._follow(draft)
        late_openings(draft)
        self._warn(draft)
        result = self._settle(draft)
        for at_ns, participant in tuple(self._forgettings()):
            if at_ns <= now_ns:
                self._house.members.forget(participant)
        return result

    def _forgettings(self) -> Iterator[tuple[int, str]]:
        kept = busy(self.view)
        for member in self._house.members.away():
            if member.participant not in kept:
                after_ns = UNIT_FORGOTTEN_NS if member.role is Role.UNIT else HAND_AWAY_NS
                yield (member.away_since_ns or 0) + after_ns, member.participant

    def _warn(self, draft: Draft) -> None:
        """Tell a speaker that their time is nearly over, once."""
        for at_ns, turn, what in timers(draft.state, self._house):
            key = (turn.participant, turn.since, what)
            if at_ns <= draft.now_ns and key not in self._warned:
                self._warned.add(key)
                for who in dict.fromkeys((turn.participant, turn.unit or turn.participant)):
                    if self._house.here(who):
                        draft.effects.append(AttendTo(who, what))

    # From a draft to the room

    def _draft(self, now_ns: int, utc_ms: int = 0, cause: Cause | None = None) -> Draft:
        at = self.clock.samples(now_ns)
        return Draft(self._state, self._house, now_ns, utc_ms, cause or Cause(), at)

    def _follow(self, draft: Draft) -> None:
        """What always follows: somebody runs the room, a free place goes to the line, a phone whose
        turn is over is a microphone no longer, and who speaks is recorded only as they said.
        """
        keep_watch(draft)
        advance(draft)
        show_out(draft)
        follow_room(draft)

    def _settle(
        self, draft: Draft, command: Command | None = None, actor: Member | None = None
    ) -> Result:
        """Take the draft over as the room."""
        self._follow(draft)
        if command is not None and draft.changes:
            offer_after(draft, command, actor)
        self._state = draft.state
        stopped = self._silent_voices(draft.now_ns)
        effects = (*draft.effects, *chimes(draft), *stopped, *self._sources())
        return Result(
            None, tuple(draft.changes), effects, draft.cause.actor, draft.cause.command_id
        )

    def _silent_voices(self, now_ns: int) -> Iterator[Effect]:
        """The voice stops when the turn that it reads for is over."""
        for participant in tuple(self._house.reading):
            if turn_of(self.view, participant) is None:
                self._house.voice_ends(participant, now_ns)
                yield StopReading(participant)

    def _sources(self) -> Iterator[Effect]:
        """Which microphones are open, and which of them are recorded, when that has changed."""
        open_now = self.open_ssrcs
        sources = tuple(member for member in self.sounding if member.ssrc in open_now)
        told = tuple(sorted(member.ssrc or 0 for member in sources))
        if told != self._told_sources:
            self._told_sources = told
            yield OpenSources(sources)
        recorded = self.recorded_voices
        if recorded != self._told_voices:
            self._told_voices = recorded
            yield RecordVoices(recorded)
