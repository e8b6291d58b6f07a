"""``/ws/unit``: tables, lecterns, desks and loudspeakers."""

from dataclasses import dataclass

from parvis_server.engine.stage import MAX_OUTPUTS, MAX_ZONES
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Admitted
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import new_participant
from parvis_server.net.sound_session import Opening, SoundSession
from parvis_server.room.members import Member
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Role
from parvis_wire.stage import Bus, OutputKind, SourceKind, UnitTraits

ROLES = frozenset({Role.UNIT})


@dataclass(frozen=True, slots=True)
class Units:
    """Opens a session for every ``join`` that the doorkeeper let in."""

    opening: Opening
    max_units: int

    def open(self, join: Join, admitted: Admitted, connection: Connection) -> SoundSession:
        """Welcome a unit, or the second connection of one.

        Raises:
            PeerFault: it neither speaks nor plays, the house is full, or the second connection
                has no first.
        """
        resumed = admitted.participant or self._restarted(admitted.unit)
        live, traits = self.opening.live, join.unit or UnitTraits()
        allowance = Allowance.for_sound(live.ptime_ms(Role.UNIT))
        if join.stream is not None:
            return self.opening.second(join.stream, resumed, connection, allowance)
        _check_kinds(traits)
        known = live.room.member(resumed) if resumed is not None else None
        self._check_room(known, traits)
        participant = resumed or new_participant()
        stream = live.streams.open(participant)
        stream.link, stream.software = traits.link, traits.software
        stream.muted_there = False  # until it says so
        live.streams.set_output(stream, self._bus(traits))
        sends = traits.source is not None
        connection.send(self.opening.welcome(participant, stream, sends=sends))
        known_name = known.name if known is not None else None
        name = admitted.name or join.name or known_name or self._free_name()
        bus = stream.output.bus if stream.output is not None else None
        member = Member(
            participant,
            Role.UNIT,
            name=name,
            ssrc=stream.ssrc if sends else None,
            always_open=sends and (traits.always_open or traits.source is SourceKind.DESK),
            link=traits.link,
            zone=traits.zone,
            source_kind=traits.source or SourceKind.MICROPHONE,
            output=None if bus is None else bus.kind,
            output_ssrc=None if bus is None else bus.ssrc,
        )
        seat = live.enter(member, connection)
        return SoundSession(live, connection, stream, participant, seat, sends, allowance)

    def _restarted(self, unit: str | None) -> str | None:
        """A unit that is not paired goes by its key too, so that its hand outlives its restart.

        Not while one of this key is here: in a house without an operator nobody is told of copies,
        and two boxes from one image shall both work.
        """
        member = None if unit is None else self.opening.live.room.member(unit)
        return None if member is not None and member.connected else unit

    def _check_room(self, known: Member | None, traits: UnitTraits) -> None:
        """Whether one more unit, output and zone fit."""
        live = self.opening.live
        here = known is not None and known.connected
        if not here and live.count(Role.UNIT) >= self.max_units:
            raise PeerFault(CloseCode.RATE, f"{self.max_units} units are here already")
        others = [m for m in live.room.sounding if m.connected and m is not known]
        outputs = sum(member.output is not None for member in others)
        if traits.output is not None and outputs >= MAX_OUTPUTS:
            raise PeerFault(CloseCode.RATE, f"{MAX_OUTPUTS} outputs are here already")
        if len(live.stage.settings.zones(others) | {traits.zone}) > MAX_ZONES:
            raise PeerFault(CloseCode.RATE, f"there are {MAX_ZONES} zones already")

    def _bus(self, traits: UnitTraits) -> Bus | None:
        if traits.output is None:
            return None
        ptime_ms = self.opening.live.ptime_ms(Role.UNIT)
        return Bus(ssrc=0, kind=traits.output.kind, ptime_ms=ptime_ms)

    def _free_name(self) -> str:
        """A name that no unit here has; the word is the same in French and English."""
        taken = {unit.name for unit in self.opening.live.room.sounding if unit.connected}
        number = 1
        while f"Table {number}" in taken:
            number += 1
        return f"Table {number}"


def _check_kinds(traits: UnitTraits) -> None:
    if traits.source is None and traits.output is None:
        raise PeerFault(CloseCode.MALFORMED, "unit: neither a source nor an output")
    if traits.source is SourceKind.SPEAKER:
        raise PeerFault(CloseCode.MALFORMED, "unit.source: a speaker joins as one, at /ws/speak")
    if traits.output is not None and traits.output.kind is OutputKind.RETURN:
        raise PeerFault(CloseCode.MALFORMED, "unit.output: a return is for speakers, at /ws/speak")
