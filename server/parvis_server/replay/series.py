"""A room's published recordings in one folder, and the feed of them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from parvis_server.errors import BadRecording
from parvis_server.replay.chapters import Chapter, ChapterKind
from parvis_server.replay.feed import Episode, Sound, feed
from parvis_server.replay.index import CHAPTERS, FEED, INDEX, Index, ShownChapter
from parvis_server.replay.keeping import remove, write_whole
from parvis_server.replay.overview import ADDRESS


def write_feed(folder: Path, address: str | None = None) -> None:
    """Make the feed anew from what is published there; without any, there is none.

    Args:
        folder: of the room's published recordings.
        address: of that folder on the web, ending in ``/``; None: as it was said before.
    """
    if address is not None:
        write_whole(folder / ADDRESS, address.encode())
    known = folder / ADDRESS
    base = known.read_text() if known.exists() else ""
    found = list(published(folder))
    if not found:
        remove(folder / FEED)
        return
    newest = max(found, key=lambda one: one.begun_utc_ms)
    episodes = [episode for index in found for episode in _episodes(index)]
    write_whole(folder / FEED, feed(newest.title, newest.language, "", episodes, base))


def published(folder: Path) -> Iterator[Index]:
    """What is published there; a folder that is none of ours is passed over."""
    for path in sorted(folder.glob(f"*/{INDEX}")):
        with contextlib.suppress(BadRecording):
            yield read_index(path)


def read_index(path: Path) -> Index:
    """Read one; raises ``BadRecording``."""
    try:
        return Index.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadRecording(f"cannot read {path}: {error.strerror}") from error
    except ValidationError:
        raise BadRecording(f"{path} is no index of a replay") from None


def _episodes(index: Index) -> Iterator[Episode]:
    """Podcast players take MP3: one that has none is in no feed."""
    for sound in index.sounds:
        if sound.type == "audio/mpeg":
            yield Episode(
                id=f"{index.room}/{index.id}",
                title=index.title,
                description="",
                begun_utc_ms=index.begun_utc_ms,
                duration_ms=index.duration_ms,
                page=f"{index.id}/",
                chapters_url=f"{index.id}/{CHAPTERS}",
                sound=Sound(f"{index.id}/{sound.url}", sound.type, sound.bytes),
                chapters=tuple(
                    Chapter(
                        one.begin_ms, one.end_ms, ChapterKind(one.kind), None, one.name, one.text
                    )
                    for one in index.chapters
                ),
                language=index.language,
            )


def _chapter(shown: ShownChapter) -> Chapter:
    kind = ChapterKind(shown.kind)
    return Chapter(shown.begin_ms, shown.end_ms, kind, None, shown.name, shown.text)
