"""``/ws/listen``: phones, hosts' pages, and everybody else who hears the program."""

import time
from dataclasses import dataclass, field

from parvis_server.errors import PeerFault
from parvis_server.net.admission import COME_ANEW, Admitted
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import Keys, new_participant, same
from parvis_server.net.house_rules import HouseRules
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.plain_acts import asks_for_a_rank, refusal_over_plain
from parvis_server.net.raising import audience_token, came_raised
from parvis_server.net.seats import Seat
from parvis_server.net.token_handing import TokenHanding
from parvis_server.room.members import Member
from parvis_server.room.permissions import is_expected_to_speak, rank_of
from parvis_wire.audience import Here, React, TokenKept
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Command
from parvis_wire.messages import (
    Ack,
    ClientMessage,
    Join,
    Level,
    RefusalCode,
    Report,
    Role,
    Welcome,
    parse_client_message,
)
from parvis_wire.pairing import PairPressed, PairRefused, PairShare, Proof
from parvis_wire.stage import (
    CaptureTime,
    CheckSound,
    OutputReport,
    SetLift,
    SetSharing,
    SetSource,
    TimeRequest,
)
from parvis_wire.update import UpdateReport

ROLES = frozenset({Role.LISTENER, Role.HOST, Role.SCREEN})

MS_PER_LISTENER = 1
"""Serving a page's join takes about a millisecond."""

MAX_SPREAD_MS = 5_000


@dataclass(slots=True, eq=False)
class ListenerSession:
    """One listener or host from ``join`` to the end."""

    live: LiveRoom
    connection: Connection
    seat: Seat
    allowance: Allowance
    rules: HouseRules
    keys: Keys
    handing: TokenHanding

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """One message of this peer.

        Raises:
            PeerFault: it came out of turn.
            WireError: it cannot be read.
        """
        if isinstance(message, bytes):
            raise PeerFault(CloseCode.MALFORMED, "binary messages go from the hub to listeners")
        if not self.allowance.allows_message(arrival_ns):
            self.live.counts.rate_drops += 1
            return
        parsed = parse_client_message(message)
        if self.seat.role is Role.SCREEN and not isinstance(parsed, Report):
            raise PeerFault(CloseCode.FORBIDDEN, "a hall screen shows, and does nothing")
        if self.handing.is_under_way(self.seat.participant):
            self._hand_over(parsed)
        match parsed:
            case Join():
                raise PeerFault(CloseCode.MALFORMED, "join: only as the first message")
            case Level():
                raise PeerFault(CloseCode.MALFORMED, "level: only from units")
            case UpdateReport():
                raise PeerFault(CloseCode.MALFORMED, "update_report: only from units")
            case TimeRequest() | CaptureTime() | OutputReport():
                raise PeerFault(CloseCode.MALFORMED, "clocks are kept with units and speakers")
            case SetSource() | SetSharing() | SetLift() | CheckSound() as command:
                self.connection.send(self.live.stage_command(self.seat.participant, command))
            case Here() as here:
                self.live.here(self.seat.participant, here)
            case React(reaction=reaction):
                self.live.react(self.seat.participant, reaction)
            case Report(rung=rung):
                self.live.seated.plays(self.seat, rung)
            case TokenKept():
                pass
            case Proof() | PairShare() | PairPressed() | PairRefused():
                raise PeerFault(CloseCode.MALFORMED, "only a unit that is not welcome yet says so")
            case command:
                if not self._is_refused(command):
                    self.live.command(self.seat.participant, command, self.connection.send)

    def _hand_over(self, said: ClientMessage) -> None:
        """They have their raised token, as they say, or are told it again: the word was lost. Not
        by other edges than saw it already: in another room those might speak for any listener."""
        who = self.seat.participant
        token = self.keys.raised_token(who)
        if isinstance(said, TokenKept) and same(said.resume, token):
            self.handing.arrived(who)
        elif self.handing.is_under_way_by(who, self.connection.peer.way):
            rank = rank_of(self.live.room.view, who)
            self.connection.send(Welcome(participant=who, resume=token, confirm=True, rank=rank))

    def _is_refused(self, command: Command) -> bool:
        """Whether this was an act of somebody's rank on a way where others read along."""
        who = self.seat.participant
        rank = rank_of(self.live.room.view, who)
        why = refusal_over_plain(
            self.rules,
            self.connection.peer,
            self.live.room.view.room,
            rank,
            asks_for_a_rank(command, who),
        )
        if why is not None:
            self.connection.send(Ack(id=command.id, refused=RefusalCode.OVER_PLAIN, text=why))
        return why is not None

    def end(self) -> None:
        """The connection is gone."""
        self.live.leave(self.seat)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Opens a session for every ``join`` that the doorkeeper let in."""

    live: LiveRoom
    keys: Keys
    max_listeners: int
    rules: HouseRules
    handing: TokenHanding = field(default_factory=TokenHanding)

    def open(self, join: Join, admitted: Admitted, connection: Connection) -> ListenerSession:
        """Welcome a listener or host.

        Raises:
            PeerFault: the house is full, or the edge does not know whom it passes on.
        """
        here = self.live.count(Role.LISTENER)
        is_counted = join.role is Role.LISTENER and not connection.is_fanned_out
        if is_counted and here >= self.max_listeners:
            raise PeerFault(CloseCode.RATE, "the room is full: try again in a while")
        if connection.is_fanned_out and admitted.participant is None:
            raise PeerFault(CloseCode.UNAUTHORISED, COME_ANEW)  # the edge takes them for another
        participant = admitted.participant or new_participant(time.time())
        came = came_raised(self.keys, join, participant)
        is_raised = came or rank_of(self.live.room.view, participant) is not None
        if came:
            self.handing.arrived(participant)
        spread_ms = min(MAX_SPREAD_MS, here * MS_PER_LISTENER)
        known = self.live.room.member(participant)
        invite = admitted.invite_number or (known.invite if known is not None else None)
        connection.send(
            Welcome(
                participant=participant,
                resume=audience_token(self.keys, join.role, participant, is_raised=is_raised),
                confirm=self.handing.is_under_way(participant),
                reconnect_spread_ms=spread_ms,
                rank=admitted.rank,
                speaker=is_expected_to_speak(self.live.room.view, invite),
            )
        )
        member = Member(
            participant,
            join.role,
            name=join.name or (known.name if known is not None else None),
            rank=admitted.rank,
            invite=invite,
            invited=admitted.is_invited,
        )
        seat = self.live.enter(member, connection)
        if join.role is Role.LISTENER:
            self.live.audience.came(participant, invited=member.invited)
        return ListenerSession(
            self.live, connection, seat, Allowance(), self.rules, self.keys, self.handing
        )
