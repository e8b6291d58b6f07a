"""The hub's list of what was erased from it (``store.erasures``), kept so that nobody comes back.

Theory of operation. What is erased from a hub is still in the copies that were made of it before.
The list is written before anything is erased, and lies in the data folder and in each copy: a copy
whose own list lacks an entry is older than that erasure, and what it lacks is erased in it
(``copies``), or at the latest when it is restored.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError
from parvis_server.store.erasures import Erasure

FILE: Final = "erased.json"

MAX_ERASURES: Final = 5_000
"""The oldest give way: some 700 kB, which fits into a copy; copies are kept for days."""

_LIST: Final[TypeAdapter[tuple[Erasure, ...]]] = TypeAdapter(tuple[Erasure, ...])


def parse(content: bytes) -> tuple[Erasure, ...]:
    """Read a list; raises ``ValueError``."""
    try:
        return _LIST.validate_json(content)
    except ValidationError as error:
        raise ValueError("it is no list of what was erased") from error


def serialize(erasures: Iterable[Erasure]) -> bytes:
    """The list as it is kept, each entry once, the oldest first."""
    known = sorted(dict.fromkeys(erasures), key=lambda one: one.utc_ms)[-MAX_ERASURES:]
    parts = [one.model_dump(mode="json", exclude_none=True) for one in known]
    return json.dumps(parts, separators=(",", ":")).encode()


def erased_from(data: Path) -> tuple[Erasure, ...]:
    """What was erased from the hub of this data folder, the oldest first.

    Raises:
        DataFolderError: the list cannot be read.
    """
    path = data / FILE
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise DataFolderError(
            f"{path} cannot be read ({error}): mend it, or delete it and erase again"
        ) from error


def note_erased(data: Path, erasures: Iterable[Erasure]) -> None:
    """Add to the list; it is on the disk afterwards.

    Raises:
        DataFolderError: it cannot be read or written.
    """
    with alone(data):
        path = data / FILE
        DataFolder(data).write_secret(FILE, serialize((*erased_from(data), *erasures)))
        try:
            give_to_the_owner(data, path)
            settle(data)
        except OSError as error:
            raise DataFolderError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else who asks so works on this folder for the length of a block: hub, timer and
    command line may come at the same time.

    Raises:
        DataFolderError: it cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DataFolderError(f"cannot open {folder}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def settle(folder: Path) -> None:
    """What has a name in this folder has it after a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_to_the_owner(folder: Path, path: Path) -> None:
    """Who works on a hub's folder as root does not lock the hub out of its own files."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
