"""What a host takes home: a ZIP archive of what was recorded, sent while it is made.

A process of its own reads and packs it (``python -m parvis_server.replay.export``), at the lowest
priority; it ends when nobody takes the archive any more.
"""

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

log = logging.getLogger(__name__)

MAX_EXPORTS: Final = 2
"""At a time: each reads from the disk that the recorder writes to."""

PIECE_BYTES: Final = 65_536

NAME: Final = re.compile(r"(?:room|person-(?P<who>[A-Za-z0-9_.~-]{1,256}))\.zip")
"""The whole room, or what there is of somebody."""


class Exports:
    """The archives of a hub that are being sent."""

    def __init__(self, folder: Path | None) -> None:
        """``folder``: of the recordings; None: there are none."""
        self._folder = folder
        self._running = 0

    def answer(self, room: str, name: str, *, is_wanted: bool) -> Response:
        """The archive of this name; raises ``HTTPException``.

        Args:
            room: whose recordings.
            name: ``room.zip``, or ``person-ID.zip``.
            is_wanted: False: only whether there is one.
        """
        asked = NAME.fullmatch(name)
        if self._folder is None or asked is None:
            raise HTTPException(404)
        if self._running >= MAX_EXPORTS:
            raise HTTPException(503, "others are being exported: try again in a minute")
        told = {"Content-Disposition": f'attachment; filename="{room}-{name}"'}
        if not is_wanted:
            return Response(media_type="application/zip", headers=told)
        pieces = self._pieces(self._folder, room, asked["who"])
        return StreamingResponse(pieces, media_type="application/zip", headers=told)

    async def _pieces(self, folder: Path, room: str, who: str | None) -> AsyncIterator[bytes]:
        self._running += 1
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "parvis_server.replay.export", str(folder), room),
                *(() if who is None else (who,)),
                stdout=asyncio.subprocess.PIPE,
                stdin=asyncio.subprocess.DEVNULL,
            )
            try:
                if child.stdout is None:
                    raise AssertionError("a process with a pipe has a pipe")
                while piece := await child.stdout.read(PIECE_BYTES):
                    yield piece
                if await child.wait() != 0:
                    log.error("the export of %s broke off: see the lines before", room)
                    raise ConnectionError(
                        "the archive is not whole"
                    )  # so that nobody takes it for whole
            finally:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        finally:
            self._running -= 1
