"""A hub for the host's page: the real page on loopback, and a stage that a test arranges.

It obeys like the hub: settings take effect at once and are told with the next status. The room is
what a test shows; of what a host does to it, the test decides too. It runs in a thread of its own,
because a browser is driven from the test's.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from fakes.built_pages import built_pages
from parvis_server.net.guard import content_security_policy
from parvis_server.net.pages import HOST_PAGE, Pages
from parvis_wire.audience import Pulse
from parvis_wire.commands import MakeInvite, SilenceAll
from parvis_wire.messages import (
    Ack,
    ClientMessage,
    Join,
    RefusalCode,
    Snapshot,
    Time,
    Welcome,
    parse_client_message,
    serialize,
)
from parvis_wire.room_view import RoomView
from parvis_wire.stage import (
    CheckResult,
    CheckSound,
    CheckState,
    SetLift,
    SetSharing,
    SetSource,
    SourceStatus,
    Status,
    UnitStatus,
)

T = TypeVar("T")

STATUS_EVERY_S = 0.5
"""As the hub."""


class StageHub:
    """One room whose status a test sets, and which hosts' commands change."""

    def __init__(self) -> None:
        self.port = 0
        self.status = Status()
        self.view = RoomView(room="main", title="Soirée", seq=0)
        self.room_clock = 0
        """Of the moment when a page joins."""
        self.people: list[dict[str, object]] = []
        """Who in the audience gave a name."""
        self.refuse: dict[str, RefusalCode] = {}
        """Types of commands that are not applied, and why."""
        self.commands: list[ClientMessage] = []
        """All that came, repetitions too."""
        self.refuse_lift_at_ms: float | None = None
        """A lift is refused, with this figure, unless the loudspeakers are said to be far."""
        self.answers = True
        """Whether commands are answered at all."""
        self._pages: Pages = built_pages()
        self._hosts: set[ServerConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/host#k=secret"

    @property
    def hosts(self) -> int:
        """How many pages are connected now."""
        return len(self._hosts)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def tell(self, status: Status) -> None:
        """The stage as it is from now on, told at once."""
        self._loop.call_soon_threadsafe(self._set, status)

    def show(self, view: RoomView) -> None:
        """The room as it is from now on, shown at once."""
        self._loop.call_soon_threadsafe(self._show, view)

    def pulse(self, pulse: Pulse) -> None:
        """How the audience is, told at once."""
        self._loop.call_soon_threadsafe(lambda: broadcast(self._hosts, serialize(pulse)))

    def leave(self) -> None:
        """Answer nobody any more, and leave whoever is connected."""
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(10)

    def sent(self, kind: type[T]) -> list[T]:
        """Every command of this kind until now: once, although a page repeats it until it is
        answered."""
        found = [command for command in self.commands if isinstance(command, kind)]
        return list({getattr(command, "id", None): command for command in found}.values())

    def source(self, unit: str) -> SourceStatus:
        """How this source goes into the mix now."""
        [source] = [one.source for one in self.status.units if one.unit == unit]
        assert source is not None
        return source

    async def _start(self) -> None:
        self._server = await serve(
            self._serve, "127.0.0.1", 0, compression=None, process_request=self._http
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = self._loop.create_task(self._tick())

    async def _stop(self) -> None:
        self._ticker.cancel()
        await self._leave()

    async def _leave(self) -> None:
        assert self._server is not None
        self._server.close(code=1001)
        await self._server.wait_closed()

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.split("?")[0].lstrip("/")
        if path.startswith("ws/"):
            return None
        if path.endswith("/audience"):
            body = json.dumps({"people": self.people, "listeners": 0, "in_hall": 0})
            return _response(body.encode(), "application/json", request)
        file = self._pages.files.get(HOST_PAGE if path == "host" else path)
        if file is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "no such file")
        return _response(file.content, file.media_type, request)

    async def _serve(self, connection: ServerConnection) -> None:
        assert isinstance(parse_client_message(await connection.recv()), Join)
        await connection.send(serialize(Welcome(participant="h1", resume="token")))
        await connection.send(serialize(Snapshot(view=self.view)))
        await connection.send(serialize(Time(room_clock=self.room_clock, hub_ns=0, utc_ms=0)))
        await connection.send(serialize(self.status))
        self._hosts.add(connection)
        try:
            async for text in connection:
                command = parse_client_message(text)
                self.commands.append(command)
                if self.answers:
                    await connection.send(serialize(self._obey(command)))
        finally:
            self._hosts.discard(connection)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            self._set(self.status)

    def _set(self, status: Status) -> None:
        self.status = status
        broadcast(self._hosts, serialize(status))

    def _show(self, view: RoomView) -> None:
        self.view = view
        broadcast(self._hosts, serialize(Snapshot(view=view)))

    def _obey(self, command: ClientMessage) -> Ack:
        refused = self.refuse.get(command.type)
        if refused is not None:
            return Ack(id=getattr(command, "id", "none"), refused=refused, text="not now")
        match command:
            case SilenceAll():
                self._show(self.view.model_copy(update={"silenced": command.on}))
            case MakeInvite():
                link = f"http://127.0.0.1:{self.port}/r/main#k=kQ7rXw2ZpLr5sT8vBnM3cA"
                return Ack(id=command.id, link=link)
            case SetSource():
                self._change_unit(command.participant, lambda unit: _with_setting(unit, command))
            case SetSharing():
                self.status = self.status.model_copy(update={"sharing": command.on})
            case SetLift():
                if command.on and not command.loudspeakers_far and self.refuse_lift_at_ms:
                    return Ack(
                        id=command.id,
                        refused=RefusalCode.LIFT_UNSAFE,
                        text="the path is too long",
                        figure_ms=self.refuse_lift_at_ms,
                    )
                lifted = (command.zone,) if command.on else ()
                self.status = self.status.model_copy(update={"lifted": lifted})
            case CheckSound():
                running = CheckResult(output=command.participant, state=CheckState.RUNNING)
                self.status = self.status.model_copy(update={"checks": (running,)})
        return Ack(id=getattr(command, "id", "none"))

    def _change_unit(self, unit: str, change: Callable[[UnitStatus], UnitStatus]) -> None:
        units = tuple(change(one) if one.unit == unit else one for one in self.status.units)
        self.status = self.status.model_copy(update={"units": units})


def _with_setting(unit: UnitStatus, command: SetSource) -> UnitStatus:
    assert unit.source is not None
    source = unit.source.model_copy(
        update={
            "gain_db": unit.source.gain_db if command.gain_db is None else command.gain_db,
            "by_hand": command.gain_db is not None,
            "priority_db": command.priority_db,
            "shared": command.shared,
            "muted": command.muted,
        }
    )
    return unit.model_copy(update={"source": source, "on_air": unit.on_air and not command.muted})


def _response(content: bytes, media_type: str, request: Request) -> Response:
    policy = content_security_policy(request.headers.get("Host", ""))
    headers = Headers(
        {
            "Content-Type": media_type,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "Connection": "close",
        }
    )
    return Response(HTTPStatus.OK, "OK", headers, content)


@contextmanager
def stage_hub() -> Iterator[StageHub]:
    hub = StageHub()
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()
