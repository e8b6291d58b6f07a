"""The static folder of one recording: page, sound, chapters, downloads.

Theory of operation. Everything is made in ``prepared`` inside the recording, from the tracks of
those who said yes to being published: the voices of the others are taken out of the mix as if they
had withdrawn. A host hears that; their word then puts the very same files in the public place.
What was prepared of a recording that has changed since is not published.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.errors import BadOgg, BadRecording
from parvis_server.record.ogg_opus import read_tail
from parvis_server.record.recording import DESCRIPTION, EVENTS, MIX, Track
from parvis_server.replay.feed import json_chapters, titled
from parvis_server.replay.formats import Label, telling, write_sound
from parvis_server.replay.index import (
    CHAPTERS,
    INDEX,
    WAVEFORM,
    Silence,
    SoundFile,
    index_of,
)
from parvis_server.replay.keeping import (
    changing,
    copies_of,
    delete_copies,
    note,
    remember_copy,
    remove,
    write_json,
    write_whole,
)
from parvis_server.replay.opened import Opened, ms_of, shown_name
from parvis_server.replay.opus_file import OpusFile, OpusSound, write_opus
from parvis_server.replay.page_files import write_page
from parvis_server.replay.refusals import UNPUBLISHED, hidden_in
from parvis_server.replay.series import read_index, write_feed
from parvis_server.replay.talker import PIECE_SAMPLES, own_packets, own_sound
from parvis_server.replay.waveform import Waveform
from parvis_server.replay.wishes import wished
from parvis_server.replay.withdraw import PREPARED, known_silences
from parvis_server.replay.without import Progress, render_without

Samples = NDArray[np.float32]

TYPES: Final = {
    ".opus": "audio/ogg; codecs=opus",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a published folder holds beside page and mix."""

    downloads: tuple[str, ...] = (".opus",)
    """Formats of the files per talker, and of the mix beside Opus and MP3."""


def prepare(
    opened: Opened,
    wish: Wish,
    page: Path,
    progress: Progress,
    *,
    replace_published: bool = False,
) -> Path:
    """Make the folder that could be published, for a host to hear.

    Where nobody's voice leaves the mix, it lies there at once, as the recorder wrote it, and again
    once outline, MP3 and the talkers' files are made.

    Args:
        opened: the recording, finished.
        wish: what shall be in it.
        page: the built pages.
        progress: of the mix that is made again, where somebody did not want to be published.
        replace_published: what was published of the same meanwhile becomes whole, too.

    Raises:
        BadRecording: it still grows, or cannot be read or written.
    """
    if opened.is_growing:
        raise BadRecording(f"{opened.name} still goes on: stop it first, then publish it")
    _check_wishes(opened)
    source = source_of(opened)
    if not hidden_in(opened):
        _put(opened, page, source, lambda draft: _fill_first(opened, draft))
    _put(opened, page, source, lambda draft: _fill(opened, wish, draft, progress))
    if replace_published:
        _complete_copies(opened, source)
    return opened.folder / PREPARED


def _check_wishes(opened: Opened) -> None:
    """Raise ``BadRecording`` while somebody's voice is still to leave."""
    if wished(opened.folder):
        raise BadRecording(
            f"somebody asked to be taken out: first parvis replay withdraw {opened.name}"
        )


def _put(opened: Opened, page: Path, source: str, fill: Callable[[Path], None]) -> None:
    """Make ``prepared`` anew; whoever changes the recording meanwhile need not wait for it."""
    draft = opened.folder / f"{PREPARED}.new"
    remove(draft)
    with telling(draft):
        draft.mkdir()
    fill(draft)
    write_page(page, draft)
    with changing(opened.folder):
        if source_of(opened) != source or wished(opened.folder):
            remove(draft)
            raise BadRecording(f"{opened.name} has changed meanwhile: prepare it again")
        remove(opened.folder / PREPARED)
        draft.rename(opened.folder / PREPARED)


def _complete_copies(opened: Opened, source: str) -> None:
    """What was published before everything was made is the same sound: it gets the rest."""
    with changing(opened.folder):
        for public in copies_of(opened.folder):
            index = public / INDEX
            if index.exists() and read_index(index).source == source:
                _replace(opened.folder / PREPARED, public)
                write_feed(public.parent)


def take_back(opened: Opened, utc_ms: int) -> int:
    """Publish it no longer; how many copies there were. The recording stays."""
    with changing(opened.folder):
        copies = delete_copies(opened.folder)
        for copy in copies:
            write_feed(copy.parent)
        note(opened.folder.parents[1], utc_ms, "take_back", opened.name, copies=len(copies))
    return len(copies)


def publish(opened: Opened, series: Path, utc_ms: int, address: str | None = None) -> Path:
    """Put what was prepared, and heard, in the public place.

    Args:
        opened: the recording.
        series: folder of the room's published recordings; it also gets the feed.
        utc_ms: now.
        address: of that folder on the web.

    Raises:
        BadRecording: nothing was prepared, the recording has changed since, or somebody's voice is
            still to leave it.
    """
    with changing(opened.folder):
        _check_wishes(opened)
        ready = opened.folder / PREPARED
        if not (ready / INDEX).exists():
            raise BadRecording(f"{opened.name} is not prepared: nobody has heard it yet")
        if read_index(ready / INDEX).source != source_of(opened):
            raise BadRecording(f"{opened.name} has changed since it was heard: prepare it again")
        public = series / opened.description.recording
        remember_copy(opened.folder, public)  # first: a copy that nobody knows of stays for ever
        _replace(ready, public)
        write_feed(series, address)
        note(opened.folder.parents[1], utc_ms, "publish", opened.name)
    return public


def _replace(ready: Path, public: Path) -> None:
    draft = public.with_name(f".{public.name}.new")
    try:
        public.parent.mkdir(parents=True, exist_ok=True)
        remove(draft)
        shutil.copytree(ready, draft)
        remove(public)
        draft.rename(public)
    except OSError as error:
        raise BadRecording(f"cannot write {public}: {error.strerror}") from error


def source_of(opened: Opened) -> str:
    """A fingerprint of everything that a published folder is made of."""
    digest = hashlib.sha256()
    for name in (DESCRIPTION, EVENTS, MIX, UNPUBLISHED):
        path = opened.folder / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _fill_first(opened: Opened, draft: Path) -> None:
    """What plays at once: the recorder's mix as it is, and who speaks when."""
    shutil.copy2(opened.folder / MIX, draft / MIX)
    try:
        tail = read_tail((draft / MIX).read_bytes())
    except BadOgg as error:
        raise BadRecording(f"{opened.folder / MIX}: {error}") from error
    end = opened.begin + tail.granule - tail.pre_skip
    _describe(opened, draft, end, (), (_file(draft, MIX),), (), ())


def _fill(opened: Opened, wish: Wish, draft: Path, progress: Progress) -> None:
    hidden = hidden_in(opened)
    opus, silences = _mix_without(opened, hidden, progress)
    end = opened.begin + opus.end - opus.pre_skip
    write_opus(draft / MIX, opus)
    mixes = [draft / "mix.mp3"]
    mixes += [draft / f"mix{suffix}" for suffix in wish.downloads if suffix != ".opus"]
    outline = Waveform()
    chapters = titled(opened.chapters(end, hidden), opened.description.language)
    label = Label(opened.description.title, chapters, ms_of(end - opened.begin))
    write_sound(mixes, label, sound_of(opus), outline.add)
    write_json(draft / WAVEFORM, outline.json())
    sounds = (_file(draft, MIX), _file(draft, "mix.mp3"))
    more = (_file(draft, path.name) for path in mixes[1:])
    downloads = (*more, *_talkers(opened, wish, draft, hidden, end))
    _describe(opened, draft, end, hidden, sounds, downloads, silences)


def _describe(
    opened: Opened,
    draft: Path,
    end: int,
    hidden: tuple[Track, ...],
    sounds: tuple[SoundFile, ...],
    downloads: tuple[SoundFile, ...],
    silences: tuple[Silence, ...],
) -> None:
    """Chapters and index; ``downloads`` beside the sounds."""
    description = opened.description
    chapters = opened.chapters(end, hidden)
    write_json(draft / CHAPTERS, json_chapters(chapters, description.language))
    index = index_of(
        description,
        duration_ms=ms_of(end - opened.begin),
        sounds=sounds,
        downloads=(*sounds, *downloads),
        chapters=chapters,
        marks=opened.marks(end, hidden),
        silences=(*known_silences(opened), *silences),
        source=source_of(opened),
    )
    write_whole(draft / INDEX, index.model_dump_json().encode())


def _mix_without(
    opened: Opened, hidden: tuple[Track, ...], progress: Progress
) -> tuple[OpusFile, tuple[Silence, ...]]:
    """The mix of those who said yes, and where microphones are muted in it."""
    mix = opened.mix()
    if not hidden:
        return mix.opus, ()
    left_out, others = opened.tracks_without(hidden)
    rendered = render_without(mix, left_out, others, progress)
    silences = (
        Silence(begin_ms=ms_of(one.begin - opened.begin), end_ms=ms_of(one.end - opened.begin))
        for one in rendered.muted
    )
    return rendered.opus, tuple(silences)


def sound_of(opus: OpusFile) -> Iterator[Samples]:
    """What a player plays of a file, in pieces of ten seconds."""
    sound = OpusSound(opus.packets)
    for low in range(opus.pre_skip, opus.end, PIECE_SAMPLES):
        yield sound.read(low, min(low + PIECE_SAMPLES, opus.end))


def _talkers(
    opened: Opened, wish: Wish, draft: Path, hidden: tuple[Track, ...], end: int
) -> Iterator[SoundFile]:
    """A file for each talker and format; named by number, since names may be any text."""
    people: dict[str, str | None] = {}
    shown = [kept for kept in opened.description.tracks if kept not in hidden]
    for kept in shown:
        people.setdefault(kept.talker.participant, shown_name(kept.talker))
    for number, (participant, name) in enumerate(people.items(), start=1):
        kepts = [kept for kept in shown if kept.talker.participant == participant]
        tracks = [opened.track(kept) for kept in kepts]
        stem = f"talker-{number:02}"
        for suffix in wish.downloads:
            path = draft / f"{stem}{suffix}"
            if suffix == ".opus":
                files = [opened.line(kept) for kept in kepts]
                write_opus(path, own_packets(files, opened.begin, end, number))
            else:
                write_sound(
                    [path], Label(name or stem), own_sound(tracks, opened.begin, end), _ignore
                )
            yield replace_who(_file(draft, path.name), name or stem)


def _ignore(_: Samples) -> None:
    """Nobody listens."""


def replace_who(file: SoundFile, who: str) -> SoundFile:
    """The file as one of somebody's voice alone."""
    return file.model_copy(update={"who": who})


def _file(draft: Path, name: str) -> SoundFile:
    path = draft / name
    return SoundFile(url=name, type=TYPES[path.suffix], bytes=path.stat().st_size)
