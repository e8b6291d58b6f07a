"""A bundle that is named by a person, as a file of this machine."""

import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from parvis_server.errors import UsageError
from parvis_server.updates.files import PIECE_BYTES
from parvis_wire.bundle import MAX_BUNDLE_BYTES

TIMEOUT_S = 30.0
SCHEMES = ("https://", "http://")
"""Whoever alters a bundle on the way is found out by its signature."""


@contextmanager
def brought(named: str) -> Iterator[Path]:
    """The file itself, or what is at an address, fetched for the length of a block.

    Raises:
        UsageError: nothing can be fetched there.
    """
    if not named.startswith(SCHEMES):
        yield Path(named)
        return
    with tempfile.TemporaryDirectory(prefix="parvis-update-") as folder:
        path = Path(folder) / "bundle"
        try:
            with (
                urllib.request.urlopen(named, timeout=TIMEOUT_S) as answer,
                path.open("wb") as copy,
            ):
                _copy(answer, copy, named)
        except (OSError, ValueError, urllib.error.URLError) as error:
            raise UsageError(f"{named} cannot be fetched: {error}") from error
        yield path


def _copy(answer: IO[bytes], copy: IO[bytes], named: str) -> None:
    left = MAX_BUNDLE_BYTES
    while piece := answer.read(PIECE_BYTES):
        left -= len(piece)
        if left < 0:
            raise UsageError(f"{named} is larger than any bundle")
        copy.write(piece)
