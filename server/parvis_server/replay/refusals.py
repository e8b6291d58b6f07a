"""Who is recorded and in nothing that is published: those who did not say yes to that."""

import json
from typing import Final

from parvis_server.errors import BadRecording
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
    theirs = people & {kept.talker.participant for kept in opened.description.tracks}
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


def hidden_in(opened: Opened) -> frozenset[str]:
    """Who is recorded, and in nothing that is published."""
    voices = {kept.talker.participant for kept in opened.description.tracks}
    refused = {
        kept.talker.participant
        for kept in opened.description.tracks
        if not kept.talker.is_published
    }
    return frozenset(refused | voices & unpublished(opened))
