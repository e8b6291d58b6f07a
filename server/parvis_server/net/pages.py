"""The built page: read once at the start, packed once, sent to everybody.

The page's builder puts its files in ``static``: ``index.html`` for the audience, ``host.html`` for
the host, ``operator.html`` for whoever runs the hub, ``screen.html`` for the hall's screen, and
files with a hash in their name in ``assets/``, which browsers may keep for ever.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from parvis_server.net.page_head import with_head
from parvis_wire.floor import About

AUDIENCE_PAGE = "index.html"
HOST_PAGE = "host.html"
SCREEN_PAGE = "screen.html"
ROOMS_PAGE = "rooms.html"
OPERATOR_PAGE = "operator.html"

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

MAX_HEADS = 64
"""Pages with their rooms' heads that are kept packed: 100 kB, for a hub's busiest rooms."""

WORTH_PACKING_BYTES = 512
"""Below this, gzip's own header eats the gain."""

PACKED_ALREADY = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".woff2", ".gz", ".mp3"})

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
}
"""Said by us, not by the machine's own table, which may not know them."""

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Parvis</title>
<h1>Parvis</h1>
<p>The hub runs, but its page has not been built.
Run <code>scripts/build</code> in the checkout, or install the wheel, then start the hub again.</p>
<p lang="fr">Le serveur tourne, mais sa page n'a pas été construite&nbsp;:
lancez <code>scripts/build</code>, puis redémarrez-le.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """One file as it is sent."""

    content: bytes
    packed: bytes | None
    media_type: str
    etag: str
    cache_control: str

    def response(self, request: Request) -> Response:
        """The file, packed where the browser takes it, or 304 when it has it."""
        headers = {"Cache-Control": self.cache_control, "ETag": self.etag}
        if self.packed is not None:
            headers["Vary"] = "Accept-Encoding"
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        body = self.content
        if self.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body = self.packed
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=self.media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class Pages:
    """Every file of the built page by its path, without a leading slash."""

    files: Mapping[str, BuiltFile]

    @property
    def built(self) -> bool:
        """Whether there is a page at all."""
        return AUDIENCE_PAGE in self.files

    def page(self, name: str, request: Request) -> Response:
        """A page, or what to do when it is not built."""
        file = self.files.get(name)
        if file is None:
            return Response(NOT_BUILT, status_code=503, media_type=TYPES[".html"])
        return file.response(request)

    def room_page(self, name: str, request: Request, about: About | None, link: str) -> Response:
        """A page that says of its room what a link's preview shows; None: of no room."""
        file = self.files.get(name)
        if file is None:
            return self.page(name, request)
        return _with_head(file, about, link).response(request)


@lru_cache(maxsize=MAX_HEADS)
def _with_head(file: BuiltFile, about: About | None, link: str) -> BuiltFile:
    return _built(with_head(file.content, about, link), ".html", file.cache_control)


def static_folder() -> Path:
    """Where the page's builder puts its files."""
    return Path(str(resources.files("parvis_server"))) / "static"


def read_pages(folder: Path) -> Pages:
    """Read everything in ``folder``; a folder that is missing holds nothing."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return Pages({path.relative_to(folder).as_posix(): _read(path, folder) for path in paths})


def _read(path: Path, folder: Path) -> BuiltFile:
    hashed = path.relative_to(folder).parts[0] == "assets"
    return _built(path.read_bytes(), path.suffix, FOREVER if hashed else ASK_AGAIN)


def _built(content: bytes, suffix: str, cache_control: str) -> BuiltFile:
    guessed = mimetypes.guess_type(f"file{suffix}")[0] or "application/octet-stream"
    packed = None
    if len(content) >= WORTH_PACKING_BYTES and suffix not in PACKED_ALREADY:
        packed = gzip.compress(content, mtime=0)
    return BuiltFile(
        content=content,
        packed=packed,
        media_type=TYPES.get(suffix, guessed),
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control=cache_control,
    )
