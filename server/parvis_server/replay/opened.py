"""A recording's folder, opened for reading: finished, growing, or left by a power cut."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from parvis_audio.opus import program_encoder
from parvis_server.errors import BadRecording
from parvis_server.record.places import Places
from parvis_server.record.recording import (
    DESCRIPTION,
    EVENTS,
    MIX,
    MIX_PLACES,
    Recording,
    Talker,
)
from parvis_server.record.recording import Track as Kept
from parvis_server.replay.bus import Track
from parvis_server.replay.chapters import (
    SAMPLES_PER_MS,
    Chapter,
    Happened,
    Heard,
    chapters_of,
    only_heard,
)
from parvis_server.replay.index import Mark
from parvis_server.replay.marks import Tap, marks_of
from parvis_server.replay.opus_file import OpusFile, OpusSound, read_opus
from parvis_server.replay.placing import Place
from parvis_server.replay.without import Mix
from parvis_wire.room_events import RoomEvent
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

RECORDINGS: Final = "recordings"
"""Their folder in the data folder."""

NEAR_SAMPLES: Final = 2 * 48_000
"""More than what is made anew around a voice, and than a playout buffer moves its line."""

FOREVER: Final = 1 << 62
"""Room clock of what has not ended."""

_EVENTS: Final[TypeAdapter[RoomEvent]] = TypeAdapter(RoomEvent)


@dataclass(frozen=True, slots=True)
class Opened:
    """One recording."""

    folder: Path
    description: Recording

    @property
    def name(self) -> str:
        """``room/recording``, as commands name it."""
        return self.description.folder

    @property
    def is_growing(self) -> bool:
        """Whether the recorder still writes to it, or fell before it could end it."""
        return self.description.ended_clock is None

    @property
    def begin(self) -> int:
        """Room clock of the first moment that is heard."""
        return self.description.mix_clock or self.description.begun_clock

    def mix(self) -> Mix:
        """The recorded mix; raises ``BadRecording``."""
        opus = read_opus(self.folder / MIX)
        first = self.begin + program_encoder().lookahead_samples - opus.pre_skip
        gains = tuple(Place(*one) for one in self._places(MIX_PLACES).positions(0))
        return Mix(opus, first, gains)

    def track(self, kept: Kept, near: Sequence[tuple[int, int]] | None = None) -> Track:
        """One of its tracks with its sound; raises ``BadRecording``.

        ``near``: room clocks between which it is wanted; the packets of an evening take 100 MB.
        """
        opus = read_opus(self.folder / kept.file)
        places = self._placed(kept, opus)
        packets = opus.packets
        if near is not None:
            first = _first_clock(kept, places)
            packets = tuple(one for one in packets if _is_near(first + one.begin, near))
        clocks = [kept.begun_clock, *(place.room_clock for place in places)]
        end = max(clocks[-1], kept.ended_clock or 0)
        return Track(kept.file, places, OpusSound(packets), min(clocks), end)

    def tracks_without(self, theirs: Sequence[Kept]) -> tuple[list[Track], list[Track]]:
        """These tracks, and all others as far as they sound beside them."""
        near = [(one.begun_clock, one.ended_clock or one.begun_clock) for one in theirs]
        others = [one for one in self.description.tracks if one not in theirs]
        return [self.track(one) for one in theirs], [self.track(one, near) for one in others]

    def line(self, kept: Kept) -> tuple[int, OpusFile]:
        """One of its tracks as packets, and the room clock of the first sample of them.

        Raises:
            BadRecording: it cannot be read.
        """
        opus = read_opus(self.folder / kept.file)
        return _first_clock(kept, self._placed(kept, opus)), opus

    def _placed(self, kept: Kept, opus: OpusFile) -> tuple[Place, ...]:
        positions = self._places(kept.places).positions(opus.first_timestamp())
        return tuple(Place(*one) for one in positions)

    def _places(self, name: str) -> Places:
        path = self.folder / name
        try:
            return Places.parse(path.read_bytes())
        except OSError as error:
            raise BadRecording(f"cannot read {path}: {error.strerror}") from error
        except BadRecording as error:
            raise BadRecording(f"{path}: {error}") from None

    def log(self) -> "Log":
        """The floor's events; raises ``BadRecording``."""
        return read_log(self.folder / EVENTS)

    def chapters(self, end: int, left_out: Sequence[Kept] = ()) -> tuple[Chapter, ...]:
        """Its chapters up to room clock ``end``, without the tracks that are left out."""
        log = self.log()
        found = chapters_of(log.events, begin=self.begin, end=end, view=log.view)
        heard: dict[str, list[Heard]] = {}
        for kept in self.description.tracks:
            if kept in left_out:
                continue
            begun, ended = kept.begun_clock - self.begin, (kept.ended_clock or end) - self.begin
            span = Heard(ms_of(begun), ms_of(ended), shown_name(kept.talker))
            heard.setdefault(kept.talker.participant, []).append(span)
        return only_heard(found, heard)

    def marks(self, end: int, left_out: Sequence[Kept] = ()) -> tuple[Mark, ...]:
        """What listeners marked up to room clock ``end``, but for the tracks that are left out."""
        spans = self.spans(left_out)
        return marks_of(self.log().taps, begin=self.begin, end=end, hidden=spans)

    @staticmethod
    def spans(tracks: Sequence[Kept]) -> tuple[tuple[int, int], ...]:
        """Room clocks between which these tracks were recorded."""
        return tuple(
            (kept.begun_clock, FOREVER if kept.ended_clock is None else kept.ended_clock)
            for kept in tracks
        )


def _first_clock(kept: Kept, places: Sequence[Place]) -> int:
    """Room clock of the first sample of a track's file."""
    for place in places:
        if place.position is not None:
            return place.room_clock - place.position
    return kept.begun_clock


def _is_near(clock: int, near: Sequence[tuple[int, int]]) -> bool:
    return any(begin - NEAR_SAMPLES < clock < end + NEAR_SAMPLES for begin, end in near)


@dataclass(frozen=True, slots=True)
class Log:
    """What is kept of the floor beside the sound."""

    view: RoomView | None
    """The room when the recording began."""
    events: tuple[Happened, ...]
    taps: tuple[Tap, ...] = ()
    """When listeners marked a moment, and how many."""


def read_log(path: Path) -> Log:
    """Read ``events.jsonl``, up to a line that was torn at its end.

    Raises:
        BadRecording: it cannot be read, or a line in its middle is damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Log(None, ())
    except OSError as error:
        raise BadRecording(f"cannot read {path}: {error.strerror}") from error
    whole = content[: content.rfind(b"\n") + 1].splitlines()
    view: RoomView | None = None
    events: list[Happened] = []
    taps: list[Tap] = []
    for number, line in enumerate(whole, start=1):
        try:
            said = json.loads(line)
            if "view" in said:
                view = RoomView.model_validate(said["view"])
            elif "marks" in said:
                taps.append((int(said["room_clock"]), int(said["marks"])))
            else:
                event = _EVENTS.validate_python(said["event"])
                events.append(Happened(int(said["room_clock"]), event))
        except (ValueError, KeyError, TypeError, ValidationError):
            raise BadRecording(f"{path}: line {number} is no event") from None
    return Log(view, tuple(events), tuple(taps))


def open_recording(folder: Path) -> Opened:
    """Open one; raises ``BadRecording``."""
    try:
        content = (folder / DESCRIPTION).read_bytes()
    except OSError as error:
        raise BadRecording(f"{folder} holds no recording: {error.strerror}") from error
    try:
        return Opened(folder, Recording.parse(content))
    except BadRecording as error:
        raise BadRecording(f"{folder / error.args[0]}") from None


def find(recordings: Path, name: str) -> Opened:
    """The recording that is called ``room/recording``, or the newest of a room.

    Raises:
        BadRecording: there is none of this name.
    """
    room, _, recording = name.partition("/")
    for one in every(recordings):
        if one.description.room == room and recording in ("", one.description.recording):
            return one
    raise BadRecording(f"there is no recording {name!r} in {recordings}: see parvis replay list")


def every(recordings: Path) -> Iterator[Opened]:
    """Every recording that can be opened, the newest first."""
    opened = []
    for path in sorted(recordings.glob(f"*/*/{DESCRIPTION}")):
        try:
            opened.append(open_recording(path.parent))
        except BadRecording:
            continue  # `parvis replay list` names those by `damaged`
    yield from sorted(opened, key=lambda one: (-one.description.begun_utc_ms, one.name))


def damaged(recordings: Path) -> Iterator[str]:
    """What is wrong with each recording that cannot be opened."""
    return (why for _, why in damaged_folders(recordings))


def damaged_folders(recordings: Path) -> Iterator[tuple[Path, str]]:
    """Each recording that cannot be opened, and what is wrong with it."""
    for path in sorted(recordings.glob(f"*/*/{DESCRIPTION}")):
        try:
            open_recording(path.parent)
        except BadRecording as error:
            yield path.parent, str(error)


def shown_name(talker: Talker) -> str | None:
    """What the public may call them; None: they chose to stay unnamed."""
    return None if talker.name == ANONYMOUS_NAME else talker.name


def ms_of(samples: int) -> int:
    """Samples of the room clock as milliseconds."""
    return samples // SAMPLES_PER_MS
