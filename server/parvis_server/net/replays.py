"""Published replays at the audience's link: ``/r/{room}/replay/``, files with byte ranges.

Only of open rooms: what is published of others waits for grants of their own. The folder is the
static one that any server could serve (``replay/publish.py``).
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, RedirectResponse, Response

from parvis_server.net.pages import ASK_AGAIN, FOREVER

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".xml": "application/rss+xml; charset=utf-8",
    ".opus": "audio/ogg; codecs=opus",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}
"""Of everything that is served: no other file is."""

_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
MAX_PARTS: Final = 3
"""recording, ``assets``, file."""

INDEX: Final = "index.html"


def add_replays(app: FastAPI, published: Path, is_open: Callable[[str], bool]) -> None:
    """Add the routes.

    Args:
        app: the hub's.
        published: a folder for each room, as ``parvis replay publish`` fills it.
        is_open: whether everybody may know of a room.
    """

    @app.api_route("/r/{room}/replay", methods=["GET", "HEAD"])
    @app.api_route("/r/{room}/replay/", methods=["GET", "HEAD"])
    async def newest(room: str) -> Response:
        folder = _folder(room)
        names = await asyncio.to_thread(_recordings, folder)
        if not names:
            raise HTTPException(404)
        return RedirectResponse(f"/r/{room}/replay/{names[-1]}/", status_code=307)

    @app.api_route("/r/{room}/replay/{path:path}", methods=["GET", "HEAD"])
    async def file(room: str, path: str) -> Response:
        wanted = _inside(_folder(room), path)
        if wanted is None:
            raise HTTPException(404)
        if await asyncio.to_thread(wanted.is_dir):
            return RedirectResponse(f"/r/{room}/replay/{path}/", status_code=307)
        media_type = TYPES.get(wanted.suffix)
        if media_type is None or not await asyncio.to_thread(wanted.is_file):
            raise HTTPException(404)
        kept = FOREVER if wanted.parent.name == "assets" else ASK_AGAIN
        return FileResponse(wanted, media_type=media_type, headers={"Cache-Control": kept})

    def _folder(room: str) -> Path:
        if _PART.fullmatch(room) is None or not is_open(room):
            raise HTTPException(404)
        return published / room


def _inside(folder: Path, path: str) -> Path | None:
    """The file that is meant; None for what could lead elsewhere."""
    parts = path.split("/")
    if parts[-1] == "":
        parts[-1] = INDEX
    if len(parts) > MAX_PARTS or not all(map(_PART.fullmatch, parts)):
        return None
    return folder.joinpath(*parts)


def _recordings(folder: Path) -> list[str]:
    """What is published there, oldest first: their names begin with their dates."""
    return sorted(path.parent.name for path in folder.glob(f"*/{INDEX}"))
