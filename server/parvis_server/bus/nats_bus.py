"""The bus over NATS, by ``nats-py``.

Theory of operation. ``run`` keeps one client of the library connected; when a connection is lost
it makes another, which begins with nothing that waited in the old one, and takes up all
subscriptions. What is published waits in a line of our own, from which one task feeds the client:
publishing never waits. What comes while more than ``MAX_PENDING_BYTES`` are before it is
dropped.

The library writes through asyncio, whose ``close`` waits until everything is sent: on a cut network
that is the kernel's quarter of an hour. ``TCP_USER_TIMEOUT`` makes it ``LOST_AFTER_S``.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as ClientSubscription

from parvis_server.bus.address import BusAddress
from parvis_server.bus.bus import Answerer, Handler, NoAnswer, NobodyThere
from parvis_server.bus.client import (
    CLOSE_TIMEOUT_S,
    LOST_AFTER_S,
    MAX_PENDING_BYTES,
    bound_loss,
    is_quiet,
    leave,
    may_show_again,
    shown,
)
from parvis_server.bus.line import Line, Publication
from parvis_server.bus.trouble import Faults, explained
from parvis_server.mishaps import Mishaps, in_one_line
from parvis_wire.reconnect import delay_s

log = logging.getLogger(__name__)

PING_EVERY_S = 1
MAX_UNANSWERED_PINGS = 2
CONNECT_TIMEOUT_S = 3.0
LOOK_EVERY_S = 0.25
"""At whether the library gave the connection up."""

MAX_BURST_BYTES = 1 << 20
"""Published in one turn of the event loop, before the network was asked at all."""

FED_BYTES = 32_768
"""Handed to the library, which sends it as fast as the network takes it."""

STUCK_LOOK_S = 0.02

MAX_AWAY_S = 1.0
"""Between two attempts to connect: sound is back within three seconds of the network."""

MAX_UNHEARD = 4_096
"""Publications of one subscription that wait for the event loop."""


@dataclass(slots=True, eq=False)
class _Hearing:
    """One subscription, for as long as it runs, on whatever connection."""

    bus: "NatsBus"
    subject: str
    take: Callable[[Msg], None]
    on_client: ClientSubscription | None = None

    def end(self) -> None:
        """No more calls."""
        self.bus.forget(self)


@dataclass(frozen=True, slots=True)
class _Begin:
    hearing: _Hearing


@dataclass(frozen=True, slots=True)
class _End:
    on_client: ClientSubscription


class NatsBus:
    """One connection to NATS."""

    def __init__(self, address: BusAddress, name: str) -> None:
        """``name`` is for the server's own lists. ``run`` connects."""
        self.link_taps: set[Callable[[bool], None]] = set()
        self.dropped = 0
        self.attempts = 0
        """To connect that failed, since the start."""
        self._address = address
        self._name = name
        self._hearings: dict[_Hearing, None] = {}
        self._line = Line[_Begin | _End]()
        self._client: Client | None = None
        self._told = ""
        """What the log was told last of why there is no connection."""
        self._closing = asyncio.Event()
        self._mishaps = Mishaps(log)

    @property
    def is_connected(self) -> bool:
        """Whether what is published now goes out."""
        return self._client is not None and self._client.is_connected

    @property
    def waiting_bytes(self) -> int:
        """What was published and is not in the kernel's hands yet."""
        pending = 0 if self._client is None else self._client.pending_data_size
        return self._line.size_bytes + pending

    # What others do with it

    def publish(self, subject: str, payload: bytes) -> None:
        """Tell everybody who listens to this subject."""
        client = self._client
        if client is None or not client.is_connected or len(payload) > client.max_payload:
            self.dropped += 1
            return
        line = self._line
        before = line.size_bytes + max(0, client.pending_data_size - line.handed_aside_bytes)
        if before > (MAX_PENDING_BYTES if line.is_stuck else MAX_BURST_BYTES):
            self.dropped += 1
            return
        line.put(Publication(subject, payload))

    def subscribe(self, subject: str, handler: Handler) -> _Hearing:
        """Hear what is published under this subject."""
        return self._hear(_Hearing(self, subject, lambda message: handler(message.data)))

    def answer(self, subject: str, answerer: Answerer, *, instead: bytes | None = None) -> _Hearing:
        """Answer questions under this subject."""

        def take(message: Msg) -> None:
            if not message.reply:
                return
            reply = message.reply
            if instead is None:
                answerer(message.data, lambda text: self.publish(reply, text))
            else:
                answerer(message.data, lambda text: self._publish_aside(reply, text, instead))

        return self._hear(_Hearing(self, subject, take))

    def _publish_aside(self, subject: str, payload: bytes, instead: bytes) -> None:
        """Publish when nothing else waits, or something shorter where too much does."""
        client = self._client
        if client is None or not client.is_connected or len(payload) > client.max_payload:
            self.dropped += 1
            return
        publication = Publication(subject, payload)
        self.dropped += not self._line.put_aside(publication, instead, time.monotonic_ns())

    def _hear(self, hearing: _Hearing) -> _Hearing:
        self._hearings[hearing] = None
        if self._client is not None:
            self._line.put(_Begin(hearing))
        return hearing

    def forget(self, hearing: _Hearing) -> None:
        """End a subscription."""
        self._hearings.pop(hearing, None)
        if hearing.on_client is not None:
            self._line.put(_End(hearing.on_client))
            hearing.on_client = None

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask a question; raises ``BusFault`` without an answer by then."""
        client = self._client
        if client is None or not client.is_connected:
            raise NoAnswer("the bus is not connected")
        try:
            async with asyncio.timeout(timeout_s):
                answer = await client.request(subject, payload, timeout=timeout_s)
        except nats.errors.NoRespondersError:
            raise NobodyThere(f"nobody answers {subject}") from None
        except nats.errors.MaxPayloadError:
            raise NoAnswer(f"a question of {len(payload)} bytes is too large") from None
        except (TimeoutError, nats.errors.Error, OSError):
            raise NoAnswer(f"no answer about {subject} within {timeout_s:g} s") from None
        except Exception as error:  # the library's own, or that of what it stands on
            raise NoAnswer(f"no answer about {subject}: {in_one_line(error)}") from error
        return bytes(answer.data)

    async def close(self) -> None:
        """Send what waits, and leave."""
        client = self._client
        if client is not None and client.is_connected:
            with contextlib.suppress(TimeoutError, nats.errors.Error, OSError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._line.empty.wait()
                    await client.flush(timeout=1)
        self._closing.set()

    # The connection

    async def run(self) -> None:
        """Connect, and stay connected for ever; runs until cancelled or closed."""
        failures = 0
        while not self._closing.is_set():
            client = await self._connected()
            _end_if_cancelled()
            if client is None:
                await self._pause(min(delay_s(failures), MAX_AWAY_S))
                failures += 1
                continue
            failures = 0
            try:
                await self._serve(client)
            finally:
                await leave(client)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless we leave meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _connected(self, *, is_again: bool = False) -> Client | None:
        """A client that the server let in; None, and a line in the log, when there is none."""
        client, faults = Client(), Faults()
        address = self._address
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S * len(address.urls)):
                await client.connect(
                    list(address.urls),
                    error_cb=faults.note,
                    name=self._name,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=int(CONNECT_TIMEOUT_S),
                    ping_interval=PING_EVERY_S,
                    max_outstanding_pings=MAX_UNANSWERED_PINGS,
                    no_echo=True,
                    tls=address.context() if address.is_encrypted or address.ca else None,
                    user=address.user,
                    password=address.password,
                    token=address.token,
                    user_credentials=str(address.credentials) if address.credentials else None,
                    ws_connection_headers=shown(address),
                    pending_size=MAX_BURST_BYTES,
                    flush_timeout=LOST_AFTER_S,
                )
        except Exception as error:  # whatever something that is no bus makes of the library
            await leave(client)
            if may_show_again(address, faults.first or error) and not is_again:
                return await self._connected(is_again=True)
            self._tell_why(faults.first or error)
            self.attempts += 1
            return None
        except asyncio.CancelledError:
            await leave(client)
            raise
        bound_loss(client)
        return client

    async def _serve(self, client: Client) -> None:
        """Until this connection is lost, or we leave."""
        self._line = Line[_Begin | _End]()
        for hearing in self._hearings:
            self._line.put(_Begin(hearing))
        self._client = client
        feeding = asyncio.create_task(self._feed(client))
        try:
            async with asyncio.timeout(LOST_AFTER_S):
                await self._line.empty.wait()
                await client.flush(timeout=int(LOST_AFTER_S))  # the server has the subscriptions
            _end_if_cancelled()
            self._connect(True)
            while client.is_connected and not feeding.done():
                await self._pause(LOOK_EVERY_S)
                if self._closing.is_set():
                    return
        except Exception as error:  # it is lost, for one reason or another
            log.debug("the bus at %s: %s", self._address, in_one_line(error))
        finally:
            self._client = None
            for hearing in self._hearings:
                hearing.on_client = None
            feeding.cancel()
            await asyncio.wait([feeding])
            self._connect(False)

    def _connect(self, connected: bool) -> None:
        if connected:
            log.info("the bus at %s is there", self._address)
            self._told = ""
        elif not self._closing.is_set():
            log.warning("the bus at %s is lost: trying again", self._address)
        for tap in tuple(self.link_taps):
            with self._mishaps.during("what follows from the bus' loss or return"):
                tap(connected)

    async def _feed(self, client: Client) -> None:
        """Hand the client what waits, as fast as the network takes it; until it is lost."""
        line = self._line
        while client.is_connected:
            if not line.acts:
                line.empty.set()
            await line.wake.wait()
            line.wake.clear()
            while (line.acts or line.has_aside) and client.is_connected:
                act = await self._next(client, line)
                try:
                    if act is not None:
                        await self._do(client, act)
                        _end_if_cancelled()
                except Exception:  # it is being lost
                    self.dropped += isinstance(act, Publication)

    async def _next(
        self, client: Client, line: Line[_Begin | _End]
    ) -> Publication | _Begin | _End | None:
        """What goes now; None: nothing, look again."""
        if line.acts:
            if client.pending_data_size == 0:
                line.handed_aside_bytes = 0
            await self._until_taken(client, line)
            return line.pop()
        line.empty.set()
        if not is_quiet(client):
            await asyncio.sleep(STUCK_LOOK_S)
            return None
        return line.pop_aside(time.monotonic_ns())

    async def _until_taken(self, client: Client, line: Line[_Begin | _End]) -> None:
        """Wait while the library holds more than it should, because the network takes nothing."""
        if client.pending_data_size > FED_BYTES:
            await asyncio.sleep(0)  # it writes in a task of its own
        while client.pending_data_size > FED_BYTES and client.is_connected:
            line.is_stuck = True
            await asyncio.sleep(STUCK_LOOK_S)
        line.is_stuck = False

    async def _do(self, client: Client, act: Publication | _Begin | _End) -> None:
        match act:
            case Publication(subject=subject, payload=payload):
                await client.publish(subject, payload)
            case _Begin(hearing=hearing):
                if hearing in self._hearings and hearing.on_client is None:
                    hearing.on_client = await client.subscribe(
                        hearing.subject,
                        cb=_taker(hearing),
                        pending_msgs_limit=MAX_UNHEARD,
                    )
            case _End(on_client=on_client):
                await on_client.unsubscribe()

    def _tell_why(self, error: BaseException) -> None:
        """Say once what is wrong, and again when something else is."""
        why = explained(error, self._address)
        if why != self._told:
            self._told = why
            log.warning("%s; going on trying", why)


def _taker(hearing: _Hearing) -> Callable[[Msg], Any]:
    async def take(message: Msg) -> None:
        try:
            hearing.take(message)
        except Exception:
            log.exception("a message of the bus could not be handled: %s", hearing.subject)

    return take


def _end_if_cancelled() -> None:
    """Raise the ``CancelledError`` that the client library took for a failure of its own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
