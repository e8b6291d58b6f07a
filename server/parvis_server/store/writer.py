"""The thread that writes the log.

What has gathered while one commit ran goes into the next as one group, so a slow disk costs
latency and not throughput. Entries are written in the order in which they came. When the database
fails, the same group is tried again until it is written.
"""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from parvis_server.errors import StoreError
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent

log = logging.getLogger(__name__)

MAX_GROUP_EVENTS = 500
"""In one commit: it takes some 20 ms, so nobody behind it waits for long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to write, in its place: events, or a piece of work on the store."""

    number: int
    """1 for the first entry of the journal."""
    events: tuple[StoredEvent, ...] = ()
    work: Callable[[Store], None] | None = None


Inbox = queue.SimpleQueue[Entry | None]
"""None ends the writer. Its bound is the journal's."""


class Writer(threading.Thread):
    """Writes entries until it is told to end."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        on_written: Callable[[Entry], None],
        on_failed: Callable[[str], None],
        retry_s: float,
    ) -> None:
        """Nothing runs before ``start``.

        Args:
            store: what to write to; nobody else may meanwhile.
            inbox: what to write.
            on_written: called on this thread with the last entry of each group.
            on_failed: called on this thread with the reason at each attempt that failed.
            retry_s: between two attempts.
        """
        super().__init__(name="parvis-journal", daemon=True)
        self.ending = threading.Event()
        """Set it to give up after the next attempt that fails."""
        self._store = store
        self._inbox = inbox
        self._on_written = on_written
        self._on_failed = on_failed
        self._retry_s = retry_s
        self._held: Entry | None = None

    def run(self) -> None:
        """Until None comes, or an attempt fails while ``ending``."""
        while group := self._next_group():
            if not self._write(group):
                return
            self._on_written(group[-1])

    def _next_group(self) -> list[Entry]:
        """The events that wait, or one piece of work; empty at the end."""
        first = self._held or self._inbox.get()
        self._held = None
        if first is None:
            return []
        group, size = [first], len(first.events)
        while first.work is None and size < MAX_GROUP_EVENTS and not self._inbox.empty():
            entry = self._inbox.get()
            if entry is None:
                self._inbox.put(None)
                break
            if entry.work is not None:
                self._held = entry
                break
            group.append(entry)
            size += len(entry.events)
        return group

    def _write(self, group: list[Entry]) -> bool:
        """Write a group, however often it takes; false when it was given up."""
        if self._attempt(group) is None:
            return True
        # At once a second time: a server that was restarted drops its connections, no more.
        while (why := self._attempt(group)) is not None:
            self._on_failed(why)
            if self.ending.wait(self._retry_s):
                return self._attempt(group) is None
        return True

    def _attempt(self, group: list[Entry]) -> str | None:
        """Why it could not be written; None when it was."""
        work = group[0].work
        try:
            if work is not None:
                work(self._store)  # whose errors do not matter sees to them itself
            else:
                self._store.append([stored for entry in group for stored in entry.events])
        except StoreError as error:
            return str(error)
        except Exception as error:  # a mistake of ours must not end the evening
            log.exception("the log cannot be written because of a mistake of its own")
            return f"the log cannot be written: {error!r}"
        return None
