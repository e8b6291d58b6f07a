"""Paths of single people to a room's plain stream and replays, and to what hosts alone may have."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from parvis_server.net.api.asking import FOR_EVERYBODY, NOT_KEPT, Asker, faults
from parvis_server.net.api.caller import Caller
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.house import House
from parvis_server.net.api.recording_models import OwnPath, PathInfo, PathList, PathRequest
from parvis_server.net.edges.requests import EXTENSION
from parvis_server.net.path_grants import Grant, Scope, hash_of
from parvis_server.net.recordings import Recordings
from parvis_server.net.rooms import HubRoom
from parvis_wire.fields import RoomName
from parvis_wire.floor import Access
from parvis_wire.messages import Role

Named = Annotated[RoomName, Path(description="The room's name, as in its links.")]
GrantName = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="As the list has it.")]


def path_routes(house: House) -> APIRouter:
    """For those who hear a room that is not open by a path of their own."""
    routes = APIRouter(tags=["replays"], dependencies=NOT_KEPT)
    known = house.recordings

    @routes.post(
        "/rooms/{room}/paths",
        status_code=201,
        responses=faults(404, 409),
        openapi_extra=FOR_EVERYBODY,
    )
    async def give_path(request: Request, caller: Asker, room: Named, body: PathRequest) -> OwnPath:
        """A path of one's own to the room's plain stream and replays, for players that show no
        secret. Asked again, the older one is void. Not through an edge, which knows no paths."""
        found = house.room_to_read(room, caller)
        if EXTENSION in request.scope.get("extensions", {}):
            text = "an edge has no paths of single people: open the room at the hub's own address"
            raise ApiFault(409, "elsewhere", text)
        holder, invite = _holder(house, found, caller, body)
        token = await own_path(known, room, Scope.LISTEN, holder, invite)
        found.mp3.let_strangers_go() if found.access is not Access.OPEN else None
        return OwnPath(path=f"/p/{token}/", grant=hash_of(token))

    @routes.get("/rooms/{room}/paths", responses=faults(401, 403, 404))
    async def list_paths(caller: Asker, room: Named) -> PathList:
        """The paths of a room that are good, without their secrets. For its hosts."""
        house.room_to_run(room, caller, by_cohost=True)
        return PathList(paths=tuple(map(_path_info, known.grants.of_room(room))))

    @routes.delete("/rooms/{room}/paths/{grant}", status_code=204, responses=faults(401, 403, 404))
    async def revoke_path(caller: Asker, room: Named, grant: GrantName) -> Response:
        """Make a path void; whoever listens by it is cut off. For its hosts."""
        found = house.room_to_run(room, caller, by_cohost=True)
        if known.grants.revoke(room, lambda one: one.hash == grant) == 0:
            raise ApiFault(404, "no_path", "there is no such path: see the list")
        if found.access is not Access.OPEN:
            found.mp3.let_strangers_go()  # at once, however slow the disk is
        await known.grants.kept()
        return Response(status_code=204)

    return routes


async def own_path(
    known: Recordings, room: str, scope: Scope, holder: str, invite: int | None = None
) -> str:
    """A token that survives the hub; raises ``ApiFault``."""
    token = known.grants.make(room, scope, holder, invite)
    if token is None:
        raise ApiFault(429, "rate", "too many paths for one person: the last one is good")
    await known.grants.kept()
    return token


def _holder(
    house: House, room: HubRoom, caller: Caller, body: PathRequest
) -> tuple[str, int | None]:
    """Whose path it is, and by which invitation they came; raises ``ApiFault``."""
    keeper = house.doorkeeper
    shown = () if caller.secret is None else (caller.secret,)
    invite = keeper.invite_of(room.name, room, shown)
    number = None if invite is None else invite.number
    if body.resume is not None:
        found = keeper.keys.raised(body.resume) or keeper.keys.resumed(Role.LISTENER, body.resume)
        if found is None or room.is_out(found):
            raise ApiFault(409, "nobody", "resume: this is not the token of a listener here")
        return found, number
    if invite is not None:
        return f"invitation {invite.number}", number
    if house.runs(room, caller):
        return "host", None
    raise ApiFault(409, "nobody", "resume: a path is for one person: say who, by their token")


def _path_info(grant: Grant) -> PathInfo:
    return PathInfo(
        grant=grant.hash,
        holder=grant.holder,
        scope=grant.scope.value,
        since_utc_ms=grant.since_utc_ms,
    )
