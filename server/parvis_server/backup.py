"""A copy of all that a hub must not lose, made while it runs, and the way back.

A copy is one zip file that only its owner reads: the database as SQLite's own online backup gives
it (whole at one moment, whoever writes), the hub's keys, and its settings. Recordings are not in
it: they are large, they have an export of their own, and they expire. What was erased from the hub
is still in older copies, so they are kept for days, not for years; they are not compressed, so that
``parvis replay erase --search`` finds a name in them.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_server.config import FILE_NAME as SETTINGS_FILE
from parvis_server.config import HubSettings
from parvis_server.data_folder import GIVEN_TITLE_FILE, DataFolder
from parvis_server.encryption import OWN_FILE
from parvis_server.errors import DataFolderError, StoreError, UsageError, UserError
from parvis_server.link.edge_secret import FILE as EDGE_SECRET_FILE
from parvis_server.link.publish import FILE as PUBLISH_FILE
from parvis_server.net.path_grants import FILE as PATHS_FILE
from parvis_server.store.address import FILE_NAME as DATABASE_FILE
from parvis_server.store.address import Address
from parvis_server.store.database import Store

KEPT_FILES = (
    *("secrets.json", "room.json", GIVEN_TITLE_FILE, SETTINGS_FILE, OWN_FILE),
    *(PATHS_FILE, PUBLISH_FILE, EDGE_SECRET_FILE),
)
"""Of the data folder, beside the database; what a running hub writes for itself is not among it."""

OTHER_SETTINGS = "settings.toml"
"""The settings file of a hub that was told where to find it."""

LIST_FILE = "backup.json"
SCHEMA = 1
NAME = re.compile(r"parvis-hub-\d{8}T\d{6}Z\.zip")

COPYING = ".copying-"
CUT_OFF_S = 86_400
"""No copy takes a day: what is older was cut off."""

MAX_FILE_BYTES = 1_000_000
"""Of one file of keys or settings; the database may be larger."""
MAX_DATABASE_BYTES = 20_000_000_000

LOCK_END = ".lock"
"""As ``store.connection`` names it, beside the database."""

UNREADABLE = (
    *(zipfile.BadZipFile, ValidationError, KeyError, EOFError, zlib.error),
    *(NotImplementedError, RuntimeError),  # packed otherwise, or with a password
)

SET_ASIDE = "before-restore-{:%Y%m%dT%H%M%SZ}"
SETS_ASIDE = "before-restore-*"


class Listed(BaseModel):
    """What a copy says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    parvis: str
    made_utc: datetime
    sha256: dict[str, str]
    """Of each other file in it."""


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
        _sweep(to, now)
        try:
            _write(hub, draft, now)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _settle(to)  # before an older one goes
        for old in _copies(to)[:-keep] if keep else ():
            old.unlink()
    except OSError as error:
        if isinstance(error, UserError):
            raise
        raise DataFolderError(f"cannot write a copy to {to}: {error.strerror or error}") from error
    return path


def _write(hub: Hub, draft: Path, now: datetime) -> None:
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as file,
        tempfile.TemporaryDirectory(dir=draft.parent, prefix=COPYING) as near,
    ):
        database = Path(near) / DATABASE_FILE
        _copy_database(hub.database, database)
        sums = {DATABASE_FILE: _sha256(database)}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.write(database, DATABASE_FILE)
            for name, content in _files(hub):
                archive.writestr(name, content)
                sums[name] = hashlib.sha256(content).hexdigest()
            listed = Listed(
                schema_version=SCHEMA,
                parvis=metadata.version("parvis"),
                made_utc=now.astimezone(UTC),
                sha256=sums,
            )
            archive.writestr(LIST_FILE, listed.model_dump_json(indent=2))
        file.flush()
        os.fsync(file.fileno())


def _files(hub: Hub) -> Iterator[tuple[str, bytes]]:
    """Each read once: the hub may put another in its place, or take it away, at any moment."""
    places = {name: hub.folder / name for name in KEPT_FILES}
    if hub.settings is not None:
        places[OTHER_SETTINGS] = hub.settings
    for name, path in places.items():
        with suppress(FileNotFoundError):
            yield name, path.read_bytes()


def _sweep(to: Path, now: datetime) -> None:
    """What a copying left that was cut off: it has all the names of the hub in it."""
    for path in (*to.glob(f"{COPYING}*"), *to.glob("parvis-hub-*.part")):
        if now.timestamp() - path.lstat().st_mtime > CUT_OFF_S:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _settle(folder: Path) -> None:
    """What has a name in this folder has it after a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def _copies(folder: Path) -> list[Path]:
    """The copies in a folder, the oldest first."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def restore(hub: Hub, copy: Path, now: datetime, *, over: bool = False) -> Sequence[str]:
    """Put a copy in the place of a hub that does not run; gives the names of the files.

    The copy is proven before anything is touched: whole, and of a Parvis that this one can follow.
    What was there is moved into a folder beside it.

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
            staged = _unpack(copy, Path(near))
            _prove(staged[DATABASE_FILE])
            _set_aside(there, hub, now)
            for name, path in staged.items():
                path.replace(_places(hub)[name])
                _give_to_the_owner(hub, _places(hub)[name])
            _settle(hub.folder)
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
        _give_to_the_owner(hub, path)
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


def _unpack(copy: Path, folder: Path) -> dict[str, Path]:
    """Every file of a copy, whole."""
    try:
        with zipfile.ZipFile(copy) as archive:
            listed = Listed.model_validate_json(_read(archive, LIST_FILE))
            if listed.schema_version != SCHEMA:
                raise UsageError(f"{copy} is of a newer Parvis ({listed.parvis}): install that one")
            known = {DATABASE_FILE, *KEPT_FILES, OTHER_SETTINGS}
            strange = sorted(listed.sha256.keys() - known)
            if strange or DATABASE_FILE not in listed.sha256:
                raise UsageError(f"{copy} is no copy of a hub: {strange or 'no database in it'}")
            return {
                name: _take(archive, name, sum_, folder, copy)
                for name, sum_ in listed.sha256.items()
            }
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {copy}") from error
    except UNREADABLE as error:
        raise UsageError(
            f"{copy} is no copy of a hub, or was cut off: parvis backup makes one"
        ) from error


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(MAX_FILE_BYTES)


def _take(archive: zipfile.ZipFile, name: str, sha256: str, folder: Path, copy: Path) -> Path:
    most = MAX_DATABASE_BYTES if name == DATABASE_FILE else MAX_FILE_BYTES
    if archive.getinfo(name).file_size > most:
        raise UsageError(f"{copy} is no copy of a hub: {name} in it is over {most} bytes")
    path = folder / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    left = most
    with os.fdopen(descriptor, "wb") as file, archive.open(name) as packed:
        while (part := packed.read(min(left, 1 << 20))) and left > 0:
            file.write(part)
            left -= len(part)
        file.flush()
        os.fsync(file.fileno())
    if _sha256(path) != sha256:
        raise UsageError(f"{copy} is damaged: {name} in it is not what was copied")
    return path


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


def _set_aside(there: Sequence[Path], hub: Hub, now: datetime) -> None:
    """Nothing is overwritten: what was there moves into a folder beside it."""
    if not there:
        return
    aside = hub.folder / SET_ASIDE.format(now.astimezone(UTC))
    aside.mkdir(mode=0o700)
    _give_to_the_owner(hub, aside)
    logs = [hub.database.with_name(hub.database.name + end) for end in ("-wal", "-shm")]
    for path in (*there, *logs):
        with suppress(FileNotFoundError):
            path.replace(aside / path.name)


def set_aside(hub: Hub) -> list[Path]:
    """The folders of what earlier hubs left, the oldest first."""
    return sorted(path for path in hub.folder.glob(SETS_ASIDE) if path.is_dir())


def _give_to_the_owner(hub: Hub, path: Path) -> None:
    """Who restores as root does not lock the hub out of its own files."""
    if os.geteuid() == 0:
        owner = hub.folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed(copy: Path) -> str:
    """What a copy says of itself, for people."""
    with zipfile.ZipFile(copy) as archive:
        said = json.loads(archive.read(LIST_FILE))
    return f"{len(said['sha256'])} files of Parvis {said['parvis']}, {said['made_utc']}"
