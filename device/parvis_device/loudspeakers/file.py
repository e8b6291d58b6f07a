"""A WAV file as a loudspeaker, written in real time: for tests, measuring and rigs without a card.

Blocks are asked for at absolute deadlines, as a card does by its crystal. After a stall those that
were due come in one go; after a long one (a suspended laptop) silence stands for them, so that the
file stays on time.
"""

import asyncio
import time
from pathlib import Path

import numpy as np

from parvis_audio.errors import SoundFileError
from parvis_audio.sound_file import WavWriter
from parvis_device.capture import NS_PER_SECOND, samples_ns
from parvis_device.errors import CannotWrite, UsageError
from parvis_device.loudspeakers import LoudspeakerEvents

MAX_CATCH_UP_NS = 200_000_000
"""What a stall may bring in one go."""

HEADER_EVERY_SAMPLES = 4_800
"""A tenth of a second: what a killed recording may lack at its end."""


class FileLoudspeaker:
    """Writes 16 bit mono at 48 kHz; whatever ends the unit, the file plays."""

    def __init__(self, path: Path) -> None:
        """Create or overwrite the file, so that a bad place is told before anything starts.

        Raises:
            UsageError: it is no name for a WAV file, or cannot be written there.
        """
        if path.suffix.lower() != ".wav":
            raise UsageError(f"--loudspeaker file:{path}: give a name ending in .wav")
        self._path = path
        self.misses = 0
        try:
            self._writer = WavWriter(path, header_every_samples=HEADER_EVERY_SAMPLES)
        except SoundFileError as error:
            raise UsageError(f"--loudspeaker file:{error}") from error

    def use_frame_samples(self) -> None:
        """Each block is asked for with the length that then holds."""

    async def run(self, events: LoudspeakerEvents) -> None:
        """Write until cancelled.

        Raises:
            CannotWrite: the disk is full, or gone.
        """
        events.loudspeaker_opened(f"the file {self._path.name}")
        deadline_ns = time.monotonic_ns()
        try:
            while True:
                late_ns = time.monotonic_ns() - deadline_ns
                if late_ns < 0:
                    await asyncio.sleep(-late_ns / NS_PER_SECOND)
                elif late_ns > MAX_CATCH_UP_NS:
                    frame_ns = samples_ns(events.frame_samples)
                    missed = late_ns // frame_ns
                    deadline_ns += missed * frame_ns
                    silence = np.zeros(missed * events.frame_samples, dtype=np.float32)
                    self._writer.write(silence)
                    events.ran_dry()
                frame_ns = samples_ns(events.frame_samples)
                self._writer.write(events.block(deadline_ns, 0))
                deadline_ns += frame_ns
        except SoundFileError as error:
            raise CannotWrite(f"--loudspeaker file:{error}") from error
        finally:
            self._writer.close()
