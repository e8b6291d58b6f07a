"""Who may listen at an edge: what it can decide by itself, and what it has to ask the hub. Pure."""

from dataclasses import dataclass
from enum import Enum, auto

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from parvis_server.edge.room import EdgeRoom
from parvis_server.errors import PeerFault
from parvis_server.net.admission import NO_SUCH_ROOM, SHOWN_OUT, shown_secrets
from parvis_server.net.credentials import same
from parvis_server.net.seats import FAREWELLS
from parvis_server.room.results import Why
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import Access
from parvis_wire.grants import granted
from parvis_wire.messages import PROTOCOL_VERSION, InviteCredential, Join, Role

ROLES = frozenset({Role.LISTENER, Role.HOST, Role.SCREEN})
"""Who joins at ``/ws/listen``."""


class Entry(Enum):
    """What becomes of a listener who wants to come in."""

    IN = auto()
    ASK = auto()
    """The hub knows whether the secret that is shown is good."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """By what a listener came in, and may have to leave again."""

    invite: int | None = None
    invited: bool = False
    speaker: bool = False
    grant: str | None = None


NO_TICKET = Ticket()


def check(join: Join, roles: frozenset[Role]) -> None:
    """Raise ``PeerFault`` for a join that no secret would make good; as the hub's doorkeeper."""
    if join.version != PROTOCOL_VERSION:
        raise PeerFault(
            CloseCode.VERSION,
            f"this hub speaks version {PROTOCOL_VERSION} of the protocol, not {join.version}",
        )
    if join.role not in roles:
        text = f"the role {join.role.value} may not use this endpoint"
        raise PeerFault(CloseCode.FORBIDDEN, text)
    if join.unit is not None or join.unit_key is not None:
        raise PeerFault(CloseCode.MALFORMED, "unit: present exactly for the role unit")
    if (join.speaker is not None) != (join.role is Role.SPEAKER):
        raise PeerFault(CloseCode.MALFORMED, "speaker: present exactly for the role speaker")


def ticket_of(
    grant: str | None, room: str, participant: str, key: Ed25519PublicKey, utc_ms: int
) -> Ticket | None:
    """What a grant that is shown is worth for this participant here; None: nothing."""
    claims = None if grant is None else granted(grant, key, utc_ms)
    if claims is None or (claims.room, claims.participant) != (room, participant):
        return None
    return Ticket(claims.invite, claims.invited, claims.speaker, grant)


def check_ticket(room: EdgeRoom, participant: str, ticket: Ticket) -> None:
    """Raise ``PeerFault`` for who was shown out, or whose invitation is void."""
    if participant in room.out:
        raise PeerFault(CloseCode.FORBIDDEN, SHOWN_OUT)
    if ticket.invite is not None and ticket.invite in room.void_invites:
        raise PeerFault(*FAREWELLS[Why.INVITATION])


def entry(room: EdgeRoom, join: Join, ticket: Ticket | None, *, is_raised: bool = False) -> Entry:
    """Whether a listener comes in, as far as the edge can tell.

    Args:
        room: which is known.
        join: of a listener.
        ticket: what their grant is worth.
        is_raised: their token is of those that the hub alone can check.

    Raises:
        PeerFault: no.
    """
    secrets = shown_secrets(join)
    if is_raised:
        return Entry.ASK
    if ticket is not None or (room.access is Access.OPEN and not secrets):
        return Entry.IN
    token = room.audience_token
    if room.access is Access.PRIVATE and token and any(same(one, token) for one in secrets):
        return Entry.IN
    if secrets:
        return Entry.ASK
    raise PeerFault(CloseCode.ROOM_CLOSED, NO_SUCH_ROOM)


def credentials_of(join: Join) -> tuple[InviteCredential, ...]:
    """The secrets of a join as the hub is asked about them."""
    return tuple(InviteCredential(token=secret) for secret in shown_secrets(join))
