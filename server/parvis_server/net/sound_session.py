"""One connection of a unit or a remote speaker, from ``join`` to the end."""

from dataclasses import dataclass

from parvis_server.errors import PeerFault
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import Keys
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.seats import Seat
from parvis_server.net.streams import Stream
from parvis_wire.audience import Here, React, TokenKept
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import (
    ClientMessage,
    Join,
    Level,
    Report,
    Role,
    Welcome,
    parse_client_message,
)
from parvis_wire.pairing import PairPressed, PairRefused, PairShare, Proof
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import (
    CaptureTime,
    CheckSound,
    OutputReport,
    SetLift,
    SetSharing,
    SetSource,
    TimeReply,
    TimeRequest,
)
from parvis_wire.update import UpdateReport


@dataclass(slots=True, eq=False)
class SoundSession:
    """What a unit or speaker says, and its packets."""

    live: LiveRoom
    connection: Connection
    stream: Stream
    participant: str
    seat: Seat | None
    """None for the second connection of a stream: it carries packets only."""
    sends: bool
    """Whether packets may come on it at all."""
    allowance: Allowance

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """One message or packet of this peer.

        Raises:
            PeerFault: it came out of turn, or is not this peer's.
            WireError: it cannot be read.
        """
        if isinstance(message, bytes):
            self._receive_packet(message, arrival_ns)
        elif self.allowance.allows_message(arrival_ns):
            self._receive_message(parse_client_message(message), arrival_ns)
        else:
            self.live.counts.rate_drops += 1

    def end(self) -> None:
        """The connection is gone."""
        self.stream.lost(self.connection, self.live.now_ns())
        if self.seat is not None:
            self.live.leave(self.seat)
        else:
            self.live.second_ended(self.participant)

    def _receive_packet(self, message: bytes, arrival_ns: int) -> None:
        if not self.allowance.allows_packet(len(message), arrival_ns):
            self.live.counts.rate_drops += 1
            return
        if not self.sends:
            raise PeerFault(CloseCode.MALFORMED, "a packet: this unit joined without a source")
        packet = RtpPacket.parse(message)
        if packet.ssrc != self.stream.ssrc:
            raise PeerFault(
                CloseCode.MALFORMED,
                f"SSRC {packet.ssrc:08x}: this source's is {self.stream.ssrc:08x}",
            )
        self.live.packet(self.stream, packet, message, arrival_ns)

    def _receive_message(self, message: ClientMessage, arrival_ns: int) -> None:
        if self.seat is None:
            raise PeerFault(CloseCode.MALFORMED, "a second connection carries packets only")
        match message:
            case Join():
                raise PeerFault(CloseCode.MALFORMED, "join: only as the first message")
            case Report():
                raise PeerFault(CloseCode.MALFORMED, "report: only from listeners")
            case Here() | React() | TokenKept():
                raise PeerFault(CloseCode.MALFORMED, "only listeners say how they are here")
            case SetSource() | SetSharing() | SetLift() | CheckSound():
                raise PeerFault(CloseCode.MALFORMED, "only hosts set the mix")
            case Level(level_dbfs=level_dbfs, muted=muted):
                self.stream.heard(level_dbfs, arrival_ns, muted=muted)
            case TimeRequest(client_ns=client_ns):
                self._tell_time(client_ns, arrival_ns)
            case CaptureTime():
                self.stream.delay.told(message, arrival_ns)
            case OutputReport():
                if self.stream.output is None:
                    raise PeerFault(CloseCode.MALFORMED, "output_report: there is no output here")
                self.stream.output.told(message, arrival_ns)
            case UpdateReport() if self.seat.role is not Role.UNIT:
                raise PeerFault(CloseCode.MALFORMED, "update_report: only from units")
            case UpdateReport(update=update):
                self.stream.told_of_update(update)
            case Proof() | PairShare() | PairPressed() | PairRefused():
                raise PeerFault(CloseCode.MALFORMED, "only a unit that is not welcome yet says so")
            case command:
                self.live.command(self.seat.participant, command, self.connection.send)

    def _tell_time(self, client_ns: int, arrival_ns: int) -> None:
        self.live.counts.time_requests += 1
        reply = TimeReply(client_ns=client_ns, received_ns=arrival_ns, sent_ns=self.live.now_ns())
        self.connection.send(reply)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the openers of units and of speakers share."""

    live: LiveRoom
    keys: Keys
    role: Role

    def second(
        self, stream_name: str, resumed: str | None, connection: Connection, allowance: Allowance
    ) -> SoundSession:
        """Welcome the second connection of a stream.

        Raises:
            PeerFault: it has no first.
        """
        stream = self.live.streams.get(resumed) if resumed is not None else None
        member = self.live.room.member(resumed) if resumed is not None else None
        if resumed is None or stream is None or member is None or stream.name != stream_name:
            raise PeerFault(
                CloseCode.UNAUTHORISED, f"no {self.role.value} of this token has such a stream"
            )
        if stream.second is not None:
            stream.second.connection.fail(
                CloseCode.SUPERSEDED, "the same stream has another connection"
            )
        connection.send(self.welcome(resumed, stream, sends=member.ssrc is not None))
        self.live.greet(connection, Role.UNIT)
        self.live.carry_second(member, stream, connection)
        sends = member.ssrc is not None
        return SoundSession(self.live, connection, stream, resumed, None, sends, allowance)

    def welcome(self, participant: str, stream: Stream, *, sends: bool) -> Welcome:
        """Who the peer is, what it sends with, and the bus that it gets to play."""
        return Welcome(
            participant=participant,
            resume=self.keys.resume_token(self.role, participant),
            stream=stream.name,
            ssrc=stream.ssrc if sends else None,
            ptime_ms=self.live.ptime_ms(self.role),
            bus=stream.output.bus if stream.output is not None else None,
        )
