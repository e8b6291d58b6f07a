"""Who may come in: addresses, names and origins of a request, and the first message. Pure."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from parvis_server.errors import PeerFault
from parvis_server.net.credentials import LISTENER_ID, Keys, same
from parvis_server.net.house_rules import HouseRules
from parvis_server.net.token_handing import TokenHanding
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import Access, Invite, InviteRole, Rank
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    HostCredential,
    InviteCredential,
    Join,
    ResumeCredential,
    Role,
)

NO_SUCH_ROOM = "there is no such room, or this link to it is not whole or no longer good"

COME_ANEW = "this token does not tell any more who you are: come in as somebody new"
"""It was made for a listener, and its owner is more than that, or another."""

SHOWN_OUT = "a host has shown you out of this room"

RANKS = {InviteRole.HOST: Rank.HOST, InviteRole.COHOST: Rank.COHOST}
"""What an invitation makes of who opens it as a host."""

PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""What proxies add to a request that they pass on: RFC 7239, RFC 9110 section 7.6.3, and custom."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Both ends of a connection, as the hub's kernel knows them."""

    address: str
    own_address: str
    forwarded: bool = False
    """A proxy passed it on: ``address`` is the proxy's, and who stands behind it is not known."""
    encrypted: bool = False
    """It came over TLS, to the hub or to a proxy that is believed."""
    site: str = ""
    """Of the edges that passed it on; empty: it came to the hub itself."""

    @property
    def way(self) -> str:
        """Whom a secret passes that is told here: a site's edges, or whoever is at this address."""
        return self.site or self.address

    @property
    def is_this_machine(self) -> bool:
        """Loopback, or this machine calling itself by its own address."""
        near = self.address == self.own_address or is_loopback(self.address)
        return near and not self.forwarded

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.encrypted or self.is_this_machine


def is_loopback(address: str) -> bool:
    """Whether an address never leaves its machine; False for what is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback


def host_is_known(host_header: str | None, names: frozenset[str]) -> bool:
    """Whether a request was meant for this hub.

    A page of another site can make its own name point to the hub's address (DNS rebinding) and so
    become the same origin; it cannot make the browser send another ``Host``. No name is an address.
    """
    host = host_name(host_header)
    if host is None:
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost" or host.endswith(".localhost") or host in names
    return True


def host_name(host_header: str | None) -> str | None:
    """The host part, in lower case, without port, brackets or the root's dot."""
    if not host_header:
        return None
    try:
        host = urlsplit(f"//{host_header}").hostname
    except ValueError:
        return None
    return host.rstrip(".") if host else None


class Door(Protocol):
    """What the doorkeeper knows of a room."""

    @property
    def access(self) -> Access:
        """Who may come in."""

    @property
    def invites(self) -> Sequence[Invite]:
        """The invitations that are good."""

    def rank_of(self, participant: str) -> Rank | None:
        """Of those who run the room."""

    def is_listener(self, participant: str) -> bool:
        """Whether this id is nobody's but a listener's, as far as the room knows."""

    def speaks_for(self, microphone: str) -> str | None:
        """The listener whose phone this microphone is, as the room let it in."""

    def is_out(self, participant: str) -> bool:
        """Whether a host has shown them out."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """As whom somebody comes in."""

    participant: str | None = None
    """Who comes back; None: a newcomer."""
    rank: Rank | None = None
    """Of who runs the room."""
    invite: Invite | None = None
    """By which they came, and may have to leave again."""
    speaks_for: str | None = None
    """The listener whose phone is the microphone of this connection."""
    name: str | None = None
    """What an operator calls the unit; None: it says its own."""
    unit: str | None = None
    """Fingerprint of the key that a unit proved, paired or not."""

    @property
    def invite_number(self) -> int | None:
        """Of the invitation."""
        return None if self.invite is None else self.invite.number

    @property
    def is_invited(self) -> bool:
        """Whether they are expected: a screen is not."""
        return self.invite is not None and self.invite.role is not InviteRole.SCREEN


@dataclass(frozen=True, slots=True)
class _Rights:
    """What the secrets that somebody shows are worth in one room."""

    is_host: bool = False
    invite: Invite | None = None
    in_audience: bool = False
    """They know the link of a private room."""
    rank: Rank | None = None
    """They run the room already."""

    @property
    def host_rank(self) -> Rank | None:
        """As what they may run the room."""
        by_invite = RANKS.get(self.invite.role) if self.invite is not None else None
        return Rank.HOST if self.is_host else by_invite or self.rank

    def may_listen(self, access: Access) -> bool:
        """Whether they may be in the audience."""
        invited = self.invite is not None and self.invite.role is not InviteRole.SCREEN
        by_link = access is Access.PRIVATE and self.in_audience
        return access is Access.OPEN or invited or by_link or self.host_rank is not None


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Decides about a ``join``.

    Whoever may not know of a room gets the same answer as if it were not there.
    """

    keys: Keys
    door: Callable[[str], Door | None]
    house: HouseRules
    handing: TokenHanding = field(default_factory=TokenHanding)

    def check(self, join: Join, roles: frozenset[Role]) -> None:
        """Raise ``PeerFault`` for a join that no key and no secret would make good."""
        if join.version != PROTOCOL_VERSION:
            raise PeerFault(
                CloseCode.VERSION,
                f"this hub speaks version {PROTOCOL_VERSION} of the protocol, not {join.version}",
            )
        if join.role not in roles:
            raise PeerFault(
                CloseCode.FORBIDDEN, f"the role {join.role.value} may not use this endpoint"
            )
        if (join.unit is not None) != (join.role is Role.UNIT):
            raise PeerFault(CloseCode.MALFORMED, "unit: present exactly for the role unit")
        if (join.speaker is not None) != (join.role is Role.SPEAKER):
            raise PeerFault(CloseCode.MALFORMED, "speaker: present exactly for the role speaker")
        if join.unit_key is not None and join.role is not Role.UNIT:
            raise PeerFault(CloseCode.MALFORMED, "unit_key: only units have one")

    def admit(self, join: Join, peer: Peer, unit: str | None = None) -> Admitted:
        """As whom this peer comes in.

        Args:
            join: the first message, which ``check`` took.
            peer: where it comes from.
            unit: fingerprint of the key that a unit proved.

        Raises:
            PeerFault: this join is refused; code and text say why.
        """
        door = self.door(join.room)
        resumed, person = self._resumed(join, door, peer.way), self._person(join, door, peer.way)
        rights = self._rights(join.room, door, shown_secrets(join), person or resumed)
        rank = rights.host_rank if join.role is Role.HOST else None
        if join.role is Role.HOST and rank is None:
            which = "wrong" if shown_secrets(join) else "missing"
            raise PeerFault(CloseCode.UNAUTHORISED, f"the secret of the host link is {which}")
        self._check_house(join, rights, peer, unit)
        if door is None or not _may_enter(join.role, rights, door.access, peer):
            raise PeerFault(CloseCode.ROOM_CLOSED, NO_SUCH_ROOM)
        if resumed is None and self._pretends(join):
            raise PeerFault(CloseCode.UNAUTHORISED, COME_ANEW)
        is_paired = unit is not None and self.house.trust.unit(unit) is not None
        participant = unit if is_paired else resumed
        if any(who is not None and door.is_out(who) for who in (participant, person, unit)):
            raise PeerFault(CloseCode.FORBIDDEN, SHOWN_OUT)
        name = None if unit is None else self.house.name_of(unit)
        return Admitted(participant, rank, rights.invite, speaks_for=person, name=name, unit=unit)

    def _check_house(self, join: Join, rights: "_Rights", peer: Peer, unit: str | None) -> None:
        match join.role:
            case Role.UNIT:
                self.house.check_unit(unit, peer)
            case Role.SPEAKER:
                self.house.check_speaker(join, rights.invite, peer)
            case Role.HOST:
                self.house.check_host(peer)
            case _:
                pass

    def _person(self, join: Join, door: Door | None, way: str) -> str | None:
        """The listener whose phone wants to be a microphone; None: it is nobody's.

        The token alone lets nobody in: the room is asked whether it is their turn.
        """
        token = None if join.speaker is None else join.speaker.person
        if token is None:
            return None
        found = self.keys.resumed(Role.HOST, token) or self._listener(token, door, way)
        if found is None and isinstance(join.credential, ResumeCredential):
            found = self._owner(join.credential.token, token, door)
        if found is None:
            text = "speaker.person: this is not the token of a listener"
            raise PeerFault(CloseCode.FORBIDDEN, text)
        return found

    def _owner(self, own: str, token: str, door: Door | None) -> str | None:
        """The listener of whose microphone ``own`` is the token, and whom ``token`` names.

        Whose rank rises in the midst of their turn is a listener no more. The microphone still
        shows the token of one, which it was given when it began.
        """
        microphone = self.keys.resumed(Role.SPEAKER, own)
        if microphone is None or door is None:
            return None
        person = door.speaks_for(microphone)
        return person if person == self.keys.resumed(Role.LISTENER, token) else None

    def _resumed(self, join: Join, door: Door | None, way: str) -> str | None:
        """Who comes back. Whom a host made one comes back as host from the audience."""
        if not isinstance(join.credential, ResumeCredential):
            return None
        token = join.credential.token
        if join.role is Role.LISTENER:
            return self._listener(token, door, way)
        found = self.keys.resumed(join.role, token)
        if found is None and join.role is Role.HOST:
            return self._listener(token, door, way)
        return self.house.own_resumed(found) if join.role is Role.UNIT else found

    def _listener(self, token: str, door: Door | None, way: str) -> str | None:
        """Whose token of the audience this is.

        Edges make them too, and might for anybody: one that is not the hub's own is good for who is
        a listener in this room and nothing else, or has not got the hub's own yet.
        """
        raised = self.keys.raised(token)
        if raised is not None:
            return raised
        found = self.keys.resumed(Role.LISTENER, token)
        if found is None or self.handing.is_under_way_by(found, way):
            return found
        return found if self._is_listener(found, door) else None

    def _is_listener(self, participant: str, door: Door | None) -> bool:
        if not LISTENER_ID.fullmatch(participant) or self.house.trust.unit(participant) is not None:
            return False
        return door is None or door.is_listener(participant)

    def _pretends(self, join: Join) -> bool:
        """Whether a listener shows a token that was made for one, of somebody who is more."""
        if join.role is not Role.LISTENER or not isinstance(join.credential, ResumeCredential):
            return False
        return self.keys.resumed(Role.LISTENER, join.credential.token) is not None

    def _rights(
        self, room: str, door: Door | None, secrets: Sequence[str], participant: str | None
    ) -> _Rights:
        """What secrets are worth in a room; the same work when there is none of that name."""
        is_host = any([self.keys.is_host(secret, room) for secret in secrets])
        audience = self.keys.audience_token(room)
        in_audience = any([same(secret, audience) for secret in secrets])
        if door is None:
            return _Rights(is_host=is_host)
        invite = self.invite_of(room, door, secrets)
        rank = None if participant is None else door.rank_of(participant)
        return _Rights(is_host, invite, in_audience, rank)

    def invite_of(self, room: str, door: Door, secrets: Sequence[str]) -> Invite | None:
        """The invitation whose secret is shown."""
        for invite in door.invites if secrets else ():
            token = self.keys.invite_token(room, invite.number, invite.role)
            if any(same(secret, token) for secret in secrets):
                return invite
        return None

    def listens(
        self,
        room: str,
        participant: str,
        secrets: Sequence[str],
        token: str | None = None,
        site: str = "",
    ) -> Admitted:
        """As whom somebody listens at an edge, who shows these secrets.

        Args:
            room: where.
            participant: who, in the edge's word; that is good for listeners.
            secrets: of links.
            token: what they come back with, where the edge cannot tell whether it is good.
            site: of the edge.

        Raises:
            PeerFault: they may not.
        """
        door = self.door(room)
        raised = None if token is None else self._listener(token, door, site)
        rights = self._rights(room, door, secrets, raised)
        if door is None or not rights.may_listen(door.access):
            raise PeerFault(CloseCode.ROOM_CLOSED, NO_SUCH_ROOM)
        is_known = self._is_listener(participant, door) if token is None else raised == participant
        if not is_known:
            raise PeerFault(CloseCode.UNAUTHORISED, COME_ANEW)
        if door.is_out(participant):
            raise PeerFault(CloseCode.FORBIDDEN, SHOWN_OUT)
        return Admitted(participant, invite=rights.invite)

    def may_read(self, room: str, door: Door, secret: str | None) -> bool:
        """Whether whoever shows this secret, or none, may see the room without joining it."""
        secrets = () if secret is None else (secret,)
        return self._rights(room, door, secrets, None).may_listen(door.access)


def shown_secrets(join: Join) -> tuple[str, ...]:
    """The secrets of links that a join shows; a page cannot tell one kind from the other."""
    shown = []
    if isinstance(join.credential, HostCredential):
        shown.append(join.credential.secret)
    if isinstance(join.credential, InviteCredential):
        shown.append(join.credential.token)
    if join.invite is not None:
        shown.append(join.invite.token)
    return tuple(shown)


def _may_enter(role: Role, rights: _Rights, access: Access, peer: Peer) -> bool:
    match role:
        case Role.HOST:
            return True  # a rank was asked for before
        case Role.UNIT:
            return True  # who may join as one was decided by the house
        case Role.SPEAKER:
            return peer.is_this_machine or rights.may_listen(access)
        case Role.SCREEN:
            invited = rights.invite is not None and rights.invite.role is InviteRole.SCREEN
            return access is Access.OPEN or invited or rights.is_host
        case Role.LISTENER:
            return rights.may_listen(access)
