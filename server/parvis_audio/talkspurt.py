"""Where speech begins and ends, from levels alone: for the RTP marker and the level's voice flag.

A frame is speech when it stands clear of the room's noise; the noise is the lowest level of late,
let rise slowly. A hangover keeps the pauses inside a word in the talkspurt. This says where it is
safe to change a delay; it does not decide what is heard.
"""

from dataclasses import dataclass
from typing import Final

from parvis_audio.noise_floor import NoiseFloor

FRAME_MS: Final = 10

RISE_OVER_NOISE_DB = 9.0
"""Speech in a hall stands 10 dB and more over its noise; the noise's own 10 ms levels vary by 3."""

QUIETEST_SPEECH_DBFS = -60.0
"""Under this a microphone hears only itself, however quiet the room."""

HANGOVER_MS = 200
"""Stop consonants and the pauses between words are shorter."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What one frame is."""

    voice: bool
    """Speech, or a pause inside it."""
    first: bool
    """The talkspurt's first frame: its packet carries the marker (RFC 3551 section 4.1)."""


class TalkspurtDetector:
    """Frame by frame, 10 ms each."""

    def __init__(self) -> None:
        """Start in silence, with the noise unknown (taken as low)."""
        self._noise = NoiseFloor(QUIETEST_SPEECH_DBFS, FRAME_MS)
        self._hangover_ms = 0

    def observe(self, level_dbfs: float) -> Speech:
        """What the next frame, of this level, is."""
        before = self._hangover_ms > 0
        threshold = max(QUIETEST_SPEECH_DBFS, self._noise.dbfs + RISE_OVER_NOISE_DB)
        if level_dbfs > threshold:
            self._hangover_ms = HANGOVER_MS
        else:
            self._hangover_ms = max(0, self._hangover_ms - FRAME_MS)
        self._noise.follow(level_dbfs)
        voice = self._hangover_ms > 0
        return Speech(voice=voice, first=voice and not before)

    def reset(self) -> None:
        """End the talkspurt: the next speech begins one. What was learned of the noise stays."""
        self._hangover_ms = 0
