"""Replays at the audience's link, `/r/{room}/replay/`, and by one person's own path, `/p/{token}/`.

Everybody may hear what is published of open rooms; of others, whoever has a path of their own
(``path_grants``). A guessed link gets nothing. Each folder is a static one that any server could
serve (``replay/publish.py``). ``now`` stands in the place of a recording that still goes on, for
those who come late; ``hear`` leads a host to what would be published, before it is; ``export`` to
everything that was recorded.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from parvis_server.net.exports import Exports
from parvis_server.net.pages import ASK_AGAIN, FOREVER
from parvis_server.net.path_grants import Grant, Scope
from parvis_server.net.recordings import Recordings

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

SOUNDS: Final = frozenset({".opus", ".mp3"})

_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
MAX_PARTS: Final = 3
"""recording, ``assets``, file."""

INDEX: Final = "index.html"
NOW: Final = "now"
"""The recording that still goes on."""

PRIVATE: Final = {"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
"""What a path of one person leads to is for no cache that others use, and for no search engine."""

GETS: Final = ["GET", "HEAD"]


@dataclass(frozen=True, slots=True)
class Ways:
    """Who may hear what."""

    recordings: Recordings
    is_open: Callable[[str], bool]
    """Whether everybody may know of a room."""
    missed: Callable[[Request], int]
    """Counts a guess; the status of its answer."""

    def granted(self, token: str, scope: Scope, request: Request) -> Grant:
        """What a path is worth; raises ``HTTPException`` for one that is worth nothing."""
        grant = self.recordings.grants.find(token, scope)
        if grant is None:
            raise HTTPException(self.missed(request))
        return grant


def add_replays(app: FastAPI, ways: Ways) -> None:
    """Add the routes."""

    @app.api_route("/r/{room}/replay", methods=GETS)
    @app.api_route("/r/{room}/replay/", methods=GETS)
    async def newest(room: str) -> Response:
        _check_open(ways, room)
        return await _newest(ways, room, f"/r/{room}")

    @app.api_route("/r/{room}/replay/{path:path}", methods=GETS)
    async def file(room: str, path: str) -> Response:
        _check_open(ways, room)
        return await _file(ways, room, path, f"/r/{room}")

    @app.api_route("/p/{token}/replay", methods=GETS)
    @app.api_route("/p/{token}/replay/", methods=GETS)
    async def own_newest(token: str, request: Request) -> Response:
        room = ways.granted(token, Scope.LISTEN, request).room
        return await _newest(ways, room, f"/p/{token}")

    @app.api_route("/p/{token}/replay/{path:path}", methods=GETS)
    async def own_file(token: str, path: str, request: Request) -> Response:
        room = ways.granted(token, Scope.LISTEN, request).room
        return _private(await _file(ways, room, path, f"/p/{token}"))

    @app.api_route("/p/{token}/hear/{path:path}", methods=GETS)
    async def prepared(token: str, path: str, request: Request) -> Response:
        room = ways.granted(token, Scope.HEAR, request).room
        recording, _, inside = path.partition("/")
        folder = ways.recordings.prepared(room, recording)
        if folder is None or _PART.fullmatch(recording) is None:
            raise HTTPException(404)
        wanted = _inside(folder, inside)
        if wanted is not None and wanted.suffix in SOUNDS:
            await ways.recordings.note_heard(room, recording)
        return _private(await _sent(wanted))

    exports = Exports(ways.recordings.folder)

    @app.api_route("/p/{token}/export/{name}", methods=GETS)
    async def everything(token: str, name: str, request: Request) -> Response:
        room = ways.granted(token, Scope.EXPORT, request).room
        return _private(exports.answer(room, name, is_wanted=request.method == "GET"))


def _check_open(ways: Ways, room: str) -> None:
    if _PART.fullmatch(room) is None or not ways.is_open(room):
        raise HTTPException(404)


async def _newest(ways: Ways, room: str, prefix: str) -> Response:
    published = ways.recordings.published
    names = [] if published is None else await asyncio.to_thread(_recordings, published / room)
    if not names:
        raise HTTPException(404)
    return RedirectResponse(f"{prefix}/replay/{names[-1]}/", status_code=307)


async def _file(ways: Ways, room: str, path: str, prefix: str) -> Response:
    """A file of a published recording, or of the one that goes on."""
    recording, _, inside = path.partition("/")
    if recording == NOW:
        folder = ways.recordings.live(room)
        wanted = None if folder is None else _inside(folder, inside)
    else:
        published = ways.recordings.published
        wanted = None if published is None else _inside(published / room, path)
    if wanted is not None and await asyncio.to_thread(wanted.is_dir):
        return RedirectResponse(f"{prefix}/replay/{path}/", status_code=307)
    return await _sent(wanted)


async def _sent(wanted: Path | None) -> Response:
    media_type = None if wanted is None else TYPES.get(wanted.suffix)
    if wanted is None or media_type is None or not await asyncio.to_thread(wanted.is_file):
        raise HTTPException(404)
    kept = FOREVER if wanted.parent.name == "assets" else ASK_AGAIN
    return FileResponse(wanted, media_type=media_type, headers={"Cache-Control": kept})


def _private(response: Response) -> Response:
    response.headers.update(PRIVATE)
    return response


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
