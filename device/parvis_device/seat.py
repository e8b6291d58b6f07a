"""One place at the table: what the hub said and the person pressed, and what the unit does. Pure.

Holds the room's view, the talk state and the commands that the hub has not answered. A command
keeps its id and is sent again after a lost connection, so a press is neither lost nor counted
twice; one that is older than the hub's own patience with an absent turn is void.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from parvis_device.talk import (
    ALWAYS_OPEN_TABLE,
    BUTTON_TABLE,
    EVENT_OF_STANDING,
    Action,
    Talk,
    TalkEvent,
    TalkState,
)
from parvis_wire.commands import Command, LeaveFloor, LowerHand, RaiseHand, TakeFloor
from parvis_wire.floor import Surface
from parvis_wire.messages import Ack, Change, HubMessage, Snapshot, Welcome
from parvis_wire.room_view import (
    RoomView,
    fold,
)
from parvis_wire.standing import (
    standing,
)

PATIENCE_NS = 15_000_000_000
"""The hub releases the live turn of a unit that is away for longer."""

MAX_UNANSWERED = 8
"""No talk state awaits more than two answers; the rest is room for a hub that is slow."""

ANSWER_NS = 1_000_000_000
"""A hub answers within milliseconds, unless this was one message too many in a second: those it
drops, and a press that nobody answers would leave the person waiting for ever."""


@dataclass(frozen=True, slots=True)
class Send:
    """Give this command to the hub; when there is no connection, it is sent after the next."""

    command: Command


@dataclass(frozen=True, slots=True)
class Arm:
    """Let sound leave."""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Let no more sound leave."""


@dataclass(frozen=True, slots=True)
class FlashRefused:
    """Show that the hub said no."""

    reason: str


Effect = Send | Arm | Disarm | FlashRefused


class Seat:
    """The unit's part in the room."""

    def __init__(self, *, always_open: bool, make_id: Callable[[], str]) -> None:
        """``make_id`` gives a new random command id at each call."""
        self._talk = Talk(ALWAYS_OPEN_TABLE if always_open else BUTTON_TABLE)
        self._make_id = make_id
        self._participant: str | None = None
        self._view: RoomView | None = None
        self._unanswered: dict[str, Command] = {}
        self._asked_ns: dict[str, int] = {}
        """Since when the answer to a command is missed."""
        self._lost_ns: int | None = None
        self._refusal = ""

    @property
    def state(self) -> TalkState:
        """The talk state now."""
        return self._talk.state

    def pressed(self) -> tuple[Effect, ...]:
        """The person pressed the button."""
        return self._handle(TalkEvent.PRESS)

    def link_lost(self, now_ns: int) -> tuple[Effect, ...]:
        """The connection is gone."""
        self._view = None
        if self._lost_ns is None:
            self._lost_ns = now_ns
        return self._handle(TalkEvent.LINK_LOST)

    def message(self, message: HubMessage, now_ns: int) -> tuple[Effect, ...]:
        """Take one message of the hub.

        Raises:
            ValueError: it does not fit what came before; a new connection brings a snapshot.
        """
        match message:
            case Welcome(participant=participant):
                self._participant = participant
                return ()
            case Snapshot(view=view):
                self._view = view
                return (*self._came_back(now_ns), *self._said())
            case Change(seq=seq, event=event):
                if self._view is None:
                    raise ValueError("a change came before the snapshot")
                self._view = fold(self._view, seq, event)
                return self._said()
            case Ack():
                return self._answered(message)
            case _:
                return ()

    def overdue(self, now_ns: int) -> tuple[Send, ...]:
        """Commands to send once more over the same connection; ask a few times a second."""
        if self._view is None:
            return ()  # the next connection brings them anyway
        again = tuple(
            Send(command)
            for command_id, command in self._unanswered.items()
            if now_ns - self._asked_ns.get(command_id, now_ns) >= ANSWER_NS
        )
        asked_ns = {
            command_id: self._asked_ns.get(command_id, now_ns) for command_id in self._unanswered
        }
        self._asked_ns = asked_ns | {sent.command.id: now_ns for sent in again}
        return again

    def _came_back(self, now_ns: int) -> tuple[Effect, ...]:
        """After a loss: send again what was not answered, unless it is too old to be meant."""
        lost_ns, self._lost_ns = self._lost_ns, None
        if lost_ns is not None and now_ns - lost_ns > PATIENCE_NS:
            self._unanswered.clear()
            return self._handle(TalkEvent.EXPIRED)
        return tuple(Send(command) for command in self._unanswered.values())

    def _said(self) -> tuple[Effect, ...]:
        """Feed in what the view means for this unit."""
        if self._view is None or self._participant is None:
            return ()
        word = standing(self._view, self._participant, Surface.UNIT)
        return self._handle(EVENT_OF_STANDING[word])

    def _answered(self, ack: Ack) -> tuple[Effect, ...]:
        command = self._unanswered.pop(ack.id, None)
        if command is None:
            return ()
        if ack.refused is None:
            return self._handle(TalkEvent.TAKE_ACKED) if isinstance(command, TakeFloor) else ()
        self._refusal = ack.text or ack.refused.value
        return (*self._handle(_refused_event(command)), *self._said())

    def _handle(self, event: TalkEvent) -> tuple[Effect, ...]:
        return tuple(self._effect(action) for action in self._talk.handle(event))

    def _effect(self, action: Action) -> Effect:
        match action:
            case Action.ARM:
                return Arm()
            case Action.DISARM:
                return Disarm()
            case Action.FLASH_REFUSED:
                return FlashRefused(self._refusal)
            case Action.RAISE_HAND:
                return self._send(RaiseHand(id=self._make_id()))
            case Action.LOWER_HAND:
                return self._send(LowerHand(id=self._make_id()))
            case Action.TAKE_FLOOR:
                return self._send(TakeFloor(id=self._make_id()))
            case Action.LEAVE_FLOOR:
                return self._send(LeaveFloor(id=self._make_id()))
        assert_never(action)

    def _send(self, command: Command) -> Send:
        if len(self._unanswered) >= MAX_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[command.id] = command
        return Send(command)


def _refused_event(command: Command) -> TalkEvent:
    if isinstance(command, TakeFloor):
        return TalkEvent.TAKE_REFUSED
    if isinstance(command, RaiseHand):
        return TalkEvent.RAISE_REFUSED
    return TalkEvent.STEP_BACK_REFUSED
