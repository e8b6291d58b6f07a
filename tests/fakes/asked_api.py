"""The HTTP API of a hub in a test's own process, declared when somebody asks it.

FastAPI takes 0.15 s of a core to declare its routes, at the start of each of a thousand hubs, and
most tests ask none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from parvis_server.net import http


class AskedApi:
    """The real one, from its first request on."""

    def __init__(self, declare: Callable[[], ASGIApp]) -> None:
        self._declare = declare
        self._api: ASGIApp | None = None

    @property
    def api(self) -> ASGIApp:
        """The real one."""
        if self._api is None:
            self._api = self._declare()
        return self._api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.api(scope, receive, send)


def declare_when_asked() -> None:
    """From now on, for every hub that this process makes."""
    declare: Callable[[Any], ASGIApp] = http.make_api  # type: ignore[attr-defined]
    http.make_api = lambda house: AskedApi(lambda: declare(house))  # type: ignore[attr-defined]
