"""The edge's application: pages of its own, everything else from the hub, and two sockets."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from parvis_server.edge.audience_room import AudienceRoom
from parvis_server.edge.figures import EdgeCollector
from parvis_server.edge.gateway import NOT_THROUGH_HERE, WORDS, Gateway, Unanswered
from parvis_server.edge.rooms import EdgeRooms
from parvis_server.errors import PeerFault
from parvis_server.net.arrival import is_inside
from parvis_server.net.mp3 import Mp3Response, missed
from parvis_server.net.mp3_notice import SpokenNotices, shown
from parvis_server.net.pages import (
    AUDIENCE_PAGE,
    HOST_PAGE,
    OPERATOR_PAGE,
    ROOMS_PAGE,
    SCREEN_PAGE,
    Pages,
)
from parvis_server.net.plain_words import (
    METRICS_TYPE,
    NO_STORE,
    PLAIN_WORDS,
    ROOM_NAME,
    SERVER_MISTAKE,
)
from parvis_server.net.rate import wrong_secret_attempts
from parvis_wire.floor import About, Access, Phase
from parvis_wire.messages import DEFAULT_ROOM

API_PREFIX = "/api/"
GETS = ["GET", "HEAD"]
ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

API_CODES = {
    403: "not_here",
    404: "not_found",
    405: "method",
    413: "too_big",
    429: "too_often",
    502: "no_answer",
    503: "not_reached",
}

Socket = Callable[[WebSocket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """What the routes need."""

    rooms: EdgeRooms
    pages: Pages
    gateway: Gateway
    figures: EdgeCollector
    is_public: bool
    sockets: Mapping[str, Socket]
    notices: SpokenNotices
    """What players hear before a room that is recorded."""
    """By path; ``/ws/listen`` has a way in of its own."""


class EdgeRoutes:
    """Answers requests."""

    def __init__(self, parts: EdgeParts) -> None:
        """Answer from ``parts``."""
        self._parts = parts
        self._pages = parts.pages
        self._guesses = wrong_secret_attempts()

    def application(self) -> Starlette:
        """The application, which needs the guard around it."""
        app = Starlette(routes=self._routes())
        app.add_exception_handler(HTTPException, _refused)
        app.add_exception_handler(Exception, _mistake)
        return app

    def _routes(self) -> list[BaseRoute]:
        pass_on = self._parts.gateway.pass_on
        sockets = [WebSocketRoute(path, endpoint) for path, endpoint in self._parts.sockets.items()]
        return [
            *sockets,
            Route("/", self.front, methods=GETS),
            Route("/c", self.type_code, methods=GETS),
            Route("/c/{code:path}", self.type_code, methods=GETS),
            Route("/r/{room}", self.audience, methods=GETS),
            Route("/r/{room}/event.ics", pass_on, methods=GETS),
            Route("/host", self.host, methods=GETS),
            Route("/operator", self.operator, methods=GETS),
            Route("/screen", self.screen, methods=GETS),
            Route("/listen.mp3", self.listen_mp3, methods=GETS),
            Route("/healthz", self.health, methods=GETS),
            Route("/metrics", self.metrics, methods=GETS),
            Route("/api/{path:path}", pass_on, methods=ANY),
            Route("/{path:path}", self.file, methods=GETS),
        ]

    # Pages

    async def front(self, request: Request) -> Response:
        """Where the hub's front leads; while it is away, to the room that opens by itself."""
        try:
            return await self._parts.gateway.pass_on(request)
        except Unanswered:
            return RedirectResponse(f"/r/{DEFAULT_ROOM}", status_code=307)

    async def type_code(self, request: Request) -> Response:
        """The page reads the code from its address."""
        return self._pages.page(ROOMS_PAGE, request)

    async def audience(self, request: Request) -> Response:
        """The page opens whatever is reached: it says itself how things stand."""
        name = request.path_params["room"]
        if ROOM_NAME.fullmatch(name) is None:
            raise HTTPException(404)
        about, link = self._about(name), str(request.url.replace(query=""))
        return self._pages.room_page(AUDIENCE_PAGE, request, about, link)

    def _about(self, name: str) -> About | None:
        """Of an open room that somebody listens to here."""
        room = self._parts.rooms.get(name)
        view = None if room is None else room.core.view
        if room is None or view is None or room.core.access is not Access.OPEN:
            return None
        return view.about or About(title=view.title)

    async def host(self, request: Request) -> Response:
        """The hosts' page."""
        return self._pages.page(HOST_PAGE, request)

    async def screen(self, request: Request) -> Response:
        """The hall screen's page."""
        return self._pages.page(SCREEN_PAGE, request)

    async def operator(self, request: Request) -> Response:
        """Not through a public edge."""
        if self._parts.is_public:
            raise Unanswered(403, NOT_THROUGH_HERE)
        return self._pages.page(OPERATOR_PAGE, request)

    async def file(self, request: Request) -> Response:
        """Everything that the page's builder made."""
        built = self._pages.files.get(request.path_params["path"])
        if built is None:
            raise HTTPException(404)
        return built.response(request)

    # What is made here

    async def listen_mp3(self, request: Request) -> Response:
        """The program for plain players; the first who asks lets the edge follow the room."""
        name = request.query_params.get("room", DEFAULT_ROOM)
        if ROOM_NAME.fullmatch(name) is None:
            raise HTTPException(404)
        room = await self._open_room(name, request)
        view = room.core.view
        if view is None or view.phase is not Phase.LIVE:
            raise HTTPException(404)
        about = view.about or About(title=view.title)
        first = await self._parts.notices.of(about, view.recording)
        if room.mp3.full:
            raise HTTPException(503)
        return Mp3Response(room.mp3, shown(about, view.recording), first=first)

    async def _open_room(self, name: str, request: Request) -> AudienceRoom:
        """A room that everybody may know of; of others, nobody learns whether they are there.

        The guesses are counted apart from those of joins: a player that asks for a room again and
        again keeps nobody of its network from joining.
        """
        rooms = self._parts.rooms
        is_counted = rooms.get(name) is None
        if is_counted and self._missed(request) != 404:
            raise HTTPException(429)  # a name that is new here costs the hub a question
        try:
            room = rooms.follow(name)
        except PeerFault:
            raise HTTPException(503) from None
        is_known = await room.known()
        if not is_known and room.core.refused is None:
            raise HTTPException(503)
        if not is_known or room.core.access is not Access.OPEN:
            raise HTTPException(404 if is_counted else self._missed(request))
        return room

    def _missed(self, request: Request) -> int:
        """The status of a guess; it counts among the questions that its network causes, too."""
        address = request.client.host if request.client is not None else ""
        if not self._parts.gateway.may_ask(address):
            return 429
        return missed(self._guesses, request, self._parts.figures.line.now_ns())

    async def health(self, request: Request) -> Response:
        """The edge is well when it answers: that the venue is away is no reason to restart it."""
        status = "ok" if self._parts.figures.line.is_reached else "venue away"
        return JSONResponse({"status": status}, headers=NO_STORE)

    async def metrics(self, request: Request) -> Response:
        """Counts, for this machine; in the venue's own network, for everybody there."""
        if not is_inside(request.scope, from_lan=not self._parts.is_public):
            raise Unanswered(403, PLAIN_WORDS[403])
        rendered = self._parts.figures.render()
        return Response(rendered, media_type=METRICS_TYPE, headers=NO_STORE)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, Unanswered) else None
    headers = {**NO_STORE, **({"Retry-After": "2"} if status in (429, 502, 503) else {})}
    words = detail or PLAIN_WORDS.get(status) or WORDS.get(status) or SERVER_MISTAKE
    if request.url.path.startswith(API_PREFIX):
        said = {"code": API_CODES.get(status, "mistake"), "text": " ".join(words.split())}
        return JSONResponse(said, status, headers)
    return PlainTextResponse(words, status, headers)


async def _mistake(request: Request, error: Exception) -> Response:
    return PlainTextResponse(SERVER_MISTAKE, 500)
