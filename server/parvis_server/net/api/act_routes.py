"""Who did what in a room, and when: for those who run it, out of its log."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from parvis_server.errors import StoreError
from parvis_server.net.api.asking import NOT_KEPT, Asker, faults
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.house import House
from parvis_server.net.api.models import Body
from parvis_server.net.rooms import HubRoom
from parvis_server.room.permissions import OPERATOR
from parvis_server.store.acts import NAMING, Acts, concerned
from parvis_server.store.events import StoredEvent
from parvis_wire.fields import RoomName
from parvis_wire.messages import Role

NEWEST = (1 << 63) - 1
MAX_ACTS = 200
"""Some 40 kB, and a few milliseconds of the thread that writes the log."""

DETAILS = ("reason", "rank", "phase", "mode", "role", "muted", "rule", "on", "number", "out")
"""What an event says of itself, the most telling first; no words of people."""


class Who(Body):
    """Somebody in a room, by id and name."""

    participant: str
    name: str | None
    """As they were called last; – when it was erased; null: they gave none."""


class RoomAct(Body):
    """One line of a room's log."""

    seq: int
    utc_ms: int
    room_clock: int
    """48 kHz samples since the room's clock began."""
    act: str
    """Type of the event, as in the protocol."""
    by: Who
    """Who caused it; the participant `operator`: somebody over this API or the command line."""
    about: Who | None
    detail: str | None
    """A reason, rank, phase, mode, …, where there is one."""


class RoomActs(Body):
    """What people did in a room, the newest first."""

    acts: tuple[RoomAct, ...]
    before: int | None
    """Ask for those before this number; null: there are no more."""


Before = Annotated[int, Query(ge=1, le=NEWEST, description="Only what came before this number.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ACTS, description="So many at most.")]
Named = Annotated[RoomName, Path(description="The room's name, as in its links.")]


def act_routes(house: House) -> APIRouter:
    """The record of a room."""
    routes = APIRouter(tags=["floor"], dependencies=NOT_KEPT)

    @routes.get("/rooms/{room}/acts", responses=faults(401, 403, 404, 409))
    async def list_acts(
        caller: Asker, room: Named, before: Before = NEWEST, limit: Limit = 50
    ) -> RoomActs:
        """Who did what, and when, the newest first. For its hosts and co-hosts."""
        found = house.room_to_run(room, caller, by_cohost=True)
        try:
            stored = await house.rooms.acts(room, before, limit)
        except StoreError as error:
            raise ApiFault(409, "log_fails", str(error)) from error
        return _shown(found, stored, limit)

    return routes


def _shown(room: HubRoom, stored: Acts, limit: int) -> RoomActs:
    names = dict(stored.names)

    def who(participant: str) -> Who:
        return Who(participant=participant, name=names.get(participant) or _unit(room, participant))

    acts = tuple(
        RoomAct(
            seq=one.seq,
            utc_ms=one.utc_ms,
            room_clock=one.room_clock,
            act=one.type,
            by=who(one.actor or OPERATOR),
            about=who(about) if (about := concerned(one)) is not None else None,
            detail=_detail(one),
        )
        for one in stored.events
    )
    return RoomActs(acts=acts, before=acts[-1].seq if len(acts) == limit else None)


def _unit(room: HubRoom, participant: str) -> str | None:
    """A unit's name is furniture: it stands in no table of words."""
    member = room.live.room.member(participant)
    return member.name if member is not None and member.role is Role.UNIT else None


def _detail(stored: StoredEvent) -> str | None:
    inside = (stored.body.get(name) for name in ("rules", "invite", NAMING.get(stored.type, "")))
    parts: list[dict[str, Any]] = [stored.body, *(one for one in inside if isinstance(one, dict))]
    for part, name in ((part, name) for part in parts for name in DETAILS):
        value = part.get(name)
        if value is not None and value is not False:
            return name if value is True else str(value)
    return None
