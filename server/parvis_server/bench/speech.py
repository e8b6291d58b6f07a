"""What the benches say: recorded speech where alsa-utils is installed, else a melody."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import SoundFileError
from parvis_audio.sound_file import read_mono_48k
from parvis_server.demo.melody import levelled, melody

Sound = NDArray[np.float32]

LEVEL_DBFS = -20.0
"""RMS of a voice: what a person at 30 cm gives on a well-set microphone."""

RECORDINGS = Path("/usr/share/sounds/alsa")
"""Eight spoken words at 48 kHz, 11 s, from the Debian package alsa-utils."""

_SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)


def speech(folder: Path = RECORDINGS) -> tuple[Sound, str]:
    """About ten seconds of sound at 48 kHz, and what it is."""
    paths = sorted(path for path in folder.glob("*.wav") if path.stem != "Noise")
    try:
        clips = [read_mono_48k(path) for path in paths]
    except SoundFileError:
        clips = []
    if not clips:
        return levelled(melody(_SCALE, 48_000), LEVEL_DBFS), "melody"
    return levelled(np.concatenate(clips), LEVEL_DBFS), "recorded speech"
