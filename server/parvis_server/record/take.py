"""One recording while it is made: packets, tap and events in, what to do with files out. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from parvis_audio.errors import BadPacket
from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.engine.tap import Tap
from parvis_server.record.effects import Append, Close, Effect, Replace
from parvis_server.record.messages import Begin, SoundPacket, Voices
from parvis_server.record.ogg_opus import OpusTail, OpusWriter
from parvis_server.record.places import PlacesWriter
from parvis_server.record.recording import (
    DESCRIPTION,
    EVENTS,
    MAX_TRACKS,
    MIX,
    MIX_PLACES,
    Gap,
    Recording,
    Talker,
    Track,
)
from parvis_server.record.track import MAX_MIX_GAP_SAMPLES, SoundCounts, TrackSound

MIX_PRE_SKIP: Final = 312
"""6.5 ms: how far the mix's encoder looks ahead."""

NEW_TRACK_NS: Final = 1_000_000_000
"""A source whose timestamps jump gets another file at most once a second."""

_SSRC_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of a recording that was begun before."""

    recording: Recording
    mix: OpusTail | None
    """None: nothing of it was written."""
    has_mix_places: bool = False


@dataclass(slots=True)
class _Source:
    """A source that is recorded now."""

    talker: Talker
    since_clock: int
    track: "_Track | None" = None
    cut_ns: int | None = None
    """When its file was last ended for a jump."""


@dataclass(slots=True)
class _Track:
    """A file that is open."""

    number: int
    file: str
    sound: TrackSound
    places: PlacesWriter
    noted: list[bytes]


class Take:
    """A recording that runs."""

    def __init__(self, begin: Begin, counts: SoundCounts, found: Found | None = None) -> None:
        """``found``: what an earlier recorder left of it, mended."""
        self.number = begin.number
        self.recording = begin.recording if found is None else found.recording
        self._mix_ssrc = begin.mix_ssrc
        self._counts = counts
        self._clock = begin.room_clock
        self._sources: dict[int, _Source] = {}
        self._mix: TrackSound | None = None
        self._mix_places = PlacesWriter(0)
        self._mix_noted: list[bytes] = []
        self._events: list[bytes] = []
        self._missing_since: int | None = None
        """Since when there is no sound: until the first tick after another recorder's end."""
        if found is None or not found.has_mix_places:
            self._mix_noted.append(self._mix_places.head)
        if found is not None:
            self._go_on(found, begin.recording.retention_days)

    def _go_on(self, found: Found, retention_days: int) -> None:
        recording = found.recording
        self._missing_since = recording.ended_clock
        self._clock = max(self._clock, recording.ended_clock or 0)
        update = {
            "ended_clock": None,
            "ended_utc_ms": None,
            "retention_days": min(recording.retention_days, retention_days),
        }
        self.recording = recording.model_copy(update=update)
        if found.mix is not None and recording.mix_clock is not None:
            begun = recording.mix_clock - found.mix.pre_skip
            behind = (begun + found.mix.granule) % (1 << _SSRC_BITS)
            self._mix = TrackSound.go_on(found.mix, behind, self._counts)

    @property
    def folder(self) -> str:
        """Where it lies."""
        return self.recording.folder

    def describe(self) -> Replace:
        """Its description, as it is now."""
        return Replace(f"{self.folder}/{DESCRIPTION}", self.recording.serialize())

    # What comes

    def set_voices(self, voices: Voices) -> Iterator[Effect]:
        """Record exactly these; who is not among them has their file ended."""
        self._clock = max(self._clock, voices.room_clock)
        wanted = {talker.ssrc: talker for talker in voices.talkers}
        ended = [
            ssrc for ssrc, source in self._sources.items() if wanted.get(ssrc) != source.talker
        ]
        closing: list[Effect] = []
        for ssrc in ended:
            closing += self._end_track(self._sources.pop(ssrc), self._clock)
        for ssrc, talker in wanted.items():
            if ssrc not in self._sources:
                self._sources[ssrc] = _Source(talker, self._clock)
        if closing:
            yield from closing
            yield self.describe()

    def keep_for(self, days: int) -> Iterator[Effect]:
        """Delete it after so many days; never later than somebody was told before."""
        if days < self.recording.retention_days:
            self.recording = self.recording.model_copy(update={"retention_days": days})
            yield self.describe()

    def put(self, packet: SoundPacket, now_ns: int) -> Iterator[Effect]:
        """A packet of a source, or of the mix; of anybody else it is dropped."""
        if packet.ssrc == self._mix_ssrc:
            yield from self._put_mix(packet, now_ns)
            return
        source = self._sources.get(packet.ssrc)
        if source is None:
            self._counts.bad += 1
            return
        track = source.track
        if track is not None and not track.sound.fits(packet.timestamp):
            if source.cut_ns is not None and now_ns - source.cut_ns < NEW_TRACK_NS:
                self._counts.bad += 1
                return
            source.cut_ns = now_ns
            yield from self._end_track(source, self._clock)
            source.since_clock = self._clock
            track = None
        if track is None:
            yield from self._begin_track(source, packet)
            track = source.track
        if track is not None:
            track.sound.put(packet.timestamp, packet.payload, now_ns)

    def _put_mix(self, packet: SoundPacket, now_ns: int) -> Iterator[Effect]:
        if self._mix is None:
            tags = {"PARVIS_TIMESTAMP": str(packet.timestamp)}
            writer = OpusWriter(1, tags, MIX_PRE_SKIP)
            self._mix = TrackSound(writer, packet.timestamp, self._counts)
            clock = _nearest(self._clock, packet.timestamp)
            update = {"mix_clock": max(0, clock + MIX_PRE_SKIP)}
            self.recording = self.recording.model_copy(update=update)
            yield self.describe()
        if self._mix.fits(packet.timestamp, MAX_MIX_GAP_SAMPLES):
            self._mix.put(packet.timestamp, packet.payload, now_ns)
        else:
            self._counts.late += 1

    def tapped(self, tap: Tap) -> Iterator[Effect]:
        """Where the samples of this tick lie, and how loud they are."""
        if self._missing_since is not None:
            self._note_gap(self._missing_since, tap.room_clock)
            self._missing_since = None
            yield self.describe()  # at once: a recorder that is killed again would forget it
        self._clock = max(self._clock, tap.room_clock)
        self._mix_noted.append(
            self._mix_places.note(tap.room_clock, tap.room_clock & 0xFFFF_FFFF, tap.program_gain)
        )
        for ssrc, timestamp, gain in tap.frames:
            source = self._sources.get(ssrc)
            if source is not None and source.track is not None:
                note = source.track.places.note(tap.room_clock, timestamp, gain)
                if note:
                    source.track.noted.append(note)

    def _note_gap(self, begin: int, end: int) -> None:
        """Those who speak get their new files at once."""
        for source in self._sources.values():
            source.since_clock = max(source.since_clock, end)
        if end > begin:
            gap = Gap(begin_clock=begin, end_clock=end, reason="the recorder was started again")
            gaps = (*self.recording.gaps, gap)[-MAX_TRACKS:]
            self.recording = self.recording.model_copy(update={"gaps": gaps})

    def happened(self, line: bytes) -> None:
        """An event of the floor."""
        self._events.append(line + b"\n")

    def write(self, now_ns: int) -> Iterator[Append]:
        """Everything that can be written now: a voice's own file before the mix that it is in."""
        folder = self.folder
        if self._events:
            yield Append(f"{folder}/{EVENTS}", b"".join(self._events))
            self._events = []
        for source in self._sources.values():
            track = source.track
            if track is not None:
                yield Append(f"{folder}/{track.file}", track.sound.pages(now_ns))
                yield Append(f"{folder}/{_places(track.file)}", b"".join(track.noted))
                track.noted = []
        if self._mix is not None:
            yield Append(f"{folder}/{MIX}", self._mix.pages(now_ns))
        yield Append(f"{folder}/{MIX_PLACES}", b"".join(self._mix_noted))
        self._mix_noted = []

    def end(self, room_clock: int, utc_ms: int, now_ns: int) -> Iterator[Effect]:
        """Write the rest, and that it is over."""
        self._clock = max(self._clock, room_clock)
        for source in self._sources.values():
            yield from self._end_track(source, self._clock)
        self._sources = {}
        yield from self.write(now_ns)
        if self._mix is not None:
            yield Append(f"{self.folder}/{MIX}", self._mix.end())
        for file in (EVENTS, MIX, MIX_PLACES):
            yield Close(f"{self.folder}/{file}")
        update = {"ended_clock": self._clock, "ended_utc_ms": utc_ms}
        self.recording = self.recording.model_copy(update=update)
        yield self.describe()

    # Tracks

    def _begin_track(self, source: _Source, packet: SoundPacket) -> Iterator[Effect]:
        """A new file, told in the description before it is made."""
        try:
            packet_duration_samples(packet.payload)
        except BadPacket:
            self._counts.bad += 1
            return
        number = _next_number(self.recording)
        if number > MAX_TRACKS:
            self._counts.bad += 1
            return
        ssrc, file = packet.ssrc, f"tracks/{number:04d}.opus"
        tags = {"PARVIS_TIMESTAMP": str(packet.timestamp), "PARVIS_SSRC": str(ssrc)}
        sound = TrackSound(OpusWriter(number + 1, tags), packet.timestamp, self._counts)
        places = PlacesWriter(ssrc)
        source.track = _Track(number, file, sound, places, [places.head])
        track = Track(file=file, talker=source.talker, begun_clock=source.since_clock)
        tracks = (*self.recording.tracks, track)
        self.recording = self.recording.model_copy(update={"tracks": tracks})
        yield self.describe()

    def _end_track(self, source: _Source, room_clock: int) -> Iterator[Effect]:
        """The file's last page and record, and its end in the description, which the caller
        writes."""
        track, source.track = source.track, None
        if track is None:
            return
        opus, places = f"{self.folder}/{track.file}", f"{self.folder}/{_places(track.file)}"
        yield Append(opus, track.sound.end())
        yield Append(places, b"".join((*track.noted, track.places.end(room_clock))))
        yield Close(opus)
        yield Close(places)
        tracks = tuple(
            one.model_copy(update={"ended_clock": room_clock}) if one.file == track.file else one
            for one in self.recording.tracks
        )
        self.recording = self.recording.model_copy(update={"tracks": tracks})


def _places(file: str) -> str:
    return file.removesuffix(".opus") + ".places"


def _next_number(recording: Recording) -> int:
    last = recording.tracks[-1].file if recording.tracks else "tracks/0000.opus"
    return int(last[len("tracks/") : -len(".opus")]) + 1


def _nearest(room_clock: int, timestamp: int) -> int:
    """The room clock of these low 32 bits that is nearest to ``room_clock``."""
    half = 1 << (_SSRC_BITS - 1)
    return room_clock + (timestamp - room_clock + half) % (1 << _SSRC_BITS) - half
