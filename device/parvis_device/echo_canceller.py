"""Full duplex: takes what the loudspeaker plays out of what the microphone hears (WebRTC's AEC3).

Only for a microphone and a loudspeaker on one device, whose converters share a crystal: the
reference is then exactly what was played. ``pywebrtc_audio`` is imported here alone, and this
module only by a unit that asks for it.

The canceller holds sound back by up to a block, so a block that leaves it is counted as one block
older than the one that went in, and the microphone as that much slower: the gate then still lets
nothing pass that was captured before arming.
"""

from collections import deque
from typing import Any

import numpy as np

from parvis_device.capture import (
    FRAME_NS,
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    Block,
    MicrophoneEvents,
    Samples,
)
from parvis_device.errors import EchoCancellerMissing

HELD_BACK_SAMPLES = FRAME_SAMPLES
"""AEC3 at 48 kHz was measured to hold sound back by 9 ms."""

MAX_REFERENCE_SAMPLES = 10 * FRAME_SAMPLES
"""A reference further behind than 100 ms belongs to an echo that has been."""

MAX_PLAYED_BLOCKS = 2 * MAX_REFERENCE_SAMPLES // FRAME_SAMPLES
"""The same in blocks of 5 ms: while the microphone is gone nobody takes them."""

STREAM_DELAY_MS = 40
"""From playing to hearing, about: two blocks in the output, two in the input; AEC3 finds the
rest."""


class EchoCanceller:
    """Stands between the microphone and the unit."""

    def __init__(self, events: MicrophoneEvents) -> None:
        """Blocks without echo go to ``events``.

        Raises:
            EchoCancellerMissing: the library is not installed.
        """
        self._events = events
        self._processor = _new_processor()
        self._played: deque[Samples] = deque(maxlen=MAX_PLAYED_BLOCKS)
        self._reference: Samples = np.zeros(0, dtype=np.float32)
        self._near: list[Samples] = []

    def played(self, samples: Samples) -> None:
        """What goes to the converter; called from the audio thread."""
        self._played.append(samples.copy())

    def block(self, block: Block) -> None:
        """One block that the microphone heard; AEC3 takes 10 ms at a time."""
        self._near.append(block.samples)
        heard = sum(len(samples) for samples in self._near)
        if heard < FRAME_SAMPLES:
            return
        clean = self._processed(np.concatenate(self._near))
        self._near.clear()
        first_sample = block.end_sample - heard - HELD_BACK_SAMPLES
        for start in range(0, heard, len(block.samples)):
            part = clean[start : start + len(block.samples)]
            self._events.block(Block(first_sample + start, block.arrival_ns, part))

    def opened(self, description: str, latency_ns: int) -> None:
        """The microphone works; what it heard before has nothing to do with it."""
        self._processor.reset()
        self._near.clear()
        held_back_ns = FRAME_NS * HELD_BACK_SAMPLES // FRAME_SAMPLES
        self._events.opened(f"{description}, without echo", latency_ns + held_back_ns)

    def lost(self, reason: str) -> None:
        """The microphone is gone."""
        self._events.lost(reason)

    def _processed(self, near: Samples) -> Samples:
        clean = np.asarray(self._processor.process(near, self._take(len(near))), dtype=np.float32)
        samples: Samples = clean.reshape(-1)
        return samples

    def _take(self, count: int) -> Samples:
        """The reference for so many samples; silence where nothing was played."""
        parts = [self._reference]
        while self._played:
            parts.append(self._played.popleft())
        reference = np.concatenate(parts)[-MAX_REFERENCE_SAMPLES:]
        if len(reference) < count:
            reference = np.concatenate((reference, np.zeros(count - len(reference), np.float32)))
        self._reference = reference[count:]
        taken: Samples = reference[:count]
        return taken


def _new_processor() -> Any:
    try:
        import pywebrtc_audio
    except ImportError as error:
        raise EchoCancellerMissing(
            "--duplex full needs an echo canceller: install it with "
            "`pip install 'parvis[unit-aec]'`, or leave --duplex out"
        ) from error
    return pywebrtc_audio.AudioProcessor(
        sample_rate=SAMPLE_RATE_HZ,
        num_channels=1,
        echo_cancellation=True,
        stream_delay_ms=STREAM_DELAY_MS,
    )
