"""The page's socket: bounded in size, time and number; a slow phone holds up nobody."""

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable

from parvis_device.provisioning.page.desk import Desk
from parvis_device.provisioning.page.http import (
    MOST_HEAD_BYTES,
    PHRASES,
    BadRequest,
    answer,
    parse_request,
)

MOST_CONNECTIONS = 16
"""A phone opens up to six; a second one may look, too."""
REQUEST_S = 10.0
"""From the first byte to the last of the answer."""
LEAVE_S = 2.0
"""What a page that closes waits for its last answers to leave."""

_END = b"\r\n\r\n"
_log = logging.getLogger(__name__)


class PageServer:
    """Serves one desk on one address."""

    def __init__(
        self, desk: Desk, used: Callable[[], None], network: str, request_s: float = REQUEST_S
    ) -> None:
        """``used`` is told of each request; ``network``: whoever is not in it is not answered."""
        self._desk = desk
        self._used = used
        self._network = ipaddress.ip_network(network)
        self._request_s = request_s
        self._open: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serve for the length of a block; gives the port. The last answers leave before its end.

        Raises:
            OSError: the address cannot be listened at.
        """
        server = await asyncio.start_server(
            self._connected, host, port, limit=MOST_HEAD_BYTES, backlog=MOST_CONNECTIONS
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            if self._open:
                _, late = await asyncio.wait(self._open, timeout=LEAVE_S)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) > MOST_CONNECTIONS or not self._is_near(writer):
                return
            async with asyncio.timeout(self._request_s):
                writer.write(await self._answer(reader))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            _log.debug("a request was not finished")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(_END)
            request = parse_request(head)
            body = await reader.readexactly(request.body_bytes)
            self._used()
            return self._desk.answer(request, body)
        except asyncio.LimitOverrunError:
            return _refusal(431)
        except BadRequest as error:
            return _refusal(error.status)

    def _is_near(self, writer: asyncio.StreamWriter) -> bool:
        peer = writer.get_extra_info("peername")
        return peer is not None and ipaddress.ip_address(peer[0]) in self._network


def _refusal(status: int) -> bytes:
    return answer(status, f"{status} {PHRASES[status]}\n".encode(), "text/plain")
