"""What rooms' logs came to, kept at a start for the next one: see ``room.folded``."""

import logging
from collections.abc import Sequence

from parvis_server.errors import StoreError
from parvis_server.room.folded import Folded, read, written
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.folds import Fold
from parvis_wire.floor import Phase
from parvis_wire.room_events import PhaseSet

log = logging.getLogger(__name__)

FOLD_EVENTS = 1000
"""From so many events on a start writes down what they came to: they cost it 60 ms."""


def kept_fold(store: Store, room: str) -> Folded | None:
    """What the log came to at an earlier start; None: it has to be read from its beginning."""
    fold = store.fold(room)
    try:
        return None if fold is None else read(fold.body)
    except ValueError as error:
        log.warning("the log of room %s is read from its beginning: %s", room, error)
        return None


def keep_fold(store: Store, room: str, folded: Folded) -> None:
    """Write down what the log comes to; without it the next start takes longer."""
    try:
        store.put_fold(Fold.of(room, folded.state.view.seq, written(folded)))
    except (StoreError, ValueError) as error:
        log.warning("the next start reads the whole log of room %s: %s", room, error)


def last_seq(events: Sequence[StoredEvent], folded: Folded | None) -> int:
    """Number of the last event of a log that has one."""
    return events[-1].seq if events or folded is None else folded.state.view.seq


def last_clock(events: Sequence[StoredEvent], folded: Folded | None) -> int:
    """Room clock of the last event of a log that has one."""
    return events[-1].room_clock if events or folded is None else folded.room_clock


def is_over(events: Sequence[StoredEvent], folded: Folded | None) -> bool:
    """Whether the last thing that became of a room is its end."""
    phases = [stored for stored in events if stored.type == "phase_set"]
    if not phases:
        return folded is not None and folded.state.view.phase is Phase.ENDED
    last = phases[-1].event()
    return isinstance(last, PhaseSet) and last.phase is Phase.ENDED
