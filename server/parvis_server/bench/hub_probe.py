"""Asks a hub over HTTP: its metrics once a second, its API as load."""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from typing import Never

from parvis_server.errors import BenchError
from parvis_server.listen.link import ListenerLink

METRICS_EVERY_S = 1.0
MAX_ANSWER_BYTES = 1 << 20
ANSWER_TIMEOUT_S = 5.0
METRICS_ATTEMPTS = 3

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? ([-+0-9.eE]+|NaN)$", re.MULTILINE)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class HubProbe:
    """One kept-alive connection to a hub."""

    def __init__(self, link: ListenerLink) -> None:
        """``link``: where the hub is."""
        self.requests = 0
        """Answered requests."""
        self.failures = 0
        self._link = link
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> bytes | None:
        """The body of an answer; None when it was not a good one."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                status, body = await self._ask(path)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self.close()
            status, body = 0, b""
        self.requests += status == 200
        self.failures += status != 200
        return body if status == 200 else None

    async def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None

    async def _ask(self, path: str) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._link.host, self._link.port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._link}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        body = await reader.readexactly(min(size, MAX_ANSWER_BYTES))
        return int(head.split(maxsplit=2)[1]), body

    async def load(self, path: str, requests_per_s: float) -> Never:
        """Ask for ``path`` at a steady rate, on absolute deadlines, until cancelled."""
        deadline_s = time.monotonic()
        while True:
            await self.get(path)
            deadline_s = max(deadline_s + 1 / requests_per_s, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, deadline_s - time.monotonic()))

    async def metrics(self) -> Mapping[str, float]:
        """The hub's metrics by name, with their labels in braces when they have some.

        Raises:
            BenchError: the hub does not answer, also when asked again.
        """
        for _ in range(METRICS_ATTEMPTS):
            body = await self.get("/metrics")
            if body is not None:
                return parse_metrics(body.decode(errors="replace"))
        raise BenchError(f"the hub does not answer /metrics in {ANSWER_TIMEOUT_S:g} s")


def parse_metrics(text: str) -> Mapping[str, float]:
    """The text exposition format of Prometheus, as far as the hub writes it."""
    return {
        f"{name}{{{labels}}}" if labels else name: float(value)
        for name, labels, value in _SAMPLE.findall(text)
    }
