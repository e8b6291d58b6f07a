"""What was erased of rooms' logs, so that it can be erased again in a copy of them. Pure.

No name stands in it: of a person the SHA-256 of their id, which is chance and says nothing by
itself.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from parvis_wire.fields import RoomName

ASIDE: Final = "!damaged-"
"""In the name under which a log that could not be read is kept; no room may be called so."""


class Erasure(BaseModel):
    """One act of erasing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    utc_ms: int = Field(ge=0)
    """When; the same person may be erased a second time, for what they said since."""
    who: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """See ``hash_of``; None: everybody in the room."""
    room: RoomName | None = None
    """None: every room."""
    until_seq: int | None = Field(default=None, ge=0)
    """Of everybody: up to the room's event of this number; what came later is another evening's."""

    @classmethod
    def of_person(cls, participant: str, room: str | None, utc_ms: int) -> "Erasure":
        """Somebody, out of one room or out of all."""
        return cls(utc_ms=utc_ms, who=hash_of(participant), room=room)

    @classmethod
    def of_room(cls, room: str, until_seq: int, utc_ms: int) -> "Erasure":
        """Everybody, out of one room."""
        return cls(utc_ms=utc_ms, room=room, until_seq=until_seq)

    def is_about(self, room: str, participant: str | None) -> bool:
        """Whether the words of this participant in this room are meant."""
        if self.room not in (None, room.partition(ASIDE)[0]):
            return False
        return self.who is None or (participant is not None and self.who == hash_of(participant))


def hash_of(participant: str) -> str:
    """What stands for a person in the list."""
    return hashlib.sha256(participant.encode(errors="replace")).hexdigest()


def people(erasures: Iterable[Erasure], room: str, participants: Iterable[str]) -> set[str]:
    """Those of the participants of a room who were erased from it."""
    known = [one for one in erasures if one.who is not None]
    return {who for who in participants if any(one.is_about(room, who) for one in known)}
