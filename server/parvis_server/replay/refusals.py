"""Who is recorded and in nothing that is published: those who did not say yes to that.

A table's own microphone is left out for as long as somebody sat there who did not; its other
stretches stay.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from parvis_server.errors import BadRecording
from parvis_server.record.recording import Track
from parvis_server.replay.keeping import remove, write_json
from parvis_server.replay.opened import Opened

UNPUBLISHED: Final = "unpublished.json"
"""Participants whose last answer was not a yes to being published."""


def note_unpublished(opened: Opened, people: set[str]) -> None:
    """Remember whose last answer was not a yes to being published, whatever they said before.

    Of people whose voice is in the recording: whoever was taken out is not named again.
    """
    path = opened.folder / UNPUBLISHED
    known = unpublished(opened)
    theirs = people & voices_in(opened.description.tracks)
    if theirs - known:
        write_json(path, sorted(known | theirs))


def forget_refusals(opened: Opened, people: frozenset[str]) -> None:
    """Whoever is in it no more need not be remembered as one who is not to be published."""
    left = unpublished(opened) - people
    if left:
        write_json(opened.folder / UNPUBLISHED, sorted(left))
    else:
        remove(opened.folder / UNPUBLISHED)


def unpublished(opened: Opened) -> frozenset[str]:
    """Them; raises ``BadRecording``."""
    path = opened.folder / UNPUBLISHED
    try:
        return frozenset(str(one) for one in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError) as error:
        raise BadRecording(f"{path} cannot be read: {error}") from error


def voices_in(tracks: Iterable[Track]) -> frozenset[str]:
    """Everybody whose voice may be in these."""
    return frozenset().union(*(kept.talker.people for kept in tracks))


def hidden_people(tracks: Sequence[Track], refused: frozenset[str]) -> frozenset[str]:
    """Who is in nothing that is published: who refused, and who alone answered for a track that
    is not to be published.

    Args:
        tracks: of the recording.
        refused: whose last answer was no, or who took their voice out; of whatever recording.
    """
    alone = (kept.talker.people for kept in tracks if not kept.talker.is_published)
    return (voices_in(tracks) & refused).union(*(people for people in alone if len(people) == 1))


def hidden_tracks(tracks: Sequence[Track], hidden: frozenset[str]) -> tuple[Track, ...]:
    """What is left out of everything that is published, with these people hidden."""
    return tuple(
        kept for kept in tracks if not kept.talker.is_published or kept.talker.people & hidden
    )


def hidden_in(opened: Opened) -> tuple[Track, ...]:
    """What is recorded, and in nothing that is published."""
    tracks = opened.description.tracks
    return hidden_tracks(tracks, hidden_people(tracks, unpublished(opened)))
