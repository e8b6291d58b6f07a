"""What a room is after its events: the view that everybody folds, and what only the hub remembers.

``Memory`` is folded from the same events, so a room that is built from its log is the room that
wrote it: who has spoken and for how long, which invitation was the last, what *undo* takes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from parvis_wire.floor import Turn, microphone_of
from parvis_wire.recording import Consented, RecordingStarted, Withdrew
from parvis_wire.room_events import (
    Asked,
    AutopilotSet,
    FloorGranted,
    FloorReleased,
    FloorReturned,
    FloorTaken,
    HandLowered,
    HostJoined,
    HostLeft,
    InviteMade,
    InviteRevoked,
    RoomEvent,
    UndoOffered,
)
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView, fold


@dataclass(frozen=True, slots=True)
class Cause:
    """Whose command made an event; both None: time, a coming or a going."""

    actor: str | None = None
    command_id: str | None = None


class Stored(Protocol):
    """An event of the log, brought up to the newest version; see ``store.events.StoredEvent``."""

    @property
    def room_clock(self) -> int:
        """When it happened."""

    @property
    def actor(self) -> str | None:
        """Whose command it followed from."""

    @property
    def command_id(self) -> str | None:
        """Of that command."""

    def event(self) -> RoomEvent:
        """What happened."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """What *undo* takes back."""

    command: str
    before: RoomView
    after: RoomView
    at: int
    """Room clock."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the hub remembers beyond the view."""

    spoken: Mapping[str, str] = field(default_factory=dict)
    """Who has had the floor, by the name that the public saw."""
    live_since: Mapping[str, int] = field(default_factory=dict)
    """Room clock at which each live turn went live first."""
    hall_samples: int = 0
    phones_samples: int = 0
    used_at: Mapping[str, int] = field(default_factory=dict)
    """Room clock of each unit's newest turn."""
    returned: frozenset[str] = frozenset()
    """Hands that are in the line again, and keep their place whatever the rules put first."""
    appointed: frozenset[str] = frozenset()
    """Who runs the room by the word of another host, not by a link."""
    given: tuple[str, int] | None = None
    """Who gave the floor by hand last, and when."""
    last_invite: int = 0
    made_by: Mapping[str, int] = field(default_factory=dict)
    """Invitations by the command that made each: one that is repeated gets its link again."""
    last_ask: int = 0
    last_recording: int = 0
    agreed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By recording: who has said yes to it at some time."""
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Recording and person: whose voice is to be taken out of it."""
    unpublished: frozenset[tuple[str, str]] = frozenset()
    """Recording and person: whose last answer was not a yes to being published."""
    alone_since: int | None = None
    """Room clock since which nobody has run the room."""
    undo: Undoable | None = None
    cause: Cause = Cause()
    before: RoomView | None = None
    """The room before the newest cause."""


@dataclass(frozen=True, slots=True)
class State:
    """View and memory after the same events."""

    view: RoomView
    memory: Memory = Memory()

    def after(self, event: RoomEvent, at: int, cause: Cause) -> "State":
        """One event later; ``at`` is the room clock."""
        memory = self.memory
        if memory.before is None or cause != memory.cause or cause.command_id is None:
            memory = replace(memory, cause=cause, before=self.view)
        changed = _remembered(memory, self.view, event, at)
        view = fold(self.view, self.view.seq + 1, event)
        return State(view, replace(memory, **changed) if changed else memory)


def _remembered(memory: Memory, view: RoomView, event: RoomEvent, at: int) -> dict[str, Any]:
    match event:
        case FloorTaken(participant=who):
            return _taken(memory, view, event, at)
        case FloorReleased(participant=who):
            return _ended(memory, view, who, at)
        case FloorReturned(participant=who):
            return _ended(memory, view, who, at) | {"returned": memory.returned | {who}}
        case HandLowered(participant=who):
            return {"returned": memory.returned - {who}}
        case FloorGranted() if memory.cause.actor is not None:
            return {"given": (memory.cause.actor, at)}
        case HostJoined(host=host) if memory.cause.command_id is not None:
            return {"appointed": memory.appointed | {host.participant}}
        case HostLeft(participant=who):
            return {"appointed": memory.appointed - {who}}
        case InviteMade(invite=invite):
            command = memory.cause.command_id
            made = {} if command is None else {command: invite.number}
            return {"last_invite": invite.number, "made_by": {**memory.made_by, **made}}
        case InviteRevoked(number=number):
            return {"made_by": {c: n for c, n in memory.made_by.items() if n != number}}
        case Asked(ask=ask):
            return {"last_ask": ask.number}
        case AutopilotSet(on=on):
            return {"alone_since": at if on else None}
        case RecordingStarted() | Consented() | Withdrew():
            return _recorded(memory, view, event)
        case UndoOffered(command=command):
            undo = command and memory.before and Undoable(command, memory.before, view, at)
            return {"undo": undo or None}
        case _:
            return {}


def _taken(memory: Memory, view: RoomView, event: FloorTaken, at: int) -> dict[str, Any]:
    who = event.participant
    person = event.hand or turn_of(view, who)
    name = ANONYMOUS_NAME if person is None or person.anonymous else person.name
    changed: dict[str, Any] = {
        "spoken": {**memory.spoken, who: name},
        "live_since": {who: at} | dict(memory.live_since),
        "returned": memory.returned - {who},
    }
    if event.unit is not None and event.unit != microphone_of(who):
        changed["used_at"] = {**memory.used_at, event.unit: at}
    return changed


def _ended(memory: Memory, view: RoomView, who: str, at: int) -> dict[str, Any]:
    since = memory.live_since.get(who)
    if since is None:
        return {}
    turn = turn_of(view, who)
    in_hall = turn is not None and turn.unit is not None and not turn.is_from_phone
    total = "hall_samples" if in_hall else "phones_samples"
    others = {other: start for other, start in memory.live_since.items() if other != who}
    return {"live_since": others, total: getattr(memory, total) + max(0, at - since)}


def _recorded(
    memory: Memory, view: RoomView, event: RecordingStarted | Consented | Withdrew
) -> dict[str, Any]:
    """Which recordings there were, who agreed to them, and whose voice is taken out."""
    match event:
        case RecordingStarted(recording=recording):
            number = int(recording.recording.rsplit("-", 1)[1])
            agreed = {**memory.agreed, recording.recording: frozenset[str]()}
            return {"last_recording": number, "agreed": agreed}
        case Withdrew(participant=who, recording=which):
            return {"withdrawn": memory.withdrawn | {(which, who)}}
        case Consented(consent=consent):
            if view.recording is None:
                return {}
            which, who = view.recording.recording, consent.participant
            others = memory.unpublished - {(which, who)}
            refused = {"unpublished": others if consent.published else others | {(which, who)}}
            if not consent.recorded:
                return refused
            agreed = {**memory.agreed, which: memory.agreed.get(which, frozenset()) | {who}}
            return {**refused, "agreed": agreed, "withdrawn": memory.withdrawn - {(which, who)}}


def turn_of(view: RoomView, participant: str) -> Turn | None:
    """The turn that was given to ``participant``."""
    return next((turn for turn in view.floor if turn.participant == participant), None)
