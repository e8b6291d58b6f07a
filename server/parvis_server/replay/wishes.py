"""Who is to be taken out of a recording, until it is done: on the disk, so that no end of a process
forgets it. Light: the hub itself writes here, while another process makes mixes again.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from parvis_server.errors import BadRecording
from parvis_server.record.recording import DESCRIPTION, EVENTS
from parvis_server.replay.keeping import remove, write_json
from parvis_server.replay.overview import REFUSED, WISHES

NAMING: Final = (DESCRIPTION, EVENTS, REFUSED)
"""Files of a recording that name people."""


def wish(folder: Path, participants: Iterable[str]) -> None:
    """Write down that these people are to be taken out, as soon as the recording is over."""
    with _alone(folder):
        known = wished(folder)
        write_json(folder / WISHES, sorted(known | frozenset(participants)))


def fulfilled(folder: Path, participants: frozenset[str]) -> None:
    """These are out; who asked meanwhile is not."""
    with _alone(folder):
        left = wished(folder) - participants
        if left:
            write_json(folder / WISHES, sorted(left))
        else:
            remove(folder / WISHES)


def wished(folder: Path) -> frozenset[str]:
    """Who is to be taken out; raises ``BadRecording``."""
    path = folder / WISHES
    try:
        return frozenset(str(one) for one in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError) as error:
        raise BadRecording(f"{path} cannot be read: {error}") from error


def wish_everywhere(room: Path, participant: str) -> int:
    """Of every recording of a room that names this person; how many those are.

    Args:
        room: folder of the room's recordings.
        participant: their id.

    Raises:
        BadRecording: it cannot be written down, or cannot be seen where they are.
    """
    found = [path.parent for path in sorted(room.glob(f"*/{DESCRIPTION}"))]
    theirs = [folder for folder in found if _names(folder, participant)]
    for folder in theirs:
        wish(folder, [participant])
    return len(theirs)


def _names(folder: Path, participant: str) -> bool:
    wanted = (f'"{participant}"'.encode(), f'"{participant}-mic"'.encode())
    for path in (folder / name for name in NAMING):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadRecording(f"cannot read {path}: {error.strerror}") from error
        if any(word in content for word in wanted):
            return True
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else writes wishes meanwhile; held for a moment, unlike the lock of ``changing``."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise BadRecording(f"{folder} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
