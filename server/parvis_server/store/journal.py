"""The log as the event loop sees it: what is appended is released in order once it is on disk.

Theory of operation. Acks and changes may leave the hub only when what they tell cannot be lost any
more. So whoever appends says what to do ``then``, and that is done after the commit. When the
database fails (disk full, server gone) or does not answer for ``stall_s``, the room goes on in
memory: everything that waited is released, so is what comes, the state says ``failing``, and the
events are kept and written, in order, when they can be.
"""

import asyncio
import functools
import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from parvis_server.errors import JournalFull, StoreError
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.writer import Entry, Inbox, Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_S = 1.0
STALL_S = 1.0
"""A commit takes milliseconds. Nobody's press shall wait for a disk that stands still."""

CLOSE_TIMEOUT_S = 10.0
"""For a card that stands still while it tidies up; one that fails says so at once, and a disk that
works needs milliseconds of the three seconds in which the hub stops."""

MAX_WAITING_EVENTS = 20_000
"""Some ten lively evenings of 2,000 events, at 1 to 2 kB each in memory: 40 MB at most."""


@dataclass(frozen=True, slots=True)
class JournalState:
    """How the log fares."""

    waiting: int = 0
    """Events that are not on disk yet."""
    failing_since_utc_ms: int | None = None
    """None: all is well."""
    why: str | None = None

    @property
    def failing(self) -> bool:
        """Whether the room goes on in memory only."""
        return self.failing_since_utc_ms is not None


class Journal:
    """Writes events on a thread of its own. To be made and used on one event loop."""

    def __init__(
        self,
        store: Store,
        *,
        on_state: Callable[[JournalState], None] | None = None,
        retry_s: float = RETRY_S,
        stall_s: float = STALL_S,
    ) -> None:
        """The writer starts at once.

        Args:
            store: belongs to the journal's thread from now on: see ``perform``.
            on_state: called when it begins to fail, and when all is written again.
            retry_s: between two attempts of a database that fails.
            stall_s: after which a database that does not answer counts as failing.
        """
        self._loop = asyncio.get_running_loop()
        self._on_state = on_state
        self._stall_s = stall_s
        self._inbox: Inbox = queue.SimpleQueue()
        self._last = 0
        self._written = 0
        self._waiting_events = 0
        self._sizes: deque[tuple[int, int]] = deque()
        self._unreleased: deque[tuple[int, Callable[[], None]]] = deque()
        self._flushes: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._failing_since_utc_ms: int | None = None
        self._why: str | None = None
        self._recovered_at: int | None = None
        self._cut: set[str] = set()
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False
        self._writer = Writer(store, self._inbox, self._written_there, self._failed_there, retry_s)
        self._writer.start()

    @property
    def state(self) -> JournalState:
        """How it fares at this moment."""
        return JournalState(self._waiting_events, self._failing_since_utc_ms, self._why)

    def append(self, events: Sequence[StoredEvent], then: Callable[[], None]) -> None:
        """Write the events of one cause; ``then`` is called when they are on disk.

        The calls come on the event loop, in the order of ``append``, never before this returns.
        No events: ``then`` waits for those before. While failing they are called at once.

        Raises:
            JournalFull: too much waits already; nothing was taken. From then on nothing of this
                room is, so that its log has an end and no hole; the state stays ``failing``.
        """
        self._refuse_what_is_too_much(events)
        number = self._put(tuple(events), None)
        if self._failing_since_utc_ms is not None:
            self._loop.call_soon(then)
        else:
            self._unreleased.append((number, then))

    def _refuse_what_is_too_much(self, events: Sequence[StoredEvent]) -> None:
        if self._waiting_events + len(events) > MAX_WAITING_EVENTS:
            self._cut |= {stored.room for stored in events}
        for stored in events:
            if stored.room in self._cut:
                why = f"the log of room {stored.room} is cut off, too much waited to be written"
                self._on_failed(f"{why}: start the hub again when the database works")
                raise JournalFull(self._why)

    async def perform(self, work: Callable[[Store], T]) -> T:
        """Do something with the store, after everything that was appended before.

        Raises:
            StoreError: as ``work`` raises it; it is not tried again.
        """
        answer: asyncio.Future[T] = self._loop.create_future()

        def on_the_writer(store: Store) -> None:
            try:
                result = work(store)
            except Exception as error:
                self._call_on_loop(_fail, answer, error)
            else:
                self._call_on_loop(_succeed, answer, result)

        self._put((), on_the_writer)
        return await answer

    def do(self, work: Callable[[Store], None]) -> None:
        """Do something with the store after everything before; a failure is logged only."""

        def on_the_writer(store: Store) -> None:
            try:
                work(store)
            except StoreError as error:
                log.error("the database refused: %s", error)

        self._put((), on_the_writer)

    def insist(self, work: Callable[[Store], None]) -> None:
        """Do something that later events need, however often it takes; repeating it is harmless."""
        self._put((), work)

    async def flush(self) -> None:
        """Until everything that was appended is on disk, however long that takes."""
        if self._written < self._last:
            written: asyncio.Future[None] = self._loop.create_future()
            self._flushes.append((self._last, written))
            await written

    async def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> int:
        """Write what waits, and end; gives the number of events that could not be written.

        The store stays open.
        """
        if not self._closed:
            self._closed = True
            self._writer.ending.set()
            self._inbox.put(None)
        await asyncio.to_thread(self._writer.join, timeout_s)
        await asyncio.sleep(0)  # its last reports are on the loop
        if self._watch is not None:
            self._watch.cancel()
        if self._waiting_events:
            log.error("%d events of the log are lost: %s", self._waiting_events, self._why)
        return self._waiting_events

    def _put(self, events: tuple[StoredEvent, ...], work: Callable[[Store], None] | None) -> int:
        if self._closed:
            raise RuntimeError("the journal is closed")
        self._last += 1
        self._waiting_events += len(events)
        self._sizes.append((self._last, len(events)))
        self._inbox.put(Entry(self._last, events, work))
        if self._watch is None:
            self._watch_it()
        return self._last

    # --- on the writer's thread ---

    def _written_there(self, last: Entry) -> None:
        self._call_on_loop(self._on_written, last.number)

    def _failed_there(self, why: str) -> None:
        self._call_on_loop(self._on_failed, why)

    def _call_on_loop(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(functools.partial(call, *arguments))

    # --- on the loop again ---

    def _on_written(self, number: int) -> None:
        self._written = number
        while self._sizes and self._sizes[0][0] <= number:
            self._waiting_events -= self._sizes.popleft()[1]
        self._release(number)
        while self._flushes and self._flushes[0][0] <= number:
            _succeed(self._flushes.popleft()[1], None)
        if self._failing_since_utc_ms is not None:
            self._recover(number)

    def _recover(self, number: int) -> None:
        """All is well once everything is written that waited at the first success."""
        if self._recovered_at is None:
            self._recovered_at = self._last
        if number >= self._recovered_at and not self._cut:
            log.info("the log is written again")
            self._failing_since_utc_ms = self._why = self._recovered_at = None
            self._tell()

    def _on_failed(self, why: str) -> None:
        began = self._failing_since_utc_ms is None
        self._why = why
        self._recovered_at = None
        if began:
            log.error("the log cannot be written, the room goes on in memory: %s", why)
            self._failing_since_utc_ms = time.time_ns() // 1_000_000
            self._release(self._last)
            self._tell()

    def _release(self, number: int) -> None:
        while self._unreleased and self._unreleased[0][0] <= number:
            # Each by itself: one that raises must not take the others along.
            self._loop.call_soon(self._unreleased.popleft()[1])

    def _tell(self) -> None:
        if self._on_state is not None:
            self._on_state(self.state)

    def _watch_it(self) -> None:
        self._watch = self._loop.call_later(self._stall_s, self._look, self._written)

    def _look(self, written_before: int) -> None:
        """Whether the writer came on since the last look."""
        self._watch = None
        if self._written == self._last:
            return
        if self._written == written_before and self._failing_since_utc_ms is None:
            self._on_failed("the database does not answer")
        self._watch_it()


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[T], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
