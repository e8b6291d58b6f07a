"""The file that a copy of a hub is: a zip, not compressed, with a list of what is in it.

Not compressed, so that ``parvis replay erase --search`` finds a name in it.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from parvis_server.config import FILE_NAME as SETTINGS_FILE
from parvis_server.data_folder import GIVEN_TITLE_FILE, SECRETS_FILE
from parvis_server.encryption import OWN_FILE
from parvis_server.erased import FILE as ERASED_FILE
from parvis_server.errors import UsageError
from parvis_server.link.edge_secret import FILE as EDGE_SECRET_FILE
from parvis_server.link.publish import FILE as PUBLISH_FILE
from parvis_server.net.path_grants import FILE as PATHS_FILE
from parvis_server.store.address import FILE_NAME as DATABASE_FILE

KEPT_FILES = (
    *(SECRETS_FILE, "room.json", GIVEN_TITLE_FILE, SETTINGS_FILE, OWN_FILE),
    *(PATHS_FILE, PUBLISH_FILE, EDGE_SECRET_FILE, ERASED_FILE),
)
"""Of the data folder, beside the database; what a running hub writes for itself is not among it."""

OTHER_SETTINGS = "settings.toml"
"""The settings file of a hub that was told where to find it."""

LIST_FILE = "backup.json"
SCHEMA = 1
SCHEMA = 1

MAX_FILE_BYTES = 1_000_000
"""Of one file of keys or settings; the database may be larger."""
MAX_DATABASE_BYTES = 20_000_000_000

UNREADABLE = (
    *(zipfile.BadZipFile, ValidationError, KeyError, EOFError, zlib.error),
    *(NotImplementedError, RuntimeError),  # packed otherwise, or with a password
)


class Listed(BaseModel):
    """What a copy says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int
    parvis: str
    made_utc: datetime
    sha256: dict[str, str]
    """Of each other file in it."""


def pack(
    draft: Path, files: Iterable[tuple[str, Path | bytes]], parvis: str, made: datetime
) -> None:
    """Write a new file that only its owner reads; it is on the disk afterwards.

    Args:
        draft: where.
        files: by name; what is in memory, or lies somewhere.
        parvis: which wrote them.
        made: when, in UTC.
    """
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    sums = {}
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in files:
                if isinstance(content, bytes):
                    archive.writestr(name, content)
                    sums[name] = hashlib.sha256(content).hexdigest()
                else:
                    archive.write(content, name)
                    sums[name] = _sha256(content)
            said = Listed(schema_version=SCHEMA, parvis=parvis, made_utc=made, sha256=sums)
            archive.writestr(LIST_FILE, said.model_dump_json(indent=2))
        file.flush()
        os.fsync(file.fileno())


def unpack(copy: Path, folder: Path) -> dict[str, Path]:
    """Every file of a copy, whole, in a folder; by name.

    Raises:
        UsageError: it is no copy, or damaged, or of a newer Parvis.
    """
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_one(copy: Path, name: str) -> bytes | None:
    """A small file of a copy; None: it is not in it.

    Raises:
        UsageError: it is no copy.
    """
    try:
        with zipfile.ZipFile(copy) as archive:
            return _read(archive, name) if name in archive.namelist() else None
    except UNREADABLE as error:
        raise UsageError(f"{copy} is no copy of a hub, or was cut off: delete it") from error


def told_of(copy: Path) -> Listed:
    """What a copy says of itself; raises ``UsageError``."""
    try:
        return Listed.model_validate_json(read_one(copy, LIST_FILE) or b"")
    except ValidationError as error:
        raise UsageError(f"{copy} is no copy of a hub: delete it") from error


def listed(copy: Path) -> str:
    """What a copy says of itself, for people."""
    with zipfile.ZipFile(copy) as archive:
        said = json.loads(archive.read(LIST_FILE))
    return f"{len(said['sha256'])} files of Parvis {said['parvis']}, {said['made_utc']}"
