"""A watcher of the room over its WebSocket: sees what every screen sees, and may be the host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from parvis_wire.audience import Here
from parvis_wire.commands import Command
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    Change,
    Credential,
    HostCredential,
    Join,
    Role,
    Snapshot,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.room_view import RoomView, fold
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import StageCommand, Status

WAIT_S = 20.0


class Watcher:
    """A connection that keeps the room's view; with the host's secret it is a host."""

    def __init__(self, port: int, secret: str | None = None, name: str | None = None) -> None:
        self._stack = ExitStack()
        self._connection = self._stack.enter_context(
            connect(f"ws://127.0.0.1:{port}/ws/listen", compression=None, max_size=1 << 20)
        )
        credential: Credential | None = HostCredential(secret=secret) if secret else None
        role = Role.HOST if secret else Role.LISTENER
        join = Join(version=PROTOCOL_VERSION, role=role, credential=credential)
        self._connection.send(serialize(join))
        if name is not None:
            self._connection.send(serialize(Here(name=name)))
        self._changed = threading.Condition()
        self.welcome: Welcome | None = None
        self.view: RoomView | None = None
        self.status: Status | None = None
        self.acks: dict[str, Ack] = {}
        self.packets: list[RtpPacket] = []
        self.changes: list[Change] = []
        self.closed: ConnectionClosed | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until(
        self, true: Callable[[Watcher], object], within_s: float = WAIT_S, what: str = ""
    ) -> None:
        """Wait for the room to be as the test says."""
        if not self.comes_to(true, within_s):
            raise AssertionError(f"waited for {what or true}, the room is {self.view}")

    def comes_to(self, true: Callable[[Watcher], object], within_s: float) -> bool:
        """Whether the room comes to be as the test says, in this time."""
        with self._changed:
            self._changed.wait_for(lambda: true(self) or self.closed is not None, within_s)
            return bool(true(self))

    def wait_for_view(
        self, true: Callable[[RoomView], object], within_s: float = WAIT_S, what: str = ""
    ) -> RoomView:
        """Wait for a view of the room; returns it."""
        self.wait_until(lambda me: me.view is not None and true(me.view), within_s, what)
        assert self.view is not None
        return self.view

    def command(self, command: Command | StageCommand) -> Ack:
        """Send a command and wait for its answer."""
        self._connection.send(serialize(command))
        self.wait_until(lambda me: command.id in me.acks, what=f"the ack of {command}")
        return self.acks[command.id]

    def line(self) -> list[str]:
        """Names in the line, first come first."""
        return [] if self.view is None else [hand.name for hand in self.view.line]

    def close(self) -> None:
        self._stack.close()
        self._reader.join(WAIT_S)

    def __enter__(self) -> Self:
        self.wait_until(lambda me: me.view is not None, what="the snapshot")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        try:
            for message in self._connection:
                with self._changed:
                    self._take(message)
                    self._changed.notify_all()
        except ConnectionClosed as closed:
            self.closed = closed
        with self._changed:
            self.closed = self.closed or ConnectionClosed(None, None)
            self._changed.notify_all()

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.packets.append(RtpPacket.parse(message))
            return
        match parse_hub_message(message):
            case Welcome() as welcome:
                self.welcome = welcome
            case Snapshot(view=view):
                self.view = view
            case Change(seq=seq, event=event) as change:
                assert self.view is not None
                self.changes.append(change)
                self.view = fold(self.view, seq, event)
            case Status() as status:
                self.status = status
            case Ack(id=identifier) as ack:
                self.acks[identifier] = ack
