"""Somebody's names and words leave what the hub has in memory of a room. Pure.

The log keeps personal words in a table of their own, from which they are erased; a room that runs
has folded them into its view already. There they are replaced as an erased word reads.
"""

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from parvis_server.room.room import Room
from parvis_server.room.state import State
from parvis_wire.floor import SECOND_PERSON, About, Ask, Invite, Microphone, Tally
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

WORDS = ("name", "text", "question", "unit_name", "description")
"""Fields that hold them, beside whose they are."""

Part = TypeVar("Part", bound=BaseModel)


NOBODYS = (About, Ask, Invite, Tally)
"""They hold words of whom nobody knows: they go with everybody's."""


def forget(room: Room, participant: str | None) -> None:
    """Let a room know nothing of what this person was called and wrote; with None: of everybody."""
    room._state = forgotten(room.state, participant)


def forgotten(state: State, participant: str | None) -> State:
    """View and memory without their words."""
    memory = state.memory
    spoken = {
        who: ANONYMOUS_NAME if participant in (None, who) else name
        for who, name in memory.spoken.items()
    }
    before = None if memory.before is None else without_words(memory.before, participant)
    memory = replace(memory, spoken=spoken, before=before, undo=None)
    return State(without_words(state.view, participant), memory)


def without_words(view: RoomView, participant: str | None) -> RoomView:
    """The view with an erased word in the place of each of theirs, or with None of everybody's."""
    return _without(view, participant)


def _without(part: Part, participant: str | None) -> Part:
    changed: dict[str, Any] = {}
    is_theirs = _is_theirs(part, participant)
    for field in type(part).model_fields:
        value = getattr(part, field)
        if is_theirs and field in WORDS and isinstance(value, str) and value:
            changed[field] = None if field == "text" else ANONYMOUS_NAME
        elif isinstance(value, BaseModel):
            changed[field] = _without(value, participant)
        elif isinstance(value, tuple):
            changed[field] = tuple(
                _without(one, participant) if isinstance(one, BaseModel) else one for one in value
            )
    return part.model_copy(update=changed)


def _is_theirs(part: BaseModel, participant: str | None) -> bool:
    """A table that acts for itself is nobody: it bears the unit's name."""
    owner = part.unit if isinstance(part, Microphone) else getattr(part, "participant", None)
    if participant is not None:
        return owner == participant
    if isinstance(part, NOBODYS):
        return True
    is_table = str(owner).partition(SECOND_PERSON)[0] == getattr(part, "unit", None)
    return owner is not None and not is_table
