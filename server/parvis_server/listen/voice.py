"""A sound as the packets of a remote speaker. Pure."""

import numpy as np
from numpy.typing import NDArray

from parvis_audio.level import level_dbfs
from parvis_audio.opus import Encoder, program_encoder
from parvis_wire.rtp import AudioLevel, RtpPacket, TalkFlags

Samples = NDArray[np.float32]

SAMPLES_PER_MS = 48

COMPLEXITY = 5
"""VOIP at 32 kb/s like the program, at half the work: 0.2 ms for a packet of 20 ms."""

SPEECH_DBOV = -50
"""Louder counts as voice in the level that the packet carries."""


def speaker_encoder() -> Encoder:
    """What a remote speaker sends with."""
    encoder = program_encoder()
    encoder.complexity = COMPLEXITY
    return encoder


class Voice:
    """Says a sound, once or over and over; the timestamps run on as time does."""

    def __init__(self, sound: Samples, *, loop: bool) -> None:
        """``sound``: mono, 48 kHz."""
        self.sent = 0
        """Packets made."""
        self._sound = sound
        self._loop = loop
        self._encoder = speaker_encoder()

    def packet(self, number: int, ssrc: int, ptime_ms: int) -> bytes | None:
        """The packet that covers the time from ``number`` × ``ptime_ms`` on; None: all is said."""
        samples = ptime_ms * SAMPLES_PER_MS
        begin = number * samples
        if not self._loop and begin >= self._sound.size:
            return None
        frame = self._frame(begin, samples)
        level = round(level_dbfs(frame))
        packet = RtpPacket(
            sequence=number & 0xFFFF,
            timestamp=begin & 0xFFFF_FFFF,
            ssrc=ssrc,
            payload=self._encoder.encode(frame),
            marker=self.sent == 0,
            level=AudioLevel(level, voice=level > SPEECH_DBOV),
            flags=TalkFlags.FIRST if self.sent == 0 else TalkFlags(0),
        )
        self.sent += 1
        return packet.serialize()

    def _frame(self, begin: int, samples: int) -> Samples:
        """Samples of the sound from there on; silence after its end, or its beginning again."""
        at = np.arange(begin, begin + samples)
        if self._loop:
            return self._sound[at % self._sound.size]
        said = self._sound[begin : begin + samples]
        return np.concatenate((said, np.zeros(samples - said.size, dtype=np.float32)))
