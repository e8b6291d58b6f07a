"""The demo's own host: a connection to its hub that sees the room and presses *Next*."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from parvis_server.errors import UserError
from parvis_wire.commands import EndTurn, Next
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    Failure,
    HostCredential,
    HubMessage,
    Join,
    Role,
    Snapshot,
    parse_hub_message,
    serialize,
)
from parvis_wire.room_view import RoomView, fold
from parvis_wire.stage import Status

MAX_MESSAGE_BYTES = 1 << 20
"""A snapshot with a full line of 500 hands is 60 kB."""


class HubLost(UserError):
    """The demo's hub closed its host's connection."""


class HostConnection:
    """Sees the room as a host does. ``on_view`` gets each view, ``on_levels`` levels by name."""

    def __init__(
        self,
        url: str,
        secret: str,
        on_view: Callable[[RoomView], None],
        on_levels: Callable[[Mapping[str, float | None]], None],
    ) -> None:
        """``url`` is the hub's ``ws://`` origin."""
        self._url = f"{url}/ws/listen"
        self._secret = secret
        self._on_view = on_view
        self._on_levels = on_levels
        self._connection: ClientConnection | None = None
        self._view: RoomView | None = None
        self.listeners = 0
        self.connected_units: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Join and follow the room until cancelled.

        Raises:
            HubLost: the hub refused or closed the connection.
        """
        failure = ""
        try:
            async with connect(
                self._url, proxy=None, compression=None, max_size=MAX_MESSAGE_BYTES
            ) as hub:
                await hub.send(serialize(self._join()))
                self._connection = hub
                async for message in hub:
                    if isinstance(message, str):
                        failure = self._take(parse_hub_message(message)) or failure
        except (OSError, WebSocketException) as error:
            failure = failure or str(error)
        raise HubLost(f"the demo's hub closed the connection: {failure or 'it ended'}")

    async def give_next(self) -> None:
        """Press *Next*."""
        await self._send(Next(id=secrets.token_urlsafe(8)))

    async def end_turn(self, participant: str) -> None:
        """End a turn."""
        await self._send(EndTurn(id=secrets.token_urlsafe(8), participant=participant))

    async def _send(self, command: Next | EndTurn) -> None:
        # A connection that closes is told by run(); a Next that was lost with it is nobody's loss.
        if self._connection is not None:
            with suppress(ConnectionClosed):
                await self._connection.send(serialize(command))

    def _join(self) -> Join:
        credential = HostCredential(secret=self._secret)
        return Join(version=PROTOCOL_VERSION, role=Role.HOST, credential=credential)

    def _take(self, message: HubMessage) -> str | None:
        """Use a message; the words of a failure, if it is one."""
        match message:
            case Snapshot(view=view):
                self._show(view)
            case Change(seq=seq, event=event) if self._view is not None:
                self._show(fold(self._view, seq, event))
            case Status():
                self._status(message)
            case Failure(text=text):
                return text
        return None

    def _show(self, view: RoomView) -> None:
        self._view = view
        self._on_view(view)

    def _status(self, status: Status) -> None:
        self.listeners = status.listeners
        self.connected_units = frozenset(unit.name for unit in status.units if unit.connected)
        self._on_levels({unit.name: unit.level_dbfs for unit in status.units if unit.connected})
