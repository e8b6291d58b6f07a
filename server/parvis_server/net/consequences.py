"""What follows when something happened in a room: stored, told to everybody, and carried out.

Theory of operation. A result goes to the outbox; once its events are stored, the changes go to
everybody, the effects happen, and whoever asked is answered. One thing does not wait for the log:
a microphone that is to be closed is out of the mix at once. An opening that waits may be overtaken
by that, so what is opened in the end is what the room wants by then. A voice that is not to be
recorded leaves the recording in the same way.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from parvis_server.net.bulletin import Bulletin
from parvis_server.net.engine import Engine
from parvis_server.net.live_stage import LiveStage
from parvis_server.net.outbox import Outbox
from parvis_server.net.reading import Reader, ReadingVoice
from parvis_server.room.members import Member
from parvis_server.room.results import (
    Announce,
    AttendTo,
    Effect,
    Evict,
    OpenSources,
    ReadOutText,
    RecordVoices,
    Result,
    StopReading,
    Voice,
    Why,
)
from parvis_server.room.room import Room
from parvis_wire.messages import Attention, Role
from parvis_wire.room_events import RoomEvent
from parvis_wire.stage import SourceKind

log = logging.getLogger(__name__)

VOICE = "voice"
"""Stands for the hub's voice where a source needs somebody."""

ANNOUNCEMENT = "announcement"
"""Whose words the voice reads when it says something for the hub; nobody's turn."""


class House(Protocol):
    """The live room, as far as consequences reach."""

    room: Room
    engine: Engine
    stage: LiveStage
    bulletin: Bulletin
    event_taps: set[Callable[[RoomEvent], None]]

    def attend(self, participant: str, what: Attention) -> None:
        """Tell one participant to look, or to chime."""

    def evict(self, participant: str, why: Why) -> None:
        """End the connections of somebody who has to leave."""


class Consequences:
    """Lets things happen in one room."""

    def __init__(
        self,
        house: House,
        outbox: Outbox,
        voice: ReadingVoice | None,
        now_ns: Callable[[], int],
    ) -> None:
        """``voice`` reads questions out; None: nobody does."""
        self._house = house
        self._outbox = outbox
        self._now_ns = now_ns
        self._wanted: frozenset[int | None] = frozenset()
        """SSRCs that the room wants in the mix, whether or not that is stored yet."""
        self._voice: Member | None = None
        """The source of the question that is being read."""
        self._announces = False
        """What it reads is the hub's own."""
        self.on_voices: Callable[[tuple[Voice, ...]], None] = lambda voices: None
        """Told which microphones are in the recording from now on: fewer at once, more once it is
        stored."""
        self._wanted_voices: tuple[Voice, ...] = ()
        self._told_voices: tuple[Voice, ...] = ()
        self._speaks = voice is not None and voice.is_installed
        self._reader = Reader(
            voice, self._read_packet, self._reading_begins, self._reading_ends, now_ns
        )

    async def run(self) -> None:
        """Read questions out; runs until cancelled."""
        await self._reader.run()

    def follow(self, result: Result, then: Callable[[], None]) -> None:
        """Store, tell, carry out; ``then`` is last but for those who have to leave."""
        for effect in result.effects:
            if isinstance(effect, OpenSources):
                self._close_at_once(effect)
            elif isinstance(effect, RecordVoices):
                self._record_less(effect)
        if result.events or result.effects or result.ack is not None:
            self._outbox.hold(result, lambda: self._release(result, then))

    def _close_at_once(self, effect: OpenSources) -> None:
        stage = self._house.stage
        self._wanted = frozenset(member.ssrc for member in effect.sources)
        still = tuple(member for member in effect.sources if member.ssrc in stage.open)
        if len(still) < len(stage.open):
            stage.open_sources(still)

    def _record_less(self, effect: RecordVoices) -> None:
        """Who is not to be recorded is not, whether or not that can be stored."""
        self._wanted_voices = effect.voices
        told = {(voice.ssrc, voice.participant) for voice in self._told_voices}
        self._tell(tuple(v for v in effect.voices if (v.ssrc, v.participant) in told))

    def _tell(self, voices: tuple[Voice, ...]) -> None:
        if voices != self._told_voices:
            self._told_voices = voices
            self.on_voices(voices)

    def _release(self, result: Result, then: Callable[[], None]) -> None:
        for change in result.events:
            self._house.bulletin.change(change)
            log.info("room: %s", change.event.type, extra={"seq": change.seq})
            for tap in tuple(self._house.event_taps):
                tap(change.event)
        for effect in result.effects:
            if not isinstance(effect, Evict):
                self._happen(effect)
        then()
        for effect in result.effects:
            if isinstance(effect, Evict):
                self._happen(effect)  # after the answer: it may be the one who asked

    def _happen(self, effect: Effect) -> None:
        match effect:
            case OpenSources(sources=sources):
                wanted = tuple(member for member in sources if member.ssrc in self._wanted)
                self._house.stage.open_sources(wanted)
            case AttendTo(participant=participant, what=what):
                self._house.attend(participant, what)
            case ReadOutText(participant=participant, text=text, language=language):
                self._reader.read(participant, text, language)
            case StopReading(participant=participant):
                if self._reader.stop(participant):
                    self._fall_silent()
            case Announce(text=text, language=language) if self._speaks:
                self._reader.read(ANNOUNCEMENT, text, language)
            case RecordVoices(voices=voices):
                self._tell(tuple(voice for voice in voices if voice in self._wanted_voices))
            case Evict(participants=participants, why=why):
                for participant in participants:
                    self._house.evict(participant, why)
            case Announce():
                log.info("the hub has no voice: nothing is said aloud of the recording")

    # The hub's voice is no member of the room: it has no connection, and no rights of its own.

    def _reading_begins(self, participant: str, ssrc: int) -> bool:
        """The question is about to be heard; False when its turn is over already."""
        self._announces = participant == ANNOUNCEMENT
        if self._announces:
            if self._house.room.view.recording is None:
                return False
        elif not self._read_begins(participant, ssrc):
            return False
        self._voice = Member(
            VOICE, Role.SPEAKER, name=VOICE, ssrc=ssrc, source_kind=SourceKind.SPEAKER
        )
        return True

    def _read_begins(self, participant: str, ssrc: int) -> bool:
        result = self._house.room.read_started(participant, ssrc, self._now_ns())
        self.follow(result, lambda: None)
        return bool(result.events)

    def _read_packet(self, rtp: bytes, now_ns: int) -> None:
        """Of the question that is read; into the mix as long as the room lets it."""
        voice = self._voice
        room = self._house.room
        is_open = voice is not None and (self._announces or voice.ssrc in room.open_ssrcs)
        self._house.stage.read_with(voice if is_open else None)
        if is_open:
            self._house.engine.send_packet(rtp, now_ns)

    def _reading_ends(self, participant: str) -> None:
        self._fall_silent()
        if participant == ANNOUNCEMENT:
            return
        self.follow(self._house.room.read_ended(participant, self._now_ns()), lambda: None)

    def _fall_silent(self) -> None:
        self._voice = None
        self._house.stage.read_with(None)
