"""A process that appends events one after another and says which are acknowledged, to be killed.

Arguments: the database's URL.
"""

import asyncio
import os
import sys
from functools import partial

from fakes.room_log import hands
from parvis_server.store.database import Store
from parvis_server.store.journal import Journal
from parvis_server.store.rooms import StoredRoom

AT_ONCE = 5
"""Hands that are raised at the same instant."""


def acknowledge(seq: int) -> None:
    """Unbuffered: an acknowledgement that was given stays given."""
    os.write(1, f"{seq}\n".encode())


async def run(url: str) -> None:
    store = Store.open(url)
    store.put_room(StoredRoom("main", 1, 1, 1))
    last = store.last_seq("main")
    journal = Journal(store)
    while True:
        acknowledged = asyncio.Event()
        for stored in hands(last + 1, last + AT_ONCE):
            journal.append((stored,), partial(acknowledge, stored.seq))
        last += AT_ONCE
        journal.append((), acknowledged.set)
        await acknowledged.wait()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
