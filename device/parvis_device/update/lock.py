"""One writer of ``update.json`` at a time: the updater, and a person who pins a key.

Each reads it, changes its own part and writes it whole. Without a lock, a key that is pinned while
an update is switched would put the state of before back on the card.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from parvis_device.update.places import Places


@contextlib.contextmanager
def writing(places: Places) -> Iterator[None]:
    """Be the only one who reads and writes the record, for the length of a block: moments.

    Raises:
        OSError: the folder cannot be written.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(places.lock, flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
