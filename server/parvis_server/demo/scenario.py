"""The evening that the demo plays: who presses when. Pure; time comes in as an argument.

Theory of operation. The scenario sees what every screen sees (the room's view) and what the host's
page sees (each unit's level), and answers with presses. A simulated microphone plays its sentence
over and over, so a table takes the floor in a *breath* (the pause between two rounds) and steps
down in the next breath after it spoke: whole sentences are heard. The demo's host gives the floor
some seconds after it fell free. A phone far away writes a question now and then; when its turn
comes, the host has the hub's voice read it, or without a voice leaves it on the screens for a
while. As soon as somebody else gives the floor (a host's page, the key ``n``), the demo's host
stands back for a while and only the tables and the phone go on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parvis_wire.floor import Surface, Turn, TurnState
from parvis_wire.room_view import RoomView

SECOND_NS = 1_000_000_000

LINE_LENGTH = 2
"""Hands that the tables keep in the line: enough to see an order, short enough to join."""

RAISE_EVERY_NS = 4 * SECOND_NS
"""Between two raised hands, so that the eye can follow."""

PAUSE_NS = 3 * SECOND_NS
"""From an empty floor to the host's *Next*."""

THINK_NS = SECOND_NS
"""From the grant to the press, at the earliest: the fast green light is seen."""

BREATH_DBFS = -50.0
"""Below this a voice pauses: speech lies around -20 dBFS, the synthesisers' silence below -80."""

BREATH_NS = 400_000_000
"""A comma takes less; the levels come twice a second."""

LONGEST_TURN_NS = 25 * SECOND_NS
"""A table whose breath is never heard steps down anyway."""

PRESS_ANSWER_NS = 3 * SECOND_NS
"""A press that changed nothing for so long may be repeated: the unit was not connected."""

UNTAKEN_NS = 30 * SECOND_NS
"""A phone, or the visitor's table, has so long to come and take the floor."""

QUESTION_EVERY_NS = 45 * SECOND_NS
"""Between two questions of the phone, and before the first, unless the person who starts the demo
says otherwise: the tables are seen to work first."""

SHOWN_NS = 8 * SECOND_NS
"""The hub's voice begins within a second; without one, two lines are read on a screen in this."""

VISITOR_TURN_NS = 90 * SECOND_NS
"""A visitor's turn is theirs to end; one that was forgotten must not stop the evening."""

STAND_BACK_NS = 60 * SECOND_NS
"""After somebody else gave the floor, the demo's host leaves it to them for so long."""


@dataclass(frozen=True, slots=True)
class Press:
    """Press the button of the table with this name."""

    table: str


@dataclass(frozen=True, slots=True)
class Next:
    """Give the floor to the first in the line, ending the running turn."""


@dataclass(frozen=True, slots=True)
class EndTurn:
    """End this participant's turn."""

    participant: str


@dataclass(frozen=True, slots=True)
class Write:
    """The phone far away raises its hand with a written question."""


@dataclass(frozen=True, slots=True)
class ReadOut:
    """Have the hub's voice read this participant's question."""

    participant: str


Act = Press | Next | EndTurn | Write | ReadOut


@dataclass(slots=True)
class _Table:
    """What the scenario remembers of one table."""

    connected: bool = False
    """Whether its unit is there to be pressed."""
    quiet_since_ns: int | None = None
    """Start of the present breath; none while it sounds, or before anything was heard."""
    has_spoken: bool = False
    """Whether its turn has been heard to sound since it took the floor."""
    pressed_ns: int | None = None
    """When it pressed last, until the view showed the answer."""
    left_ns: int = -LONGEST_TURN_NS
    """When it was last seen in the line or on the floor: who rested longest raises next."""


@dataclass(slots=True)
class Scenario:
    """The tables and the host of the demo; ask ``due`` a few times a second."""

    tables: Mapping[str, _Table]
    phone: str | None = None
    """What the phone far away is called, if there is one."""
    question_every_ns: int = QUESTION_EVERY_NS
    """Between two questions of the phone, and before the first."""
    _view: RoomView | None = None
    _turn: Turn | None = None
    _turn_since_ns: int = 0
    """Since when the floor is as it is."""
    _raised_ns: int = -RAISE_EVERY_NS
    _next_sent_ns: int | None = None
    _question_ns: int | None = None
    """When the phone wrote last, or the room was seen first."""
    _reading_asked: bool = False
    """Whether the voice was asked to read this turn's question."""
    _stand_back_until_ns: int = field(default=-STAND_BACK_NS)

    @classmethod
    def of(
        cls,
        names: Iterable[str],
        phone: str | None = None,
        question_every_ns: int = QUESTION_EVERY_NS,
    ) -> "Scenario":
        """A scenario for tables, and perhaps a phone, of these names; nothing was seen yet."""
        tables = {name: _Table() for name in names}
        return cls(tables=tables, phone=phone, question_every_ns=question_every_ns)

    def see(self, view: RoomView, now_ns: int) -> None:
        """The room changed."""
        before, turn = self._turn, view.floor[0] if view.floor else None
        if self._question_ns is None:
            self._question_ns = now_ns
        if self._view is None or _stage(before) != _stage(turn):
            self._turn_since_ns = now_ns
            self._floor_changed(before, turn, now_ns)
        for name, table in self.tables.items():
            if self._view is None or _place(self._view, name) != _place(view, name):
                table.pressed_ns = None
            if _place(view, name) is not None:
                table.left_ns = now_ns
        self._view, self._turn = view, turn

    def hear(self, levels_dbfs: Mapping[str, float | None], now_ns: int) -> None:
        """Levels of the connected units by name; None: nothing heard of it lately."""
        for name, table in self.tables.items():
            table.connected = name in levels_dbfs
            level = levels_dbfs.get(name)
            if level is None or level > BREATH_DBFS:
                table.quiet_since_ns = None
                table.has_spoken = table.has_spoken or level is not None
            elif table.quiet_since_ns is None:
                table.quiet_since_ns = now_ns

    def due(self, now_ns: int) -> tuple[Act, ...]:
        """What happens now; each press is answered once and not repeated while it is under way."""
        if self._view is None:
            return ()
        acts = [*self._floor_press(now_ns), *self._raise(self._view, now_ns)]
        for press in acts:
            self.tables[press.table].pressed_ns = now_ns
        return (*acts, *self._write(self._view, now_ns), *self._host(self._view, now_ns))

    def visitor_acted_as_host(self, now_ns: int) -> None:
        """The person at the terminal pressed *Next*: stand back."""
        self._stand_back_until_ns = now_ns + STAND_BACK_NS

    def _floor_changed(self, before: Turn | None, turn: Turn | None, now_ns: int) -> None:
        if turn is None:
            return
        if before is None or before.participant != turn.participant:
            self._reading_asked = False
        table = self._table_of(turn)
        if table is not None:
            table.has_spoken = False
        if before is None or before.participant != turn.participant:
            if self._next_sent_ns is None and self._view is not None:
                self.visitor_acted_as_host(now_ns)
            self._next_sent_ns = None

    def _floor_press(self, now_ns: int) -> list[Press]:
        """The table that has the floor takes it, or steps down, in a breath."""
        turn, table = self._turn, self._table_of(self._turn)
        if turn is None or table is None:
            return []
        if table.pressed_ns is not None and now_ns - table.pressed_ns < PRESS_ANSWER_NS:
            return []
        lasts_ns = now_ns - self._turn_since_ns
        breathes = table.quiet_since_ns is not None and now_ns - table.quiet_since_ns >= BREATH_NS
        if turn.state is TurnState.GRANTED:
            ready = lasts_ns >= THINK_NS and breathes
        else:
            ready = table.has_spoken and breathes
        return [Press(turn.name)] if ready or lasts_ns >= LONGEST_TURN_NS else []

    def _raise(self, view: RoomView, now_ns: int) -> list[Press]:
        """Keep a short line: the table that rested longest raises its hand."""
        if now_ns - self._raised_ns < RAISE_EVERY_NS or _calls_to_a_table(self._turn):
            return []
        if sum(hand.name in self.tables for hand in view.line) >= LINE_LENGTH:
            return []
        resting = [
            name
            for name, table in self.tables.items()
            if table.connected and _place(view, name) is None
        ]
        if not resting:
            return []
        self._raised_ns = now_ns
        return [Press(min(resting, key=lambda name: self.tables[name].left_ns))]

    def _write(self, view: RoomView, now_ns: int) -> tuple[Act, ...]:
        """The phone's question, when it has no other in the line or on the floor."""
        waited_ns = now_ns - (self._question_ns or now_ns)
        if self.phone is None or waited_ns < self.question_every_ns:
            return ()
        people = [(hand.name, hand.surface) for hand in view.line]
        people += [(turn.name, turn.surface) for turn in view.floor]
        if (self.phone, Surface.PHONE) in people:
            return ()
        self._question_ns = now_ns
        return (Write(),)

    def _host(self, view: RoomView, now_ns: int) -> tuple[Act, ...]:
        if now_ns < self._stand_back_until_ns:
            return ()
        if self._next_sent_ns is not None and now_ns - self._next_sent_ns < PRESS_ANSWER_NS:
            return ()
        lasts_ns, turn = now_ns - self._turn_since_ns, self._turn
        if turn is not None and _is_question(turn) and not self._reading_asked:
            if lasts_ns < THINK_NS:
                return ()
            self._reading_asked = True
            return (ReadOut(turn.participant),)
        if lasts_ns < self._host_patience_ns():
            return ()
        if view.line:
            self._next_sent_ns = now_ns
            return (Next(),)
        return () if self._turn is None else (EndTurn(self._turn.participant),)

    def _table_of(self, turn: Turn | None) -> _Table | None:
        """The demo's table that has this turn; a phone may bear the same name."""
        if turn is None or turn.surface is not Surface.UNIT:
            return None
        return self.tables.get(turn.name)

    def _host_patience_ns(self) -> int:
        """How long the host leaves the floor as it is."""
        turn = self._turn
        if turn is None:
            return PAUSE_NS
        if self._table_of(turn) is not None:
            return 2 * LONGEST_TURN_NS
        if _is_question(turn):
            return SHOWN_NS
        return UNTAKEN_NS if turn.state is TurnState.GRANTED else VISITOR_TURN_NS


def _is_question(turn: Turn) -> bool:
    """Whether it is a written question that nobody reads yet."""
    return turn.written and turn.state is TurnState.GRANTED


def _calls_to_a_table(turn: Turn | None) -> bool:
    """Whether somebody with a phone may take the floor at any table: a press is theirs."""
    return (
        turn is not None
        and turn.surface is Surface.PHONE
        and turn.state is TurnState.GRANTED
        and not turn.written
    )


def _stage(turn: Turn | None) -> tuple[str, TurnState] | None:
    return None if turn is None else (turn.participant, turn.state)


def _place(view: RoomView, name: str) -> str | None:
    """Where a table of this name stands: in the line, granted, live, or nowhere."""
    for turn in view.floor:
        if turn.name == name and turn.surface is Surface.UNIT:
            return turn.state.value
    if any(hand.name == name and hand.surface is Surface.UNIT for hand in view.line):
        return "line"
    return None
