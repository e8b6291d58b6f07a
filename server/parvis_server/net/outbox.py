"""What waits for the log: answers, changes and effects leave the hub once they cannot be lost."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from parvis_server.errors import JournalFull
from parvis_server.room.results import Result
from parvis_server.store.events import StoredEvent
from parvis_server.store.journal import Journal

log = logging.getLogger(__name__)


class Outbox(Protocol):
    """Keeps the order of what it is given."""

    def hold(self, result: Result, release: Callable[[], None]) -> None:
        """Write what happened; ``release`` is called once it is safe."""


class AtOnce:
    """For a room without a log."""

    def hold(self, result: Result, release: Callable[[], None]) -> None:
        """Release it now."""
        release()


class Logged:
    """For a room whose events are stored."""

    def __init__(self, journal: Callable[[], Journal], room: str) -> None:
        """Write to ``journal``, which begins with the event loop, under the name of the room."""
        self._journal = journal
        self._room = room

    def hold(self, result: Result, release: Callable[[], None]) -> None:
        """Append the events; what came of no event waits for those before it."""
        utc_ms = time.time_ns() // 1_000_000
        events = [
            StoredEvent.of(
                change.event,
                room=self._room,
                seq=change.seq,
                room_clock=change.room_clock,
                utc_ms=utc_ms,
                actor=result.actor,
                command_id=result.command_id,
            )
            for change in result.events
        ]
        try:
            self._journal().append(events, release)
        except JournalFull as error:
            # The evening goes on; hosts are warned since the log began to fail.
            log.error("%d events of room %s are not logged: %s", len(events), self._room, error)
            release()
