"""The database behind the rooms, on both engines."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from fakes.postgres import PASSWORD, Postgres
from fakes.room_log import HAND, SAMPLES, hands, stored
from parvis_server.errors import StoreConflict, StoreError
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.migrate import MIGRATIONS
from parvis_server.store.rooms import StoredRoom
from parvis_server.store.schema import metadata
from parvis_server.store.words import ERASED
from parvis_wire.floor import About, Invite, InviteRole
from parvis_wire.room_events import AskClosed, Asked, Described, HandRaised, InviteMade

MAIN = StoredRoom("main", 1_000, 2_000_000, 3_000)


@pytest.fixture
def store(store: Store) -> Store:
    store.put_room(MAIN)
    return store


def reopened(store: Store) -> Store:
    store.close()
    return Store.open(store.address)


def test_every_event_outlives_the_hub(store: Store) -> None:
    log = [
        stored(event, seq, actor="host-1", command_id=f"c-{seq}", utc_ms=9_000 - seq)
        for seq, event in enumerate(SAMPLES, start=1)
    ]
    store.append(log)
    again = reopened(store)
    try:
        assert again.load("main") == log, "in the order of seq, though the wall clock ran back"
        assert [kept.event() for kept in again.load("main")] == list(SAMPLES)
        assert again.last_seq("main") == len(SAMPLES)
    finally:
        again.close()


def test_rooms_are_kept_apart_and_may_be_changed(store: Store) -> None:
    other = StoredRoom("other", 500, 1, 1)
    store.put_room(other)
    store.append([*hands(1, 2), *hands(1, 3, room="other")])
    store.note_running(["main"], 77)
    assert store.rooms() == (other, StoredRoom("main", 1_000, 2_000_000, 77))
    assert (store.room("other"), store.room("unknown")) == (other, None)
    assert [kept.seq for kept in store.load("main")] == [1, 2]
    assert [kept.room for kept in store.load("other")] == ["other"] * 3
    assert (store.load("unknown"), store.last_seq("unknown")) == ([], 0)


def test_a_call_that_is_repeated_writes_nothing_twice(store: Store) -> None:
    store.append(hands(1, 3))
    store.append(hands(1, 3))
    store.append(hands(2, 5))
    store.append([])
    assert store.load("main") == hands(1, 5)


def test_another_event_under_the_same_number_is_refused(store: Store) -> None:
    store.append(hands(1, 3))
    with pytest.raises(StoreConflict, match="another event 3 of room main"):
        store.append([stored(SAMPLES[1], 3), stored(SAMPLES[1], 4)])
    assert store.load("main") == hands(1, 3)


def test_a_command_is_applied_once_though_it_has_several_events(store: Store) -> None:
    store.append([stored(SAMPLES[n], n, command_id="same") for n in (1, 2)])
    store.append([stored(SAMPLES[3], 3), stored(SAMPLES[4], 4)])
    with pytest.raises(StoreConflict):
        store.append([stored(SAMPLES[5], 5, command_id="same")])
    store.put_room(StoredRoom("other", 1, 1, 1))
    store.append([stored(SAMPLES[5], 1, room="other", command_id="same")])
    assert store.last_seq("main") == 4


def test_a_room_must_be_known_before_its_events(store: Store) -> None:
    with pytest.raises(StoreError):
        store.append(hands(1, 1, room="unknown"))


def test_a_log_with_a_hole_is_not_taken_for_whole(store: Store) -> None:
    store.append([*hands(1, 1), *hands(3, 3)])
    with pytest.raises(StoreError, match=r"log of room main .* lacks event 2"):
        store.load("main")


def test_erased_words_are_gone_and_the_log_still_reads(store: Store) -> None:
    mine = HAND.model_copy(update={"participant": "phone-9", "name": "Zoé", "text": "Ça va?"})
    store.append(
        [
            stored(HandRaised(hand=mine), 1),
            stored(HandRaised(hand=HAND), 2),
            stored(InviteMade(invite=Invite(number=1, role=InviteRole.SPEAKER, name="Zoé")), 3),
        ]
    )
    assert store.erase("main", "phone-9") == 3
    assert store.erase("main", "phone-9") == 0
    first, second, third = (kept.event() for kept in store.load("main"))
    assert isinstance(first, HandRaised)
    assert (first.hand.name, first.hand.text, first.hand.unit_name) == (ERASED, ERASED, "Table 4")
    assert second == HandRaised(hand=HAND), "somebody else's stay"
    assert isinstance(third, InviteMade)
    assert third.invite.name == ERASED, "an invitation in the same name"


def test_a_question_goes_with_who_asked_it(store: Store) -> None:
    asked, closed = (e for e in SAMPLES if isinstance(e, Asked | AskClosed))
    store.append([stored(asked, 1, actor="host-1"), stored(closed, 2, actor="host-2")])
    assert store.erase("main", "host-1") == 2
    assert "agrees" not in repr(store.load("main"))


def test_everybodys_words_of_a_room_are_erased_at_once(store: Store) -> None:
    store.append([stored(event, seq) for seq, event in enumerate(SAMPLES, start=1)])
    assert store.erase("main", None) > 5
    said = repr(store.load("main"))
    assert not [word for word in ("Anna", "Bernard", "Why", "agrees", "Come all") if word in said]
    assert [kept.event() for kept in store.load("main")]


def test_a_room_set_aside_keeps_its_log_and_frees_its_name(store: Store) -> None:
    events = [stored(event, seq) for seq, event in enumerate(SAMPLES, start=1)]
    store.append(events)
    store.set_aside("main", "main!damaged-1")
    assert store.load("main") == []
    assert [kept.event() for kept in store.load("main!damaged-1")] == list(SAMPLES)
    assert [room.name for room in store.rooms()] == ["main!damaged-1"]
    store.put_room(MAIN)
    store.append(events[:1])
    assert len(store.load("main")) == 1


def test_erased_words_are_not_left_in_the_file(tmp_path: Path) -> None:
    opened = Store.open(Address.of(None, tmp_path))
    opened.put_room(MAIN)
    secret = HAND.model_copy(update={"text": "xyzzy-plugh"})
    opened.append([stored(HandRaised(hand=secret))])

    def found() -> list[str]:
        files = [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
        return [path.name for path in files if b"xyzzy-plugh" in path.read_bytes()]

    assert found()
    opened.erase("main", "phone-1")
    assert found() == []
    opened.close()


def test_every_script_is_kept(store: Store) -> None:
    about = About(title="Réunion שלום", description="\U0001f600\nمرحبا", topics=("日本",))
    store.append([stored(Described(about=about))])
    assert [kept.event() for kept in store.load("main")] == [Described(about=about)]


def test_a_second_hub_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="another hub uses the database") as said:
        Store.open(store.address)
    assert "\n" not in str(said.value)
    store.append(hands(1, 1))
    reopened(store).close()


def test_the_migrations_make_what_the_code_expects(store: Store) -> None:
    store.close()
    engine = create_engine(store.address.url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


BROKEN_MIGRATION = '''
"""A migration that fails half way."""
import sqlalchemy as sa
from alembic import op
revision = "r9000"
down_revision = "r0003"

def upgrade():
    op.create_table("half", sa.Column("a", sa.Text))
    op.drop_table("words")
    op.execute("UPDATE rooms SET name = 'gone'")
    op.execute("this is no SQL")
'''


@pytest.fixture
def next_migrations(tmp_path: Path) -> Path:
    """The migrations of a later, broken Parvis."""
    folder = tmp_path / "next %"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions/r9000_broken.py").write_text(BROKEN_MIGRATION)
    return folder


def test_a_migration_that_fails_leaves_the_old_schema(store: Store, next_migrations: Path) -> None:
    store.append(hands(1, 3))
    store.close()
    with pytest.raises(StoreError, match="stays as it was, usable with the version before") as said:
        Store.open(store.address, migrations=next_migrations)
    assert "\n" not in str(said.value)
    again = Store.open(store.address)
    try:
        assert again.rooms() == (MAIN,)
        assert again.load("main") == hands(1, 3)
        again.append(hands(4, 4))
    finally:
        again.close()


def test_a_database_of_a_newer_parvis_is_refused(store: Store, next_migrations: Path) -> None:
    store.close()
    good = BROKEN_MIGRATION.replace('op.execute("this is no SQL")', "").replace("words", "half")
    (next_migrations / "versions/r9000_broken.py").write_text(good)
    Store.open(store.address, migrations=next_migrations).close()
    with pytest.raises(StoreError, match=r"is of a newer Parvis \(schema r9000\)") as said:
        Store.open(store.address)
    assert "\n" not in str(said.value)


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as said:
        Store.open(Address.parse(url))
    assert "\n" not in str(said.value)
    assert "Traceback" not in str(said.value)
    return str(said.value)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "parvis.db"
    path.write_bytes(b"no database at all" * 1000)
    assert "is damaged, or no database: restore it from a copy" in refusal(f"sqlite:///{path}")
    assert path.read_bytes() == b"no database at all" * 1000


def test_a_file_that_was_damaged_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "parvis.db"
    opened = Store.open(Address.of(None, tmp_path))
    opened.put_room(MAIN)
    opened.append(hands(1, 200))
    opened.close()
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(b ^ 0x5A for b in content[4096:])
    path.write_bytes(content)
    assert "is damaged: restore it from a copy" in refusal(f"sqlite:///{path}")


def test_a_table_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "parvis.db"
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE events (a)")
    foreign.close()
    assert "table events already exists" in refusal(f"sqlite:///{path}")


@pytest.mark.parametrize("path", ["missing/parvis.db", "file/parvis.db", "."])
def test_a_file_that_cannot_be_opened(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    said = refusal(f"sqlite:///{tmp_path / path}")
    assert "cannot be opened: its folder must exist and this user must own it" in said


AS_NOBODY = """
import os, sys
from parvis_server.errors import StoreError
from parvis_server.store.database import Store
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    Store.open("sqlite:///" + sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="parvis-db-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_a_file_that_this_user_may_not_write(open_folder: Path) -> None:
    """In a process of its own that is not root, who may write everything."""
    Store.open(Address.of(None, open_folder)).close()
    (open_folder / "parvis.db").chmod(0o444)
    (open_folder / "parvis.db.lock").chmod(0o666)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(open_folder / "parvis.db")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "may not be written by this user" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hidden@h/d",
        "postgresql://u:hid@den@h/d",
        "postgresql://u:hidden@h:port/d",
        "hidden",
        "sqlite://",
        "sqlite:////x.db?password=hidden",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    said = refusal(url)
    assert "[store] url is not the address of a database: postgresql://user" in said
    assert "hidden" not in said
    assert "den@" not in said


def test_an_unreachable_server(tmp_path: Path) -> None:
    said = refusal(f"postgresql://u:hidden@/d?host={tmp_path}")
    assert "the database postgresql://u@/d cannot be reached" in said
    assert "hidden" not in said
    assert "cannot be reached" in refusal("postgresql://u:hidden@127.0.0.1:9/d")


def test_a_wrong_password(postgres: Postgres) -> None:
    said = refusal(postgres.url("postgres", "guarded", "battery-staple"))
    assert said == "the database postgresql://guarded@/postgres refuses this user's password"
    assert "wants a password" in refusal(postgres.url("postgres", "guarded"))


def test_a_user_without_rights(postgres: Postgres) -> None:
    name = postgres.database().partition("@/")[2].partition("?")[0]
    said = refusal(postgres.url(name, "guarded", PASSWORD))
    assert "does not give this user the rights" in said
    assert PASSWORD not in said


def test_a_database_that_is_not_there(postgres: Postgres) -> None:
    assert 'is not there: database "nowhere" does not exist' in refusal(postgres.url("nowhere"))


def test_a_database_that_cannot_hold_every_letter(postgres: Postgres) -> None:
    url = postgres.database("TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    assert "has the encoding LATIN1: create one with ENCODING 'UTF8'" in refusal(url)


def test_a_server_that_was_restarted_is_found_again(postgres: Postgres) -> None:
    opened = Store.open(Address.parse(postgres.database()))
    opened.put_room(MAIN)
    postgres.stop()
    with pytest.raises(StoreError):
        opened.append(hands(1, 1))
    postgres.start()
    opened.append(hands(1, 1))
    with pytest.raises(StoreError, match="another hub"):
        Store.open(opened.address)
    opened.close()


def test_the_engine_does_not_import_it() -> None:
    code = (
        "import sys, parvis_server.engine.child, parvis_server.engine.__main__\n"
        "print([m for m in ('sqlalchemy', 'alembic', 'psycopg') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
