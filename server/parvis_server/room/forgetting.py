"""Somebody's names and words leave what the hub has in memory of a room. Pure.

The log keeps personal words in a table of their own, from which they are erased; a room that runs
has folded them into its view already. There they are replaced as an erased word reads.
"""

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from parvis_server.room.room import Room
from parvis_server.room.state import State
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

WORDS = ("name", "text", "question", "unit_name")
"""Fields that hold them, beside whose they are."""

Part = TypeVar("Part", bound=BaseModel)


def forget(room: Room, participant: str) -> None:
    """Let a room know nothing of what this person was called and wrote."""
    room._state = forgotten(room.state, participant)


def forgotten(state: State, participant: str) -> State:
    """View and memory without their words."""
    memory = state.memory
    spoken = dict(memory.spoken)
    if participant in spoken:
        spoken[participant] = ANONYMOUS_NAME
    before = None if memory.before is None else without_words(memory.before, participant)
    memory = replace(memory, spoken=spoken, before=before, undo=None)
    return State(without_words(state.view, participant), memory)


def without_words(view: RoomView, participant: str) -> RoomView:
    """The view with an erased word in the place of each of theirs."""
    return _without(view, participant)


def _without(part: Part, participant: str) -> Part:
    changed: dict[str, Any] = {}
    is_theirs = getattr(part, "participant", None) == participant
    for field in type(part).model_fields:
        value = getattr(part, field)
        if is_theirs and field in WORDS and isinstance(value, str):
            changed[field] = ANONYMOUS_NAME if field.endswith("name") else None
        elif isinstance(value, BaseModel):
            changed[field] = _without(value, participant)
        elif isinstance(value, tuple):
            changed[field] = tuple(
                _without(one, participant) if isinstance(one, BaseModel) else one for one in value
            )
    return part.model_copy(update=changed)
