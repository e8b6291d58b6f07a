"""The hub's side of the link: dials the edge with two connections, and never stops trying."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from parvis_server.link.entry import Shown
from parvis_server.link.handshake import LinkRefused, Refusal, greet
from parvis_server.link.link_end import TICK_S, Line, LinkEnd, take
from parvis_server.link.packets import MAX_PACKET_BYTES
from parvis_server.link.publish_address import LINK_PATH, PublishAddress
from parvis_server.link.reach import Reach
from parvis_server.link.trouble import Trouble, explain, is_unproven
from parvis_server.mishaps import in_one_line
from parvis_server.net import sockets
from parvis_wire.errors import BadMessage
from parvis_wire.reconnect import delay_s
from parvis_wire.stage import LinkKind

log = logging.getLogger(__name__)

CONNECTIONS = 2

OPEN_TIMEOUT_S = 5.0
"""For TLS, the WebSocket and the proofs, once TCP is there: six round trips."""

MAX_DELAY_S = 1.0
"""One hub hammers no edge: with the 1.5 s of a try, it is back within 3 s of its internet."""

REFUSED_DELAY_S = 8.0
"""An address that is wrong does not mend itself."""

_FAULTS = (OSError, InvalidHandshake, ConnectionClosed, LinkRefused, BadMessage, EOFError)


@dataclass(frozen=True, slots=True)
class _ClientWay:
    """A WebSocket of ours as a line's way."""

    connection: ClientConnection

    def write(self, message: bytes) -> None:
        """Write one binary message at once."""
        broadcast((self.connection,), message)

    def unsent_bytes(self) -> int:
        """What was written and is not on the wire."""
        transport = self.connection.transport
        if transport.is_closing():
            return 0
        below = sockets.beneath(transport)
        carried = 0 if below is None else below.get_write_buffer_size()
        return transport.get_write_buffer_size() + carried + sockets.unsent_bytes(transport)

    def end(self, why: str) -> None:
        """Cut it."""
        self.connection.transport.abort()


class LinkDialer:
    """Keeps both connections of one hub to its public edge."""

    def __init__(
        self,
        address: PublishAddress,
        hub: str,
        end: LinkEnd,
        reach: Reach,
        trust: ssl.SSLContext | None,
        changed: Callable[[], None],
    ) -> None:
        """``trust`` checks the edge's certificate (None for an address that is not encrypted);
        ``changed`` is called when a connection begins or ends to carry sound."""
        self._address = address
        self._hub = hub
        self._shown = Shown(address.entry_key, hub)
        self._shown_ahead_ms = [0] * CONNECTIONS
        """With which each connection's last proof was made."""
        self._end = end
        self._reach = reach
        self._trust = trust
        self._changed = changed
        self._edge = ""
        self.trouble: Trouble | None = None
        """Why there is no link at all; None while there is one, or nobody has tried yet."""

    async def run(self) -> None:
        """Stay linked until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for place in range(CONNECTIONS):
                tasks.create_task(self._keep(place))
            tasks.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            self._end.tick(time.monotonic_ns())
            await asyncio.sleep(TICK_S)

    async def _keep(self, place: int) -> None:
        attempt = 0
        while True:
            carried, delay_cap_s = False, MAX_DELAY_S
            try:
                carried = await self._connect_once(place)
            except _FAULTS as error:
                if self._may_show_again(place, error) and attempt == 0:
                    attempt = 1
                    continue
                self._lost(error)
                refused = _is_refused(error)
                delay_cap_s = REFUSED_DELAY_S if refused else MAX_DELAY_S
                attempt = max(attempt, 32) if refused else attempt
            except Exception as error:  # the hall goes on, whatever comes from outside
                log.error("the link failed (%s); trying again", in_one_line(error))
            attempt = 0 if carried else attempt
            await asyncio.sleep(min(delay_s(attempt), delay_cap_s))
            attempt += 1

    def _may_show_again(self, place: int, error: Exception) -> bool:
        """Whether the edge refused our proof because of the time that it named."""
        if not isinstance(error, InvalidStatus) or not is_unproven(error):
            return False
        date, shown_ahead_ms = error.response.headers.get("Date"), self._shown_ahead_ms[place]
        return self._shown.refused(date, _utc_ms(), shown_ahead_ms)

    async def _connect_once(self, place: int) -> bool:
        """One connection, from its dialing to its end; whether it carried sound."""
        tcp = await self._reach.connected(place)
        encrypted = self._address.encrypted
        self._shown_ahead_ms[place] = self._shown.ahead_ms
        async with connect(
            self._address.link_url,
            sock=tcp,
            ssl=self._trust if encrypted else None,
            server_hostname=self._address.host if encrypted else None,
            proxy=None,
            additional_headers=self._shown.headers(LINK_PATH, _utc_ms()),
            compression=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1.0,
            max_size=MAX_PACKET_BYTES,
            ping_interval=None,  # beats tell more, and sooner
        ) as connection:
            sockets.tune_for_sound(connection.transport, LinkKind.REMOTE)
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                edge = await self._greet(connection, place)
            await self._carry(connection, edge)
        return True

    async def _greet(self, connection: ClientConnection, place: int) -> str:
        try:
            return await greet(
                connection.send,
                connection.recv,
                key=self._address.link_key,
                hub=self._hub,
                place=place,
            )
        except ConnectionClosed as closed:
            reason = closed.rcvd.reason if closed.rcvd else ""
            known = next((why for why in Refusal if why.value == reason), None)
            if known is None:
                raise
            raise LinkRefused(known) from closed

    async def _carry(self, connection: ClientConnection, edge: str) -> None:
        """From the proof to the end of the connection."""
        if edge != self._edge:
            self._end.begin_anew("another start of the edge took its place")
            self._edge = edge
        line = self._end.opened(_ClientWay(connection), time.monotonic_ns())
        self._joined()
        try:
            async for message in connection:
                take(self._end, line, message, time.monotonic_ns())
        except ConnectionClosed:
            pass  # the loss of one connection is told below, and only if it was the last
        finally:
            self._left(line)

    def _joined(self) -> None:
        if self._end.lines == 1:
            log.info("linked to the public edge %s", self._address)
        self.trouble = None
        self._changed()

    def _left(self, line: Line) -> None:
        self._end.closed(line)
        if not self._end.lines:
            self._tell(Trouble.cut(self._address))
        self._changed()

    def _lost(self, error: Exception) -> None:
        if not self._end.lines:
            self._tell(explain(error, self._address))

    def _tell(self, trouble: Trouble) -> None:
        """Say once what is wrong."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("%s; the hall goes on, trying again every second", trouble.words)


def _is_refused(error: Exception) -> bool:
    """Whether nothing mends it but another address, or another version."""
    if isinstance(error, InvalidStatus):
        return is_unproven(error)
    return isinstance(error, LinkRefused) and error.why is not Refusal.TAKEN


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000
