"""What a room that is recorded hands to the recorder, and takes from its engine for it.

Theory of operation. Between a room and its engine stands a ``RecordedEngine``: it passes everything
on, and while the room is recorded, it also hands the packets of the voices that may be recorded to
the ``RoomTake``, asks the engine for the record bus and the tap, and keeps what comes of them. Of
anybody whose voice is not in the take no packet passes.

A mistake in any of this costs the recording that packet, never the room its sound: it is told in
the log, and counted, and the hosts are told that the recorder fails.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parvis_server.engine.boundary import OutputPacket, StageReport
from parvis_server.engine.stage import CheckOutput, SetStage
from parvis_server.engine.tap import Tap
from parvis_server.errors import BadDatagram
from parvis_server.mishaps import in_one_line
from parvis_server.net.engine import Engine
from parvis_server.record.messages import (
    MAX_BATCH_BYTES,
    Begin,
    End,
    Happened,
    Retention,
    SoundPacket,
    Tapped,
    Voices,
    sound_datagram,
)
from parvis_server.record.recording import Answerer, Recording, Talker, TrackKind
from parvis_server.record.supervisor import RecorderSupervisor
from parvis_server.room.results import Voice
from parvis_wire.recording import MAX_RETENTION_DAYS
from parvis_wire.rtp import RtpPacket

log = logging.getLogger(__name__)

BATCH_NS: Final = 50_000_000
"""Packets are handed over 20 times a second: with 20 sources 100 at a time."""


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
            try:
                self._take.packet(rtp, arrival_ns)
            except Exception as error:
                self._take.mistake(error)

    def hear(self, report: StageReport, otherwise: Callable[[StageReport], None]) -> None:
        """What the engine said, for the recorder or else for the room."""
        if self._take is None or not self._kept(self._take, report):
            otherwise(report)

    @staticmethod
    def _kept(take: "RoomTake", report: StageReport) -> bool:
        try:
            return take.heard(report)
        except Exception as error:
            take.mistake(error)
            return True

    def record(self, take: "RoomTake | None") -> None:
        """Record for this one from now on; None: no more."""
        self._take = take
        self.set_stage(self._stage)

    def voices_changed(self) -> None:
        """Others are recorded now."""
        self.set_stage(self._stage)


@dataclass(frozen=True, slots=True)
class Names:
    """Of one recording, towards recorder and engine."""

    number: int
    mix_ssrc: int


class RoomTake:
    """The recording of one room, while it runs."""

    def __init__(self, names: Names, supervisor: RecorderSupervisor) -> None:
        """Nobody's voice is in it yet."""
        self.number = names.number
        self._mix_ssrc = names.mix_ssrc
        self._supervisor = supervisor
        self._ssrcs: frozenset[int] = frozenset()
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._batch_ns = 0
        self._retention_days = MAX_RETENTION_DAYS
        self.mistakes = 0
        """What could not be handed over for a mistake of ours."""
        self._told = ""

    def mistake(self, error: Exception) -> None:
        """Count it, and tell the log once until it is another."""
        self.mistakes += 1
        why = in_one_line(error)
        if why != self._told:
            self._told = why
            log.error("a recording misses something because of a mistake of the hub: %s", why)
            log.debug("how it came", exc_info=error)

    def begin(self, recording: Recording, room_clock: int) -> None:
        """Tell the recorder."""
        self._retention_days = recording.retention_days
        begin = Begin(
            number=self.number,
            recording=recording,
            mix_ssrc=self._mix_ssrc,
            room_clock=room_clock,
        )
        self._supervisor.send(begin.serialize())

    def keep_for(self, days: int) -> None:
        """It was announced that it is kept so long: the shortest of what was said holds."""
        self._retention_days = min(self._retention_days, days)
        said = Retention(number=self.number, days=self._retention_days)
        self._supervisor.send(said.serialize())

    def set_voices(self, voices: tuple[Voice, ...], room_clock: int) -> None:
        """Exactly these are recorded from now on."""
        self.flush()
        self._ssrcs = frozenset(voice.ssrc for voice in voices)
        talkers = tuple(_talker(voice) for voice in voices)
        said = Voices(number=self.number, room_clock=room_clock, talkers=talkers)
        self._supervisor.send(said.serialize())

    def end(self, room_clock: int, utc_ms: int) -> None:
        """It is over."""
        self.flush()
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
            self.flush()

    def flush(self) -> None:
        """Hand over what was collected."""
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


def _talker(voice: Voice) -> Talker:
    return Talker(
        ssrc=voice.ssrc,
        kind=TrackKind(voice.kind.value),
        participant=voice.participant,
        name=voice.name,
        is_published=voice.is_published,
        answered_by=tuple(
            Answerer(participant=who, name=name or None) for who, name in voice.answered_by
        ),
    )
