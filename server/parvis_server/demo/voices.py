"""The tables' voices as sound files: synthesised, else recorded speech, else a melody each.

Each file holds one sentence and a breath, and is played over and over by a simulated unit.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from parvis_server.demo.melody import Sound, levelled, melody, silence
from parvis_server.demo.script import Part

LEVEL_DBFS = -20.0
"""RMS of a voice: what a person at 30 cm gives on a well-set microphone."""

BREATH_S = 2.4
"""Pause after the sentence. The levels that find it come twice a second, and a press needs a
moment to open the microphone."""

SYNTHESISER = "espeak-ng"
SYNTHESIS_LIMIT_S = 10.0
"""A sentence takes under 0.2 s; a synthesiser that hangs must not hold up the evening."""

RECORDINGS = Path("/usr/share/sounds/alsa")
"""Where alsa-utils keeps its recorded speech (48 kHz)."""

MELODY_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class VoiceSources:
    """Where voices can come from on this machine."""

    synthesiser: str | None
    """Path of espeak-ng, if there is one."""
    recordings: Path
    """Folder with recorded speech; need not exist."""

    @classmethod
    def of_this_machine(cls) -> "VoiceSources":
        """What is installed here."""
        return cls(synthesiser=shutil.which(SYNTHESISER), recordings=RECORDINGS)


def write_voice(part: Part, sources: VoiceSources, path: Path) -> None:
    """Write a WAV file with the table's voice at ``path``: the best kind that works here."""
    kinds: tuple[Callable[[], tuple[Sound, int] | None], ...] = (
        lambda: _synthesised(part, sources.synthesiser, path),
        lambda: _recorded(part, sources.recordings),
    )
    made = next((made for kind in kinds if (made := kind()) is not None), None)
    sound, rate_hz = made or (melody(part.melody, MELODY_RATE_HZ), MELODY_RATE_HZ)
    _write(path, sound, rate_hz)


def write_melody(semitones: tuple[int, ...], path: Path) -> None:
    """Write a WAV file with this melody and a breath."""
    _write(path, melody(semitones, MELODY_RATE_HZ), MELODY_RATE_HZ)


def _write(path: Path, sound: Sound, rate_hz: int) -> None:
    looped = np.concatenate([levelled(sound, LEVEL_DBFS), silence(BREATH_S, rate_hz)])
    soundfile.write(path, looped, rate_hz, subtype="PCM_16", format="WAV")


def _synthesised(part: Part, synthesiser: str | None, path: Path) -> tuple[Sound, int] | None:
    if synthesiser is None:
        return None
    voice, pitch = part.espeak_voice, str(part.espeak_pitch)
    command = [synthesiser, "-v", voice, "-p", pitch, "-s", "150", "-w", str(path), part.sentence]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SYNTHESIS_LIMIT_S)
        return _read(path)
    except (OSError, subprocess.SubprocessError, soundfile.SoundFileError):
        return None


def _recorded(part: Part, folder: Path) -> tuple[Sound, int] | None:
    try:
        spoken = [_read(folder / f"{name}.wav") for name in part.recordings]
    except soundfile.SoundFileError:
        return None
    rate_hz = spoken[0][1]
    if any(rate != rate_hz for _, rate in spoken):
        return None
    return np.concatenate([sound for sound, _ in spoken]), rate_hz


def _read(path: Path) -> tuple[Sound, int]:
    """The first channel of a file, and its sample rate."""
    sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    if not len(sound):
        raise soundfile.SoundFileRuntimeError(f"{path} holds no sound")
    return np.ascontiguousarray(sound[:, 0]), int(rate_hz)
