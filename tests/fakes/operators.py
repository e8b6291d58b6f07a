"""A hub's API as operators, strangers and other machines ask it, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from fakes.engine import FakeEngine
from parvis_server.app import Hub
from parvis_server.config import HubSettings, NetworkSettings
from parvis_server.data_folder import DataFolder
from parvis_server.hub_server import Listener
from parvis_server.net.api.operators import utc_ms
from parvis_server.net.pages import Pages
from parvis_server.ports import take_port

NEAR, FAR = "127.0.0.1", "203.0.113.9"
PASSWORD = "correct horse battery"


class Api:
    """The application of a hub."""

    def __init__(self, hub: Hub, app: ASGIApp) -> None:
        self.hub = hub
        self._app = app

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        address: str = NEAR,
        scheme: str = "http",
    ) -> httpx.Response:
        """One request from ``address``."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self._client(address, scheme) as client:
            return await client.request(method, path, json=body, headers=headers)

    async def send(self, path: str, body: str, headers: dict[str, str]) -> httpx.Response:
        """A POST as somebody else's page would send it."""
        async with self._client(NEAR, "http") as client:
            return await client.post(path, content=body, headers=headers)

    def _client(self, address: str, scheme: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self._app, client=(address, 40_000))
        base = f"{scheme}://hub.example:8080/api/v1"
        return httpx.AsyncClient(transport=transport, base_url=base)

    @property
    def own_token(self) -> str:
        """Of the data folder."""
        return self.hub.keys.operator_token

    async def claimed(self, password: str | None = None, **more: Any) -> str:
        """Open a fresh setup link; the token of the session."""
        secret = self.hub.trust.new_setup_secret(utc_ms())
        body = {"secret": secret, "name": "Zoé"} | ({"password": password} if password else {})
        answer = await self.ask("POST", "/claim", body, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])


@contextmanager
def api(data: Path) -> Iterator[Api]:
    """A hub without pages on this folder; its port is taken and nobody answers there."""
    network = NetworkSettings(host=NEAR, port=0, names=("hub.example",))
    settings = HubSettings(data=data, network=network)
    hub = Hub(settings, DataFolder.open(data), FakeEngine, pages=Pages({}))
    with take_port(network) as taken:
        hub.listeners = [Listener(taken)]
        yield Api(hub, hub.application())
