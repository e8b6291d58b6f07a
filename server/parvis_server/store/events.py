"""An event as the log keeps it: what happened, when, by whose command, in which version. Pure.

Whoever changes the shape of an event in ``parvis_wire.room_events`` so that old bodies no longer
read, or no longer mean the same, raises ``SCHEMA_VERSION`` and adds an upcaster from the version
before: old events are lifted whenever they are read and never rewritten.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from parvis_server.errors import LogDamaged, StoreError
from parvis_wire.room_events import RoomEvent

SCHEMA_VERSION = 1
"""Of the bodies that this Parvis writes."""

Body = dict[str, Any]
"""The fields of a wire event as JSON, without its type."""

Upcaster = Callable[[str, Body], tuple[str, Body]]
"""Type and body of one version in, those of the next version out."""

UPCASTERS: Mapping[int, Upcaster] = {}
"""By the version that each lifts."""

_EVENTS: TypeAdapter[RoomEvent] = TypeAdapter(RoomEvent)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One line of a room's log."""

    room: str
    seq: int
    """1 for the first event of the room; what orders them, whatever the clocks say."""
    schema_version: int
    type: str
    room_clock: int
    """48 kHz samples since the room's clock began."""
    utc_ms: int
    """For people: it may jump."""
    actor: str | None
    """Participant who caused it; None: time, or the hub."""
    command_id: str | None
    """Every event of a command carries its id."""
    body: Body

    @classmethod
    def of(
        cls,
        event: RoomEvent,
        *,
        room: str,
        seq: int,
        room_clock: int,
        utc_ms: int,
        actor: str | None = None,
        command_id: str | None = None,
    ) -> "StoredEvent":
        """A wire event for the log."""
        body = event.model_dump(mode="json", exclude={"type"})
        return cls(
            room, seq, SCHEMA_VERSION, event.type, room_clock, utc_ms, actor, command_id, body
        )

    def event(self) -> RoomEvent:
        """The wire event.

        Raises:
            LogDamaged: it is damaged.
            StoreError: it is of a newer Parvis.
        """
        now = upcast(self)
        try:
            return _EVENTS.validate_python({**now.body, "type": now.type})
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
            raise LogDamaged(
                f"event {self.seq} of room {self.room} is damaged ({where}): "
                "restore the database from a copy"
            ) from None


def upcast(
    stored: StoredEvent,
    upcasters: Mapping[int, Upcaster] = UPCASTERS,
    version: int = SCHEMA_VERSION,
) -> StoredEvent:
    """The event as ``version`` writes it.

    Raises:
        StoreError: it is newer, or an upcaster is missing.
    """
    if stored.schema_version > version:
        raise StoreError(
            f"event {stored.seq} of room {stored.room} was written by a newer Parvis: run that one"
        )
    while stored.schema_version < version:
        lift = upcasters.get(stored.schema_version)
        if lift is None:
            raise StoreError(
                f"event {stored.seq} of room {stored.room} is of the version "
                f"{stored.schema_version}, which this Parvis cannot read"
            )
        kind, body = lift(stored.type, dict(stored.body))
        stored = replace(stored, schema_version=stored.schema_version + 1, type=kind, body=body)
    return stored
