"""What is erased from a server's database is in no file of that server."""

from contextlib import closing
from pathlib import Path

from fakes.postgres import Postgres
from fakes.room_log import HAND, hands, stored
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.rooms import StoredRoom
from parvis_wire.room_events import HandRaised

MAIN = StoredRoom("main", 1_000, 2_000_000, 3_000)


def test_no_file_of_a_server_holds_what_was_erased(postgres: Postgres) -> None:
    """Neither tables nor the server's own log, where the server reuses no file of it and the hub
    may say so; ``docs/privacy.md`` has both lines."""
    postgres.sql("ALTER SYSTEM SET wal_recycle = off")
    postgres.sql("SELECT pg_reload_conf()")
    said = ("Unmistakable Zoë", "Whose bicycles are these?")
    wanted = [word.encode() for word in said]
    raised = HandRaised(hand=HAND.model_copy(update={"name": said[0], "text": said[1]}))

    def hits() -> list[Path]:
        files = [path for path in postgres.folder.rglob("*") if path.is_file()]
        return [one for one in files if any(word in one.read_bytes() for word in wanted)]

    with closing(Store.open(Address.parse(postgres.database()))) as store:
        store.put_room(MAIN)
        store.append([stored(raised, 1), *hands(2, 4)])
        postgres.sql("CHECKPOINT")
        assert len(hits()) >= 2, "in a table and in the log"
        assert store.erase("main", HAND.participant) >= 2
        assert hits() == []
        assert store.last_seq("main") == 4, "it goes on"
