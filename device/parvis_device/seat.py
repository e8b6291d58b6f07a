"""One place at the table: what the hub said and the person pressed, and what the unit does. Pure.

Holds the room's view, the talk state and the commands that the hub has not answered. A command
keeps its id and is sent again after a lost connection, so a press is neither lost nor counted
twice; one that is older than the hub's own patience with an absent turn is void.
"""

from collections.abc import Callable
from dataclasses import dataclass

from parvis_device.button import HOST_HOLD_NS, LONG_PRESS_NS, Hold
from parvis_device.place import Place
from parvis_device.talk import (
    ALWAYS_OPEN_TABLE,
    BUTTON_TABLE,
    EVENT_OF_STANDING,
    Action,
    Talk,
    TalkEvent,
    TalkState,
)
from parvis_wire.commands import (
    AnswerAsk,
    Command,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    SilenceAll,
    TakeFloor,
)
from parvis_wire.messages import Ack, Change, HubMessage, RefusalCode, Snapshot, Welcome
from parvis_wire.room_view import (
    RoomView,
    fold,
)
from parvis_wire.standing import Standing

PATIENCE_NS = 10_000_000_000
"""The hub keeps the live turn of a unit that is away for as long."""

MAX_UNANSWERED = 8
"""No talk state awaits more than two answers; the rest is room for a hub that is slow."""

ANSWER_NS = 1_000_000_000
"""A hub answers within milliseconds, unless this was one message too many in a second: those it
drops, and a press that nobody answers would leave the person waiting for ever."""

ANOTHER_NS = 3_000_000_000
"""A press so soon after a hand went up at a shared unit is impatience, not one more person."""

NEXT_NS = 1_000_000_000
"""A host who presses twice within it means *Next* once."""


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


@dataclass(frozen=True, slots=True)
class FlashAnswered:
    """Show that the answer to a show of hands is counted."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """The button is down for longer than any finger holds it."""


Effect = Send | Arm | Disarm | FlashRefused | FlashAnswered | Stuck


class Seat:
    """The unit's part in the room."""

    def __init__(self, *, always_open: bool, make_id: Callable[[], str]) -> None:
        """``make_id`` gives a new random command id at each call."""
        self._talk = Talk(ALWAYS_OPEN_TABLE if always_open else BUTTON_TABLE)
        self._always_open = always_open
        self._make_id = make_id
        self._participant: str | None = None
        self._view: RoomView | None = None
        self._unanswered: dict[str, Command] = {}
        self._asked_ns: dict[str, int] = {}
        """Since when the answer to a command is missed."""
        self._lost_ns: int | None = None
        self._refusal = ""
        self._hold: Hold | None = None
        """The press that is not over yet."""
        self._talks_while_held = False
        """It took the floor by push to talk: letting go gives it back."""
        self._silences = False
        """A host's hold silenced the others and was not taken back yet."""
        self._next_ns: int | None = None
        self._hand_ns: int | None = None
        """Since when the last hand of this unit is up."""
        self._answered_ask: int | None = None

    @property
    def state(self) -> TalkState:
        """The talk state now."""
        return self._talk.state

    @property
    def in_turn(self) -> bool:
        """A turn is live here, or was when the hub was lost; an always-open microphone has none."""
        return not self._always_open and self.state in (TalkState.LIVE, TalkState.LIVE_LOST)

    @property
    def place(self) -> Place | None:
        """What the room says about this unit; None without a hub."""
        if self._view is None or self._participant is None:
            return None
        return Place(self._view, self._participant)

    # --- the button ---

    def pressed(self, now_ns: int) -> tuple[Effect, ...]:
        """The button went down."""
        self._hold = Hold(now_ns)
        place = self.place
        if self._for_hosts:
            return ()  # a short press or a long one: known when it ends or lasts
        event = TalkEvent.PRESS if place is None else place.press(self.state)
        if event is TalkEvent.REFUSED and place is not None:
            self._refusal = place.why_closed
        if event is TalkEvent.ANSWER and place is not None and place.ask == self._answered_ask:
            event = TalkEvent.ANSWERED
        before = self.state
        effects = self._handle(event)
        self._hold.acts = bool(effects) or self.state is not before
        self._talks_while_held = (
            self._hold.acts and place is not None and place.talks_while_held and self._takes
        )
        if any(isinstance(it, Send) and isinstance(it.command, RaiseHand) for it in effects):
            self._hand_ns = now_ns
        return effects

    def released(self, now_ns: int) -> tuple[Effect, ...]:
        """The button came up again."""
        hold, self._hold = self._hold, None
        if hold is None:
            return ()
        if self._talks_while_held:
            self._talks_while_held = False
            return self._handle(TalkEvent.RELEASE)
        if self._silences:
            self._silences = False
            return (self._send(SilenceAll(id=self._make_id(), on=False)),)
        if not hold.is_tap:
            return ()
        return self._tapped(hold, now_ns)

    def held(self, now_ns: int) -> tuple[Effect, ...]:
        """What follows from the time that the button is down; ask a few times a second."""
        if self._hold is None:
            return ()
        stuck = (Stuck(),) if self._hold.became_stuck(now_ns) else ()
        hosts = self._for_hosts
        if not self._hold.became_long(now_ns, HOST_HOLD_NS if hosts else LONG_PRESS_NS):
            return stuck
        if not hosts:
            return (*stuck, *self._handle(TalkEvent.HOLD))
        self._silences = True
        return (*stuck, self._send(SilenceAll(id=self._make_id(), on=True)))

    def stop(self) -> tuple[Effect, ...]:
        """The unit is being stopped: no turn without a microphone, no silence without a button."""
        self._hold = None
        effects = self._handle(TalkEvent.PRESS) if self.state is TalkState.LIVE else ()
        if not self._silences:
            return effects
        self._silences = False
        return (*effects, self._send(SilenceAll(id=self._make_id(), on=False)))

    def _tapped(self, hold: Hold, now_ns: int) -> tuple[Effect, ...]:
        """A short press that did nothing when it went down."""
        if self._for_hosts:
            twice = self._next_ns is not None and now_ns - self._next_ns < NEXT_NS
            if twice:
                return ()
            self._next_ns = now_ns
            return (self._send(Next(id=self._make_id())),)
        place = self.place
        early = self._hand_ns is not None and hold.since_ns - self._hand_ns < ANOTHER_NS
        if place is None or place.attached or early:
            return ()
        effects = self._handle(TalkEvent.ANOTHER)
        if effects:
            self._hand_ns = now_ns
        return effects

    @property
    def _for_hosts(self) -> bool:
        """The button is the hosts' now. A turn at this very unit is not: it can be ended here."""
        place = self.place
        return place is not None and place.is_hosts and self.state in _WITHOUT_TURN

    @property
    def _takes(self) -> bool:
        return self.state in (TalkState.OPENING, TalkState.TAKING)

    # --- the hub ---

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
                return (*self._came_back(now_ns), *self._said(now_ns))
            case Change(seq=seq, event=event):
                if self._view is None:
                    raise ValueError("a change came before the snapshot")
                self._view = fold(self._view, seq, event)
                return self._said(now_ns)
            case Ack():
                return self._answered(message, now_ns)
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
        """After a loss: send again what was not answered, unless it is too old to be meant.

        The end of a silence is always meant: nobody is left to end it.
        """
        lost_ns, self._lost_ns = self._lost_ns, None
        if lost_ns is None or now_ns - lost_ns <= PATIENCE_NS:
            return tuple(Send(command) for command in self._unanswered.values())
        self._unanswered = {
            command.id: command
            for command in self._unanswered.values()
            if isinstance(command, SilenceAll) and not command.on
        }
        again = tuple(Send(command) for command in self._unanswered.values())
        return (*self._handle(TalkEvent.EXPIRED), *again)

    def _said(self, now_ns: int) -> tuple[Effect, ...]:
        """Feed in what the view means for this unit."""
        place = self.place
        if place is None:
            return ()
        if not place.has_hand:
            self._hand_ns = None
        elif self._hand_ns is None:
            self._hand_ns = now_ns
        return self._handle(EVENT_OF_STANDING[place.standing])

    def _answered(self, ack: Ack, now_ns: int) -> tuple[Effect, ...]:
        command = self._unanswered.pop(ack.id, None)
        if command is None:
            return ()
        if ack.refused is not None:
            self._refusal = ack.text or ack.refused.value
            return (*self._handle(self._refused(command, ack.refused)), *self._said(now_ns))
        match command:
            case TakeFloor():
                return self._handle(TalkEvent.TAKE_ACKED)
            case AnswerAsk():
                self._answered_ask = None if self.place is None else self.place.ask
                return self._handle(TalkEvent.ANSWERED)
            case LowerHand() | LeaveFloor():
                return self._stepped_back(now_ns)
            case _:
                return ()

    def _stepped_back(self, now_ns: int) -> tuple[Effect, ...]:
        """The answer may come before the view that shows it."""
        place = self.place
        if place is None or place.standing is Standing.LIVE:
            return ()
        return (*self._handle(TalkEvent.STEP_BACK_ACKED), *self._said(now_ns))

    def _refused(self, command: Command, code: RefusalCode) -> TalkEvent:
        if isinstance(command, TakeFloor):
            full = code is RefusalCode.CAP_REACHED
            in_line = full and self.place is not None and self.place.line_when_full
            opening = self.state is TalkState.OPENING
            return TalkEvent.CAP_REACHED if in_line and opening else TalkEvent.TAKE_REFUSED
        if isinstance(command, RaiseHand):
            return TalkEvent.RAISE_REFUSED
        if isinstance(command, LowerHand | LeaveFloor):
            return TalkEvent.STEP_BACK_REFUSED
        return TalkEvent.REFUSED

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
            case Action.FLASH_ANSWERED:
                return FlashAnswered()
            case _:
                return self._send(self._command(action))

    def _command(self, action: Action) -> Command:
        command_id = self._make_id()
        match action:
            case Action.RAISE_HAND:
                return RaiseHand(id=command_id)
            case Action.RAISE_ANOTHER:
                return RaiseHand(id=command_id, another=True)
            case Action.LOWER_HAND:
                return LowerHand(id=command_id)
            case Action.TAKE_FLOOR:
                return TakeFloor(id=command_id)
            case Action.LEAVE_FLOOR:
                return LeaveFloor(id=command_id)
            case Action.GIVE_BACK:
                return LeaveFloor(id=command_id, cut_off=True)
            case Action.ANSWER_ASK:
                return AnswerAsk(id=command_id)
            case _:
                raise AssertionError(f"{action} is no command")

    def _send(self, command: Command) -> Send:
        if len(self._unanswered) >= MAX_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[command.id] = command
        return Send(command)


_WITHOUT_TURN = (TalkState.IDLE, TalkState.QUEUED, TalkState.NEXT, TalkState.INVITED)
"""A host's unit answers to the hosts in these states."""
