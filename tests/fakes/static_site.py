"""A static server as anybody has one: files, byte ranges, a strict policy, nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass
class StaticSite:
    """Where it stands, and what was asked of it."""

    address: str
    folder: Path
    asked: list[tuple[str, str | None, int]] = field(default_factory=list)
    """Path, the Range header, and the status that answered."""

    def ranges(self, name: str) -> list[int]:
        """Where each answered byte range of this file began."""
        return [
            int(asked.removeprefix("bytes=").partition("-")[0])
            for path, asked, status in self.asked
            if path.endswith(name) and asked is not None and status == 206
        ]


@contextmanager
def static_site(folder: Path) -> Iterator[StaticSite]:
    """Serve a folder on loopback until the end of the block."""
    loop = asyncio.new_event_loop()
    runner, site = loop.run_until_complete(_start(folder))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _start(folder: Path) -> tuple[web.AppRunner, StaticSite]:
    site = StaticSite("", folder)

    def file_of(path: str) -> Path | None:
        wanted = folder / path.lstrip("/")
        wanted = wanted / "index.html" if path.endswith("/") else wanted
        inside = wanted.resolve().is_relative_to(folder.resolve())
        return wanted if inside and wanted.is_file() else None

    async def serve(request: web.Request) -> web.StreamResponse:
        path = file_of(request.path)
        headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(status=404) if path is None else web.FileResponse(path, headers=headers)

    async def answered(request: web.Request, answer: web.StreamResponse) -> None:
        site.asked.append((request.path, request.headers.get("Range"), answer.status))

    app = web.Application()
    app.on_response_prepare.append(answered)
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    host, port = runner.addresses[0][:2]
    site.address = f"http://{host}:{port}"
    return runner, site
