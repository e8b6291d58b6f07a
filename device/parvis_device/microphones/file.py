"""A sound file as a microphone: any WAV, FLAC or Ogg, played in real time.

Frames come at absolute deadlines, 10 ms apart, like those of a sound card. After a stall the frames
that were due come in one go; after a long one (a suspended laptop) time is skipped instead, and the
sample counter with it.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import soundfile

from parvis_device.capture import FRAME_SAMPLES, Block, MicrophoneEvents, Samples, samples_ns
from parvis_device.errors import BadSoundFile
from parvis_device.microphones.framing import Framer

READ_SECONDS = 0.1
"""Read at once: little enough to keep memory flat, enough to spare the file system."""

MAX_CATCH_UP_NS = 200_000_000
"""What a stall may bring in one go; sound older than the hub's patience is not worth it."""


class FileMicrophone:
    """Plays one file, once or for ever."""

    def __init__(self, path: Path, *, loop: bool) -> None:
        """Open the file, so that a bad one is told before anything starts.

        Raises:
            BadSoundFile: it is missing, unreadable, empty or not sound.
        """
        self._path = path
        self._loop = loop
        self.misses = 0
        self._frame_samples = FRAME_SAMPLES
        try:
            with _open(path) as sound:
                if sound.frames == 0:
                    raise BadSoundFile(f"{path} holds no sound: it is empty")
                Framer(sound.samplerate)
        except BadSoundFile:
            raise
        except ValueError as error:
            raise BadSoundFile(f"{path}: {error}") from error

    def use_frame_samples(self, frame_samples: int) -> None:
        """Blocks of this length from the next reading on."""
        self._frame_samples = frame_samples

    async def run(self, events: MicrophoneEvents) -> None:
        """Play; returns at the end of the file unless it loops."""
        events.opened(f"the file {self._path.name}", 0)
        deadline_ns = time.monotonic_ns()
        first_sample = 0
        for frame in self._frames():
            frame_ns = samples_ns(len(frame))
            deadline_ns += frame_ns
            late_ns = time.monotonic_ns() - deadline_ns
            if late_ns < 0:
                await asyncio.sleep(-late_ns / 1e9)
            elif late_ns > MAX_CATCH_UP_NS:
                skipped = late_ns // frame_ns
                deadline_ns += skipped * frame_ns
                first_sample += skipped * len(frame)
            events.block(Block(first_sample, time.monotonic_ns(), frame))
            first_sample += len(frame)

    def _frames(self) -> Iterator[Samples]:
        while True:
            yield from self._frames_once()
            if not self._loop:
                return

    def _frames_once(self) -> Iterator[Samples]:
        with _open(self._path) as sound:
            framer = Framer(sound.samplerate)
            length = max(1, int(sound.samplerate * READ_SECONDS))
            while True:
                framer.frame_samples = self._frame_samples
                samples = sound.read(length, dtype="float32", always_2d=True)
                mono = samples.mean(axis=1, dtype="float32")
                last = len(samples) < length
                yield from framer.feed(mono, last=last)
                if last:
                    return


def _open(path: Path) -> Any:
    if path.is_dir():
        raise BadSoundFile(f"{path} is a folder, not a sound file")
    if not path.exists():
        raise BadSoundFile(f"{path}: there is no such file")
    try:
        return soundfile.SoundFile(path)
    except OSError as error:
        raise BadSoundFile(f"{path} cannot be read: {error.strerror or error}") from error
    except soundfile.LibsndfileError as error:
        if not _readable(path):
            raise BadSoundFile(f"{path} cannot be read: permission denied") from error
        raise BadSoundFile(
            f"{path} is no sound file that can be read here; WAV, FLAC and Ogg can"
        ) from error


def _readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
