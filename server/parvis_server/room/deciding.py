"""From a command to its rule: checked against the table of permissions, then carried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parvis_server.room import asking, hands, hosting, recording, speaking, turns
from parvis_server.room.draft import Draft, Refused
from parvis_server.room.members import Member
from parvis_server.room.permissions import (
    FLOOR_ACTS,
    FLOOR_PHASES,
    OPERATOR,
    RUNNING,
    Part,
    named,
    parts_of,
    permitted,
)
from parvis_server.room.undo import undo
from parvis_wire.commands import Command
from parvis_wire.messages import RefusalCode
from parvis_wire.room_events import RulesSet, Silenced


@dataclass(frozen=True, slots=True)
class Act:
    """One command of somebody."""

    draft: Draft
    command: Any
    """Of the type that the rule is filed under."""
    actor: Member | None
    """None: the operator of the hub."""
    parts: frozenset[Part]

    @property
    def who(self) -> str:
        """The participant."""
        return OPERATOR if self.actor is None else self.actor.participant

    @property
    def member(self) -> Member:
        """Of a command that the table leaves to people and units."""
        if self.actor is None:
            raise Refused(RefusalCode.NOT_ALLOWED, "the operator has no hand")
        return self.actor

    @property
    def runs(self) -> bool:
        """Whether they run the room."""
        return not RUNNING.isdisjoint(self.parts)


def decide(draft: Draft, actor: Member | None, command: Command) -> None:
    """Carry a command out in ``draft``.

    Raises:
        Refused: it changes nothing, and why.
    """
    view, kind = draft.view, command.type
    parts = parts_of(view, actor)
    if not named(parts, kind):
        who = ", ".join(sorted(part.value for part in parts))
        raise Refused(RefusalCode.NOT_ALLOWED, f"a {who} may not give {kind}")
    if not permitted(parts, kind, view.rules.mode):
        raise Refused(RefusalCode.WRONG_MODE, f"not in the mode {view.rules.mode.value}")
    if kind in FLOOR_ACTS and view.phase not in FLOOR_PHASES:
        raise Refused(RefusalCode.NOT_LIVE, f"the room is {view.phase.value}")
    RULES[kind](Act(draft, command, actor, parts))


def _set_rules(act: Act) -> None:
    if act.command.rules != act.draft.view.rules:
        act.draft.emit(RulesSet(rules=act.command.rules))


def _silence(act: Act) -> None:
    if act.command.on != act.draft.view.silenced:
        act.draft.emit(Silenced(on=act.command.on))


RULES: Mapping[str, Callable[[Act], None]] = {
    "raise_hand": lambda act: hands.raise_hand(act.draft, act.member, act.command),
    "lower_hand": lambda act: hands.lower_hand(act.draft, act.actor, act.command, runs=act.runs),
    "take_floor": lambda act: turns.take_floor(act.draft, act.member),
    "leave_floor": lambda act: turns.leave_floor(act.draft, act.member, act.command),
    "set_muted": lambda act: speaking.set_muted(act.draft, act.member, act.command.muted),
    "next": lambda act: turns.next_hand(act.draft, act.who),
    "give_floor": lambda act: turns.give_floor(act.draft, act.command.participant),
    "end_turn": lambda act: turns.end_turn(act.draft, act.command),
    "move_hand": lambda act: hands.move_hand(act.draft, act.command),
    "set_rules": _set_rules,
    "silence_all": _silence,
    "close_all": lambda act: turns.close_all(act.draft),
    "set_phase": lambda act: hosting.set_phase(act.draft, act.command, act.parts),
    "describe": lambda act: hosting.describe(act.draft, act.command),
    "undo": lambda act: undo(act.draft),
    "block": lambda act: hosting.block(act.draft, act.command),
    "unblock": lambda act: hosting.unblock(act.draft, act.command.participant),
    "set_rank": lambda act: hosting.set_rank(act.draft, act.command, act.who, act.parts),
    "make_invite": lambda act: hosting.make_invite(act.draft, act.command, act.parts),
    "revoke_invite": lambda act: hosting.revoke_invite(act.draft, act.command.number, act.parts),
    "set_host_unit": lambda act: hosting.set_host_unit(act.draft, act.command),
    "keep_in_view": lambda act: hosting.keep_in_view(act.draft, act.command),
    "take_seat": lambda act: hosting.take_seat(act.draft, act.who, act.command),
    "leave_seat": lambda act: hosting.leave_seat(act.draft, act.who, act.command, runs=act.runs),
    "read_out": lambda act: turns.read_out(act.draft, act.command.participant),
    "open_ask": lambda act: asking.open_ask(act.draft, act.command),
    "answer_ask": lambda act: asking.answer_ask(act.draft, act.member, yes=act.command.yes),
    "close_ask": lambda act: asking.close_ask(act.draft),
    "start_recording": lambda act: recording.start(act.draft, act.command),
    "set_recording_terms": lambda act: recording.set_terms(act.draft, act.command),
    "stop_recording": lambda act: recording.stop(act.draft),
    "answer_recording": lambda act: recording.answer(act.draft, act.member, act.command),
    "withdraw_voice": lambda act: recording.withdraw_voice(
        act.draft, act.who, act.command, runs=act.runs
    ),
    "identify": lambda act: hosting.identify(act.draft, act.command.unit),
}
