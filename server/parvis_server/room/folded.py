"""A room as it was after a part of its log, as text: a start goes on from there. Pure.

Theory of operation. What a room is follows from its events, and a room that lives for months has a
hundred thousand. So what they came to is written down beside the log now and then, and the next
start folds only what came after. It is worth nothing by itself: the log says what happened, nothing
of it is dropped, and whenever this text is missing, damaged or of other code, the log is folded
from its beginning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from parvis_server.room.permissions import OPERATOR
from parvis_server.room.state import Cause, State, Stored
from parvis_wire.floor import About, Desk, Phase
from parvis_wire.room_view import RoomView


@dataclass(frozen=True, slots=True)
class Folded:
    """What a part of a log came to."""

    state: State
    room_clock: int = 0
    """Of its last event."""
    commands: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    """Every command that made events: whose it was, and whether they ran the room. It happens
    once, however long ago it was."""

    @classmethod
    def founded(cls, room: str, about: About, phase: Phase) -> "Folded":
        """A room before its first event."""
        return cls(
            State(
                RoomView(room=room, title=about.title, seq=0, about=about, phase=phase, desk=Desk())
            )
        )

    def after(self, log: Iterable[Stored]) -> "Folded":
        """The same with what came after."""
        state, room_clock, commands = self.state, self.room_clock, dict(self.commands)
        for one in log:
            if one.actor is not None and one.command_id is not None:
                ran = one.actor == OPERATOR or _runs(state, one.actor)
                commands[one.command_id] = (one.actor, ran)
            room_clock = one.room_clock
            state = state.after(one.event(), room_clock, Cause(one.actor, one.command_id))
        return replace(self, state=state, room_clock=room_clock, commands=commands)


def _runs(state: State, actor: str) -> bool:
    return any(host.participant == actor for host in state.view.hosts)


_FOLDED: TypeAdapter[Folded] = TypeAdapter(Folded)


def written(folded: Folded) -> str:
    """As text.

    Raises:
        ValueError: it would not be read as what it is.
    """
    text = _FOLDED.dump_json(folded).decode()
    if read(text) != folded:
        raise ValueError("a folded room does not come back from its text as it was")
    return text


def read(text: str) -> Folded:
    """From text.

    Raises:
        ValueError: it is no folded room.
    """
    try:
        return _FOLDED.validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise ValueError(f"no folded room ({where})") from None
