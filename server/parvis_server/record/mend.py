"""Mends what a power cut or a killed recorder left of a recording: torn tails are cut off.

Afterwards every file of it is whole, its description names exactly the files that are there, and it
says when it ended: where its sound ends. A recording whose room goes on is then gone on with.

A disk writes files in an order of its own, so the mix may have a moment of a voice whose own file
was lost. Such a track stays, empty, up to the mix's end: a withdrawal has to know where they spoke.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parvis_server.errors import BadOgg, BadRecording
from parvis_server.record.files import replace_file, sync_folder
from parvis_server.record.ogg_opus import OpusTail, OpusWriter, read_tail, read_tail_of
from parvis_server.record.places import Place, Places, PlacesWriter
from parvis_server.record.recording import (
    DESCRIPTION,
    EVENTS,
    MIX,
    MIX_PLACES,
    Recording,
    Track,
)
from parvis_server.record.take import Found
from parvis_wire import serial

log = logging.getLogger(__name__)

HEAD_BYTES: Final = 8_192
"""Both pages of headers, many times over."""

TAIL_BYTES: Final = 262_144
"""Four pages of the largest kind: the last whole one is among them, whatever was torn."""


def mend_all(folder: Path) -> None:
    """Mend every recording that was not ended in good order."""
    for description in sorted(folder.glob(f"*/*/{DESCRIPTION}")):
        try:
            mend(description.parent)
        except (OSError, BadRecording) as error:
            log.error("a recording cannot be mended: %s: %s", description.parent, error)


def mend(folder: Path) -> Found | None:
    """Mend one recording; what is there of it, or None when nothing is.

    Raises:
        BadRecording: its description cannot be read.
        OSError: a file cannot be read or cut.
    """
    for draft in folder.glob("*.new"):
        draft.unlink()
    try:
        recording = Recording.parse((folder / DESCRIPTION).read_bytes())
    except FileNotFoundError:
        return None
    if recording.ended_clock is not None:
        mended_before = mend_places(folder / MIX_PLACES)
        return Found(recording, mend_opus(folder / MIX), mended_before is not None)
    mix, mix_places = mend_opus(folder / MIX), mend_places(folder / MIX_PLACES)
    _mend_lines(folder / EVENTS)
    mix_clock = None if mix is None else recording.mix_clock
    mix_end = 0
    if mix is not None and mix_clock is not None:
        mix_end = mix_clock + mix.granule - mix.pre_skip
    tracks = tuple(_mended_tracks(folder, recording.tracks, mix_end))
    ends = [track.ended_clock or 0 for track in tracks]
    ended = max(recording.begun_clock, mix_end, *ends, *_event_clocks(folder / EVENTS))
    lasted_ms = (ended - recording.begun_clock) // 48
    update = {
        "tracks": tracks,
        "mix_clock": mix_clock,
        "ended_clock": ended,
        "ended_utc_ms": recording.begun_utc_ms + lasted_ms,
    }
    mended = recording.model_copy(update=update)
    replace_file(folder / DESCRIPTION, mended.serialize())
    log.warning("recording %s was cut off: mended, %d ms of it", folder, lasted_ms)
    return Found(mended, mix, mix_places is not None)


def mend_opus(path: Path) -> OpusTail | None:
    """Cut a torn tail off; None, and no file any more, when not even its headers are whole."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= HEAD_BYTES + TAIL_BYTES:
                tail = read_tail(file.read())
            else:
                head = file.read(HEAD_BYTES)
                file.seek(size - TAIL_BYTES)
                tail = read_tail_of(head, file.read(), size - TAIL_BYTES)
    except FileNotFoundError:
        return None
    except BadOgg:
        path.unlink()
        return None
    _cut(path, tail.whole_bytes)
    return tail


def mend_places(path: Path) -> Places | None:
    """The same for a file of places."""
    try:
        places = Places.parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except BadRecording:
        path.unlink()
        return None
    _cut(path, places.whole_bytes)
    return places


def _mended_tracks(folder: Path, tracks: tuple[Track, ...], mix_end: int) -> Iterator[Track]:
    """Those whose sound is there, or may be in the mix."""
    for track in tracks:
        tail, places = mend_opus(folder / track.file), mend_places(folder / track.places)
        is_lost = tail is None or tail.granule == 0 or places is None
        if is_lost and track.begun_clock < mix_end:
            _leave_empty(folder, track)
            yield track.model_copy(update={"ended_clock": track.ended_clock or mix_end})
        elif tail is None or tail.granule == 0 or places is None:
            for name in (track.file, track.places):
                with contextlib.suppress(FileNotFoundError):
                    (folder / name).unlink()
        elif track.ended_clock is not None:
            yield track
        else:
            ended = max(track.begun_clock, _ended_at(tail, places), mix_end)
            yield track.model_copy(update={"ended_clock": ended})


def _leave_empty(folder: Path, track: Track) -> None:
    """Files without sound, in the place of what was lost."""
    number = int(Path(track.file).stem)
    tags = {"PARVIS_TIMESTAMP": "0", "PARVIS_SSRC": str(track.talker.ssrc)}
    (folder / track.file).parent.mkdir(exist_ok=True)
    replace_file(folder / track.file, OpusWriter(number + 1, tags).head)
    replace_file(folder / track.places, PlacesWriter(track.talker.ssrc).head)


def _ended_at(tail: OpusTail, places: Places) -> int:
    """Room clock at which the sound of a track that was cut off ends."""
    if not places.records:
        return 0
    last = places.records[-1]
    sounding: Place | None = None
    for place in places.records:
        sounding = place if place.timestamp is not None else sounding
    if sounding is None or sounding.timestamp is None or last.timestamp is None:
        return last.room_clock
    first = int(tail.tags.get("PARVIS_TIMESTAMP", "0"))
    behind = serial.add(first, tail.granule, serial.TIMESTAMP_BITS)
    left = serial.distance(sounding.timestamp, behind, serial.TIMESTAMP_BITS)
    return max(last.room_clock, sounding.room_clock + left)


def _mend_lines(path: Path) -> None:
    """Up to the last line that is whole JSON."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    whole = 0
    for line in content.splitlines(keepends=True):
        try:
            if not line.endswith(b"\n"):
                break
            json.loads(line)
        except ValueError:
            break
        whole += len(line)
    _cut(path, whole)


def _event_clocks(path: Path) -> list[int]:
    """Room clock of the last event."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    clock = json.loads(lines[-1]).get("room_clock") if lines else None
    return [clock] if isinstance(clock, int) else []


def _cut(path: Path, size: int) -> None:
    if path.stat().st_size <= size:
        return
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())
    sync_folder(path.parent)
