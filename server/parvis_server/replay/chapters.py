"""Chapters of a recording, from the floor's own events: who spoke when, what was asked.

A chapter begins at the very event that opened a microphone and ends at the one that closed it:
nothing is guessed from the sound. Turns of one person with less than ``BREATH_MS`` between them
and nobody else's in between are one chapter (push to talk gives a turn for each press).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from parvis_wire.floor import Hand, Turn
from parvis_wire.room_events import (
    AskClosed,
    Asked,
    FloorGranted,
    FloorReleased,
    FloorReturned,
    FloorTaken,
    HandRaised,
    PhaseSet,
    RoomEvent,
)
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

SAMPLES_PER_MS: Final = 48

BREATH_MS: Final = 2_000
"""Shorter than anybody's change of mind, longer than a thumb's rest between two presses."""

BORDER_MS: Final = 200
"""A track begins with its first packet, a little after the floor's event."""


class ChapterKind(StrEnum):
    """What a chapter is about."""

    SPEAKER = "speaker"
    QUESTION = "question"
    """A turn that came with a written line, spoken or read out."""
    VOTE = "vote"
    """A show of hands."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the floor's log."""

    at: int
    """Room clock, 48 kHz samples."""
    event: RoomEvent


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of the recording; milliseconds from its beginning, ``begin_ms < end_ms``."""

    begin_ms: int
    end_ms: int
    kind: ChapterKind
    participant: str | None
    """Whose turn it is; None: a show of hands. Never published."""
    name: str | None
    """As they chose to be shown; None: they stay unnamed, or nobody speaks."""
    text: str | None = None
    """The written line, or what everybody was asked."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the public knew of a person when their turn began."""

    name: str | None
    text: str | None


@dataclass(slots=True)
class _Reading:
    """What is open while the log is read."""

    known: dict[str, _Shown] = field(default_factory=dict)
    open: dict[str, tuple[int, _Shown]] = field(default_factory=dict)
    asked: tuple[int, str] | None = None
    found: list[tuple[int, int, ChapterKind, str | None, _Shown]] = field(default_factory=list)


def chapters_of(
    events: Iterable[Happened],
    *,
    begin: int,
    end: int,
    view: RoomView | None = None,
    left_out: frozenset[str] = frozenset(),
) -> tuple[Chapter, ...]:
    """The chapters, in the order of their beginnings.

    Args:
        events: the floor's log, in order; what came before ``begin`` names people.
        begin: room clock at the recording's beginning.
        end: room clock at its end; of one that still grows, now.
        view: the room at ``begin``: whose turn it was already.
        left_out: participants who are in no chapter: they refused, or withdrew.
    """
    reading = _Reading()
    if view is not None:
        _begin_with(reading, view, begin)
    for happened in events:
        _read(reading, happened.event, happened.at)
    for participant in tuple(reading.open):
        _close(reading, participant, end)
    if reading.asked is not None:
        _close_vote(reading, end)
    inside = sorted(_cut(reading.found, begin, end, left_out), key=lambda one: one.begin_ms)
    return tuple(_joined(inside))


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch in which somebody is in the recording; milliseconds from its beginning."""

    begin_ms: int
    end_ms: int
    name: str | None
    """As it was shown then."""


def only_heard(
    chapters: Iterable[Chapter], heard: Mapping[str, Sequence[Heard]]
) -> tuple[Chapter, ...]:
    """The chapters of those whose voice is there, as far as it is there.

    A turn without a yes is on the floor and not in the recording. Who says yes in the middle of a
    turn is named from then on; ``heard`` knows how. Borders less than ``BORDER_MS`` away stay the
    floor's. Where a turn is not heard for more than a breath, it is two chapters.
    """
    return tuple(clipped for chapter in chapters for clipped in _clipped(chapter, heard))


def _clipped(chapter: Chapter, heard: Mapping[str, Sequence[Heard]]) -> Iterable[Chapter]:
    if chapter.participant is None:
        yield chapter
        return
    near = [
        one
        for one in heard.get(chapter.participant, ())
        if one.begin_ms < chapter.end_ms and one.end_ms > chapter.begin_ms
    ]
    for run in _runs(sorted(near, key=lambda one: one.begin_ms)):
        begin_ms, end_ms = run[0].begin_ms, max(one.end_ms for one in run)
        yield replace(
            chapter,
            begin_ms=begin_ms if begin_ms > chapter.begin_ms + BORDER_MS else chapter.begin_ms,
            end_ms=end_ms if end_ms < chapter.end_ms - BORDER_MS else chapter.end_ms,
            name=chapter.name or run[0].name,
        )


def _runs(near: Iterable[Heard]) -> Iterable[list[Heard]]:
    """What is no more than a breath apart, together."""
    run: list[Heard] = []
    for one in near:
        if run and one.begin_ms - max(before.end_ms for before in run) > BREATH_MS:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _begin_with(reading: _Reading, view: RoomView, begin: int) -> None:
    for hand in view.line:
        reading.known[hand.participant] = _shown(hand)
    for turn in view.floor:
        reading.known[turn.participant] = _shown(turn)
        if turn.ssrc is not None:
            reading.open[turn.participant] = (begin, _shown(turn))
    if view.ask is not None:
        reading.asked = (begin, view.ask.question)


def _shown(person: Hand | Turn) -> _Shown:
    hidden = person.anonymous or person.name == ANONYMOUS_NAME
    return _Shown(None if hidden else person.name, person.text)


def _read(reading: _Reading, event: RoomEvent, at: int) -> None:
    match event:
        case HandRaised(hand=hand):
            reading.known[hand.participant] = _shown(hand)
        case FloorGranted(participant=who):
            reading.known.setdefault(who, _Shown(None, None))
        case FloorTaken(participant=who, hand=hand):
            if hand is not None:
                reading.known[who] = _shown(hand)
            shown = reading.known.get(who) or _Shown(event.unit_name, None)
            reading.open.setdefault(who, (at, shown))
        case FloorReleased(participant=who) | FloorReturned(participant=who):
            _close(reading, who, at)
        case Asked(ask=ask):
            reading.asked = (at, ask.question)
        case AskClosed():
            _close_vote(reading, at)
        case PhaseSet():
            for participant in tuple(reading.open):
                if event.phase == "ended":
                    _close(reading, participant, at)
        case _:
            pass


def _close(reading: _Reading, participant: str, at: int) -> None:
    begun = reading.open.pop(participant, None)
    if begun is not None:
        kind = ChapterKind.SPEAKER if begun[1].text is None else ChapterKind.QUESTION
        reading.found.append((begun[0], at, kind, participant, begun[1]))


def _close_vote(reading: _Reading, at: int) -> None:
    if reading.asked is not None:
        begun, question = reading.asked
        reading.found.append((begun, at, ChapterKind.VOTE, None, _Shown(None, question)))
        reading.asked = None


def _cut(
    found: Iterable[tuple[int, int, ChapterKind, str | None, _Shown]],
    begin: int,
    end: int,
    left_out: frozenset[str],
) -> Iterable[Chapter]:
    for began, ended, kind, participant, shown in found:
        first, last = max(began, begin), min(ended, end)
        begin_ms = (first - begin) // SAMPLES_PER_MS
        end_ms = (last - begin) // SAMPLES_PER_MS
        if participant not in left_out and begin_ms < end_ms:
            yield Chapter(begin_ms, end_ms, kind, participant, shown.name, shown.text)


def _joined(chapters: Iterable[Chapter]) -> Iterable[Chapter]:
    """Neighbours that are one person's breath apart, as one."""
    last: Chapter | None = None
    for chapter in chapters:
        if last is not None and _is_same_turn(last, chapter):
            last = replace(last, end_ms=max(last.end_ms, chapter.end_ms))
            continue
        if last is not None:
            yield last
        last = chapter
    if last is not None:
        yield last


def _is_same_turn(last: Chapter, chapter: Chapter) -> bool:
    same = (last.participant, last.name, last.text) == (
        chapter.participant,
        chapter.name,
        chapter.text,
    )
    return same and chapter.participant is not None and chapter.begin_ms - last.end_ms <= BREATH_MS


def chapter_title(chapter: Chapter, words: Mapping[str, str]) -> str:
    """A chapter in one line, for podcast players; ``words``: ``unnamed`` and ``vote``."""
    if chapter.kind is ChapterKind.VOTE:
        return f"{words['vote']}: {chapter.text}"
    name = chapter.name or words["unnamed"]
    return name if chapter.text is None else f"{name}: {chapter.text}"
