"""Probes of the way: name, TCP, TLS, clock, HTTP, WebSocket. Each goes only as far as it gets."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from parvis_server.doctor.findings import Finding, Says, found
from parvis_server.doctor.target import Target
from parvis_server.link.trouble import Cause, cause_of, is_unproven

TIMEOUT_S = 5.0

MAX_ANSWER_BYTES = 65_536

SOON_DAYS = 14
"""Caddy renews thirty days before the end: what is not renewed by then is stuck."""

CLOCK_GOOD_S, CLOCK_WRONG_S = 3, 3_600
"""The other side's clock is told in whole seconds, and its answer was on the way."""

DAY_S = 86_400

VENUE_AWAY = "venue away"
"""How an edge without its hub says that it is well itself."""

CERTIFICATE = {
    Cause.CERTIFICATE_EXPIRED: Says.CERTIFICATE_EXPIRED,
    Cause.CERTIFICATE_NOT_YET: Says.CERTIFICATE_EXPIRED,
    Cause.CERTIFICATE_NAME: Says.CERTIFICATE_NAME,
    Cause.CERTIFICATE_UNKNOWN: Says.CERTIFICATE_UNKNOWN,
}

Tell = Callable[[Finding], None]


class Unproven(Exception):
    """The edge does not take what was shown in the request."""

    def __init__(self, date: str | None) -> None:
        """``date`` is the edge's clock."""
        super().__init__()
        self.date = date


class Stopped(Exception):
    """Behind this finding there is nothing to look at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


class Way:
    """The way to one target."""

    def __init__(self, target: Target, tell: Tell, context: ssl.SSLContext | None) -> None:
        """``tell`` gets each finding at once; ``context`` checks the certificate."""
        self._target = target
        self._tell = tell
        self._context = context
        self.address = ""
        """The one that answered."""

    async def look(self) -> None:
        """Name, TCP, TLS, HTTP and the clocks; raises ``Stopped`` where it does not go on."""
        await self._reach(await self._addresses())
        await self._encryption()
        answer = await self._answer()
        self._clock(answer)
        self._parvis(answer)

    def stop(self, says: Says, **facts: object) -> Stopped:
        """Tell the finding; to be raised."""
        self._tell(found(says, host=self._target.host, port=self._target.port, **facts))
        return Stopped()

    async def _addresses(self) -> list[str]:
        host = self._target.host
        try:
            async with asyncio.timeout(2 * TIMEOUT_S):
                answers = await asyncio.get_running_loop().getaddrinfo(
                    host, self._target.port, type=socket.SOCK_STREAM
                )
        except (OSError, TimeoutError):
            raise self.stop(Says.NAME_UNKNOWN) from None
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        if addresses != [host]:
            self._tell(found(Says.NAME_FOUND, host=host, addresses=", ".join(addresses)))
        return addresses

    async def _reach(self, addresses: list[str]) -> None:
        worst = Says.UNREACHABLE
        for address in addresses:
            began_ns = time.monotonic_ns()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    _, writer = await asyncio.open_connection(address, self._target.port)
            except TimeoutError:
                worst = Says.SILENT
                continue
            except ConnectionRefusedError:
                worst = Says.REFUSED
                continue
            except OSError:
                continue
            writer.transport.abort()
            self.address = address
            ms = round((time.monotonic_ns() - began_ns) / 1e6, 1)
            self._tell(found(Says.REACHED, address=address, port=self._target.port, ms=ms))
            return
        raise self.stop(worst, address=addresses[0])

    async def _encryption(self) -> None:
        if self._context is None:
            self._tell(found(Says.PLAIN, host=self._target.host))
            return
        try:
            async with self._opened(self._context) as (_, writer):
                certificate: Any = writer.get_extra_info("ssl_object").getpeercert()
        except ssl.SSLError as error:
            raise await self._not_encrypted(cause_of(error)) from None
        except (OSError, TimeoutError, EOFError):
            raise self.stop(Says.NO_TLS) from None
        ends_s = ssl.cert_time_to_seconds(certificate["notAfter"])
        days = int((ends_s - time.time()) // DAY_S)
        day = time.strftime("%Y-%m-%d", time.gmtime(ends_s))
        says = Says.CERTIFICATE_SOON if days < SOON_DAYS else Says.CERTIFICATE_GOOD
        short_lived = ends_s - ssl.cert_time_to_seconds(certificate["notBefore"]) < 30 * DAY_S
        says = Says.CERTIFICATE_GOOD if short_lived else says
        self._tell(found(says, day=day, days=days))

    async def _not_encrypted(self, cause: Cause) -> Stopped:
        """Why TLS failed: a certificate that is out of its time may be a clock that is."""
        if cause in (Cause.CERTIFICATE_EXPIRED, Cause.CERTIFICATE_NOT_YET):
            with contextlib.suppress(OSError, TimeoutError, EOFError, ValueError):
                ahead_s = _ahead_s(await self._asked(_trusting_nobody()))
                if ahead_s is not None and abs(ahead_s) >= CLOCK_WRONG_S:
                    return self.stop(Says.CLOCK_WRONG, seconds=abs(ahead_s), fast=ahead_s > 0)
        return self.stop(CERTIFICATE.get(cause, Says.NO_TLS))

    async def _answer(self) -> Answer:
        try:
            return await self._asked(self._context)
        except (OSError, TimeoutError, EOFError, ValueError):
            raise self.stop(Says.NO_HTTP) from None

    async def _asked(self, context: ssl.SSLContext | None) -> Answer:
        """How it is; whoever answers without saying so is no Parvis."""
        async with asyncio.timeout(TIMEOUT_S), self._opened(context) as (reader, writer):
            head = f"GET /healthz HTTP/1.1\r\nHost: {self._target.authority_part}\r\n"
            writer.write(f"{head}Connection: close\r\nUser-Agent: parvis-doctor\r\n\r\n".encode())
            return read_answer(
                await reader.readuntil(b"\r\n\r\n"), await reader.read(MAX_ANSWER_BYTES)
            )

    @contextlib.asynccontextmanager
    async def _opened(
        self, context: ssl.SSLContext | None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        name = None if context is None else self._target.host
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                self.address, self._target.port, ssl=context, server_hostname=name
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    def _clock(self, answer: Answer) -> None:
        ahead_s = _ahead_s(answer)
        if ahead_s is None:
            return
        off_s = abs(ahead_s)
        if off_s <= CLOCK_GOOD_S:
            self._tell(found(Says.CLOCK_GOOD, seconds=CLOCK_GOOD_S))
        else:
            self._tell(found(Says.CLOCK_OFF, seconds=off_s, fast=ahead_s > 0))

    def _parvis(self, answer: Answer) -> None:
        try:
            health = json.loads(answer.body)
            status = str(health["status"])
        except (ValueError, KeyError, TypeError):
            raise self.stop(Says.OTHER_ANSWERS, status=answer.status) from None
        if answer.status == 200:
            self._tell(found(Says.PARVIS_ANSWERS, status=answer.status))
        else:
            self._tell(found(Says.PARVIS_ILL, why=status[:80]))
        if status == VENUE_AWAY:
            self._tell(found(Says.VENUE_AWAY))
        elif self._target.is_edge:
            self._tell(found(Says.VENUE_SEEN))

    @contextlib.asynccontextmanager
    async def socket(self, path: str, **options: Any) -> AsyncIterator[ClientConnection]:
        """An open WebSocket; raises ``Stopped`` for one that does not open, and ``Unproven``."""
        try:
            opening = connect(
                self._target.socket(path),
                host=self.address,
                port=self._target.port,
                ssl=self._context,
                proxy=None,
                compression=None,
                open_timeout=TIMEOUT_S,
                close_timeout=1.0,
                ping_interval=None,
                **options,
            )
            opened = await opening
        except InvalidStatus as error:
            if is_unproven(error):
                raise Unproven(error.response.headers.get("Date")) from None
            status = error.response.status_code
            raise self.stop(Says.SOCKET_SWALLOWED, path=path, status=status) from None
        except (OSError, InvalidHandshake, TimeoutError, EOFError):
            raise self.stop(Says.SOCKET_SILENT, path=path) from None
        try:
            yield opened
        finally:
            await opened.close()


def read_answer(head: bytes, body: bytes) -> Answer:
    """An HTTP/1.1 answer whose connection ends with it.

    Raises:
        ValueError: it is none.
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    if not version.startswith("HTTP/"):
        raise ValueError(f"{version!r} is no HTTP")
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): text.strip() for name, _, text in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(status), headers, body)


def _unchunked(body: bytes) -> bytes:
    """A body in pieces, each with its length in front (RFC 9112, section 7.1)."""
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            break
        whole, body = whole + rest[:length], rest[length + 2 :]
    return whole


def _ahead_s(answer: Answer) -> int | None:
    """By how many seconds our clock is ahead of the other side's; None: it does not say."""
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return round(time.time() - theirs.timestamp() - 0.5)


def _trusting_nobody() -> ssl.SSLContext:
    """For the time of day alone: nothing that is heard over it is believed otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
