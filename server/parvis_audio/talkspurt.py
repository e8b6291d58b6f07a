"""Where speech begins and ends, from levels alone: for the RTP marker and the level's voice flag.

A frame is speech when it stands clear of the room's noise; the noise is the lowest level of late,
let rise slowly. A hangover keeps the pauses inside a word in the talkspurt. This says where it is
safe to change a delay; it does not decide what is heard.
"""

from dataclasses import dataclass
from typing import Final

from parvis_audio.level import SILENT_DBFS

FRAME_MS: Final = 10

RISE_OVER_NOISE_DB = 9.0
"""Speech in a hall stands 10 dB and more over its noise; the noise's own 10 ms levels vary by 3."""

QUIETEST_SPEECH_DBFS = -60.0
"""Under this a microphone hears only itself, however quiet the room."""

LOUDEST_NOISE_DBFS = -40.0
"""A steady sound over this is taken for speech or music, not for the room."""

NOISE_RISE_DB_PER_SECOND = 3.0
"""A fan that starts is noise after some seconds; a long vowel is not."""

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
        self._noise_dbfs = QUIETEST_SPEECH_DBFS
        self._hangover_ms = 0

    def observe(self, level_dbfs: float) -> Speech:
        """What the next frame, of this level, is."""
        before = self._hangover_ms > 0
        threshold = max(QUIETEST_SPEECH_DBFS, self._noise_dbfs + RISE_OVER_NOISE_DB)
        if level_dbfs > threshold:
            self._hangover_ms = HANGOVER_MS
        else:
            self._hangover_ms = max(0, self._hangover_ms - FRAME_MS)
        self._follow_noise(level_dbfs)
        voice = self._hangover_ms > 0
        return Speech(voice=voice, first=voice and not before)

    def reset(self) -> None:
        """End the talkspurt: the next speech begins one. What was learned of the noise stays."""
        self._hangover_ms = 0

    def _follow_noise(self, level_dbfs: float) -> None:
        risen = self._noise_dbfs + NOISE_RISE_DB_PER_SECOND * FRAME_MS / 1000
        self._noise_dbfs = max(SILENT_DBFS, min(level_dbfs, risen, LOUDEST_NOISE_DBFS))
