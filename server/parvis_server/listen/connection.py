"""The listener's socket: connects, joins, hands packets on, and comes back for ever."""

import asyncio
import errno
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Never

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from parvis_server.errors import HubUnreachable
from parvis_server.known_certificate import UNKNOWN_CERTIFICATE
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.session import ListenSession
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.reconnect import spread_delay_s

OPEN_TIMEOUT_S = 10.0

SILENCE_TIMEOUT_S = 12.0
"""The hub sends the clock every 10 s whatever happens: nothing for longer is a dead link."""

MAX_MESSAGE_BYTES = 1 << 20
"""A snapshot with 500 hands is 100 kB."""

log = logging.getLogger(__name__)


class Connection:
    """Keeps a listener joined."""

    def __init__(
        self,
        link: ListenerLink,
        session: ListenSession,
        on_packet: Callable[[bytes, int], None],
        say: Callable[[str], None],
        url: str | None = None,
    ) -> None:
        """``on_packet`` gets a program packet and its arrival (monotonic ns); ``say`` the state.

        ``url``: the WebSocket, if it is not that of the listeners.
        """
        self.reconnects = 0
        """Times that we were joined again after a loss."""
        self.joined = asyncio.Event()
        """Set while we are joined."""
        self._url = url or link.url
        self._link = link
        self._session = session
        self._on_packet = on_packet
        self._say = say
        self._socket: ClientConnection | None = None
        self._was_joined = False
        self._told_version: str | None = None
        """Of the notice of the recording that runs."""
        self._spread = random.random()

    async def run(self) -> Never:
        """Stay joined until cancelled.

        Raises:
            HubUnreachable: there is no point in trying again.
        """
        attempt = -1
        self._say(f"connecting to {self._link}")
        while True:
            joined_before = self._was_joined
            reason, was_joined = await self._once()
            attempt = 0 if was_joined else attempt + 1
            delay_s = spread_delay_s(attempt, self._session.reconnect_spread_ms, self._spread)
            state = "reconnecting" if joined_before or was_joined else "still connecting"
            self._say(f"{state} in {delay_s:g} s: {reason}")
            await asyncio.sleep(delay_s)

    async def report(self, text: str) -> None:
        """Send a message if we are joined; it is not worth a retry."""
        await self.send(text)

    async def send(self, message: str | bytes) -> bool:
        """Send a message or packet if we are joined; whether it was given to the network."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            log.debug("a message was lost with its connection")
            return False
        return True

    async def _once(self) -> tuple[str, bool]:
        """One connection from beginning to end: why it ended, and whether it had joined."""
        self._session.clock = None
        try:
            async with connect(
                self._url,
                ssl=(self._link.trust or True) if self._link.is_encrypted else None,
                proxy=None,  # a hub stands in the same network, or is reached as its link says
                compression=None,
                open_timeout=OPEN_TIMEOUT_S,
                max_size=MAX_MESSAGE_BYTES,
                ping_interval=None,  # the hub pings; its clock every 10 s is our sign of life
            ) as connection:
                await self._listen(connection)
            reason = "the hub closed the connection"
        except ConnectionClosed as closed:
            reason = self._closed(closed)
        except (OSError, InvalidHandshake, BadMessage) as error:
            reason = self._explain(error)
        finally:
            self._socket = None
            self.joined.clear()
        return reason, self._session.clock is not None

    async def _listen(self, connection: ClientConnection) -> None:
        await connection.send(self._session.join())
        while True:
            async with asyncio.timeout(SILENCE_TIMEOUT_S):
                message = await connection.recv()
            arrival_ns = time.monotonic_ns()
            if isinstance(message, bytes):
                self._on_packet(message, arrival_ns)
                continue
            self._session.receive(message, arrival_ns)
            self._tell_recording()
            if self._socket is None and self._session.clock is not None:
                self._socket = connection
                self._now_joined()

    def _tell_recording(self) -> None:
        """Whoever listens is told before they hear it, and when the text is another one."""
        view = self._session.view
        recording = view.recording if view is not None else None
        version = recording.notice.version if recording is not None else None
        if version == self._told_version:
            return
        self._told_version = version
        self._say("the recording has ended" if recording is None else recording.notice.en.hearing)

    def _now_joined(self) -> None:
        self.reconnects += self._was_joined
        self._was_joined = True
        self.joined.set()
        title = self._session.view.title if self._session.view is not None else ""
        self._say(f"live: {title}")

    def _closed(self, closed: ConnectionClosed) -> str:
        """Why the hub ended it; raises ``HubUnreachable`` when coming back makes no sense."""
        code = None if closed.rcvd is None else closed.rcvd.code
        text = self._session.failure or (closed.rcvd.reason if closed.rcvd else "")
        if code not in set(CloseCode):
            return "the connection was lost"
        known = CloseCode(code)
        unknown_here = known is CloseCode.UNAUTHORISED and self._session.forget_participant()
        if known.retryable or unknown_here:
            return text or f"the hub closed the connection ({known.name.lower()})"
        raise HubUnreachable(f"{self._link}: {text or known.name.lower()} (code {known.value})")

    def _explain(self, error: Exception) -> str:
        """A failure in words; raises when it cannot mend itself."""
        match error:
            case ssl.SSLCertVerificationError():
                fault = UNKNOWN_CERTIFICATE.format(hub=self._link)
            case socket.gaierror():
                fault = f"no machine is called {self._link.host!r}: check the link"
            case InvalidStatus() if error.response.status_code == HTTPStatus.MISDIRECTED_REQUEST:
                fault = (
                    f"the hub at {self._link} does not go by that name: give its address, or add "
                    "the name to network.names in the hub's settings"
                )
            case InvalidStatus() if 400 <= error.response.status_code < 500:
                status = error.response.status_code
                fault = f"{self._link} answers, but is no Parvis hub (HTTP {status})"
            case OSError() if _refused(error):
                return f"nothing listens on {self._link}"
            case TimeoutError():
                return f"{self._link} does not answer"
            case BadMessage():
                return f"the hub said something unreadable: {error}"
            case InvalidHandshake():
                return f"{self._link} does not speak WebSocket: {error}"
            case _:
                return f"{self._link}: {getattr(error, 'strerror', None) or error}"
        if self._was_joined:
            return fault  # it was right before: the network is in trouble, not the link
        raise HubUnreachable(fault)


def _refused(error: OSError) -> bool:
    """Whether nothing listens there; asyncio joins the refusals of several addresses in a text."""
    return error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error)
