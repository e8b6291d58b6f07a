"""Copies of a hub, of which it knows where they are: what is erased from the hub is erased in them.

Theory of operation. ``parvis backup`` writes down to which folders it copied. Each copy has the
list of what was erased when it was made; one whose list lacks an entry is unpacked, what it lacks
is erased in it, and it is packed again in its own place. So doing it again finishes what a power
cut left, and a disk that was not there is seen to when it comes back: the hub looks each hour, and
``parvis backup`` at the end of each copying. The same for what a restored hub left beside itself.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from parvis_server.copy_file import pack, read_one, told_of, unpack
from parvis_server.data_folder import SECRETS_FILE, DataFolder, Secrets
from parvis_server.erased import FILE as ERASED_FILE
from parvis_server.erased import alone, erased_from, give_to_the_owner, parse, serialize, settle
from parvis_server.errors import DataFolderError, StoreError, UsageError
from parvis_server.net.path_grants import FILE as PATHS_FILE
from parvis_server.store.erasing import erase_in_file
from parvis_server.store.erasures import Erasure

FOLDERS_FILE: Final = "backups.json"
MAX_FOLDERS: Final = 100
"""A disk for each week of two years; the oldest are forgotten."""

SETS_ASIDE: Final = "before-restore-*"
NAME: Final = re.compile(r"parvis-hub-\d{8}T\d{6}Z\.zip")
COPYING: Final = ".copying-"

SQLITE_HEAD: Final = b"SQLite format 3\0"


def note_folder(data: Path, to: Path) -> None:
    """From now on a hub's copies are looked for in this folder, too.

    Raises:
        DataFolderError: it cannot be written down.
    """
    with alone(data):
        known = [one for one in folders(data) if one != to.resolve()]
        told = json.dumps([str(one) for one in (*known, to.resolve())][-MAX_FOLDERS:])
        try:
            DataFolder(data).write_secret(FOLDERS_FILE, told.encode())
            give_to_the_owner(data, data / FOLDERS_FILE)
        except OSError as error:
            raise DataFolderError(f"cannot write {data / FOLDERS_FILE}: {error}") from error


def folders(data: Path) -> tuple[Path, ...]:
    """Where copies of the hub of this data folder were put; raises ``DataFolderError``."""
    path = data / FOLDERS_FILE
    try:
        return tuple(Path(str(one)) for one in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise DataFolderError(f"{path} cannot be read: {error}: delete it") from error


def erase_in_copies(data: Path) -> list[str]:
    """Erase in every copy of a hub what was erased from the hub since; a line for each that could
    not be reached or changed. It is tried again whenever this is called.

    Raises:
        DataFolderError: what was erased, or where the copies are, cannot be read.
    """
    erasures = erased_from(data)
    if not erasures:
        return []
    told = [line for one in sorted(data.glob(SETS_ASIDE)) for line in _in_aside(one, erasures)]
    for folder in folders(data):
        try:
            if not folder.is_dir():
                told.append(f"{folder} is not there now: its copies are older than what was erased")
                continue
            with alone(folder):
                sweep(folder)
                told += renew_folder(folder, data, erasures)
        except (DataFolderError, OSError) as error:
            told.append(_line(folder, error))
    return told


def renew_folder(folder: Path, data: Path, erasures: Sequence[Erasure]) -> list[str]:
    """The same for the copies in one folder, which nobody else works on; see ``alone``."""
    told, own = [], _key_of(data) if erasures else None
    for copy in copies_in(folder):
        try:
            _renew(copy, own, erasures)
        except (UsageError, StoreError, OSError, ValueError) as error:
            told.append(_line(copy, error))
    return told


def _key(secrets: bytes | None) -> str | None:
    """Whose hub's they are: one that was restored elsewhere has them still."""
    return None if secrets is None else Secrets.model_validate_json(secrets).resume_key


def _key_of(data: Path) -> str | None:
    path = data / SECRETS_FILE
    return _key(path.read_bytes() if path.exists() else None)


def _renew(copy: Path, own: str | None, erasures: Sequence[Erasure]) -> None:
    """Erase in one copy what it lacks.

    Another hub has rooms of the same names, and people of other ids: persons alone are erased.

    Raises:
        UsageError: it is no copy; or it lacks a room's erasure, and is another hub's.
    """
    inside = parse(read_one(copy, ERASED_FILE) or b"[]")
    missing = [one for one in erasures if one not in inside]
    if not missing:
        return
    is_own = _key(read_one(copy, SECRETS_FILE)) == own
    persons = [one for one in missing if one.who is not None]
    if is_own or persons:
        _pack_without(copy, inside, missing if is_own else persons)
    if not is_own and persons != missing:
        raise UsageError("it is another hub's: give each hub a folder of its own for its copies")


def _pack_without(copy: Path, inside: Sequence[Erasure], missing: Sequence[Erasure]) -> None:
    said, draft = told_of(copy), copy.with_suffix(".part")
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=COPYING) as near:
        files = unpack(copy, Path(near))
        erase_in_files(files.values(), missing)
        files.pop(ERASED_FILE, None)
        list_now = serialize((*inside, *missing))
        try:
            pack(draft, [*files.items(), (ERASED_FILE, list_now)], said.parvis, said.made_utc)
            draft.replace(copy)
        finally:
            draft.unlink(missing_ok=True)
    settle(copy.parent)


def _in_aside(folder: Path, erasures: Sequence[Erasure]) -> list[str]:
    """In its own place: SQLite outlives a power cut."""
    path = folder / ERASED_FILE
    try:
        inside = parse(path.read_bytes()) if path.exists() else ()
        missing = [one for one in erasures if one not in inside]
        if missing:
            erase_in_files(sorted(folder.iterdir()), missing)
            DataFolder(folder).write_secret(ERASED_FILE, serialize((*inside, *missing)))
    except (DataFolderError, StoreError, OSError, ValueError) as error:
        return [_line(folder, error)]
    return []


def erase_in_files(files: Iterable[Path], erasures: Sequence[Erasure]) -> None:
    """Erase in the database and in the list of paths among these files.

    Raises:
        StoreError: the database cannot be read or written.
        OSError: the list of paths cannot.
    """
    for path in files if erasures else ():
        if path.name == PATHS_FILE:
            held: list[dict[str, Any]] = json.loads(path.read_bytes())
            kept = [one for one in held if not _is_meant(one, erasures)]
            path.write_text(json.dumps(kept))
        elif path.is_file() and _begins(path) == SQLITE_HEAD:
            erase_in_file(path, erasures)


def _is_meant(grant: dict[str, Any], erasures: Sequence[Erasure]) -> bool:
    room, holder = str(grant.get("room")), str(grant.get("holder"))
    return any(one.is_about(room, holder) for one in erasures)


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE_HEAD))


def copies_in(folder: Path) -> list[Path]:
    """The copies in a folder, the oldest first."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def sweep(folder: Path) -> None:
    """What a copying left that was cut off, in a folder on which nobody else works: it has all the
    names of the hub in it."""
    for path in (*folder.glob(f"{COPYING}*"), *folder.glob("parvis-hub-*.part")):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _line(path: Path, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"who was erased is still in {path}: {why}"
