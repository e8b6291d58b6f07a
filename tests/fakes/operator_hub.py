"""A hub for the operator's page: the real page on loopback, and a house that a test arranges.

It answers as the hub does; what an act brings about, the test decides. It runs in threads of its
own, because a browser is driven from the test's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fakes.built_pages import built_pages
from parvis_server.net.guard import content_security_policy
from parvis_server.net.pages import OPERATOR_PAGE

API = "/api/v1/"
TOKEN = "token-of-this-session"
SETUP_SECRET = "vN3qk5d1uJ8y2mX0cR7bTw"

UNIT = "k7qw3mpdabcdefgh"
OTHER_UNIT = "zyxw765432vutsrq"
LONGEST_NAME = "Maximilienne Beauregard-Lafontaine-Duval"
MINUTE_MS = 60_000
DAY_MS = 86_400_000


def waiting(unit: str = UNIT, name: str | None = "Table 1", **more: Any) -> dict[str, Any]:
    """A unit that wants to join."""
    return {
        "unit": unit,
        "name": name,
        "since_utc_ms": 1_700_000_000_000,
        "address": "192.0.2.17",
        "has_code": None,
        "state": "waiting",
        "tries_left": 5,
        "first_use": False,
        **more,
    }


def paired(unit: str = UNIT, name: str = "Table 1", **more: Any) -> dict[str, Any]:
    """A unit that belongs to the house."""
    return {
        "unit": unit,
        "name": name,
        "how": "code",
        "paired_utc_ms": 1_700_000_000_000,
        "by": "Inès",
        "last_seen_utc_ms": 1_700_000_000_000,
        "here": True,
        "room": "main",
        "version": "1.2.0",
        "update": None,
        **more,
    }


def session(number: int, name: str, **more: Any) -> dict[str, Any]:
    """Somebody who is signed in."""
    return {
        "id": f"{number:016x}",
        "name": name,
        "signed_by": "setup",
        "address": "192.0.2.5",
        "created_utc_ms": 1_700_000_000_000,
        "last_seen_utc_ms": 1_700_000_000_000,
        "expires_utc_ms": 1_700_000_000_000 + DAY_MS,
        "current": False,
        **more,
    }


def act(number: int, deed: str, **more: Any) -> dict[str, Any]:
    """A line of the record."""
    at_utc_ms = 1_700_000_000_000 + number * MINUTE_MS
    said = {"by": "Inès", "about": None, "address": "192.0.2.5"}
    return {"number": number, "utc_ms": at_utc_ms, "act": deed, **said, **more}


HOUSE: dict[str, Any] = {
    "claimed": True,
    "site": "q2vn 7ksd pa4x mwtc",
    "open_house": False,
    "plain_host": False,
    "listeners": [
        {
            "scheme": "http",
            "port": 8080,
            "certificate": None,
            "expires_utc_ms": None,
            "fingerprint": None,
        },
        {
            "scheme": "https",
            "port": 8443,
            "certificate": "own",
            "expires_utc_ms": 1_900_000_000_000,
            "fingerprint": ":".join(f"{octet:02X}" for octet in range(160, 192)),
        },
    ],
    "announced": True,
    "missing": [],
}


class OperatorHub:
    """One house, of which a test tells everything."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.paired: list[dict[str, Any]] = []
        self.house = dict(HOUSE)
        self.sessions = [session(1, "Inès", current=True)]
        self.acts = [act(1, "claimed")]
        self.rooms = [{"room": "main", "title": "Soirée", "phase": "live"}]
        self.refuse: dict[str, tuple[int, str]] = {}
        """"METHOD path" and with which status and code it is refused."""
        self.asked: list[tuple[str, str, Any]] = []
        """Every act: method, path and body."""
        self.addresses: list[str] = []
        """Every address that was asked for."""
        self._pages = built_pages()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def page(self) -> str:
        return f"{self.url}/operator"

    @property
    def setup_link(self) -> str:
        return f"{self.page}#setup={SETUP_SECRET}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def of(self, method: str, path: str) -> list[Any]:
        """The bodies of every act of this kind."""
        return [body for how, where, body in self.asked if (how, where) == (method, path)]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """The API."""
        if method != "GET":
            self.asked.append((method, path, body))
        if (refused := self.refuse.get(f"{method} {path}")) is not None:
            status, code = refused
            return status, {"code": code, "text": f"no: {code}"}
        match method, path:
            case "GET", "units":
                return 200, {"waiting": self.waiting, "paired": self.paired}
            case "GET", "house":
                return 200, self.house
            case "GET", "sessions":
                return 200, {"sessions": self.sessions}
            case "GET", "audit":
                return 200, {"acts": self.acts}
            case "GET", "rooms":
                return 200, {"rooms": self.rooms}
            case "POST", "claim" | "sessions":
                return 201, {"token": TOKEN, "session": self.sessions[0]}
            case "POST", "setup":
                return 201, {"link": self.setup_link, "minutes": 15}
            case "PATCH", "house":
                self.house = {**self.house, **body}
                return 200, self.house
            case "DELETE", _:
                return 204, None
        return 202, None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._take("GET")

            def do_POST(self) -> None:
                self._take("POST")

            def do_PATCH(self) -> None:
                self._take("PATCH")

            def do_DELETE(self) -> None:
                self._take("DELETE")

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def _take(self, method: str) -> None:
                hub.addresses.append(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                said = self.rfile.read(length)
                if self.path.startswith(API):
                    body = json.loads(said) if said else None
                    status, told = hub.answer(method, self.path.removeprefix(API), body)
                    content = b"" if told is None else json.dumps(told).encode()
                    self._say(status, content, "application/json")
                    return
                name = self.path.lstrip("/")
                file = hub._pages.files.get(OPERATOR_PAGE if name == "operator" else name)
                if file is None:
                    self._say(HTTPStatus.NOT_FOUND, b"", "text/plain")
                else:
                    self._say(HTTPStatus.OK, file.content, file.media_type)

            def _say(self, status: int, content: bytes, media_type: str) -> None:
                policy = content_security_policy(self.headers.get("Host", ""))
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Security-Policy", policy)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


@contextmanager
def operator_hub() -> Iterator[OperatorHub]:
    """A house for one test."""
    hub = OperatorHub()
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()
