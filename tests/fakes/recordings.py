"""Recordings as the recorder writes them, made of known voices at known moments."""

from __future__ import annotations

import struct

import numpy as np

from fakes.voices import Samples
from parvis_audio.opus import Encoder, program_encoder, unit_encoder
from parvis_server.engine.program import PROGRAM_CEILING_DBFS
from parvis_server.media.limiter import Limiter
from parvis_server.replay.bus import Track, summed
from parvis_server.replay.opus_file import OpusFile, OpusSound, TimedPacket
from parvis_server.replay.placing import Place
from parvis_server.replay.without import Mix

TAGS = b"OpusTags" + struct.pack("<I", 6) + b"parvis" + struct.pack("<I", 0)


def opus_head(pre_skip: int) -> bytes:
    """RFC 7845 section 5.1: one channel."""
    return b"OpusHead" + struct.pack("<BBHIhB", 1, 1, pre_skip, 48_000, 0, 0)


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
    return OpusFile(opus_head(encoder.lookahead_samples), TAGS, serial, packets)


def track(name: str, sound: Samples, at: int, gains: tuple[tuple[int, float], ...]) -> Track:
    """A unit that was opened at room clock ``at``; ``gains``: samples after that, and linear."""
    packets = encoded(sound, unit_encoder(), 480)
    places = tuple(Place(at + after, after, gain) for after, gain in gains)
    return Track(name, places, OpusSound(packets), at + packets[-1].end)


def mix_of(tracks: list[Track], begin: int, end: int, bus_gain: float = 1.0) -> Mix:
    """What the record bus makes of them: summed, under its servo, limited, encoded."""
    total = summed(tracks, begin, end) * np.float32(bus_gain)
    return Mix(opus_file(Limiter(PROGRAM_CEILING_DBFS).process(total)), begin)
