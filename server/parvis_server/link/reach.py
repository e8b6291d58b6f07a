"""TCP connections to the edge: quick to try again, also where the resolver hangs with the network.

A lost SYN is sent again after a second, and a name server that does not answer blocks for half a
minute: so a connection is given up after 1.5 s, and addresses that were good once are tried while
the question for new ones is still open. With the internet back, the next try is due within 1.5 s.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

CONNECT_TIMEOUT_S = 1.5
LOOK_UP_TIMEOUT_S = 1.0
"""Where an address is known already; the first time, as long as the resolver takes."""

FIRST_LOOK_UP_TIMEOUT_S = 20.0

Found = Sequence[tuple[Any, ...]]
"""What ``getaddrinfo`` gives."""

Ask = Callable[[str, int], Coroutine[Any, Any, Found]]
"""Looks a name up; raises ``OSError``."""


class Reach(Protocol):
    """How a connection begins."""

    async def connected(self, place: int) -> socket.socket:
        """A connected TCP socket for the connection of this place.

        Raises:
            OSError: nobody is there.
        """


class ByName:
    """Connects to a name's addresses, in the resolver's order."""

    def __init__(self, host: str, port: int, ask: Ask | None = None) -> None:
        """Nothing is asked yet; ``ask`` is the resolver, unless it is the system's."""
        self._host = host
        self._port = port
        self._ask = ask or _system
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
        question = self._question
        if question is None:
            question = self._question = asyncio.ensure_future(self._ask(self._host, self._port))
        timeout_s = LOOK_UP_TIMEOUT_S if self._known else FIRST_LOOK_UP_TIMEOUT_S
        await asyncio.wait({question}, timeout=timeout_s)
        if not question.done():
            if self._known:
                return self._known
            raise socket.gaierror(socket.EAI_AGAIN, "the resolver does not answer")
        if self._question is question:
            self._question = None
        try:
            self._known = question.result()
        except OSError:
            if not self._known:
                raise
        return self._known


async def _system(host: str, port: int) -> Found:
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
