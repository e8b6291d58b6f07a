"""A copy of all that a hub must not lose, made while it runs; the way back is in ``restoring``.

A copy is one zip file that only its owner reads: the database as SQLite's own online backup gives
it (whole at one moment, whoever writes), the hub's keys, and its settings. Recordings are not in
it: they are large, they have an export of their own, and they expire. Who is erased from the hub is
erased from its copies (see ``copies``), and does not come back when one is restored.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from parvis_server.config import FILE_NAME as SETTINGS_FILE
from parvis_server.config import HubSettings
from parvis_server.copies import (
    COPYING,
    copies_in,
    note_folder,
    renew_folder,
    sweep,
)
from parvis_server.copy_file import KEPT_FILES, OTHER_SETTINGS, pack
from parvis_server.data_folder import RESTORE_READY
from parvis_server.erased import FILE as ERASED_FILE
from parvis_server.erased import alone, erased_from, serialize, settle
from parvis_server.errors import DataFolderError, StoreError, UsageError, UserError
from parvis_server.store.address import FILE_NAME as DATABASE_FILE
from parvis_server.store.address import Address


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
    if (hub.folder / RESTORE_READY).is_dir():
        raise DataFolderError(
            f"a restore to {hub.folder} was cut off: start the hub, which ends it, or restore again"
        )
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
            told = renew_folder(to, hub.folder, erased_from(hub.folder))
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
