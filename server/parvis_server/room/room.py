"""One room: commands and comings and goings in, numbered events and effects out.

Theory of operation. ``Room`` holds a ``RoomView`` and the members, nothing else: every event is
folded into the view with the same ``fold`` that clients use, so what the hub believes is what
everybody shows. Whatever changes the room returns a ``Result``: the answer to the one who asked,
the changes for everybody, and the effects for the composition root to carry out. Absence has
consequences only with time: ``due`` says when, ``expire`` draws them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from parvis_server.room import fifo
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import MAX_AWAY, Member, Members
from parvis_server.room.results import OpenSources, Result
from parvis_wire.commands import Command, RaiseHand, TakeFloor
from parvis_wire.floor import About, Desk, Microphone, Phase, Surface, TurnState
from parvis_wire.messages import Ack, Change, RefusalCode, Role
from parvis_wire.room_events import (
    FloorReleased,
    HandLowered,
    MicrophoneClosed,
    MicrophoneOpened,
    RoomEvent,
)
from parvis_wire.room_view import RoomView, fold, place_in_line
from parvis_wire.stage import KeptOut, Shares

MICROPHONE_AWAY_NS = 2 * NS_PER_S
"""An always-open microphone that is away this long is closed: its place in the mix is silence."""

TURN_AWAY_NS = 15 * NS_PER_S
"""A live unit that is away this long loses the floor: an access point's roaming takes seconds."""

HAND_AWAY_NS = 60 * NS_PER_S
"""A hand whose owner is away this long is lowered: a locked phone comes back within a minute."""

UNIT_FORGOTTEN_NS = 300 * NS_PER_S
"""The host sees a lost unit for this long, to go and look for it."""

ANY_HOST = "*"
"""Whose answers hosts get: one who lost the connection comes back by the link's secret, as somebody
new, and a repeated *Next* must not skip a person then. No participant's id has this sign."""

ANY_HOST_AT_THE_DESK = "*mix"
"""The same for commands about the mix, kept apart: a fader that is drawn gives ten a second, and
must not push the answer of a *Next* out of memory."""


SeatOf = Callable[[str], str | None]
"""A seat's code to the unit's participant; None: nobody here has this code."""


def no_seats(code: str) -> str | None:
    """No unit has a code."""
    return None


OpenRule = Callable[[Member, int], KeptOut | None]
"""Why a member's microphone may not be opened beside so many others; None when it may."""

KEPT_OUT_WORDS = {
    KeptOut.NOT_WIRED: "the room ticks at 5 ms and takes wired microphones only",
    KeptOut.TOO_MANY: "as many microphones are open as the room can mix",
}


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
        """
        self.clock = clock
        self._open_rule = open_rule
        self._seat_of = seat_of
        self._has_voice = has_voice
        self.view = RoomView(
            room=name, title=about.title, seq=0, about=about, phase=phase, desk=Desk()
        )
        self._members = Members()

    def member(self, participant: str) -> Member | None:
        """Who this id belongs to, absent or not; None for a stranger."""
        return self._members.get(participant)

    @property
    def sounding(self) -> tuple[Member, ...]:
        """Every unit and speaker, the lost ones included, in the order of their first coming."""
        return self._members.sounding

    @property
    def open_ssrcs(self) -> frozenset[int]:
        """Sources whose sound belongs in the mix now."""
        live = (turn.ssrc for turn in self.view.floor if turn.state is TurnState.LIVE)
        always = (microphone.ssrc for microphone in self.view.microphones)
        return frozenset(ssrc for ssrc in (*live, *always) if ssrc is not None)

    def kept_out(self, member: Member) -> KeptOut | None:
        """Why this member's microphone may not be opened now; None when it is open or may be."""
        if member.ssrc is None or member.ssrc in self.open_ssrcs:
            return None
        return self._open_rule(member, len(self.open_ssrcs))

    def joined(self, member: Member, now_ns: int) -> Result:
        """A participant came, or came back. An always-open unit's microphone opens.

        A lost unit without a hand or turn, whose name a newcomer bears, is forgotten: it is that
        table after a restart.
        """
        if member.role is Role.UNIT:
            self._forget_namesakes(member)
        self._members.put(replace(member, away_since_ns=None))
        return self._apply(self._arrival(member), now_ns)

    def _arrival(self, member: Member) -> Iterator[RoomEvent]:
        """What follows when ``member`` comes, perhaps as another kind of unit than before."""
        who = member.participant
        shown = next((m for m in self.view.microphones if m.unit == who), None)
        if not member.always_open or member.name is None or member.ssrc is None:
            if shown is not None:
                yield MicrophoneClosed(unit=who)
            if member.role is Role.UNIT and member.ssrc is None:
                yield from self._given_up(who)
            return
        if shown is None and self.kept_out(member) is not None:
            return
        yield from self._given_up(who)
        microphone = Microphone(unit=who, name=member.name, ssrc=member.ssrc)
        if microphone != shown:
            yield MicrophoneOpened(microphone=microphone)

    def _given_up(self, who: str) -> Iterator[RoomEvent]:
        """Hand and turns of a unit that has no button, or no microphone, any more."""
        if place_in_line(self.view, who) is not None:
            yield HandLowered(participant=who)
        for turn in self.view.floor:
            if who in (turn.participant, turn.unit):
                yield FloorReleased(participant=turn.participant)

    def left(self, participant: str, now_ns: int) -> Result:
        """The participant's connection ended. What follows, follows with time: see ``expire``."""
        self._members.mark_away(participant, now_ns)
        if self._members.away_count > MAX_AWAY:
            self._forget_longest_absent()
        return Result()

    def handle(self, command: Command, actor: str, now_ns: int, utc_ms: int = 0) -> Result:
        """Apply ``actor``'s command once; a repeated id gets the same answer and no events.

        Raises:
            KeyError: ``actor`` never joined.
        """
        member = self._members.get(actor)
        if member is None:
            raise KeyError(actor)
        asker = self._asker(actor)
        answered = self._members.answered(asker, command.id)
        if answered is not None:
            return Result(ack=answered)
        outcome = self._decide(member, command)
        if isinstance(outcome, fifo.Refused):
            ack = Ack(id=command.id, refused=outcome.code, text=outcome.text)
            result = Result(ack=ack)
        else:
            ack = Ack(id=command.id)
            result = replace(
                self._apply(outcome, now_ns), ack=ack, actor=actor, command_id=command.id
            )
            if isinstance(command, RaiseHand) and member.role is Role.LISTENER:
                self._members.put(replace(member, name=command.name or member.name))
        self._members.remember(asker, ack)
        return result

    def _decide(self, member: Member, command: Command) -> fifo.Outcome:
        outcome = fifo.decide(self.view, member, command)
        if isinstance(command, TakeFloor) and not isinstance(outcome, fifo.Refused):
            kept_out = self.kept_out(member)
            if kept_out is not None:
                return fifo.Refused(RefusalCode.NOT_ALLOWED, KEPT_OUT_WORDS[kept_out])
        return outcome

    def answered(self, actor: str, command_id: str) -> Ack | None:
        """The answer that a command outside the floor got when it came first."""
        return self._members.answered(self._asker(actor, ANY_HOST_AT_THE_DESK), command_id)

    def remember(self, actor: str, ack: Ack) -> None:
        """Keep the answer of a command outside the floor for its repetitions."""
        self._members.remember(self._asker(actor, ANY_HOST_AT_THE_DESK), ack)

    def _asker(self, actor: str, any_host: str = ANY_HOST) -> str:
        member = self._members.get(actor)
        return any_host if member is not None and member.role is Role.HOST else actor

    def due(self) -> int | None:
        """When ``expire`` will next have something to do; None while nobody is away."""
        return min((at_ns for at_ns, _ in self._deadlines()), default=None)

    def expire(self, now_ns: int) -> Result:
        """Draw the consequences of absence: lower hands, end turns, close microphones, forget."""
        events: list[RoomEvent] = []
        gone: set[str] = set()
        for at_ns, consequence in self._deadlines():
            if at_ns > now_ns:
                continue
            if isinstance(consequence, str):
                gone.add(consequence)
            elif consequence not in events:
                events.append(consequence)
        for participant in gone:
            self._members.forget(participant)
        expired = self._apply(events, now_ns)
        return _joined_results(expired, self._apply(self._late_openings(), now_ns))

    def is_in_hall(self, participant: str, in_hall: bool) -> None:
        """A listener says where they are."""

    @property
    def answers(self) -> int:
        """Answers to the open show of hands."""
        return 0

    def shares(self, now_ns: int) -> Shares:
        """How long who has spoken."""
        return Shares()

    def read_started(self, participant: str, ssrc: int, now_ns: int) -> Result:
        """The hub's voice reads this person's question from now on."""
        return Result()

    def read_ended(self, participant: str, now_ns: int) -> Result:
        """And has ended."""
        return Result()

    def _late_openings(self) -> Iterator[RoomEvent]:
        """One microphone that was kept out at its coming, and for which there is room now."""
        shown = {microphone.unit for microphone in self.view.microphones}
        for member in self._members.sounding:
            waits = member.always_open and member.connected and member.participant not in shown
            if waits and member.name and member.ssrc is not None and not self.kept_out(member):
                microphone = Microphone(unit=member.participant, name=member.name, ssrc=member.ssrc)
                yield MicrophoneOpened(microphone=microphone)
                return

    def _deadlines(self) -> Iterator[tuple[int, RoomEvent | str]]:
        """When which event follows from an absence; an id stands for forgetting this member."""
        consequences = self._consequences()
        busy = self._busy()
        for member in self._members.away():
            since_ns = member.away_since_ns or 0
            for after_ns, event in consequences.get(member.participant, ()):
                yield since_ns + after_ns, event
            if member.participant not in busy:
                after_ns = UNIT_FORGOTTEN_NS if member.role is Role.UNIT else HAND_AWAY_NS
                yield since_ns + after_ns, member.participant

    def _consequences(self) -> dict[str, list[tuple[int, RoomEvent]]]:
        """For each participant with something to lose: after what absence which event follows."""
        by_participant: dict[str, list[tuple[int, RoomEvent]]] = defaultdict(list)
        for microphone in self.view.microphones:
            closed = MicrophoneClosed(unit=microphone.unit)
            by_participant[microphone.unit].append((MICROPHONE_AWAY_NS, closed))
        for turn in self.view.floor:
            released = FloorReleased(participant=turn.participant)
            if turn.unit is not None:
                by_participant[turn.unit].append((TURN_AWAY_NS, released))
            # A phone sleeps in the pocket of somebody who walks to a table: its turn waits.
            elif turn.surface is Surface.UNIT:
                by_participant[turn.participant].append((HAND_AWAY_NS, released))
        for hand in self.view.line:
            lowered = HandLowered(participant=hand.participant)
            by_participant[hand.participant].append((HAND_AWAY_NS, lowered))
        return by_participant

    def _busy(self) -> set[str]:
        """Everybody with a hand, a turn or an open microphone: they are not forgotten."""
        busy = {hand.participant for hand in self.view.line}
        busy.update(turn.participant for turn in self.view.floor)
        busy.update(turn.unit for turn in self.view.floor if turn.unit is not None)
        busy.update(microphone.unit for microphone in self.view.microphones)
        return busy

    def _forget_namesakes(self, unit: Member) -> None:
        busy = self._busy()
        for other in tuple(self._members.away()):
            lost_unit = other.role is Role.UNIT and other.participant not in busy
            if lost_unit and other.name == unit.name and other.participant != unit.participant:
                self._members.forget(other.participant)

    def _forget_longest_absent(self) -> None:
        busy = self._busy()
        away = (member.participant for member in self._members.away())
        longest = next((participant for participant in away if participant not in busy), None)
        if longest is not None:
            self._members.forget(longest)

    def _apply(self, events: Iterable[RoomEvent], now_ns: int) -> Result:
        """Number and fold the events; say so when the open microphones changed by them."""
        before = self.open_ssrcs
        room_clock = self.clock.samples(now_ns)
        changes: list[Change] = []
        for event in tuple(events):
            change = Change(seq=self.view.seq + 1, room_clock=room_clock, event=event)
            self.view = fold(self.view, change.seq, event)
            changes.append(change)
        after = self.open_ssrcs
        if after == before:
            return Result(events=tuple(changes))
        sources = tuple(member for member in self.sounding if member.ssrc in after)
        return Result(events=tuple(changes), effects=(OpenSources(sources),))


def _joined_results(first: Result, second: Result) -> Result:
    """Both, in their order; of the open sources only what is true at the end."""
    return Result(events=(*first.events, *second.events), effects=(second.effects or first.effects))
