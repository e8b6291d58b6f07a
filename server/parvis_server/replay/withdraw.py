"""A person's voice leaves a recording: its mix, its tracks, its events, and every published copy.

Theory of operation. The order is such that a power cut at any moment leaves a recording that still
lists the person, so that doing it again finishes it (a mix made twice is the mix made once): the
wish is written down first, every copy and everything prepared is taken down at once, whatever
becomes of the rest; then the mix is made again and put in its place, then the events, then the
description forgets the tracks, then their files go, then the wish.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from parvis_server.errors import BadRecording
from parvis_server.record.recording import DESCRIPTION, EVENTS, MIX
from parvis_server.record.recording import Track as Kept
from parvis_server.replay.index import Silence
from parvis_server.replay.keeping import (
    changing,
    delete_copies,
    note,
    remove,
    unreached_copies,
    write_json,
    write_whole,
)
from parvis_server.replay.marks import is_about
from parvis_server.replay.opened import Opened, ms_of, open_recording
from parvis_server.replay.opus_file import write_opus
from parvis_server.replay.overview import CATCH_UP
from parvis_server.replay.refusals import forget_refusals
from parvis_server.replay.series import write_feed
from parvis_server.replay.wishes import fulfilled, wish, wished
from parvis_server.replay.without import Progress, Rendered, render_without

SILENCES: Final = "silences.json"
"""Where microphones were muted, because they had picked up a voice that left: no names."""


PREPARED: Final = "prepared"
"""What a host is to hear before it is published; see ``publish``."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was done."""

    tracks: int
    """So many stretches of their voice were in the recording."""
    made_again_ms: int
    silences: tuple[Silence, ...]
    """Where other microphones are muted now: for the host."""
    copies: int
    """So many published copies were taken down; they are to be published anew."""
    unreached: tuple[Path, ...] = ()
    """Published copies on a disk that is not there now: they still have the voice."""


def withdraw(
    folder: Path, participants: Iterable[str], utc_ms: int, progress: Progress
) -> Withdrawal:
    """Take these people out, and all who wished so before.

    Published copies are taken down: what is published again is what a host has heard.

    Args:
        folder: the recording.
        participants: their ids.
        utc_ms: now.
        progress: of the mix that is made again.

    Raises:
        BadRecording: the recording still goes on (the wish is kept), or cannot be read or written.
    """
    with changing(folder):
        opened = open_recording(folder)
        wish(folder, participants)
        gone = wished(folder)
        if opened.is_growing:
            raise BadRecording(
                f"{opened.name} still goes on: they are taken out of it as soon as it is over"
            )
        copies = take_down(folder)
        theirs = [one for one in opened.description.tracks if one.talker.is_of(gone)]
        rendered, silences = _make_again(opened, theirs, progress)
        _forget_events(folder, gone, opened.spans(theirs))
        _forget_tracks(opened, theirs)
        note(folder.parents[1], utc_ms, "withdraw", opened.name, tracks=len(theirs), copies=copies)
        forget_refusals(opened, gone)
        fulfilled(folder, gone)
    spans = rendered.stretches if rendered is not None else ()
    made = sum(end - begin for begin, end in spans)
    unreached = unreached_copies(folder)
    return Withdrawal(len(theirs), ms_of(made), silences, copies, unreached)


def _make_again(
    opened: Opened, theirs: list[Kept], progress: Progress
) -> tuple[Rendered | None, tuple[Silence, ...]]:
    """Put the mix without them in its place."""
    if not theirs:
        return None, ()
    left_out, others = opened.tracks_without(theirs)
    rendered = render_without(opened.mix(), left_out, others, progress)
    silences = tuple(
        Silence(begin_ms=ms_of(one.begin - opened.begin), end_ms=ms_of(one.end - opened.begin))
        for one in rendered.muted
    )
    told = sorted({(s.begin_ms, s.end_ms) for s in (*known_silences(opened), *silences)})
    write_json(opened.folder / SILENCES, [{"begin_ms": b, "end_ms": e} for b, e in told])
    write_opus(opened.folder / MIX, rendered.opus)
    return rendered, silences


def known_silences(opened: Opened) -> tuple[Silence, ...]:
    """Where earlier withdrawals muted microphones; raises ``BadRecording``."""
    path = opened.folder / SILENCES
    try:
        return tuple(Silence.model_validate(one) for one in _read_json(path, []))
    except ValidationError:
        raise BadRecording(
            f"{path} is damaged: delete it, it only tells where it is silent"
        ) from None


def _forget_events(folder: Path, gone: frozenset[str], spans: tuple[tuple[int, int], ...]) -> None:
    """Every line of the log in which one of them is named goes; of the first, their part of it; and
    what listeners marked in their turns, which lie between the room clocks of ``spans``."""
    path = folder / EVENTS
    if not path.exists():
        return
    kept = []
    for line in path.read_bytes().splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue  # a torn end
        if "view" in said:
            said["view"] = _without_people(said["view"], gone)
            line = json.dumps(said).encode()
        elif names(said, gone) or ("marks" in said and is_about(said["room_clock"], spans)):
            continue
        kept.append(line + b"\n")
    write_whole(path, b"".join(kept))


def names(said: Any, gone: frozenset[str]) -> bool:
    """Whether one of them is anywhere in this piece of JSON; ``x-mic`` is the phone of ``x``."""
    if isinstance(said, dict):
        return any(names(part, gone) for part in said.values())
    if isinstance(said, list):
        return any(names(part, gone) for part in said)
    return isinstance(said, str) and said.removesuffix("-mic") in gone


def _without_people(view: dict[str, Any], gone: frozenset[str]) -> dict[str, Any]:
    """The room at the beginning, without whatever names one of them."""
    kept = {}
    for key, part in view.items():
        if isinstance(part, list):
            kept[key] = [one for one in part if not names(one, gone)]
        elif not names(part, gone):
            kept[key] = part
    return kept


def _forget_tracks(opened: Opened, theirs: list[Kept]) -> None:
    stay = tuple(one for one in opened.description.tracks if one not in theirs)
    update = opened.description.model_copy(update={"tracks": stay})
    write_whole(opened.folder / DESCRIPTION, update.serialize())
    for kept in theirs:
        remove(opened.folder / kept.file)
        remove(opened.folder / kept.places)


def take_down(folder: Path) -> int:
    """Remove every copy: published (how many there were), prepared, and for who came late."""
    copies = delete_copies(folder)
    for copy in copies:
        write_feed(copy.parent)
    for name in (PREPARED, f"{PREPARED}.new", CATCH_UP):
        remove(folder / name)
    return len(copies)


def _read_json(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError) as error:
        raise BadRecording(f"{path} cannot be read: {error}") from error
