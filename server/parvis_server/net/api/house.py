"""What the API needs of the hub, and who is allowed what.

Whoever runs the hub shows the operator's token, whoever runs a room the secret of its host link,
guests that of their own link; all as ``Authorization: Bearer``. A room of which the caller may not
know is answered like one that is not there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from parvis_server.links import RoomLinks
from parvis_server.net.admission import RANKS, Doorkeeper
from parvis_server.net.api.caller import Caller
from parvis_server.net.api.edge_routes import EdgesOfHub, NoEdges
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.models import HostLinks
from parvis_server.net.api.operators import Operators
from parvis_server.net.path_grants import no_paths
from parvis_server.net.recordings import Recordings
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_server.net.short_codes import CodeGuard, ShortCodes
from parvis_server.room.permissions import OPERATOR
from parvis_wire.commands import Command, MakeInvite
from parvis_wire.floor import Access, Invite, InviteRole
from parvis_wire.messages import Ack, Role

NOT_THERE = "there is no such room, or it is not for everybody: show its secret as a bearer token"
NO_HOST = "this needs the secret of the room's host link, as Authorization: Bearer"


@dataclass(frozen=True, slots=True)
class House:
    """The hub, for its API."""

    rooms: Rooms
    doorkeeper: Doorkeeper
    links: RoomLinks
    origin: Callable[[], str]
    """What the audience's links begin with."""
    host_origin: Callable[[], str]
    """What hosts' links begin with."""
    codes: ShortCodes
    operators: Operators
    code_guard: CodeGuard = field(default_factory=CodeGuard)
    edges: EdgesOfHub = field(default_factory=NoEdges)
    recordings: Recordings = field(default_factory=lambda: Recordings(no_paths()))

    # Who may

    def is_operator(self, caller: Caller) -> bool:
        """Whether the caller runs the hub."""
        return self.operators.of(caller) is not None

    def check_operator(self, caller: Caller) -> None:
        """Raise ``ApiFault`` unless the caller runs the hub."""
        self.operators.check(caller)

    def room_to_read(self, name: str, caller: Caller) -> HubRoom:
        """A room that the caller may know of; raises ``ApiFault``."""
        room = self.rooms.get(name)
        known = room is not None and self.doorkeeper.may_read(name, room, caller.secret)
        if room is None or not (known or self.is_operator(caller)):
            self.operators.guessed(caller)
            raise ApiFault(404, "not_found", NOT_THERE)
        return room

    def room_to_run(self, name: str, caller: Caller, *, by_cohost: bool = False) -> HubRoom:
        """A room that the caller may run; raises ``ApiFault``.

        Args:
            name: the room's.
            caller: with the operator's token, or the secret of its host link.
            by_cohost: whether an invitation to run it is enough.
        """
        room, secret = self.rooms.get(name), caller.secret or ""
        runs = self.is_operator(caller) or self.doorkeeper.keys.is_host(secret, name)
        if not runs and by_cohost and room is not None:
            runs = self.runs(room, caller)
        if not runs:
            self.operators.guessed(caller)
            raise ApiFault(401, "unauthorised", NO_HOST)
        self.operators.check_way(caller)
        if room is None:
            raise ApiFault(404, "not_found", NOT_THERE)
        return room

    def is_host(self, room: HubRoom, caller: Caller) -> bool:
        """Whether the caller has the room's own secret, or runs the hub."""
        by_link = self.doorkeeper.keys.is_host(caller.secret or "", room.name)
        return by_link or self.is_operator(caller)

    def runs(self, room: HubRoom, caller: Caller) -> bool:
        """Whether the caller is a host or co-host of the room, or runs the hub."""
        if caller.secret is None:
            return False
        invite = self.doorkeeper.invite_of(room.name, room, (caller.secret,))
        by_invite = invite is not None and invite.role in (InviteRole.HOST, InviteRole.COHOST)
        return by_invite or self.is_host(room, caller)

    # What is done

    async def act(self, room: HubRoom, command: Command) -> Ack:
        """Carry out a command as the operator of the hub; raises ``ApiFault`` when refused."""
        ack = await room.live.ask(OPERATOR, command)
        if ack.refused is not None:
            raise ApiFault(409, ack.refused.value, ack.text or ack.refused.value)
        return ack

    async def invite(self, room: HubRoom, command: MakeInvite) -> Invite:
        """Make an invitation; raises ``ApiFault`` when refused."""
        ack = await self.act(room, command)
        links = {self.invite_link(room.name, invite): invite for invite in room.invites}
        return links[ack.link or ""]

    # Where it leads

    def invite_link(self, room: str, invite: Invite) -> str:
        """The link of an invitation."""
        origin = self.host_origin() if invite.role in RANKS else self.origin()
        return origin + self.links.invite(room, invite)

    def audience_link(self, room: HubRoom) -> str:
        """The link for the audience."""
        return self.origin() + self.links.audience(room.name, room.access)

    def host_links(self, room: HubRoom) -> HostLinks:
        """The links that whoever made the room gives away, or keeps."""
        screen = self.screen_path(room)
        return HostLinks(
            audience=self.audience_link(room),
            host=self.host_origin() + self.links.host(room.name),
            screen=None if screen is None else self.origin() + screen,
            audience_code=self.codes.of(self.links.audience(room.name, room.access)),
        )

    def screen_path(self, room: HubRoom) -> str | None:
        """What a hall screen opens; None: a room that is not open has no invitation for one."""
        if room.access is Access.OPEN:
            return self.links.screen(room.name)
        screens = (invite for invite in room.invites if invite.role is InviteRole.SCREEN)
        invite = next(screens, None)
        return None if invite is None else self.links.invite(room.name, invite)

    def coded_paths(self) -> Iterator[str]:
        """Every link that has a code to type, the oldest rooms' first."""
        for room in self.rooms:
            yield self.links.audience(room.name, room.access)
            screen = self.screen_path(room)
            if screen is not None:
                yield screen
            for member in room.live.room.sounding:
                if member.role is Role.UNIT and member.name is not None:
                    yield self.links.seat(room.name, room.access, member.name)
