"""A connection of the demo's own to its hub: one of those that a phone's page makes."""

from collections.abc import Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from parvis_server.errors import UserError
from parvis_wire.commands import Command
from parvis_wire.messages import Failure, HubMessage, Join, parse_hub_message, serialize

MAX_MESSAGE_BYTES = 1 << 20
"""A snapshot with a full line of 500 hands is 60 kB."""


class HubLost(UserError):
    """The demo's hub closed a connection of the demo's own."""


class HubConnection:
    """Joins, and hands on what the hub says; sound is not listened to."""

    def __init__(
        self, url: str, whose: str, join: Join, take: Callable[[HubMessage], None]
    ) -> None:
        """``url`` is the hub's ``ws://`` origin; ``whose`` is for the words of an error."""
        self._url = f"{url}/ws/listen"
        self._whose = whose
        self._join = join
        self._take = take
        self._connection: ClientConnection | None = None

    async def run(self) -> None:
        """Follow the room until cancelled.

        Raises:
            HubLost: the hub refused or closed the connection.
        """
        failure = ""
        try:
            async with connect(
                self._url, proxy=None, compression=None, max_size=MAX_MESSAGE_BYTES
            ) as hub:
                await hub.send(serialize(self._join))
                self._connection = hub
                async for message in hub:
                    if isinstance(message, str):
                        said = parse_hub_message(message)
                        failure = said.text if isinstance(said, Failure) else failure
                        self._take(said)
        except (OSError, WebSocketException) as error:
            failure = failure or str(error)
        raise HubLost(
            f"the demo's hub closed the {self._whose}'s connection: {failure or 'it ended'}"
        )

    async def send(self, command: Command) -> None:
        """Send a command; does nothing before the connection stands.

        One that closes is told by ``run``; a command that was lost with it is nobody's loss.
        """
        if self._connection is not None:
            with suppress(ConnectionClosed):
                await self._connection.send(serialize(command))
