"""TCP connections to the edge: quick to try again, also where the resolver hangs with the network.

A lost SYN is sent again after a second, and a name server that does not answer blocks for half a
minute: so a connection is given up after 1.5 s, and addresses that were good once are tried while
the question for new ones is still open. With the internet back, the next try is due within 1.5 s.
"""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Protocol

CONNECT_TIMEOUT_S = 1.5
LOOK_UP_TIMEOUT_S = 1.0
"""Where an address is known already; the first time, as long as the resolver takes."""

FIRST_LOOK_UP_TIMEOUT_S = 20.0

Found = Sequence[tuple[Any, ...]]
"""What ``getaddrinfo`` gives."""


class Reach(Protocol):
    """How a connection begins."""

    async def connected(self, place: int) -> socket.socket:
        """A connected TCP socket for the connection of this place.

        Raises:
            OSError: nobody is there.
        """


class ByName:
    """Connects to a name's addresses, in the resolver's order."""

    def __init__(self, host: str, port: int) -> None:
        """Nothing is asked yet."""
        self._host = host
        self._port = port
        self._known: Found = ()
        self._question: asyncio.Task[Found] | None = None

    async def connected(self, place: int) -> socket.socket:
        """A connected TCP socket; raises ``OSError``."""
        fault: OSError = TimeoutError()
        for family, kind, protocol, _, address in await self._addresses():
            try:
                return await self._connected_to(family, kind, protocol, address)
            except OSError as error:
                fault = error
        raise fault

    async def _connected_to(
        self, family: int, kind: int, protocol: int, address: Any
    ) -> socket.socket:
        fresh = socket.socket(family, kind, protocol)
        try:
            fresh.setblocking(False)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(fresh, address)
        except BaseException:
            fresh.close()
            raise
        return fresh

    async def _addresses(self) -> Found:
        """Those that the resolver says now, or said when it last answered."""
        if self._question is None:
            self._question = asyncio.ensure_future(self._ask())
        timeout_s = LOOK_UP_TIMEOUT_S if self._known else FIRST_LOOK_UP_TIMEOUT_S
        await asyncio.wait({self._question}, timeout=timeout_s)
        if not self._question.done():
            if self._known:
                return self._known
            raise socket.gaierror(socket.EAI_AGAIN, "the resolver does not answer")
        question, self._question = self._question, None
        try:
            self._known = question.result()
        except OSError:
            if not self._known:
                raise
        return self._known

    async def _ask(self) -> Found:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
