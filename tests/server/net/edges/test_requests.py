"""Requests through an edge, carried out by an application of ours."""

import asyncio
import base64
import random
import zlib

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from parvis_server.net.api.caller import Caller
from parvis_server.net.edges.requests import EXTENSION, MAX_AT_ONCE, Requests
from parvis_wire.edges import (
    MAX_HTTP_ANSWER_BYTES,
    MAX_HTTP_BODY_BYTES,
    HttpAnswer,
    HttpQuestion,
    Refused,
    RefusedWhy,
)


async def tell(request: Request) -> Response:
    caller = Caller.of(request, None)
    return JSONResponse(
        {
            "through": request.scope["extensions"][EXTENSION],
            "address": caller.address,
            "private": caller.private,
            "query": request.url.query,
            "body": (await request.body()).decode(),
        }
    )


async def much(request: Request) -> Response:
    return Response(b"x" * (MAX_HTTP_ANSWER_BYTES + 1))


async def long(request: Request) -> Response:
    return Response(b"x" * 200_000)


async def noise(request: Request) -> Response:
    return Response(random.Random(6).randbytes(60_000))


async def never(request: Request) -> Response:
    await asyncio.Event().wait()
    return Response()


APPLICATION = Starlette(
    routes=[
        Route("/api/v1/rooms/main", tell, methods=["GET", "POST"]),
        Route("/api/v1/house", tell),
        Route("/api/v1/rooms/much", much),
        Route("/api/v1/rooms/never", never),
        Route("/api/v1/rooms/long", long),
        Route("/api/v1/rooms/noise", noise),
    ]
)


def question(target: str = "/api/v1/rooms/main", **fields: object) -> HttpQuestion:
    given = {
        "edge": "edge1",
        "method": "GET",
        "target": target,
        "address": "127.0.0.1",
        "encrypted": False,
    }
    return HttpQuestion.model_validate({**given, **fields})


async def test_a_request_arrives_as_it_was_and_never_as_this_machine_s() -> None:
    """Query and body; an edge's word for a loopback address makes nobody the operator here."""
    body = base64.b64encode(b"hello").decode()
    asked = question("/api/v1/rooms/main?a=1&b=%20", method="POST", body=body)
    answer = await Requests(APPLICATION).answer(asked, is_public=False)
    assert isinstance(answer, HttpAnswer)
    told = base64.b64decode(answer.body).decode()
    assert '"through":"edge1"' in told
    assert '"query":"a=1&b=%20"' in told
    assert '"body":"hello"' in told
    assert '"private":false' in told


@pytest.mark.parametrize(
    ("asked", "is_public", "why"),
    [
        (question("/api/v1/house"), True, RefusedWhy.FORBIDDEN),
        (question("/api/v1/rooms/../house"), True, None),
        (question(body="*"), False, RefusedWhy.FORBIDDEN),
        (
            question(body=base64.b64encode(b"x" * (MAX_HTTP_BODY_BYTES + 1)).decode()),
            False,
            RefusedWhy.TOO_BIG,
        ),
        (question("/api/v1/rooms/much"), False, RefusedWhy.TOO_BIG),
        (question("/api/v1/rooms/never"), False, RefusedWhy.BUSY),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    asked: HttpQuestion, is_public: bool, why: RefusedWhy | None
) -> None:
    """With the reason."""
    answer = await Requests(APPLICATION, timeout_s=0.2).answer(asked, is_public=is_public)
    if why is None:
        assert isinstance(answer, HttpAnswer)
        assert answer.status == 404  # a path is no riddle: it is taken as it stands
    else:
        assert isinstance(answer, Refused)
        assert answer.why is why


async def test_too_many_at_once_are_told_so() -> None:
    """Those that wait are served."""
    requests = Requests(APPLICATION, timeout_s=0.5)
    waiting = [
        asyncio.create_task(requests.answer(question("/api/v1/rooms/never"), is_public=False))
        for _ in range(MAX_AT_ONCE)
    ]
    await asyncio.sleep(0)
    answer = await requests.answer(question(), is_public=False)
    assert isinstance(answer, Refused)
    assert answer.why is RefusedWhy.BUSY
    await asyncio.gather(*waiting)
    assert isinstance(await requests.answer(question(), is_public=False), HttpAnswer)


async def test_large_answers_are_packed_and_what_stays_large_is_refused() -> None:
    """What is on the bus holds nothing else up for long."""
    requests = Requests(APPLICATION)
    answer = await requests.answer(question("/api/v1/rooms/long"), is_public=True)
    assert isinstance(answer, HttpAnswer) and answer.is_packed
    assert len(answer.body) < 2_000
    assert zlib.decompress(base64.b64decode(answer.body)) == b"x" * 200_000
    refused = await requests.answer(question("/api/v1/rooms/noise"), is_public=True)
    assert isinstance(refused, Refused) and refused.why is RefusedWhy.TOO_BIG


async def test_the_api_is_not_described_outside() -> None:
    asked = question("/api/v1/openapi.json")
    refused = await Requests(APPLICATION).answer(asked, is_public=True)
    assert isinstance(refused, Refused) and refused.why is RefusedWhy.FORBIDDEN
