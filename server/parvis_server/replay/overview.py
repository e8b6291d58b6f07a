"""A room's recordings as its hosts see them; read without sound, since the hub itself does it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from parvis_server.errors import BadRecording
from parvis_server.record.recording import DESCRIPTION, Recording
from parvis_server.replay.index import INDEX, Index
from parvis_server.replay.retention import deleted_at_utc_ms

PREPARED: Final = "prepared"
ADDRESS: Final = "address.txt"
"""Where a room's published folder stands on the web, once somebody has said it."""
CATCH_UP: Final = "catch_up"
"""The copy of a recording that goes on, for those who come late."""
WISHES: Final = "withdrawals.json"
SILENCES: Final = "silences.json"
REFUSED: Final = "unpublished.json"
SAMPLES_PER_MS: Final = 48
SEAT: Final = "seat"
"""Kind of a voice that is in the recording by a table's microphone alone: somebody sat there."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Somebody whose voice is in a recording."""

    participant: str
    name: str | None
    kind: str
    is_published: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Overview:
    """One recording."""

    description: Recording
    duration_ms: int | None
    """None: it goes on."""
    delete_utc_ms: int
    voices: tuple[Heard, ...]
    leaving: int
    """So many people wait to be taken out."""
    silences: tuple[tuple[int, int], ...]
    """Where microphones were muted because of somebody who left, in milliseconds."""
    prepared: str | None
    """Of what was prepared to be heard: its fingerprint; None: nothing is."""
    published: str | None
    """Of what is published now."""

    @property
    def name(self) -> str:
        """``room/recording``."""
        return self.description.folder


def overviews(recordings: Path, published: Path, room: str) -> list[Overview]:
    """All of a room, the newest first; what cannot be read is passed over.

    Args:
        recordings: their folder.
        published: folder of all that is published.
        room: whose.
    """
    found = []
    for path in (recordings / room).glob(f"*/{DESCRIPTION}"):
        try:
            found.append(_of(path.parent, published / room))
        except (OSError, BadRecording):
            continue  # `parvis replay list` says what is wrong with it
    return sorted(found, key=lambda one: -one.description.begun_utc_ms)


def replays(series: Path) -> list[Index]:
    """What is published of a room, the newest first."""
    found = (index_of(path) for path in series.glob(f"*/{INDEX}"))
    shown = [index for index in found if index is not None]
    return sorted(shown, key=lambda one: -one.begun_utc_ms)


def index_of(path: Path) -> Index | None:
    """What a made folder says of itself; None: it is not there, or not whole."""
    try:
        return Index.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _of(folder: Path, series: Path) -> Overview:
    description = Recording.parse((folder / DESCRIPTION).read_bytes())
    ended = description.ended_clock
    length = None if ended is None else max(0, ended - description.begun_clock) // SAMPLES_PER_MS
    prepared = index_of(folder / PREPARED / INDEX)
    public = index_of(series / description.recording / INDEX)
    return Overview(
        description=description,
        duration_ms=length,
        delete_utc_ms=deleted_at_utc_ms(description),
        voices=tuple(_voices(description, frozenset(map(str, _listed(folder / REFUSED))))),
        leaving=len(_listed(folder / WISHES)),
        silences=tuple((one["begin_ms"], one["end_ms"]) for one in _listed(folder / SILENCES)),
        prepared=None if prepared is None else prepared.source,
        published=None if public is None else public.source,
    )


def _voices(description: Recording, refused: frozenset[str]) -> Iterator[Heard]:
    """Each person once, in the order in which they spoke; those who sat at a table, too."""
    found: dict[str, Heard] = {}
    for kept in description.tracks:
        talker, begun = kept.talker, kept.begun_clock
        lasted = max(0, (kept.ended_clock or begun) - begun) // SAMPLES_PER_MS
        is_public = talker.is_published and not talker.people & refused
        own = Heard(talker.participant, talker.name, talker.kind.value, is_public, lasted)
        _add(found, own)
        for one in talker.answered_by:
            _add(found, Heard(one.participant, one.name, SEAT, is_public, lasted))
    yield from found.values()


def _add(found: dict[str, Heard], heard: Heard) -> None:
    before = found.get(heard.participant)
    if before is not None:
        heard = replace(
            heard,
            kind=heard.kind if before.kind == SEAT else before.kind,
            is_published=heard.is_published and before.is_published,
            duration_ms=heard.duration_ms + before.duration_ms,
        )
    found[heard.participant] = heard


def _listed(path: Path) -> list[Any]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return told if isinstance(told, list) else []
