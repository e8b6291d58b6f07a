"""Recordings as the recorder writes them, made of known voices at known moments.

Bytes come from the recorder's own writers (``OpusWriter``, ``PlacesWriter``), so that the formats
cannot part; what is faked is the room, the engine and the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fakes.voices import Samples
from parvis_audio.opus import Encoder, program_encoder, unit_encoder
from parvis_server.engine.program import PROGRAM_CEILING_DBFS
from parvis_server.media.limiter import Limiter
from parvis_server.record.places import PlacesWriter
from parvis_server.record.recording import Answerer, Recording, Talker, TrackKind
from parvis_server.record.recording import Track as Kept
from parvis_server.replay.bus import Track, summed
from parvis_server.replay.opus_file import (
    TIMESTAMP_TAG,
    OpusFile,
    OpusSound,
    TimedPacket,
    write_opus,
)
from parvis_server.replay.placing import Place
from parvis_server.replay.without import Mix
from parvis_wire.floor import Hand, Surface
from parvis_wire.room_events import FloorReleased, FloorTaken, HandRaised, RoomEvent
from parvis_wire.room_view import ANONYMOUS_NAME

RATE = 48_000


def encoded(sound: Samples, encoder: Encoder, frame_samples: int) -> tuple[TimedPacket, ...]:
    """The sound's packets, the last one filled up with silence."""
    count = -(-sound.size // frame_samples)
    padded = np.zeros(count * frame_samples, dtype=np.float32)
    padded[: sound.size] = sound
    return tuple(
        TimedPacket(begin, frame_samples, encoder.encode(padded[begin : begin + frame_samples]))
        for begin in range(0, padded.size, frame_samples)
    )


def opus_file(sound: Samples, *, unit: bool = False, serial: int = 7) -> OpusFile:
    """A file as a mix (20 ms packets), or as a unit's track (10 ms)."""
    encoder = unit_encoder() if unit else program_encoder()
    packets = encoded(sound, encoder, 480 if unit else 960)
    return OpusFile(serial, {}, encoder.lookahead_samples, packets)


def track(name: str, sound: Samples, at: int, gains: tuple[tuple[int, float], ...]) -> Track:
    """A unit that was opened at room clock ``at``; ``gains``: samples after that, and linear."""
    packets = encoded(sound, unit_encoder(), 480)
    places = tuple(Place(at + after, after, gain) for after, gain in gains)
    return Track(name, places, OpusSound(packets), at, at + packets[-1].end)


def mix_of(tracks: list[Track], begin: int, end: int, bus_gain: float = 1.0) -> Mix:
    """What the record bus makes of them: summed, under its servo, limited, encoded."""
    total = summed(tracks, begin, end) * np.float32(bus_gain)
    limited = Limiter(PROGRAM_CEILING_DBFS).process(total)
    return Mix(opus_file(limited), begin, (Place(begin - RATE, None, bus_gain),))


@dataclass(frozen=True)
class Said:
    """Somebody who had the floor once."""

    participant: str
    name: str
    sound: Samples
    at_s: float
    """After the recording's beginning."""
    gain: float = 0.8
    is_published: bool = True
    kind: TrackKind = TrackKind.PHONE
    text: str | None = None
    anonymous: bool = False
    answered_by: tuple[tuple[str, str], ...] = ()
    """Who sat at a table whose own microphone this is."""

    @property
    def end_s(self) -> float:
        return self.at_s + self.sound.size / RATE


BEGIN = 48_000_000
"""Room clock at which every recording here begins."""

BEGUN_UTC_MS = 1_790_000_000_000


def write_recording(
    recordings: Path,
    said: list[Said],
    *,
    room: str = "main",
    number: int = 1,
    length_s: float = 10.0,
    bus_gain: float = 1.2,
    retention_days: int = 30,
    is_growing: bool = False,
) -> Path:
    """A recording's folder, as the recorder leaves it."""
    end = BEGIN + round(length_s * RATE)
    tracks = [
        track(str(at), one.sound, BEGIN + round(one.at_s * RATE), ((0, one.gain),))
        for at, one in enumerate(said)
    ]
    kept = tuple(_kept(at, one, tracks[at]) for at, one in enumerate(said))
    description = Recording(
        recording=f"20260921T{120000 + number}Z-{number}",
        room=room,
        title="An evening <in> the hall",
        begun_utc_ms=BEGUN_UTC_MS + number * 1000,
        begun_clock=BEGIN,
        ended_utc_ms=None if is_growing else BEGUN_UTC_MS + round(length_s * 1000),
        ended_clock=None if is_growing else end,
        mix_clock=BEGIN,
        retention_days=retention_days,
        text_version="0" * 16,
        tracks=kept,
    )
    folder = recordings / description.folder
    (folder / "tracks").mkdir(parents=True)
    for at, one in enumerate(said):
        _write_track(folder, kept[at], one)
    write_opus(folder / "mix.opus", mix_of(tracks, BEGIN, end, bus_gain).opus)
    servo = PlacesWriter(0)
    notes = [servo.note(at, at % 2**32, bus_gain) for at in range(BEGIN - RATE, end, 480)]
    (folder / "mix.places").write_bytes(b"".join((servo.head, *notes)))
    (folder / "events.jsonl").write_text("".join(_events(said)))
    (folder / "recording.json").write_bytes(description.serialize())
    return folder


def _kept(at: int, said: Said, made: Track) -> Kept:
    talker = Talker(
        ssrc=100 + at,
        kind=said.kind,
        participant=said.participant,
        name=ANONYMOUS_NAME if said.anonymous else said.name,
        is_published=said.is_published,
        answered_by=tuple(Answerer(participant=who, name=name) for who, name in said.answered_by),
    )
    return Kept(
        file=f"tracks/{at + 1:04}.opus",
        talker=talker,
        begun_clock=made.begin,
        ended_clock=made.end,
    )


def _write_track(folder: Path, kept: Kept, said: Said) -> None:
    stamp = 4_294_960_000  # wraps within the first second
    opus = opus_file(said.sound, unit=True)
    tagged = replace(opus, tags={TIMESTAMP_TAG: str(stamp)}, pre_skip=0)
    write_opus(folder / kept.file, tagged)
    places = PlacesWriter(kept.talker.ssrc)
    written = [places.head]
    for clock in range(kept.begun_clock, kept.ended_clock or 0, 480):
        written.append(places.note(clock, (stamp + clock - kept.begun_clock) % 2**32, said.gain))
    written.append(places.end(kept.ended_clock or 0))
    (folder / kept.places).write_bytes(b"".join(written))


def _events(said: list[Said]) -> Iterator[str]:
    """The floor's log: a hand, a press, an end for each."""
    found: list[tuple[float, RoomEvent]] = []
    for at, one in enumerate(said):
        hand = Hand(
            participant=one.participant,
            name=one.name,
            surface=Surface.PHONE,
            text=one.text,
            anonymous=one.anonymous,
        )
        found.append((one.at_s, HandRaised(hand=hand)))
        taken = FloorTaken(participant=one.participant, unit=None, ssrc=100 + at)
        found.append((one.at_s, taken))
        found.append((one.end_s, FloorReleased(participant=one.participant)))
    for at_s, event in sorted(found, key=lambda pair: pair[0]):
        yield event_line(at_s, event)


def event_line(at_s: float, event: RoomEvent) -> str:
    """One line of ``events.jsonl``."""
    body = {"room_clock": BEGIN + round(at_s * RATE), "event": event.model_dump(mode="json")}
    return json.dumps(body) + "\n"


def built_page(folder: Path) -> Path:
    """A built replay page: two scripts, one of which names a style, and one asset too many."""
    (folder / "assets").mkdir(parents=True)
    html = '<script type="module" src="/assets/replay-1.js"></script>'
    (folder / "replay.html").write_text(html)
    (folder / "assets/replay-1.js").write_text('import "./shared-2.js";')
    (folder / "assets/shared-2.js").write_text('const style = "base-3.css";')
    (folder / "assets/base-3.css").write_text("body { color: black }")
    (folder / "assets/host-4.js").write_text("host()")
    return folder
