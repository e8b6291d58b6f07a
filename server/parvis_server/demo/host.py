"""The demo's own host: a connection to its hub that sees the room and presses *Next*."""

import secrets
from collections.abc import Callable, Mapping

from parvis_server.demo.connection import HubConnection
from parvis_wire.commands import EndTurn, Next, ReadOut
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    HostCredential,
    HubMessage,
    Join,
    Role,
    Snapshot,
)
from parvis_wire.room_view import RoomView, fold
from parvis_wire.stage import Status


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
        join = Join(
            version=PROTOCOL_VERSION, role=Role.HOST, credential=HostCredential(secret=secret)
        )
        self._hub = HubConnection(url, "host", join, self._take)
        self._on_view = on_view
        self._on_levels = on_levels
        self._view: RoomView | None = None
        self.connected_units: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Join and follow the room until cancelled.

        Raises:
            HubLost: the hub refused or closed the connection.
        """
        await self._hub.run()

    async def give_next(self) -> None:
        """Press *Next*."""
        await self._hub.send(Next(id=_new_id()))

    async def read_out(self, participant: str) -> None:
        """Have the hub's voice read a written question whose turn it is."""
        await self._hub.send(ReadOut(id=_new_id(), participant=participant))

    async def end_turn(self, participant: str) -> None:
        """End a turn."""
        await self._hub.send(EndTurn(id=_new_id(), participant=participant))

    def _take(self, message: HubMessage) -> None:
        match message:
            case Snapshot(view=view):
                self._show(view)
            case Change(seq=seq, event=event) if self._view is not None:
                self._show(fold(self._view, seq, event))
            case Status():
                self._status(message)

    def _show(self, view: RoomView) -> None:
        self._view = view
        self._on_view(view)

    def _status(self, status: Status) -> None:
        self.connected_units = frozenset(unit.name for unit in status.units if unit.connected)
        self._on_levels({unit.name: unit.level_dbfs for unit in status.units if unit.connected})


def _new_id() -> str:
    return secrets.token_urlsafe(8)
