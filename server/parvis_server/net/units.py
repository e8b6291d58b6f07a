"""``/ws/unit``: tables, their buttons and their sound."""

from dataclasses import dataclass

from parvis_server.errors import PeerFault
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import Keys, new_participant
from parvis_server.net.live_room import LiveRoom, Seat, Source
from parvis_server.room.members import Member
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Level, Report, Role, Welcome, parse_client_message
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import (
    CaptureTime,
    CheckSound,
    OutputReport,
    SetLift,
    SetSharing,
    SetSource,
    TimeRequest,
    UnitTraits,
)

ROLES = frozenset({Role.UNIT})


@dataclass(slots=True, eq=False)
class UnitSession:
    """One connection of a unit from ``join`` to the end."""

    live: LiveRoom
    connection: Connection
    source: Source
    seat: Seat | None
    """None for the second connection of a source: it carries packets only."""
    allowance: Allowance

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """One message or packet of this unit.

        Raises:
            PeerFault: it came out of turn, or is not this unit's.
            WireError: it cannot be read.
        """
        if isinstance(message, bytes):
            self._receive_packet(message, arrival_ns)
        elif self.allowance.allows_message(arrival_ns):
            self._receive_message(message, arrival_ns)
        else:
            self.live.counts.rate_drops += 1

    def end(self) -> None:
        """The connection is gone."""
        if self.seat is not None:
            self.live.leave(self.seat)
        elif self.source.second is self.connection:
            self.source.second = None

    def _receive_packet(self, message: bytes, arrival_ns: int) -> None:
        if not self.allowance.allows_packet(len(message), arrival_ns):
            self.live.counts.rate_drops += 1
            return
        packet = RtpPacket.parse(message)
        if packet.ssrc != self.source.ssrc:
            raise PeerFault(
                CloseCode.MALFORMED,
                f"SSRC {packet.ssrc:08x}: this unit's is {self.source.ssrc:08x}",
            )
        self.live.packet(self.source, packet.sequence, message, arrival_ns)

    def _receive_message(self, message: str, arrival_ns: int) -> None:
        match parse_client_message(message):
            case Join():
                raise PeerFault(CloseCode.MALFORMED, "join: only as the first message")
            case Report():
                raise PeerFault(CloseCode.MALFORMED, "report: only from listeners")
            case SetSource() | SetSharing() | SetLift() | CheckSound():
                raise PeerFault(CloseCode.MALFORMED, "only hosts set the mix")
            case TimeRequest() | CaptureTime() | OutputReport():
                raise PeerFault(CloseCode.MALFORMED, "this hub keeps no clocks with units yet")
            case Level(level_dbfs=level_dbfs):
                self.source.heard(level_dbfs, arrival_ns)
            case command:
                if self.seat is None:
                    raise PeerFault(CloseCode.MALFORMED, "a second connection carries packets only")
                self.connection.send(self.live.command(self.seat.participant, command))


@dataclass(frozen=True, slots=True)
class Units:
    """Opens a session for every ``join`` that the doorkeeper let in."""

    live: LiveRoom
    keys: Keys
    max_units: int

    def open(self, join: Join, resumed: str | None, connection: Connection) -> UnitSession:
        """Welcome a unit, or the second connection of one.

        Raises:
            PeerFault: there are too many units, or the second connection has no first.
        """
        if join.stream is not None:
            return self._open_second(join.stream, resumed, connection)
        known = self.live.room.member(resumed) if resumed is not None else None
        here = known is not None and known.connected
        if not here and self.live.count(Role.UNIT) >= self.max_units:
            raise PeerFault(CloseCode.RATE, f"{self.max_units} units are here already")
        participant = resumed or new_participant()
        source = self.live.new_source(participant)
        connection.send(self._welcome(participant, source))
        traits = join.unit or UnitTraits()
        member = Member(
            participant,
            Role.UNIT,
            name=join.name or (known.name if known else self._free_name()),
            ssrc=source.ssrc,
            always_open=traits.always_open,
            link=traits.link,
        )
        seat = self.live.enter(member, connection)
        return UnitSession(self.live, connection, source, seat, Allowance())

    def _open_second(self, stream: str, resumed: str | None, connection: Connection) -> UnitSession:
        source = self.live.source(resumed) if resumed is not None else None
        if resumed is None or source is None or source.stream != stream:
            raise PeerFault(CloseCode.UNAUTHORISED, "no unit of this token has such a stream")
        if source.second is not None:
            source.second.fail(CloseCode.SUPERSEDED, "the same stream has another connection")
        source.second = connection
        connection.send(self._welcome(resumed, source))
        self.live.greet(connection)
        return UnitSession(self.live, connection, source, None, Allowance())

    def _welcome(self, participant: str, source: Source) -> Welcome:
        return Welcome(
            participant=participant,
            resume=self.keys.resume_token(Role.UNIT, participant),
            stream=source.stream,
            ssrc=source.ssrc,
        )

    def _free_name(self) -> str:
        """A name that no unit here has; the word is the same in French and English."""
        taken = {unit.name for unit in self.live.room.units if unit.connected}
        number = 1
        while f"Table {number}" in taken:
            number += 1
        return f"Table {number}"
