"""``/ws/speak``: people far away who are heard in the hall, and hear everything but themselves."""

import time
from dataclasses import dataclass

from parvis_server.engine.stage import MAX_OUTPUTS
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Admitted
from parvis_server.net.connection import Allowance, Connection
from parvis_server.net.credentials import new_participant
from parvis_server.net.sound_session import Opening, SoundSession
from parvis_server.room.members import Member
from parvis_server.room.state import turn_of
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import OWN_MICROPHONE, Turn, microphone_of
from parvis_wire.messages import Join, Role
from parvis_wire.stage import Bus, LinkKind, OutputKind, SourceKind, SpeakerTraits

ROLES = frozenset({Role.SPEAKER})

NOT_YOUR_TURN = (
    "it is not your turn: a phone may speak when its owner was given the floor, far from the hall"
)

RETURN_PTIME_MS = 20
"""Packets to a speaker: half the messages of 10 ms, and the way back has time."""


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
        resumed, person = admitted.participant, admitted.speaks_for
        live, traits = self.opening.live, join.speaker or SpeakerTraits()
        allowance = Allowance.for_sound(live.ptime_ms(Role.SPEAKER))
        turn = self._check_turn(person, resumed)
        newcomer = resumed or new_participant(time.time())
        participant = microphone_of(person) if person is not None else newcomer
        is_back = resumed == participant
        if join.stream is not None:
            whose = participant if is_back else None
            return self.opening.second(join.stream, whose, connection, allowance)
        known = live.room.member(participant)
        self._check_room(known)
        stream = live.streams.open(participant) if is_back else live.streams.renew(participant)
        stream.link = LinkKind.REMOTE
        bus = Bus(ssrc=0, kind=OutputKind.RETURN, ptime_ms=RETURN_PTIME_MS)
        live.streams.set_output(stream, bus)
        connection.send(self.opening.welcome(participant, stream, sends=True))
        output_ssrc = stream.output.bus.ssrc if stream.output is not None else None
        member = Member(
            participant,
            Role.SPEAKER,
            name=turn.name if turn is not None else join.name or self._name_of(known),
            ssrc=stream.ssrc,
            always_open=traits.sends and person is None,
            link=LinkKind.REMOTE,
            source_kind=SourceKind.SPEAKER,
            output=OutputKind.RETURN,
            output_ssrc=output_ssrc,
            invite=admitted.invite_number or (known.invite if known is not None else None),
            invited=admitted.is_invited,
            speaks_for=person,
        )
        seat = live.enter(member, connection)
        return SoundSession(live, connection, stream, participant, seat, True, allowance)

    def _check_turn(self, person: str | None, resumed: str | None) -> Turn | None:
        """The turn that the phone of ``person`` would carry; None: this is no phone's microphone.

        Raises:
            PeerFault: it is not their turn, or a microphone does not say whose it is.
        """
        room, now_ns = self.opening.live.room, self.opening.live.now_ns()
        if person is None:
            if resumed is not None and resumed.endswith(OWN_MICROPHONE):
                text = "speaker.person: a phone's microphone says whose it is each time"
                raise PeerFault(CloseCode.FORBIDDEN, text)
            return None
        if not room.may_speak(person, now_ns):
            raise PeerFault(CloseCode.FORBIDDEN, NOT_YOUR_TURN)
        return turn_of(room.view, person)

    def _name_of(self, known: Member | None) -> str:
        return known.name if known is not None and known.name else self._free_name()

    def _check_room(self, known: Member | None) -> None:
        live = self.opening.live
        here = known is not None and known.connected
        if not here and live.count(Role.SPEAKER) >= self.max_speakers:
            text = f"{self.max_speakers} speakers are here already: try again when one has left"
            raise PeerFault(CloseCode.RATE, text)
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
