"""Every secret that a hub gives out, looked for in its database, log, audit and answers.

A real hub with a real database on real sockets: it is claimed, signed into with right and wrong
passwords, units are paired by code and by key, guests invited, links used twice, and secrets shown
where they do not belong. Then everything that was written is read.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from fakes.keyed_unit import KeyedUnit, welcomed
from fakes.live_hub import LiveHub, live_hub
from fakes.operators import PASSWORD
from fakes.peer import joined, peer
from parvis_server import logs
from parvis_server.config import LogFormat
from parvis_server.data_folder import DataFolder
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.trust.tokens import HIDDEN
from parvis_wire.identity import to_text
from parvis_wire.messages import HostCredential, InviteCredential, Role

CLIENTS = ("httpx", "httpcore")
"""What speaks for the test in this process, and tells of what it asks."""

CODE = "K7QW3MPD"
WRONG_PASSWORD = "wrong horse battery"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the hub's log says, through the formatters of a real hub that was told of no
    secret but those of its data folder."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in (*logs.QUIET, *CLIENTS)}
    stream = io.StringIO()
    logs.start(LogFormat.JSON, (), stream)
    for name in CLIENTS:
        logging.getLogger(name).setLevel(logging.ERROR)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@dataclass
class Evening:
    hub: LiveHub
    client: httpx.AsyncClient
    token: str = "none"
    secrets: dict[str, str] = field(default_factory=dict)
    """What was given out or typed, by what it is."""
    said: list[str] = field(default_factory=list)
    """Answers that should hold none of it."""

    async def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        answer = await self.client.request(method, path, json=body, headers=headers)
        return answer.json() if answer.content else None

    async def claim(self) -> None:
        link = self.hub.hub.announcement().setup_link or ""
        self.secrets["setup secret"] = secret = link.partition("#setup=")[2]
        self.secrets["password"] = PASSWORD
        body = {"secret": secret, "name": "Zoé", "password": PASSWORD}
        self.token = self.secrets["token"] = (await self.ask("POST", "/claim", body))["token"]
        self.said.append(str(await self.ask("POST", "/claim", body)))
        link = (await self.ask("POST", "/setup"))["link"]
        self.secrets["second setup secret"] = link.partition("#setup=")[2]

    async def sign_in(self) -> None:
        self.secrets["wrong password"] = WRONG_PASSWORD
        for password in (WRONG_PASSWORD, PASSWORD):
            answer = await self.ask("POST", "/sessions", {"password": password, "name": "Ada"})
            if "token" in answer:
                self.secrets["second token"] = answer["token"]
                session = answer["session"]["id"]
        await self.ask("DELETE", f"/sessions/{session}")
        self.said.append(str(await self.ask("GET", "/units", token=self.secrets["second token"])))

    async def pair(self) -> None:
        self.secrets["setup code"] = CODE
        unit = KeyedUnit(CODE)
        async with peer(self.hub.unit) as door:
            transcript = await unit.wait(door)
            await self.ask("POST", f"/units/{unit.unit}/pair", {"code": CODE})
            await unit.confirmed(door, transcript)
            await unit.press(door, transcript)
            await welcomed(door)
            self.said.append(str(await self.ask("GET", "/units")))

    async def invite(self) -> None:
        made = await self.ask("POST", "/rooms/main/invitations", {"role": "speaker", "name": "B"})
        self.secrets["invitation"] = token = made["link"].rpartition("k=")[2]
        credential = InviteCredential(token=token)
        async with joined(self.hub.listen, Role.LISTENER, credential=credential) as guest:
            self.secrets["resume token"] = guest.welcome.resume
        self.said.append(str(await self.ask("GET", "/rooms/main/invitations")))

    async def show_secrets_where_they_do_not_belong(self) -> None:
        for secret in list(self.secrets.values()):
            for path in (f"/rooms/{secret}", f"/units/{secret}/pair", f"/sessions/{secret}"):
                await self.client.get(path, params={"token": secret}, headers={"Referer": secret})
            with suppress(ConnectionClosed):
                async with joined(
                    self.hub.listen, Role.HOST, credential=HostCredential(secret=secret)
                ):
                    raise AssertionError("this secret makes no host")

    async def read_back(self) -> None:
        for path in ("/audit", "/sessions", "/house", "/units", "/rooms"):
            self.said.append(str(await self.ask("GET", path)))


def of_the_folder(hub: LiveHub) -> dict[str, str]:
    kept = DataFolder(hub.hub.settings.data).secrets()
    return dict(kept.model_dump())


def read_all(folder: Path) -> dict[str, bytes]:
    """Everything in a data folder but the one file that is for secrets."""
    paths = (path for path in folder.iterdir() if path.name != "secrets.json")
    return {path.name: path.read_bytes() for path in paths}


async def test_no_secret_is_written_anywhere(tmp_path: Path, log: io.StringIO) -> None:
    store = Store.open(Address.of(None, tmp_path))
    keeper = StoredRooms(store, lambda: None, "main")
    async with live_hub(tmp_path, keeper=keeper) as hub:
        api = f"{hub.http}/api/v1"
        async with httpx.AsyncClient(base_url=api, trust_env=False) as client:
            evening = Evening(hub, client)
            for part in (
                evening.claim,
                evening.sign_in,
                evening.pair,
                evening.invite,
                evening.show_secrets_where_they_do_not_belong,
                evening.read_back,
            ):
                await part()
        given_out = evening.secrets | of_the_folder(hub)
        logging.getLogger("parvis_server.test").info("by mistake: %s", evening.token)
        assert hub.hub.announcement().setup_link is None, "a claimed hub prints none"
    written = read_all(tmp_path)
    assert b"Zo\xc3\xa9" in written["parvis.db"], "the audit is in there"
    places = {**written, "log": log.getvalue().encode(), "answers": str(evening.said).encode()}
    found = [
        (what, place)
        for what, secret in given_out.items()
        for place, content in places.items()
        if secret.encode() in content
    ]
    assert found == []
    assert len(given_out) >= 12
    assert "turned away" in log.getvalue()
    assert log.getvalue().count(HIDDEN) == 1, "the log was cleaned of what came by mistake"


async def test_an_operator_and_a_unit_outlive_the_hub(tmp_path: Path) -> None:
    unit = KeyedUnit(CODE)
    data = tmp_path / "data"
    data.mkdir()
    for start in (1, 2):
        keeper = StoredRooms(Store.open(Address.of(None, data)), lambda: None, "main")
        async with (
            live_hub(data, keeper=keeper) as hub,
            httpx.AsyncClient(base_url=f"{hub.http}/api/v1", trust_env=False) as client,
        ):
            evening = Evening(hub, client)
            if start == 1:
                await evening.claim()
                token = evening.token
                await evening.ask("POST", "/units", {"key": to_text(unit.public), "name": "Table"})
            assert hub.hub.announcement().setup_link is None
            evening.token = token
            (known,) = (await evening.ask("GET", "/units"))["paired"]
            assert (known["unit"], known["here"]) == (unit.unit, False)
            async with peer(hub.unit) as door:
                await unit.come_in(door)
                (known,) = (await evening.ask("GET", "/units"))["paired"]
                assert (known["here"], known["room"]) == (True, "main")
                assert known["last_seen_utc_ms"] is not None
