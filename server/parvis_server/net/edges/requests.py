"""Requests that came to an edge and that only the hub can answer, carried out by our own routes."""

import asyncio
import base64
import binascii
import re
import zlib
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from parvis_wire.edges import (
    MAX_HTTP_ANSWER_BYTES,
    MAX_HTTP_BODY_BYTES,
    MAX_HTTP_ON_BUS_BYTES,
    REQUEST_TIMEOUT_S,
    HttpAnswer,
    HttpQuestion,
    Refused,
    RefusedWhy,
)
from parvis_wire.messages import serialize

EXTENSION = "parvis.edge"
"""In a request's scope: the id of the edge that it came through."""

MAX_AT_ONCE = 64
"""Requests of all edges that are carried out at a time."""

PUBLIC_PATHS = re.compile(r"/api/v1/(rooms(/.*)?|codes)|/r/[^/]+/event\.ics|/")
"""What is answered through an edge outside the venue, and what that passes on: operators use the
venue's own network."""

PACKED_FROM_BYTES = 1_024
"""Smaller answers go as they are."""

NOT_THROUGH_HERE = "operators reach this hub in the venue's own network"
FORWARDED = b"x-forwarded-for"


class _TooBig(Exception):
    """The answer is larger than the bus takes."""


@dataclass(slots=True)
class _Answer:
    """What an application answers, as it comes."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def send(self, message: Message) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if len(self.body) > MAX_HTTP_ANSWER_BYTES:
                raise _TooBig


class Requests:
    """Carries them out."""

    def __init__(self, application: ASGIApp, timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        """``application`` is the hub's own, with the checks of every request."""
        self._application = application
        self._timeout_s = timeout_s
        self._running = 0

    async def answer(self, question: HttpQuestion, *, is_public: bool) -> HttpAnswer | Refused:
        """What the hub answers; ``is_public``: the edge stands outside the venue."""
        path = question.target.partition("?")[0]
        if is_public and not PUBLIC_PATHS.fullmatch(path):
            return Refused(why=RefusedWhy.FORBIDDEN, text=NOT_THROUGH_HERE)
        if self._running >= MAX_AT_ONCE:
            return Refused(why=RefusedWhy.BUSY, text="too many requests at once")
        try:
            body = base64.b64decode(question.body, validate=True)
        except (binascii.Error, ValueError):
            return Refused(why=RefusedWhy.FORBIDDEN, text="body: it is not base64")
        if len(body) > MAX_HTTP_BODY_BYTES:
            return Refused(why=RefusedWhy.TOO_BIG, text="the body is too large")
        self._running += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._carry_out(question, body)
        except _TooBig:
            return Refused(why=RefusedWhy.TOO_BIG, text="the answer is too large for the bus")
        except TimeoutError:
            return Refused(why=RefusedWhy.BUSY, text="it took too long")
        finally:
            self._running -= 1

    async def _carry_out(self, question: HttpQuestion, body: bytes) -> HttpAnswer:
        answer, asked = _Answer(), False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # the peer stays until it is answered
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._application(scope_of(question), receive, answer.send)
        body = bytes(answer.body)
        is_packed = len(body) > PACKED_FROM_BYTES
        body = base64.b64encode(zlib.compress(body, 1) if is_packed else body)
        if len(body) > MAX_HTTP_ON_BUS_BYTES:
            raise _TooBig
        return HttpAnswer(
            status=answer.status,
            headers=tuple(answer.headers),
            body=body.decode(),
            is_packed=is_packed,
        )


def scope_of(question: HttpQuestion) -> Scope:
    """The request as ASGI has it; it came from elsewhere, whatever the address says."""
    path, _, query = question.target.partition("?")
    given = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in question.headers
    ]
    headers = [one for one in given if one[0] != FORWARDED]
    headers.append((FORWARDED, question.address.encode("latin-1", "replace")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": question.method,
        "scheme": "https" if question.encrypted else "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "root_path": "",
        "query_string": query.encode("latin-1", "replace"),
        "headers": headers,
        "client": (question.address, 0),
        "server": ("an edge", None),
        "extensions": {EXTENSION: question.edge},
        "state": {},
    }


def refusal(why: RefusedWhy, text: str) -> bytes:
    """As it is on the bus."""
    return serialize(Refused(why=why, text=text)).encode()


BUSY = refusal(RefusedWhy.BUSY, "too many answers wait for the network")
