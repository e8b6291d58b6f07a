"""One listener at an edge, from the join to the end."""

from dataclasses import dataclass
from typing import Protocol

from parvis_server.edge.admission import NO_TICKET, Ticket
from parvis_server.edge.audience_room import AudienceRoom
from parvis_server.edge.listener_relay import ListenerRelay
from parvis_server.edge.relay import Relays
from parvis_server.errors import PeerFault
from parvis_server.net.connection import Allowance, Connection
from parvis_wire.audience import Here, React, TokenKept
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Join,
    Level,
    Report,
    ResumeCredential,
    Role,
    Rung,
    Welcome,
    parse_client_message,
)
from parvis_wire.pairing import PairPressed, PairRefused, PairShare, Proof
from parvis_wire.stage import CaptureTime, OutputReport, TimeRequest
from parvis_wire.update import UpdateReport

MAX_EARLY = 4
"""Messages of who is not welcome yet: a page says none."""

NS_PER_S = 1_000_000_000


class Porter(Protocol):
    """Decides about a listener once their room is known; see ``door``."""

    relays: Relays

    def let_in(self, listener: "EdgeListener") -> None:
        """Welcome them, ask the hub about them, or turn them away."""

    def guessed(self, listener: "EdgeListener") -> None:
        """They came for a room that is not there."""


@dataclass(slots=True, eq=False)
class EdgeListener:
    """A ``Session``, and the room's ``Listener``."""

    porter: Porter
    room: AudienceRoom
    connection: Connection
    join: Join | None
    """Until they are in."""
    participant: str
    resume: str
    is_raised: bool = False
    """Who they are is their own word, until the hub has seen their token."""
    ticket: Ticket = NO_TICKET
    rung: Rung | None = None
    """How they play, once they said so."""
    is_in: bool = False
    is_gone: bool = False
    _shown: Join | None = None
    """What the hub is shown when they act: never more than they showed here."""
    _allowance: Allowance | None = None
    _relay: ListenerRelay | None = None
    _early: int = 0

    @property
    def invite(self) -> int | None:
        """By which they came."""
        return self.ticket.invite

    def enter(self, join: Join, ticket: Ticket, spread_ms: int) -> None:
        """They may listen."""
        self.ticket, self.join = ticket, None
        self._shown = self._introduction(join)
        self.connection.send(
            Welcome(
                participant=self.participant,
                resume=self.resume,
                grant=ticket.grant,
                reconnect_spread_ms=spread_ms,
                speaker=ticket.speaker,
            )
        )
        self.is_in = True
        self.room.enter(self, invited=ticket.invited)

    def _introduction(self, join: Join) -> Join | None:
        """None where there is nothing to add to who they are: most listeners."""
        shown = join.invite
        if shown is None and join.credential is not None and join.credential.kind == "invite":
            shown = join.credential
        if shown is None and join.name is None and join.grant is None:
            return None
        return Join(
            version=PROTOCOL_VERSION,
            role=Role.LISTENER,
            room=self.room.core.name,
            credential=ResumeCredential(token=self.resume),
            invite=shown,
            name=join.name,
        )

    # ``audience_room.Listener``

    def room_is_known(self) -> None:
        """The room was told: come in."""
        if not self.is_gone:
            self.porter.let_in(self)

    def dismiss(self, code: CloseCode, text: str) -> None:
        """Leave, for this reason."""
        if not self.is_in and code is CloseCode.ROOM_CLOSED:
            self.porter.guessed(self)
        self._go()
        self.connection.fail(code, text)

    def act_again(self) -> None:
        """Let the hub know that they are here."""
        if self.is_in and not self.is_gone and self.room.line.is_reached:
            self._acting().open()

    # ``Session``

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """One message of this peer.

        Raises:
            PeerFault: it came out of turn.
            WireError: it cannot be read.
        """
        if isinstance(message, bytes):
            raise PeerFault(CloseCode.MALFORMED, "binary messages go from the hub to listeners")
        if self._allowance is None:
            self._allowance = Allowance()
        if not self._allowance.allows_message(arrival_ns) or self.is_gone:
            return
        if self.is_in:
            self._say(message, arrival_ns)
        else:
            self._early += 1
            if self._early > MAX_EARLY:
                raise PeerFault(CloseCode.RATE, "too many messages before the welcome")

    def _say(self, message: str, arrival_ns: int) -> None:
        match parsed := parse_client_message(message):
            case Join():
                raise PeerFault(CloseCode.MALFORMED, "join: only as the first message")
            case Level():
                raise PeerFault(CloseCode.MALFORMED, "level: only from units")
            case UpdateReport():
                raise PeerFault(CloseCode.MALFORMED, "update_report: only from units")
            case TimeRequest() | CaptureTime() | OutputReport():
                raise PeerFault(CloseCode.MALFORMED, "clocks are kept with units and speakers")
            case Proof() | PairShare() | PairPressed() | PairRefused():
                raise PeerFault(CloseCode.MALFORMED, "only a unit that is not welcome yet says so")
            case Here() as here:
                self.room.crowd.is_here(self.participant, here)
                if self._relay is not None:
                    self._relay.say(here)
            case React(reaction=reaction):
                self.room.crowd.react(self.participant, reaction)
            case Report(rung=rung):
                self.rung = rung
            case TokenKept() as kept:
                if self._relay is not None:
                    self._relay.say(kept)
            case _:
                self._acting().act(parsed.id, message, arrival_ns)

    def end(self) -> None:
        """The connection is gone."""
        self._go()

    def _go(self) -> None:
        if self.is_gone:
            return
        self.is_gone = True
        self.room.leave(self)
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.end()

    # Acting

    def _acting(self) -> ListenerRelay:
        if self._relay is None:
            self._relay = ListenerRelay(
                self.porter.relays,
                self.connection,
                self._introduce,
                self._has_a_hand_up,
                self._known_as,
            )
        return self._relay

    def _known_as(self, welcome: Welcome) -> None:
        """The hub gives another token to whose rank it raised, or took; it may say so again."""
        if welcome.participant != self.participant:
            return
        if welcome.resume == self.resume and not welcome.confirm:
            return
        self.resume = welcome.resume
        if self._shown is not None:
            credential = ResumeCredential(token=self.resume)
            self._shown = self._shown.model_copy(update={"credential": credential})
        self.connection.send(welcome.model_copy(update={"grant": self.ticket.grant}))

    def _has_a_hand_up(self) -> bool:
        return self.participant in self.room.core.acting

    def _introduce(self) -> list[Wire]:
        """What the hub has to know of who acts: who they are, and how they are here."""
        credential = ResumeCredential(token=self.resume)
        join = self._shown or Join(
            version=PROTOCOL_VERSION,
            role=Role.LISTENER,
            room=self.room.core.name,
            credential=credential,
        )
        said: list[Wire] = [join.model_copy(update={"grant": self.ticket.grant})]
        here = self.room.crowd.here(self.participant)
        if here is not None:
            said.append(here)
        return said
