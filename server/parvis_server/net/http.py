"""The hub's application: pages, API, sockets and health on one port."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.websockets import WebSocket

from parvis_server.net.api.caller import Caller
from parvis_server.net.api.faults import MISTAKE, WORDS, ApiFault, answer
from parvis_server.net.api.house import House
from parvis_server.net.api.routes import PREFIX as API_PREFIX
from parvis_server.net.api.routes import make_api
from parvis_server.net.arrival import is_inside
from parvis_server.net.endpoints import Endpoint
from parvis_server.net.metrics import Metrics
from parvis_server.net.mp3 import Mp3Response, missed
from parvis_server.net.mp3_notice import SpokenNotices, shown
from parvis_server.net.page_head import CALENDAR_TYPE, calendar
from parvis_server.net.pages import (
    AUDIENCE_PAGE,
    HOST_PAGE,
    OPERATOR_PAGE,
    ROOMS_PAGE,
    SCREEN_PAGE,
    Pages,
)
from parvis_server.net.path_grants import Scope
from parvis_server.net.plain_words import (
    METRICS_TYPE,
    NO_STORE,
    PLAIN_WORDS,
    ROOM_NAME,
    SERVER_MISTAKE,
)
from parvis_server.net.replays import Ways, add_replays
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_server.net.updates import UpdateDesk, add_updates
from parvis_wire.floor import Access, Phase
from parvis_wire.messages import DEFAULT_ROOM

STATS_STALE_NS = 3_000_000_000
"""The engine reports once a second: three missed reports, and it does not tick."""

WAKING_NS = 15_000_000_000
"""A room that begins may take so long for its engine, without the hub being called ill for it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes need."""

    house: House
    pages: Pages
    metrics: Metrics
    updates: UpdateDesk
    units: Endpoint
    speakers: Endpoint
    notices: SpokenNotices
    """What players hear before a room that is recorded."""


def make_app(parts: Parts) -> FastAPI:
    """The application, which needs the guard around it; ``/ws/listen`` has a way in of its own."""
    # The interactive API pages load scripts from elsewhere, which the policy forbids.
    app = FastAPI(title="Parvis", docs_url=None, redoc_url=None, openapi_url=None)
    ways = Ways(
        parts.house.recordings,
        is_open=lambda room: _open_room(parts, room) is not None,
        missed=lambda request: _missed(parts, request),
    )
    add_replays(app, ways)
    add_updates(app, parts.updates, lambda request: _missed(parts, request))
    _add_pages(app, parts)
    _add_plain_streams(app, parts, ways)
    _add_api(app, parts)
    _add_sockets(app, parts)
    app.add_exception_handler(HTTPException, _plain_error)
    app.add_exception_handler(ApiFault, _plain_fault)
    app.add_exception_handler(Exception, _plain_mistake)
    return app


def _add_pages(app: FastAPI, parts: Parts) -> None:
    @app.api_route("/", methods=["GET", "HEAD"])
    async def front(request: Request) -> Response:
        rooms = [room for room in parts.house.rooms.listed if room.phase is not Phase.ENDED]
        if len(rooms) != 1 and ROOMS_PAGE in parts.pages.files:
            return parts.pages.page(ROOMS_PAGE, request)
        room = rooms[0].name if len(rooms) == 1 else DEFAULT_ROOM
        return RedirectResponse(f"/r/{room}", status_code=307)

    @app.api_route("/c", methods=["GET", "HEAD"])
    @app.api_route("/c/{code:path}", methods=["GET", "HEAD"])
    async def type_code(request: Request) -> Response:
        """The page reads the code from its address: whether it is one, ``/api/v1/codes`` tells."""
        return parts.pages.page(ROOMS_PAGE, request)

    @app.api_route("/r/{room}", methods=["GET", "HEAD"])
    async def audience(room: str, request: Request) -> Response:
        _check_name(room)
        found = _open_room(parts, room)
        about = None if found is None else found.about
        link = "" if found is None else parts.house.audience_link(found)
        return parts.pages.room_page(AUDIENCE_PAGE, request, about, link)

    @app.api_route("/r/{room}/event.ics", methods=["GET", "HEAD"])
    async def event(room: str, request: Request) -> Response:
        _check_name(room)
        found = parts.house.room_to_read(room, Caller.of(request, _shown(request)))
        if found.about.begins_utc_ms is None:
            raise HTTPException(404)
        link = parts.house.origin() + f"/r/{room}"
        written = calendar(room, found.about, link, found.created_utc_ms)
        named = {"Content-Disposition": f'attachment; filename="{room}.ics"'}
        return Response(written, media_type=CALENDAR_TYPE, headers={**NO_STORE, **named})

    @app.api_route("/host", methods=["GET", "HEAD"])
    async def host(request: Request) -> Response:
        return parts.pages.page(HOST_PAGE, request)

    @app.api_route("/operator", methods=["GET", "HEAD"])
    async def operator(request: Request) -> Response:
        return parts.pages.page(OPERATOR_PAGE, request)

    @app.api_route("/screen", methods=["GET", "HEAD"])
    async def screen(request: Request) -> Response:
        return parts.pages.page(SCREEN_PAGE, request)


def _add_plain_streams(app: FastAPI, parts: Parts, ways: Ways) -> None:
    @app.api_route("/listen.mp3", methods=["GET", "HEAD"])
    async def listen_mp3(request: Request, room: str = DEFAULT_ROOM) -> Response:
        found = _open_room(parts, room)
        if found is None:
            raise HTTPException(_missed(parts, request))
        return await _stream(parts, found, lambda: False)

    @app.api_route("/p/{token}/listen.mp3", methods=["GET", "HEAD"])
    async def own_mp3(token: str, request: Request) -> Response:
        grant = ways.granted(token, Scope.LISTEN, request)
        found = parts.house.rooms.get(grant.room)
        if found is None:
            raise HTTPException(404)
        return await _stream(parts, found, lambda: ways.recordings.grants.counts(grant))


async def _stream(parts: Parts, room: HubRoom, may_stay: Callable[[], bool]) -> Response:
    if room.phase is not Phase.LIVE:
        raise HTTPException(404)
    recording = room.live.room.view.recording
    first = await parts.notices.of(room.about, recording)
    if room.mp3.full:
        raise HTTPException(503)
    return Mp3Response(room.mp3, shown(room.about, recording), may_stay, first)


def _missed(parts: Parts, request: Request) -> int:
    return missed(parts.house.operators.attempts, request, time.monotonic_ns())


def _add_api(app: FastAPI, parts: Parts) -> None:
    app.mount(API_PREFIX, make_api(parts.house))

    @app.get("/healthz")
    async def health() -> Response:
        health = _health(parts.house.rooms)
        status = 200 if health["status"] == "ok" else 503
        return JSONResponse(health, status_code=status, headers=NO_STORE)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        secret = _shown(request)
        if secret is not None:
            parts.house.operators.check(Caller.of(request, secret))
        elif not is_inside(request.scope, from_lan=True):
            raise HTTPException(403)
        return Response(parts.metrics.render(), media_type=METRICS_TYPE, headers=NO_STORE)

    @app.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        built = parts.pages.files.get(path)
        if built is None:
            raise HTTPException(404)
        return built.response(request)


def _add_sockets(app: FastAPI, parts: Parts) -> None:
    @app.websocket("/ws/unit")
    async def unit(websocket: WebSocket) -> None:
        await parts.units.serve(websocket)

    @app.websocket("/ws/speak")
    async def speak(websocket: WebSocket) -> None:
        await parts.speakers.serve(websocket)


def _health(rooms: Rooms) -> dict[str, Any]:
    return {
        "status": "ok" if all(_ticks(room) for room in rooms) else "engine not ticking",
        "engine_restarts": sum(room.engine.restarts for room in rooms),
    }


def _ticks(room: HubRoom) -> bool:
    """Whether a room's engine does what it should: tick, sleep, or wake up for a while."""
    engine, live = room.engine, room.live
    if engine.woken_ns is None:
        return True
    now_ns = live.now_ns()
    fresh = live.stats_ns is not None and now_ns - live.stats_ns <= STATS_STALE_NS
    wakes = room.name != DEFAULT_ROOM and now_ns - engine.woken_ns <= WAKING_NS
    return wakes or (engine.ready.is_set() and fresh)


def _open_room(parts: Parts, name: str) -> HubRoom | None:
    """A room that everybody may know of."""
    room = parts.house.rooms.get(name)
    return room if room is not None and room.access is Access.OPEN else None


def _shown(request: Request) -> str | None:
    """The secret that comes with a request."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret if kind.lower() == "bearer" else None


def _check_name(name: str) -> None:
    """Raise for what cannot name a room. Whether one has the name, only open rooms tell."""
    if ROOM_NAME.fullmatch(name) is None:
        raise HTTPException(404)


async def _plain_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    if request.url.path.startswith(f"{API_PREFIX}/"):  # a line break in it leads past the API
        return answer(status, *WORDS.get(status, MISTAKE), headers)
    return PlainTextResponse(PLAIN_WORDS.get(status, SERVER_MISTAKE), status, headers)


async def _plain_fault(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, ApiFault) else 500
    return PlainTextResponse(PLAIN_WORDS.get(status, PLAIN_WORDS[404]), status)


async def _plain_mistake(request: Request, error: Exception) -> Response:
    return PlainTextResponse(SERVER_MISTAKE, 500)
