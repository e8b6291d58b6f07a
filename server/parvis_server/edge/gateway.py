"""Requests that only the hub can answer: asked over the bus, with a deadline and bounds.

Theory of operation. What everybody may see (a GET without a secret) is asked once a second at most,
however many pages ask; of several that ask at once, one does and the others wait for its answer.
Everything else costs the hub something, in a venue whose uplink may be small: each network may
cause so many questions, and no more.
"""

import asyncio
import base64
import binascii
import re
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parvis_server.edge.hub_line import HubLine
from parvis_server.net.arrival import is_encrypted
from parvis_server.net.edges.requests import PUBLIC_PATHS
from parvis_server.net.rate import Attempts
from parvis_wire.edges import (
    MAX_HTTP_ANSWER_BYTES,
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
    "authorization",
    "content-type",
    "host",
    "if-none-match",
)
"""What the hub looks at."""

ASKED_PER_S, ASKED_AT_ONCE = 10, 60
"""Questions to the hub that one network may cause: a whole venue may share one address, and what
everybody may see is asked once a second for all of them."""

CODES = "/api/v1/codes"
CODES_PER_S, CODES_AT_ONCE = 20, 300
"""Codes that one network may try: a hall types its code within a minute, and the hub counts the
wrong ones itself."""

KNOWN_QUERY = re.compile(r"(before|limit)=[0-9]{1,16}")
"""What the hub reads from a query, of those who show a secret; nothing, of all others."""

DESCRIPTION = "/api/v1/openapi.json"

SHARED = ("GET", "HEAD")
"""Methods of what everybody may see."""

NOT_THROUGH_HERE = (
    "Operators reach their hub in the venue's own network, not through this address.\n"
    "Les opérateurs joignent leur serveur par le réseau du lieu, pas par cette adresse.\n"
)
NOT_DESCRIBED_HERE = (
    "The description of the API is read in the venue's own network, not through this address.\n"
    "La description de l'API se lit dans le réseau du lieu, pas par cette adresse.\n"
)
TOO_OFTEN = (
    "Many are coming in from your network at the moment: try again in a few seconds.\n"
    "Beaucoup arrivent de votre réseau en ce moment : réessayez dans quelques secondes.\n"
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
WORDS = {403: NOT_THROUGH_HERE, 413: TOO_BIG, 429: TOO_OFTEN, 502: NO_ANSWER, 503: NOT_REACHED}


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
        self._asked = Attempts(ASKED_PER_S, ASKED_AT_ONCE)
        self._codes = Attempts(CODES_PER_S, CODES_AT_ONCE)
        self.waiting = 0
        """Requests that wait for the hub."""

    async def pass_on(self, request: Request) -> Response:
        """The hub's answer.

        Raises:
            Unanswered: there is none.
        """
        path = str(request.scope["path"])
        if self._is_public and path == DESCRIPTION:
            raise Unanswered(403, NOT_DESCRIBED_HERE)
        if self._is_public and not PUBLIC_PATHS.fullmatch(path):
            raise Unanswered(403, NOT_THROUGH_HERE)
        is_shared = request.method in SHARED and "authorization" not in request.headers
        body = b"" if is_shared else await _body(request)
        question = self._question(request, body, is_shared=is_shared)
        answer = await (self._shared(question) if is_shared else self._ask(question))
        return _response(answer, request.method == "HEAD")

    def may_ask(self, address: str) -> bool:
        """Whether the network of this address may cause one more question; if so, it is counted."""
        return self._asked.take(address, self._line.now_ns())

    def _may_cause(self, question: HttpQuestion) -> bool:
        if (question.method, question.target) == ("POST", CODES):
            return self._codes.take(question.address, self._line.now_ns())
        return self.may_ask(question.address)

    def _question(self, request: Request, body: bytes, *, is_shared: bool) -> HttpQuestion:
        query = "" if is_shared else _known_query(request.query_params)
        target = quote(str(request.scope["path"])) + (f"?{query}" if query else "")
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
        key = f"{shown.get('host')} {question.target}"
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
        except BaseException as error:
            mine_alone = not isinstance(error, Unanswered) or error.status_code == 429
            fault = Unanswered(503, BUSY) if mine_alone else error
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
        if not self._may_cause(question):
            raise Unanswered(429, TOO_OFTEN)
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


def _known_query(query: QueryParams) -> str:
    """Without what the hub does not read."""
    pairs = (f"{name}={value}" for name, value in query.items())
    return "&".join(pair for pair in pairs if KNOWN_QUERY.fullmatch(pair))


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
    body = _body_of(answer)
    response = Response(b"" if is_head else body, status_code=answer.status)
    for name, value in answer.headers:
        if name.lower() not in NOT_OURS:
            response.headers.append(name, value)
    return response


def _body_of(answer: HttpAnswer) -> bytes:
    try:
        body = base64.b64decode(answer.body, validate=True)
        if not answer.is_packed:
            return body
        unpacking = zlib.decompressobj()
        whole = unpacking.decompress(body, MAX_HTTP_ANSWER_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise Unanswered(502, NO_ANSWER) from None
    if not unpacking.eof:
        raise Unanswered(502, NO_ANSWER)
    return whole
