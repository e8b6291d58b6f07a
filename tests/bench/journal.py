"""How long an event takes from ``append`` to its release, on each engine (`scripts/bench journal`).

Real files in the temporary folder, and a PostgreSQL with fsync on a Unix socket. Milliseconds.
"""

import argparse
import asyncio
import json
import tempfile
import time
from functools import partial
from pathlib import Path

from fakes.postgres import Postgres
from fakes.room_log import hands
from parvis_server.bench.figures import figures, table
from parvis_server.store.address import Address
from parvis_server.store.connection import OneConnection
from parvis_server.store.database import Store
from parvis_server.store.journal import Journal
from parvis_server.store.rooms import StoredRoom

ONE_BY_ONE = 300
STEADY = 500
STEADY_EVERY_S = 0.01
BURST = 2000


async def measure(store: Store) -> dict[str, object]:
    """One event at a time, 100 events a second, and many at once."""
    journal = Journal(store)
    alone = [await released_ms(journal, seq) for seq in range(1, ONE_BY_ONE + 1)]
    steady = []
    for seq in range(ONE_BY_ONE + 1, ONE_BY_ONE + STEADY + 1):
        steady.append(asyncio.ensure_future(released_ms(journal, seq)))
        await asyncio.sleep(STEADY_EVERY_S)
    at_100_a_second = await asyncio.gather(*steady)
    first = ONE_BY_ONE + STEADY + 1
    began = time.perf_counter()
    for stored in hands(first, first + BURST - 1):
        journal.append((stored,), lambda: None)
    await journal.flush()
    burst_s = time.perf_counter() - began
    await journal.close()
    return {
        "one event": figures(alone),
        "100 events/s": figures(at_100_a_second),
        "burst, events/s": round(BURST / burst_s),
    }


async def released_ms(journal: Journal, seq: int) -> float:
    """From append to release."""
    loop = asyncio.get_running_loop()
    released = loop.create_future()
    [stored] = hands(seq, seq)
    began = time.perf_counter()
    journal.append((stored,), partial(released.set_result, None))
    await released
    return (time.perf_counter() - began) * 1000


def on(address: Address, synchronous: str) -> dict[str, object]:
    """The figures of one engine."""
    Store.open(address).close()
    store = Store(OneConnection(address, synchronous))
    store.put_room(StoredRoom("main", 1, 1, 1))
    try:
        return asyncio.run(measure(store))
    finally:
        store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    as_json = parser.parse_args().json
    found: dict[str, object] = {}
    for synchronous in ("FULL", "NORMAL"):
        with tempfile.TemporaryDirectory() as folder:
            measured = on(Address.of(None, Path(folder)), synchronous)
            found |= {f"SQLite {synchronous} {key}": value for key, value in measured.items()}
    server = Postgres(durable=True)
    try:
        measured = on(Address.parse(server.database()), "FULL")
        found |= {f"PostgreSQL {key}": value for key, value in measured.items()}
    finally:
        server.remove()
    print(table(found))
    if as_json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
