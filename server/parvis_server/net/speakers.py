"""``/ws/speak``: people far away who are heard in the hall, and hear everything but themselves."""

from dataclasses import dataclass

from parvis_server.engine.stage import MAX_OUTPUTS
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Admitted
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import new_participant
from parvis_server.net.sound_session import Opening, SoundSession
from parvis_server.room.members import Member
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join, Role
from parvis_wire.stage import Bus, LinkKind, OutputKind, SourceKind, SpeakerTraits

ROLES = frozenset({Role.SPEAKER})

PTIME_MS = 20
"""Packets from and to a speaker: half the messages of 10 ms, where the way takes 40 ms anyway."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """Opens a session for every ``join`` that the doorkeeper let in."""

    opening: Opening
    max_speakers: int

    def open(self, join: Join, admitted: Admitted, connection: Connection) -> SoundSession:
        """Welcome a remote speaker, or the second connection of one.

        Raises:
            PeerFault: the stage is full, or the second connection has no first.
        """
        resumed = admitted.participant
        live, traits = self.opening.live, join.speaker or SpeakerTraits()
        allowance = Allowance.for_sound(PTIME_MS)
        if join.stream is not None:
            return self.opening.second(join.stream, resumed, connection, allowance)
        known = live.room.member(resumed) if resumed is not None else None
        self._check_room(known)
        participant = resumed or new_participant()
        stream = live.streams.open(participant)
        stream.link = LinkKind.REMOTE
        bus = Bus(ssrc=0, kind=OutputKind.RETURN, ptime_ms=PTIME_MS)
        live.streams.set_output(stream, bus)
        connection.send(self.opening.welcome(participant, stream, sends=True))
        output_ssrc = stream.output.bus.ssrc if stream.output is not None else None
        member = Member(
            participant,
            Role.SPEAKER,
            name=join.name or (known.name if known and known.name else self._free_name()),
            ssrc=stream.ssrc,
            always_open=traits.sends,
            link=LinkKind.REMOTE,
            source_kind=SourceKind.SPEAKER,
            output=OutputKind.RETURN,
            output_ssrc=output_ssrc,
            invite=admitted.invite_number or (known.invite if known is not None else None),
            invited=admitted.is_invited,
        )
        seat = live.enter(member, connection)
        return SoundSession(live, connection, stream, participant, seat, True, allowance)

    def _check_room(self, known: Member | None) -> None:
        live = self.opening.live
        here = known is not None and known.connected
        if not here and live.count(Role.SPEAKER) >= self.max_speakers:
            raise PeerFault(CloseCode.RATE, f"{self.max_speakers} speakers are here already")
        others = [m for m in live.room.sounding if m.connected and m is not known]
        if sum(m.output is not None for m in others) >= MAX_OUTPUTS:
            raise PeerFault(CloseCode.RATE, f"{MAX_OUTPUTS} outputs are here already")

    def _free_name(self) -> str:
        """A name that no speaker here has; the word is the same in French and English."""
        taken = {member.name for member in self.opening.live.room.sounding if member.connected}
        number = 1
        while f"Participant {number}" in taken:
            number += 1
        return f"Participant {number}"
