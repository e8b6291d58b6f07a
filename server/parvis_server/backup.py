"""A copy of all that a hub must not lose, made while it runs, and the way back.

A copy is one zip file that only its owner reads: the database as SQLite's own online backup gives
it (whole at one moment, whoever writes), the hub's keys, and its settings. Recordings are not in
it: they are large, they have an export of their own, and they expire. Who is erased from the hub is
erased from its copies (see ``copies``), and does not come back when one is restored.
"""

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from parvis_server.config import FILE_NAME as SETTINGS_FILE
from parvis_server.config import HubSettings
from parvis_server.copies import (
    COPYING,
    SETS_ASIDE,
    copies_in,
    erase_in_files,
    note_folder,
    renew_folder,
    sweep,
)
from parvis_server.copy_file import KEPT_FILES, OTHER_SETTINGS, pack, unpack
from parvis_server.data_folder import DataFolder
from parvis_server.erased import FILE as ERASED_FILE
from parvis_server.erased import alone, erased_from, give_to_the_owner, parse, serialize, settle
from parvis_server.errors import DataFolderError, StoreError, UsageError, UserError
from parvis_server.store.address import FILE_NAME as DATABASE_FILE
from parvis_server.store.address import Address
from parvis_server.store.database import Store

LOCK_END = ".lock"
"""As ``store.connection`` names it, beside the database."""

SET_ASIDE = "before-restore-{:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class Hub:
    """What is copied, or overwritten."""

    folder: Path
    database: Path
    settings: Path | None = None
    """Where they are, unless in the folder."""

    @classmethod
    def of(cls, settings: HubSettings, config: Path | None) -> "Hub":
        """The hub of these settings, which were read from ``config``.

        Raises:
            UsageError: its rooms are in a server, whose own tools copy them.
        """
        address = Address.of(settings.store.url, settings.data)
        if not address.is_sqlite:
            raise UsageError(
                f"the rooms are in {address}, which is copied by its own tools: pg_dump and "
                "pg_restore; parvis copies a SQLite database"
            )
        inside = config is None or config == settings.data / SETTINGS_FILE
        return cls(settings.data, address.path, None if inside else config)


def backup(hub: Hub, to: Path, now: datetime, keep: int | None = None) -> Path:
    """Copy a hub, running or not, into a new file in the folder ``to``; gives that file.

    Args:
        hub: what is copied.
        to: made where it is missing.
        now: names the copy.
        keep: how many copies stay in the folder, the newest; None: all.

    Raises:
        DataFolderError: there is no hub, or a file cannot be read or written.
        StoreError: the database cannot be copied.
    """
    if not hub.database.is_file():
        raise DataFolderError(f"there is no hub in {hub.folder}: no {hub.database} to copy")
    path = to / f"parvis-hub-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
    draft = path.with_suffix(".part")
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        note_folder(hub.folder, to)  # before there is a copy that nobody would find
        with alone(to):
            sweep(to)
            try:
                _write(hub, draft, now)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            settle(to)  # before an older one goes
            for old in copies_in(to)[:-keep] if keep else ():
                old.unlink()
            told = renew_folder(to, erased_from(hub.folder))
    except OSError as error:
        if isinstance(error, UserError):
            raise
        raise DataFolderError(f"cannot write a copy to {to}: {error.strerror or error}") from error
    if told:
        raise DataFolderError(f"{path} is made, but {'; '.join(told)}")
    return path


def _write(hub: Hub, draft: Path, now: datetime) -> None:
    erased = serialize(erased_from(hub.folder))  # not newer than the database
    with tempfile.TemporaryDirectory(dir=draft.parent, prefix=COPYING) as near:
        database = Path(near) / DATABASE_FILE
        _copy_database(hub.database, database)
        files: list[tuple[str, Path | bytes]] = [(DATABASE_FILE, database), *_files(hub)]
        files.append((ERASED_FILE, erased))
        pack(draft, files, metadata.version("parvis"), now.astimezone(UTC))


def _files(hub: Hub) -> Iterator[tuple[str, bytes]]:
    """Each read once: the hub may put another in its place, or take it away, at any moment."""
    places = {name: hub.folder / name for name in KEPT_FILES if name != ERASED_FILE}
    if hub.settings is not None:
        places[OTHER_SETTINGS] = hub.settings
    for name, path in places.items():
        with suppress(FileNotFoundError):
            yield name, path.read_bytes()


def _copy_database(source: Path, target: Path) -> None:
    """As SQLite does it beside a writer: https://sqlite.org/backup.html."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reads,
            closing(sqlite3.connect(target)) as writes,
        ):
            reads.backup(writes)
    except sqlite3.Error as error:
        raise StoreError(f"the database {source} cannot be copied: {error}") from error


def restore(hub: Hub, copy: Path, now: datetime, *, over: bool = False) -> Sequence[str]:
    """Put a copy in the place of a hub that does not run; gives the names of the files.

    The copy is proven before anything is touched: whole, and of a Parvis that this one can follow.
    Who was erased from the hub that was there is erased from it. What was there is moved into a
    folder beside it.

    Raises:
        UsageError: a hub runs there, or one is there and ``over`` was not asked for; or ``copy`` is
            no copy of a hub.
        DataFolderError: something cannot be written.
        StoreError: its database is of a newer Parvis, or damaged.
    """
    DataFolder.open(hub.folder)
    try:
        with (
            _no_hub_starts(hub),
            tempfile.TemporaryDirectory(dir=hub.folder, prefix=".restore-") as near,
        ):
            there = [path for path in _places(hub).values() if path.exists()]
            if there and not over:
                raise UsageError(
                    f"there is a hub in {hub.folder} already: --over puts the copy in its place"
                )
            staged = unpack(copy, Path(near))
            note_folder(hub.folder, copy.parent)
            _prove(staged[DATABASE_FILE])
            _erase_again(hub, staged, Path(near))
            _set_aside(there, hub, now)
            for name, path in staged.items():
                path.replace(_places(hub)[name])
                give_to_the_owner(hub.folder, _places(hub)[name])
            settle(hub.folder)
    except OSError as error:
        if isinstance(error, UserError):
            raise
        raise DataFolderError(
            f"cannot restore to {hub.folder}: {error.strerror or error}"
        ) from error
    return tuple(staged)


@contextmanager
def _no_hub_starts(hub: Hub) -> Iterator[None]:
    """For the length of a block, by the lock that a hub has on its database as long as it lives.
    What it noted of its process may be of before a power cut, and the number somebody else's.

    Raises:
        UsageError: one runs.
    """
    path = hub.database.with_name(hub.database.name + LOCK_END)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_to_the_owner(hub.folder, path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            at = DataFolder(hub.folder).listening_at() or "it starts"
            raise UsageError(f"the hub of {hub.folder} runs ({at}): stop it first") from None
        yield
    finally:
        os.close(lock)


def _places(hub: Hub) -> Mapping[str, Path]:
    """Where each file of a copy belongs. A settings file from elsewhere lies beside: where it was
    is not the hub's to write."""
    names = (*KEPT_FILES, OTHER_SETTINGS)
    return {DATABASE_FILE: hub.database, **{name: hub.folder / name for name in names}}


def _prove(database: Path) -> None:
    """A hub of this Parvis can start from it.

    Raises:
        StoreError: it cannot.
    """
    Store.open(Address.of(None, database.parent)).close()
    with closing(sqlite3.connect(database)) as opened:
        [(verdict,), *_] = opened.execute("PRAGMA integrity_check(1)").fetchall()
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if verdict != "ok":
        raise StoreError(f"the database in the copy is damaged: {verdict}")
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)


def _erase_again(hub: Hub, staged: dict[str, Path], near: Path) -> None:
    """Nobody comes back by a copy of before they were erased."""
    known = erased_from(hub.folder)
    inside = parse(staged[ERASED_FILE].read_bytes()) if ERASED_FILE in staged else ()
    erase_in_files(staged.values(), [one for one in known if one not in inside])
    staged[ERASED_FILE] = near / ERASED_FILE
    staged[ERASED_FILE].write_bytes(serialize((*inside, *known)))


def _set_aside(there: Sequence[Path], hub: Hub, now: datetime) -> None:
    """Nothing is overwritten: what was there moves into a folder beside it."""
    if not there:
        return
    aside = hub.folder / SET_ASIDE.format(now.astimezone(UTC))
    aside.mkdir(mode=0o700)
    give_to_the_owner(hub.folder, aside)
    logs = [hub.database.with_name(hub.database.name + end) for end in ("-wal", "-shm")]
    for path in (*there, *logs):
        with suppress(FileNotFoundError):
            path.replace(aside / path.name)


def set_aside(hub: Hub) -> list[Path]:
    """The folders of what earlier hubs left, the oldest first."""
    return sorted(path for path in hub.folder.glob(SETS_ASIDE) if path.is_dir())
