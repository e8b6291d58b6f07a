"""The hub's recorder: what rooms that are recorded hand to the process that writes it down.

Theory of operation. Between a room and its engine stands a ``RecordedEngine``: it passes everything
on, and while the room is recorded, it also hands the packets of the voices that may be recorded to
the recorder, asks the engine for the record bus and the tap, and keeps what comes of them. Whose
voices these are, the room says (``Consequences.on_voices``): of anybody else no packet passes. The
room's log says when a recording begins and ends, also after a restart of the hub.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never

from parvis_server.engine.boundary import OutputPacket, StageReport
from parvis_server.engine.stage import CheckOutput, SetStage
from parvis_server.engine.tap import Tap
from parvis_server.errors import BadDatagram
from parvis_server.hub_replays import HubReplays
from parvis_server.net.engine import Engine
from parvis_server.net.live_room import LiveRoom
from parvis_server.record.child import RecordChild
from parvis_server.record.messages import (
    MAX_BATCH_BYTES,
    Begin,
    End,
    Happened,
    SoundPacket,
    Tapped,
    Voices,
    sound_datagram,
)
from parvis_server.record.recording import Recording, Talker, TrackKind
from parvis_server.record.supervisor import RecorderSupervisor
from parvis_server.room.kept_view import view_at_start
from parvis_server.room.recording import for_the_record
from parvis_server.room.results import Voice
from parvis_wire.recording import Recording as Announced
from parvis_wire.recording import RecordingStarted, RecordingStopped
from parvis_wire.room_events import RoomEvent
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Alarm, AlarmKind

log = logging.getLogger(__name__)

BATCH_NS: Final = 50_000_000
"""Packets are handed over 20 times a second: with 20 sources 100 at a time."""

STARTING_S: Final = 3.0
"""A recorder that is not there for so long is told as one that fails."""


class RecordedEngine:
    """An engine whose room may be recorded."""

    def __init__(self, engine: Engine) -> None:
        """It passes everything on; nothing is recorded."""
        self._engine = engine
        self._stage = SetStage()
        self._take: RoomTake | None = None

    @property
    def dropped_packets(self) -> int:
        """Packets that no engine could take."""
        return self._engine.dropped_packets

    @property
    def restarts(self) -> int:
        """Live engines that had to be replaced."""
        return self._engine.restarts

    @property
    def ready(self) -> asyncio.Event:
        """Set while an engine is live."""
        return self._engine.ready

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this from now on."""
        self._stage = stage
        self._engine.set_stage(stage if self._take is None else self._take.recorded(stage))

    def check_output(self, command: CheckOutput) -> bool:
        """Begin a sound check; False when no engine could take it."""
        return self._engine.check_output(command)

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        """Hand over a source's packet; to the recorder, too, when its voice may be recorded."""
        self._engine.send_packet(rtp, arrival_ns)
        if self._take is not None:
            self._take.packet(rtp, arrival_ns)

    def hear(self, report: StageReport, otherwise: Callable[[StageReport], None]) -> None:
        """What the engine said, for the recorder or else for the room."""
        if self._take is None or not self._take.heard(report):
            otherwise(report)

    def record(self, take: "RoomTake | None") -> None:
        """Record for this one from now on; None: no more."""
        self._take = take
        self.set_stage(self._stage)

    def voices_changed(self) -> None:
        """Others are recorded now."""
        self.set_stage(self._stage)


@dataclass(frozen=True, slots=True)
class _Names:
    """Of one recording, towards recorder and engine."""

    number: int
    mix_ssrc: int


class RoomTake:
    """The recording of one room, while it runs."""

    def __init__(self, names: _Names, supervisor: RecorderSupervisor) -> None:
        """Nobody's voice is in it yet."""
        self.number = names.number
        self._mix_ssrc = names.mix_ssrc
        self._supervisor = supervisor
        self._ssrcs: frozenset[int] = frozenset()
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._batch_ns = 0

    def begin(self, recording: Recording, room_clock: int) -> None:
        """Tell the recorder."""
        begin = Begin(
            number=self.number,
            recording=recording,
            mix_ssrc=self._mix_ssrc,
            room_clock=room_clock,
        )
        self._supervisor.send(begin.serialize())

    def set_voices(self, voices: tuple[Voice, ...], room_clock: int) -> None:
        """Exactly these are recorded from now on."""
        self._flush()
        self._ssrcs = frozenset(voice.ssrc for voice in voices)
        talkers = tuple(_talker(voice) for voice in voices)
        said = Voices(number=self.number, room_clock=room_clock, talkers=talkers)
        self._supervisor.send(said.serialize())

    def end(self, room_clock: int, utc_ms: int) -> None:
        """It is over."""
        self._flush()
        said = End(number=self.number, room_clock=room_clock, utc_ms=utc_ms)
        self._supervisor.send(said.serialize())

    def happened(self, line: dict[str, object]) -> None:
        """An event of the floor; one that does not fit is told in the log and left away."""
        try:
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            self._supervisor.send(Happened(self.number, text.encode()).serialize())
        except BadDatagram as error:
            log.warning("an event is missing in a recording: %s", error)

    def recorded(self, stage: SetStage) -> SetStage:
        """The stage with the record bus, which has nobody's voice who is not recorded."""
        sources = tuple(
            source.model_copy(update={"recorded": source.ssrc in self._ssrcs})
            for source in stage.sources
        )
        update = {"sources": sources, "record_ssrc": self._mix_ssrc}
        return stage.model_copy(update=update)

    def packet(self, rtp: bytes, now_ns: int) -> None:
        """A packet of an open source."""
        if int.from_bytes(rtp[8:12]) in self._ssrcs:
            self._put(rtp, now_ns)

    def heard(self, report: StageReport) -> bool:
        """Keep the record bus and the tap; False for anything else."""
        match report:
            case Tap():
                self._supervisor.send(Tapped(self.number, report.serialize()).serialize())
                return True
            case OutputPacket(rtp=rtp) if report.ssrc == self._mix_ssrc:
                self._put(rtp, time.monotonic_ns())
                return True
            case _:
                return False

    def _put(self, rtp: bytes, now_ns: int) -> None:
        packet = SoundPacket(
            int.from_bytes(rtp[8:12]), int.from_bytes(rtp[4:8]), payload_of(rtp)
        ).serialize()
        if not self._batch:
            self._batch_ns = now_ns
        self._batch.append(packet)
        self._batch_bytes += len(packet)
        if now_ns - self._batch_ns >= BATCH_NS or self._batch_bytes >= MAX_BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            self._supervisor.send(sound_datagram(self.number, self._batch))
            self._batch, self._batch_bytes = [], 0


def payload_of(rtp: bytes) -> bytes:
    """The Opus packet in an RTP packet that was parsed before.

    Raises:
        BadPacket: it cannot be read after all.
    """
    first = rtp[0]
    if first & 0x20:  # padded: nobody's usual way
        return RtpPacket.parse(rtp).payload
    begin = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        begin += 4 + 4 * int.from_bytes(rtp[begin + 2 : begin + 4])
    return rtp[begin:]


class HubRecorder:
    """The recorder of a hub and the rooms that it records."""

    def __init__(
        self,
        folder: Path,
        budget_bytes: int | None = None,
        spawn: Callable[[Path, int | None], Awaitable[RecordChild]] = RecordChild.spawn,
    ) -> None:
        """Recordings lie in ``folder``; a process runs once there is one, or was."""
        self.folder = folder
        self.replays = HubReplays(folder)
        """What becomes of recordings that are over."""
        self.supervisor = RecorderSupervisor(lambda: spawn(folder, budget_bytes))
        self._followed: dict[str, RecordedRoom] = {}
        self._last_number = -1
        if folder.is_dir():
            self.supervisor.wake()  # to mend what was torn

    async def run(self) -> Never:
        """Keep the recorder running until cancelled."""
        await self.supervisor.run()

    def follow(self, live: LiveRoom, engine: RecordedEngine) -> "RecordedRoom":
        """Record this room whenever its log says so."""
        room = RecordedRoom(self, live, engine)
        self._followed[live.room.view.room] = room
        return room

    def new_take(self) -> RoomTake:
        """A recording that begins."""
        self._last_number = (self._last_number + 1) % (1 << 16)
        return RoomTake(_Names(self._last_number, secrets.randbits(32)), self.supervisor)

    def stop(self) -> None:
        """The hub stops: the next one goes on with what runs."""
        for room in self._followed.values():
            room.leave()


class RecordedRoom:
    """Follows one room's log."""

    def __init__(self, recorder: HubRecorder, live: LiveRoom, engine: RecordedEngine) -> None:
        """A recording that the log says is running goes on."""
        self._recorder = recorder
        self._live = live
        self._engine = engine
        self._take: RoomTake | None = None
        self._since_ns = 0
        self._dropped = 0
        live.event_taps.add(self._happened)
        live.audience.mark_taps.add(lambda marks: self._line({"marks": marks}))
        live.consequences.on_voices = self._voices
        if live.room.view.recording is not None:
            self._begin(live.room.view.recording)

    @property
    def _clock(self) -> int:
        return self._live.room.clock.samples(self._live.now_ns())

    def alarms(self) -> Iterator[Alarm]:
        """What this room's hosts must know of its recording."""
        take, supervisor = self._take, self._recorder.supervisor
        if take is None:
            return
        report = supervisor.report
        is_new = self._live.now_ns() - self._since_ns < STARTING_S * 1e9
        failing = not supervisor.live.is_set() and not is_new
        lost = supervisor.dropped > self._dropped
        faulty = report is not None and any(f.number == take.number for f in report.faults)
        if failing or lost or faulty:
            yield Alarm(kind=AlarmKind.RECORDER_FAILS)
        if report is not None and report.is_low:
            left = report.minutes_left
            yield Alarm(kind=AlarmKind.DISK_LOW, value=None if left is None else round(left, 1))

    def leave(self) -> None:
        """Record no more, without an end."""
        self._take = None
        self._engine.record(None)

    def _begin(self, announced: Announced) -> None:
        view = self._live.room.view
        take = self._recorder.new_take()
        self._take, self._since_ns = take, self._live.now_ns()
        self._dropped = self._recorder.supervisor.dropped
        recording = Recording(
            recording=announced.recording,
            room=view.room,
            title=view.title,
            language="en" if view.about is None else view.about.language,
            begun_utc_ms=announced.begun_utc_ms,
            begun_clock=announced.begun_at,
            retention_days=announced.terms.retention_days,
            text_version=announced.notice.version,
        )
        take.begin(recording, self._clock)
        self._engine.record(take)

    def _happened(self, event: RoomEvent) -> None:
        if isinstance(event, RecordingStarted) and self._take is None:
            self._begin(event.recording)
            self._note_view()
        elif self._take is not None:
            self._note(event)
        if isinstance(event, RecordingStopped) and self._take is not None:
            self._take.end(self._clock, time.time_ns() // 1_000_000)
            self.leave()

    def _voices(self, voices: tuple[Voice, ...]) -> None:
        if self._take is not None:
            self._take.set_voices(voices, self._clock)
            self._engine.voices_changed()

    def _note_view(self) -> None:
        """What the events that follow happen in: the first line."""
        view = view_at_start(self._live.bulletin.view)
        self._line({"view": view.model_dump(mode="json")})

    def _note(self, event: RoomEvent) -> None:
        kept = for_the_record(self._live.bulletin.view, event)
        self._line({"event": kept.model_dump(mode="json")})

    def _line(self, what: dict[str, object]) -> None:
        if self._take is not None:
            clocks = {"room_clock": self._clock, "utc_ms": time.time_ns() // 1_000_000}
            self._take.happened({"seq": self._live.bulletin.view.seq, **clocks, **what})


def _talker(voice: Voice) -> Talker:
    return Talker(
        ssrc=voice.ssrc,
        kind=TrackKind(voice.kind.value),
        participant=voice.participant,
        name=voice.name,
        is_published=voice.is_published,
    )
