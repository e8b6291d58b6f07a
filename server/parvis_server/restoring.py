"""The way back from a copy of a hub: all of it, whatever moment the power is cut.

Theory of operation. The copy is unpacked beside, proven and synced. One rename, to ``READY``, says
that it counts. Before that moment the hub is as it was, and what was unpacked is swept away by the
next restore or start; after it, the hub is the copy's, and what is left to be done (each file of
before into a folder of its own, each of the copy into its place) can be done again from wherever it
stopped: by the next restore, and by the hub's own next start, before it reads anything.
"""

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parvis_server.backup import Hub
from parvis_server.copies import SETS_ASIDE, erase_in_files, note_folder
from parvis_server.copy_file import KEPT_FILES, OTHER_SETTINGS, unpack
from parvis_server.data_folder import RESTORE_READY, UNPACKED, DataFolder
from parvis_server.erased import FILE as ERASED_FILE
from parvis_server.erased import erased_from, give_to_the_owner, parse, serialize
from parvis_server.errors import DataFolderError, StoreError, UsageError, UserError
from parvis_server.store.address import FILE_NAME as DATABASE_FILE
from parvis_server.store.address import Address
from parvis_server.store.database import Store

LOCK_END = ".lock"
"""As ``store.connection`` names it, beside the database."""

SET_ASIDE = "before-restore-{:%Y%m%dT%H%M%SZ}"
PLAN_FILE = "restore.json"
LOGS = ("-wal", "-shm")
"""What SQLite writes beside a database: worth nothing beside another one."""


class Plan(BaseModel):
    """What is to be done with what lies in ``READY``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Path
    names: tuple[str, ...]
    """Of the copy."""
    replaced: tuple[str, ...]
    """Those of them that were there before."""
    aside: str
    """The folder for what was there."""


class Disk:
    """The few things that a restore does to a disk; a trial may cut the power between any two."""

    def move(self, path: Path, to: Path) -> None:
        """Give a file or folder another name, on the disk before this returns."""
        path.replace(to)
        self.sync(to.parent)
        if path.parent != to.parent:
            self.sync(path.parent)

    def make_folder(self, path: Path) -> None:
        """One that is there already stays."""
        path.mkdir(mode=0o700, exist_ok=True)
        self.sync(path.parent)

    def remove(self, path: Path) -> None:
        """A file or a folder, with what is in it."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        self.sync(path.parent)

    def sync(self, path: Path) -> None:
        """Wait until this file or folder is on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.settle(descriptor)
        finally:
            os.close(descriptor)

    def settle(self, descriptor: int) -> None:
        """Wait for what is open."""
        os.fsync(descriptor)


def restore(
    hub: Hub, copy: Path, now: datetime, *, over: bool = False, disk: Disk | None = None
) -> Sequence[str]:
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
    disk = disk or Disk()
    DataFolder.open(hub.folder)
    with _told(hub), _no_hub_starts(hub):
        _go_on(hub, disk)
        there = [path for path in _places(hub, hub.database).values() if path.exists()]
        if there and not over:
            raise UsageError(
                f"there is a hub in {hub.folder} already: --over puts the copy in its place"
            )
        near = Path(tempfile.mkdtemp(dir=hub.folder, prefix=UNPACKED))
        try:
            names = _make_ready(hub, copy, near, now, disk)
            disk.move(near, hub.folder / RESTORE_READY)
        except Exception:
            shutil.rmtree(near)
            raise
        _go_on(hub, disk)
    return names


def finish(hub: Hub, disk: Disk | None = None) -> bool:
    """Go on with a restore that the power cut off; whether there was one that counted.

    Raises:
        UsageError: a hub runs there.
        DataFolderError: something cannot be written.
    """
    with _told(hub), _no_hub_starts(hub):
        return _go_on(hub, disk or Disk())


def _make_ready(hub: Hub, copy: Path, near: Path, now: datetime, disk: Disk) -> tuple[str, ...]:
    staged = unpack(copy, near)
    note_folder(hub.folder, copy.parent)
    _prove(staged[DATABASE_FILE])
    _erase_again(hub, staged, near)
    aside = SET_ASIDE.format(now.astimezone(UTC))
    while (hub.folder / aside).exists():  # a second one within the same second
        aside += "+"
    there = _places(hub, hub.database)
    plan = Plan(
        database=hub.database,
        names=tuple(staged),
        replaced=tuple(name for name in staged if there[name].exists()),
        aside=aside,
    )
    (near / PLAN_FILE).write_text(plan.model_dump_json())
    for path in (near, *near.iterdir()):
        give_to_the_owner(hub.folder, path)
        disk.sync(path)
    disk.sync(near)
    return plan.names


def _go_on(hub: Hub, disk: Disk) -> bool:
    """From wherever it stopped; each step looks whether it was done."""
    for unpacked in hub.folder.glob(f"{UNPACKED}*"):
        disk.remove(unpacked)  # of one that never counted; it has all the names of a hub in it
    ready = hub.folder / RESTORE_READY
    if not ready.is_dir():
        return False
    if (ready / PLAN_FILE).is_file():
        _put_in_place(hub, ready, Plan.model_validate_json((ready / PLAN_FILE).read_bytes()), disk)
        disk.remove(ready / PLAN_FILE)
    disk.remove(ready)
    return True


def _put_in_place(hub: Hub, ready: Path, plan: Plan, disk: Disk) -> None:
    aside, places = hub.folder / plan.aside, _places(hub, plan.database)
    logs = {end: plan.database.with_name(plan.database.name + end) for end in LOGS}
    is_first = (ready / DATABASE_FILE).exists()  # the last to go: until then its logs are old ones
    for name, place in {**(logs if is_first else {}), **places}.items():
        # A move whose second half the power took shows the file in both places.
        is_new = name in plan.names and (name not in plan.replaced or not (ready / name).exists())
        if place.exists() and not is_new:
            if not aside.is_dir():
                disk.make_folder(aside)
            give_to_the_owner(hub.folder, aside)
            if not (aside / place.name).exists() or name not in plan.names:
                disk.move(place, aside / place.name)
    for name in sorted(plan.names, key=lambda name: name == DATABASE_FILE):
        if (ready / name).exists():
            disk.move(ready / name, places[name])


@contextmanager
def _told(hub: Hub) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, UserError):
            raise
        raise DataFolderError(
            f"cannot restore to {hub.folder}: {error.strerror or error}"
        ) from error


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


def _places(hub: Hub, database: Path) -> Mapping[str, Path]:
    """Where each file of a copy belongs. A settings file from elsewhere lies beside: where it was
    is not the hub's to write."""
    names = (*KEPT_FILES, OTHER_SETTINGS)
    return {DATABASE_FILE: database, **{name: hub.folder / name for name in names}}


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


def set_aside(hub: Hub) -> list[Path]:
    """The folders of what earlier hubs left, the oldest first."""
    return sorted(path for path in hub.folder.glob(SETS_ASIDE) if path.is_dir())
