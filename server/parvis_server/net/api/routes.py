"""The routes of ``/api/v1``, an application of its own: faults in JSON, a document in OpenAPI."""

import time
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parvis_server.net.api.act_routes import act_routes
from parvis_server.net.api.asking import FOR_EVERYBODY, Anybody, Asker, faults
from parvis_server.net.api.caller import Caller
from parvis_server.net.api.edge_routes import edge_routes
from parvis_server.net.api.faults import NO_STORE, ApiFault, add_faults
from parvis_server.net.api.house import House
from parvis_server.net.api.models import (
    Act,
    AudienceNow,
    DismissAct,
    Done,
    FloorNow,
    FoundLink,
    GrantAct,
    InviteList,
    Link,
    LinkRequest,
    MadeInvite,
    MadeRoom,
    NewInvite,
    NewRoom,
    NextAct,
    RoomChange,
    RoomInfo,
    RoomList,
    SetRoomPhase,
    SilenceAct,
    StartRecordingAct,
    StopRecordingAct,
    TypedCode,
)
from parvis_server.net.api.operator_routes import house_routes, session_routes
from parvis_server.net.api.path_routes import path_routes
from parvis_server.net.api.recording_routes import (
    recording_routes,
    replay_routes,
    whole_room_routes,
)
from parvis_server.net.api.unit_routes import unit_routes
from parvis_server.net.qr import SVG_TYPE, qr_svg
from parvis_server.net.rooms import HubRoom
from parvis_wire.commands import (
    Command,
    Describe,
    GiveFloor,
    LowerHand,
    MakeInvite,
    Next,
    RevokeInvite,
    SetPhase,
    SilenceAll,
)
from parvis_wire.fields import RoomName
from parvis_wire.floor import Access, Invite, InviteRole
from parvis_wire.recording import StartRecording, StopRecording

PREFIX = "/api/v1"

MAX_BODY_BYTES = 32_768
"""A room with its description in four-byte letters is under 20 kB."""

DESCRIPTION = """Rooms, queue and floor of a Parvis hub, for an organiser's own site; its operators
and its units.

`Authorization: Bearer` takes the token of an operator's session, or the hub's own token
(`operator_token` of `secrets.json` in its data folder), or the secret of a room's link (the part
after `k=`): the host's to run it, a guest's to read a room that is not open. Operators are not
heard over plain http from other machines, nor hosts of a hub that is claimed, unless an operator
allowed it. Faults are `{code, text}`."""

Named = Annotated[RoomName, Path(description="The room's name, as in its links.")]


def make_api(house: House) -> ASGIApp:
    """The application under ``/api/v1``."""
    api = FastAPI(
        title="Parvis",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # its page loads scripts from elsewhere, which the policy forbids
        redoc_url=None,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
    )
    add_faults(api)
    api.include_router(_rooms(house))
    api.include_router(_floor(house))
    api.include_router(act_routes(house))
    api.include_router(recording_routes(house))
    api.include_router(whole_room_routes(house))
    api.include_router(replay_routes(house))
    api.include_router(path_routes(house))
    api.include_router(_links(house))
    api.include_router(_codes(house))
    api.include_router(session_routes(house.operators))
    api.include_router(house_routes(house.operators))
    api.include_router(unit_routes(house.operators))
    api.include_router(edge_routes(house.edges, house.operators))
    return BodyLimit(api)


def _rooms(house: House) -> APIRouter:
    routes = APIRouter(tags=["rooms"])

    @routes.get("/rooms", responses=faults(), openapi_extra=FOR_EVERYBODY)
    async def list_rooms(caller: Asker) -> RoomList:
        """The open rooms; all of them for the operator."""
        rooms = house.rooms if house.is_operator(caller) else house.rooms.listed
        return RoomList(rooms=tuple(RoomInfo.of(room, house.audience_link(room)) for room in rooms))

    @routes.post("/rooms", status_code=201, responses=faults(401, 403, 409))
    async def create_room(caller: Asker, body: NewRoom) -> MadeRoom:
        """Make a room, in one step. For the operator."""
        house.check_operator(caller)
        room = house.rooms.create(body.about, name=body.name, phase=body.phase)
        if body.access is not Access.OPEN:
            await house.invite(room, MakeInvite(id=_new_id(), role=InviteRole.SCREEN))
        info = RoomInfo.of(room, house.audience_link(room))
        return MadeRoom(room=info, links=house.host_links(room))

    @routes.get("/rooms/{room}", responses=faults(404), openapi_extra=FOR_EVERYBODY)
    async def show_room(caller: Asker, room: Named) -> RoomInfo:
        """What a room is."""
        found = house.room_to_read(room, caller)
        return RoomInfo.of(found, house.audience_link(found))

    @routes.patch("/rooms/{room}", responses=faults(401, 403, 404, 409))
    async def change_room(caller: Asker, room: Named, body: RoomChange) -> RoomInfo:
        """Describe a room anew. For its hosts."""
        found = house.room_to_run(room, caller)
        about = body.of(found.about)
        await house.act(found, Describe(id=_new_id(), about=about, show_out=body.show_out))
        return RoomInfo.of(found, house.audience_link(found))

    @routes.put("/rooms/{room}/phase", responses=faults(401, 403, 404, 409))
    async def set_phase(caller: Asker, room: Named, body: SetRoomPhase) -> RoomInfo:
        """Go backstage, live, or end the room. For its hosts."""
        found = house.room_to_run(room, caller)
        if body.phase is not found.phase:
            await house.act(found, SetPhase(id=_new_id(), phase=body.phase))
        return RoomInfo.of(found, house.audience_link(found))

    return routes


def _floor(house: House) -> APIRouter:
    routes = APIRouter(tags=["floor"])

    @routes.get("/rooms/{room}/floor", responses=faults(404), openapi_extra=FOR_EVERYBODY)
    async def show_floor(caller: Asker, room: Named) -> FloorNow:
        """Who speaks and who waits."""
        return FloorNow.of(house.room_to_read(room, caller))

    @routes.get("/rooms/{room}/audience", responses=faults(404), openapi_extra=FOR_EVERYBODY)
    async def show_audience(caller: Asker, room: Named) -> AudienceNow:
        """Who listens, as far as they gave a name; those at edges are asked for when its hosts want
        to know. Counts are the hosts' when they hide them."""
        found = house.room_to_read(room, caller)
        runs, shows_counts = house.runs(found, caller), found.live.room.view.rules.shows_counts
        elsewhere = await house.edges.people(room) if runs else ()
        return AudienceNow.of(found, elsewhere, counted=shows_counts or runs)

    @routes.post("/rooms/{room}/acts", responses=faults(401, 403, 404, 409))
    async def act(caller: Asker, room: Named, body: Act) -> Done:
        """A host's act on the floor, or the start or stop of a recording. For its hosts."""
        found = house.room_to_run(room, caller)
        await house.act(found, _command(body))
        return Done(seq=found.live.room.view.seq)

    return routes


def _links(house: House) -> APIRouter:
    routes = APIRouter(tags=["links"])

    @routes.post("/rooms/{room}/links", responses=faults(401, 403, 404))
    async def show_link(caller: Asker, room: Named, body: LinkRequest) -> Link:
        """A link of a room, with its secret. For its hosts."""
        return _link(house, caller, room, body)

    @routes.post(
        "/rooms/{room}/links/qr.svg",
        response_class=Response,
        responses={**faults(401, 403, 404), 200: {"content": {SVG_TYPE: {}}}},
    )
    async def draw_link(caller: Asker, room: Named, body: LinkRequest) -> Response:
        """The same as a code to scan: asked by POST, for no secret to stand in an address."""
        link = _link(house, caller, room, body).link
        return Response(qr_svg(link), media_type=SVG_TYPE, headers=NO_STORE)

    @routes.get(
        "/rooms/{room}/qr.svg",
        openapi_extra=FOR_EVERYBODY,
        response_class=Response,
        responses={**faults(404), 200: {"content": {SVG_TYPE: {}}}},
    )
    async def draw_audience_link(caller: Asker, room: Named) -> Response:
        """The audience's link as a code to scan."""
        link = house.audience_link(house.room_to_read(room, caller))
        return Response(qr_svg(link), media_type=SVG_TYPE, headers=NO_STORE)

    @routes.get("/rooms/{room}/invitations", responses=faults(401, 403, 404))
    async def list_invitations(caller: Asker, room: Named) -> InviteList:
        """The invitations that are good. For its hosts."""
        return InviteList(invitations=tuple(house.room_to_run(room, caller).invites))

    @routes.post("/rooms/{room}/invitations", status_code=201, responses=faults(401, 403, 404, 409))
    async def invite(caller: Asker, room: Named, body: NewInvite) -> MadeInvite:
        """Make an invitation. For its hosts."""
        found = house.room_to_run(room, caller)
        command = MakeInvite(id=_new_id(), role=body.role, name=body.name)
        made = await house.invite(found, command)
        return MadeInvite(number=made.number, link=house.invite_link(found.name, made))

    @routes.delete(
        "/rooms/{room}/invitations/{number}", status_code=204, responses=faults(401, 403, 404, 409)
    )
    async def revoke(
        caller: Asker, room: Named, number: Annotated[int, Path(ge=1, lt=1 << 31)]
    ) -> Response:
        """Make an invitation void; who came by it is out. For its hosts."""
        found = house.room_to_run(room, caller)
        await house.act(found, RevokeInvite(id=_new_id(), number=number))
        return Response(status_code=204)

    return routes


def _codes(house: House) -> APIRouter:
    routes = APIRouter(tags=["links"])

    @routes.post("/codes", responses=faults(404))
    async def find_code(caller: Anybody, body: TypedCode) -> FoundLink:
        """Where a short code leads."""
        now_ns = time.monotonic_ns()
        if not house.code_guard.allows(caller.address, now_ns):
            raise ApiFault(429, "rate", "too many codes that lead nowhere: wait a minute")
        path = house.codes.find(body.code, house.coded_paths())
        if path is None:
            house.code_guard.failed(caller.address, now_ns)
            raise ApiFault(404, "not_found", "this code leads nowhere: look at it again")
        return FoundLink(path=path)

    return routes


def _command(body: Act) -> Command:
    """The command that an act stands for."""
    command_id = body.id or _new_id()
    match body:
        case NextAct():
            return Next(id=command_id)
        case GrantAct(participant=participant):
            return GiveFloor(id=command_id, participant=participant)
        case DismissAct(participant=participant, reason=reason):
            return LowerHand(id=command_id, participant=participant, reason=reason)
        case SilenceAct(on=on):
            return SilenceAll(id=command_id, on=on)
        case StartRecordingAct(terms=terms):
            return StartRecording(id=command_id, terms=terms)
        case StopRecordingAct():
            return StopRecording(id=command_id)


def _link(house: House, caller: Caller, name: str, wanted: LinkRequest) -> Link:
    room = house.room_to_run(name, caller, by_cohost=True)
    path, code = _path(house, caller, room, wanted)
    origin = house.host_origin() if path.startswith("/host") else house.origin()
    return Link(link=origin + path, code=house.codes.of(path) if code else None)


def _path(house: House, caller: Caller, room: HubRoom, wanted: LinkRequest) -> tuple[str, bool]:
    """The link without its origin, and whether it has a code."""
    links = house.links
    match wanted.kind:
        case "audience":
            return links.audience(room.name, room.access), True
        case "screen":
            path = house.screen_path(room)
            if path is None:
                raise ApiFault(404, "no_invite", "make an invitation with the role screen first")
            return path, True
        case "seat":
            unit = room.live.room.member(wanted.unit or "")
            if unit is None or unit.name is None:
                raise ApiFault(404, "no_unit", "unit: there is no such unit in this room")
            return links.seat(room.name, room.access, unit.name), True
        case "host":
            if not house.is_host(room, caller):
                raise ApiFault(401, "unauthorised", "only a host may see the host link")
            return links.host(room.name), False
        case "invite":
            return links.invite(room.name, _invite(house, caller, room, wanted.number)), False


def _invite(house: House, caller: Caller, room: HubRoom, number: int | None) -> Invite:
    for invite in room.invites:
        if invite.number == number:
            if invite.role is InviteRole.HOST and not house.is_host(room, caller):
                raise ApiFault(401, "unauthorised", "only a host may see what makes a host")
            return invite
    raise ApiFault(404, "no_invite", "number: there is no such invitation")


def _new_id() -> str:
    return token_urlsafe(12)


class BodyLimit:
    """Wraps an application: a body above ``MAX_BODY_BYTES`` is not read to its end."""

    def __init__(self, app: ASGIApp) -> None:
        """Guard ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self._app(scope, _bounded(receive), send)


def _bounded(receive: Receive) -> Callable[[], Any]:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MAX_BODY_BYTES:
            # FastAPI makes 400 of anything else that is raised while it reads a body.
            raise HTTPException(413)
        return message

    return bounded
