"""What is due in a folder of recordings: voices to be taken out, and what is kept no longer."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from parvis_server.errors import BadRecording
from parvis_server.replay.opened import every
from parvis_server.replay.retention import is_due
from parvis_server.replay.rights import erase_recording, is_in
from parvis_server.replay.withdraw import wished, withdraw

Done = dict[str, Any]


def carry_out(recordings: Path, wishes: Iterable[tuple[str, str]], utc_ms: int) -> Iterator[Done]:
    """Do what is due, one thing after the other; what fails hinders nothing else.

    Args:
        recordings: their folder.
        wishes: ``room/recording`` and who asked for their voice to be taken out of it.
        utc_ms: now.

    Yields:
        What was done: ``withdrawn`` with its silences, ``expired``, ``failed`` with a line; and
        ``settled`` for each recording of which no wish is left open.
    """
    asked: dict[str, set[str]] = {}
    for name, participant in wishes:
        asked.setdefault(name, set()).add(participant)
    open_still: set[str] = set()
    for opened in every(recordings):
        if opened.is_growing:
            open_still.add(opened.name)
            continue
        try:
            if is_due(opened.description, utc_ms):
                erase_recording(opened, utc_ms, "expire")
                yield {"expired": opened.name}
                continue
            wanted = {one for one in asked.get(opened.name, ()) if is_in(opened, one)}
            if wanted or wished(opened.folder):
                done = withdraw(opened.folder, wanted, utc_ms, _quiet)
                silences = [[one.begin_ms, one.end_ms] for one in done.silences]
                yield {"withdrawn": opened.name, "tracks": done.tracks, "silences": silences}
        except BadRecording as error:
            open_still.add(opened.name)
            yield {"failed": opened.name, "why": str(error)}
    yield from ({"settled": name} for name in sorted(asked.keys() - open_still))


def _quiet(done: int, total: int) -> None:
    """Nobody watches."""
