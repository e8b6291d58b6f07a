"""Requests that only the hub can answer: asked over the bus, with a deadline and bounds.

Theory of operation. What everybody may see (a GET without a secret) is asked once a second at most,
however many pages ask; of several that ask at once, one does and the others wait for its answer.
"""

import asyncio
import base64
import binascii
import re
from collections import OrderedDict
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parvis_server.edge.hub_line import HubLine
from parvis_server.net.arrival import is_encrypted
from parvis_wire.edges import (
    MAX_HTTP_BODY_BYTES,
    HttpAnswer,
    HttpQuestion,
    Refused,
    RefusedWhy,
)

NS_PER_S = 1_000_000_000

MAX_WAITING = 64
"""Requests that wait for the hub at once."""

KEPT_NS = NS_PER_S
MAX_KEPT = 256
MAX_KEPT_BYTES = 4_000_000
"""Answers that everybody may see."""

PASSED_ON = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "host",
    "if-none-match",
)
"""What the hub looks at."""

PUBLIC_PATHS = re.compile(r"/api/v1/(rooms(/.*)?|codes|openapi\.json)|/r/[^/]+/event\.ics|/")
"""What a public edge passes on: operators use the venue's own network."""

NOT_THROUGH_HERE = (
    "Operators reach their hub in the venue's own network, not through this address.\n"
    "Les opérateurs joignent leur serveur par le réseau du lieu, pas par cette adresse.\n"
)
NOT_REACHED = (
    "The venue is not reached at the moment: try again soon.\n"
    "Le lieu est injoignable pour le moment : réessayez bientôt.\n"
)
NO_ANSWER = (
    "The venue did not answer in time: try again in a moment.\n"
    "Le lieu n'a pas répondu à temps : réessayez dans un instant.\n"
)
TOO_BIG = "This is too large to be passed on.\nC'est trop grand pour être transmis.\n"
BUSY = (
    "Too many requests wait for the venue: try again in a moment.\n"
    "Trop de demandes attendent le lieu : réessayez dans un instant.\n"
)
WORDS = {403: NOT_THROUGH_HERE, 413: TOO_BIG, 502: NO_ANSWER, 503: NOT_REACHED}


class Unanswered(HTTPException):
    """The hub did not answer; the text says why, in two languages."""

    def __init__(self, status: int, text: str) -> None:
        """``status`` of HTTP."""
        super().__init__(status, text)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and until when it is good."""

    answer: HttpAnswer
    until_ns: int


class Gateway:
    """Passes requests on to the hub."""

    def __init__(self, line: HubLine, *, is_public: bool) -> None:
        """``is_public``: operators' requests are not passed on."""
        self._line = line
        self._is_public = is_public
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._kept_bytes = 0
        self._asking: dict[str, asyncio.Future[HttpAnswer]] = {}
        self.waiting = 0
        """Requests that wait for the hub."""

    async def pass_on(self, request: Request) -> Response:
        """The hub's answer.

        Raises:
            Unanswered: there is none.
        """
        path = str(request.scope["path"])
        if self._is_public and not PUBLIC_PATHS.fullmatch(path):
            raise Unanswered(403, NOT_THROUGH_HERE)
        body = await _body(request)
        is_shared = request.method == "GET" and "authorization" not in request.headers
        question = self._question(request, body)
        answer = await (self._shared(question) if is_shared else self._ask(question))
        return _response(answer, request.method == "HEAD")

    def _question(self, request: Request, body: bytes) -> HttpQuestion:
        query = request.url.query
        path = request.scope.get("raw_path", request.url.path.encode()).partition(b"?")[0]
        target = path.decode("latin-1") + (f"?{query}" if query else "")
        if len(target) > 2048:
            raise Unanswered(413, TOO_BIG)
        named = ((name, request.headers.get(name)) for name in PASSED_ON)
        return HttpQuestion(
            edge=self._line.edge,
            method="GET" if request.method == "HEAD" else request.method,
            target=target,
            headers=tuple((name, value) for name, value in named if value is not None),
            address=(request.client.host if request.client else "")[:64],
            encrypted=is_encrypted(request.scope),
            body=base64.b64encode(body).decode(),
        )

    async def _shared(self, question: HttpQuestion) -> HttpAnswer:
        """What everybody may see, from what was just seen."""
        shown = dict(question.headers)
        key = f"{shown.get('host')} {shown.get('accept-language')} {question.target}"
        kept = self._kept.get(key)
        if kept is not None and self._line.now_ns() < kept.until_ns:
            return kept.answer
        asking = self._asking.get(key)
        if asking is not None:
            return await asyncio.shield(asking)
        answered = asyncio.get_running_loop().create_future()
        self._asking[key] = answered
        try:
            headers = tuple(one for one in question.headers if one[0] != "if-none-match")
            answer = await self._ask(question.model_copy(update={"headers": headers}))
            self._keep(key, answer)
            answered.set_result(answer)
            return answer
        except BaseException:
            fault = Unanswered(502, NO_ANSWER)
            answered.set_exception(fault)
            answered.exception()  # nobody may wait for it
            raise
        finally:
            del self._asking[key]

    def _keep(self, key: str, answer: HttpAnswer) -> None:
        before = self._kept.pop(key, None)
        self._kept_bytes -= 0 if before is None else len(before.answer.body)
        if answer.status != 200:
            return
        self._kept[key] = Kept(answer, self._line.now_ns() + KEPT_NS)
        self._kept_bytes += len(answer.body)
        while len(self._kept) > MAX_KEPT or self._kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.answer.body)

    async def _ask(self, question: HttpQuestion) -> HttpAnswer:
        line = self._line
        if not line.is_reached:
            raise Unanswered(503, NOT_REACHED)
        if self.waiting >= MAX_WAITING:
            raise Unanswered(503, BUSY)
        self.waiting += 1
        try:
            answer = await line.ask(line.subjects.http, question, HttpAnswer)
        finally:
            self.waiting -= 1
        if isinstance(answer, Refused):
            raise _refusal(answer)
        if answer is None:
            raise Unanswered(502, NO_ANSWER)
        return answer


def _refusal(refused: Refused) -> Unanswered:
    match refused.why:
        case RefusedWhy.TOO_BIG:
            return Unanswered(413, TOO_BIG)
        case RefusedWhy.FORBIDDEN:
            return Unanswered(403, NOT_THROUGH_HERE)
        case RefusedWhy.BUSY:
            return Unanswered(503, BUSY)
        case _:
            return Unanswered(502, NO_ANSWER)


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > MAX_HTTP_BODY_BYTES:
            raise Unanswered(413, TOO_BIG)
    return bytes(read)


NOT_OURS = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers of the hub's answer that are made anew."""


def _response(answer: HttpAnswer, is_head: bool) -> Response:
    try:
        body = base64.b64decode(answer.body, validate=True)
    except (binascii.Error, ValueError):
        raise Unanswered(502, NO_ANSWER) from None
    response = Response(b"" if is_head else body, status_code=answer.status)
    for name, value in answer.headers:
        if name.lower() not in NOT_OURS:
            response.headers.append(name, value)
    return response
