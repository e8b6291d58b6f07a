"""What is handed to a person or to a room's host of what was recorded: files, JSON and sound.

The same files go into a folder (``parvis replay export``) or, one after the other, into a ZIP
archive that is sent while it is made (``python -m parvis_server.replay.export``), so that no copy
of a whole room lies on the disk that somebody would have to delete.
"""

import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from parvis_server.errors import BadRecording, UserError
from parvis_server.replay.keeping import LOCK, copies_of
from parvis_server.replay.opened import Opened, every
from parvis_server.replay.opus_file import pages_of
from parvis_server.replay.overview import CATCH_UP, PREPARED
from parvis_server.replay.rights import is_in, lines_of
from parvis_server.replay.talker import own_packets
from parvis_server.replay.withdraw import names

NICENESS: Final = 19

Entry = tuple[str, Path | bytes]
"""Where it lies in the export, and what it is."""


def room_files(recordings: Path, room: str) -> Iterator[Entry]:
    """A whole room's recordings as they are: description, events, mix, tracks."""
    for opened in every(recordings):
        if opened.description.room != room:
            continue
        for path in sorted(opened.folder.rglob("*")):
            inside = path.relative_to(opened.folder)
            is_made = inside.parts[0] in (PREPARED, f"{PREPARED}.new", CATCH_UP)
            if path.is_file() and not is_made and path.name != LOCK:
                yield f"{_folder(opened)}/{inside.as_posix()}", path


def person_files(recordings: Path, participant: str, room: str | None = None) -> Iterator[Entry]:
    """Everything that recordings hold of a person; of one room, or of all.

    Of a table's microphone for which others had answered with them there is no sound: it is the
    others' voice as much as theirs. ``person.json`` names those stretches as ``shared``.

    Raises:
        BadRecording: a recording cannot be read.
    """
    who = frozenset({participant})
    for opened in every(recordings):
        if room not in (None, opened.description.room) or not is_in(opened, participant):
            continue
        theirs = [kept for kept in opened.description.tracks if kept.talker.is_of(who)]
        kepts = [kept for kept in theirs if kept.talker.people <= who]
        about = {
            "recording": opened.description.model_dump(mode="json", exclude={"tracks"}),
            "tracks": [kept.model_dump(mode="json") for kept in kepts],
            "shared": [
                kept.model_dump(mode="json", exclude={"talker"})
                for kept in theirs
                if kept not in kepts
            ],
            "events": [
                line for line in lines_of(opened) if "view" not in line and names(line, who)
            ],
            "published_at": len(copies_of(opened.folder)),
        }
        yield f"{_folder(opened)}/person.json", _json(about)
        if kepts:
            files = [opened.line(kept) for kept in kepts]
            end = max(kept.ended_clock or kept.begun_clock for kept in kepts)
            opus = own_packets(files, opened.begin, end, 1)
            yield f"{_folder(opened)}/voice.opus", b"".join(pages_of(opus))


def _folder(opened: Opened) -> str:
    return opened.name.replace("/", "-")


def _json(about: Any) -> bytes:
    return json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()


def write_files(entries: Iterable[Entry], out: Path) -> list[str]:
    """Put them in a folder; the names of the recordings' folders in it.

    Raises:
        BadRecording: ``out`` cannot be written, or has one of these folders already.
    """
    made: list[str] = []
    for name, content in entries:
        folder, path = name.partition("/")[0], out / name
        try:
            if folder not in made:
                (out / folder).mkdir(parents=True)
                made.append(folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                shutil.copy2(content, path)
        except FileExistsError:
            raise BadRecording(f"{out / folder} is there already: give another folder") from None
        except OSError as error:
            raise BadRecording(f"cannot write {path}: {error.strerror}") from error
    return made


def write_zip(entries: Iterable[Entry], to: IO[bytes]) -> None:
    """The archive, in order and without going back: sound is as small as it gets, so it is only
    stored; raises ``OSError`` when nobody takes it any more."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries:
            if isinstance(content, bytes):
                archive.writestr(name, content)
            else:
                archive.write(content, name)


def main(folder: Path, room: str, participant: str | None) -> None:
    """Write the archive to standard output."""
    os.nice(NICENESS)
    if participant is None:
        entries = room_files(folder, room)
    else:
        entries = person_files(folder, participant, room)
    write_zip(entries, sys.stdout.buffer)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    except (UserError, OSError) as error:
        sys.exit(f"parvis: {error}")
