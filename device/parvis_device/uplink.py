"""From a captured block to a packet on its way: gate, high-pass, Opus, RTP. Pure but for libopus.

Everything that remembers sound (the filter, the encoder) is started anew at each arming, so that no
trace of what was said before leaves with the first packet.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from parvis_audio.level import SILENT_DBFS, level_dbfs
from parvis_audio.talkspurt import TalkspurtDetector
from parvis_device.capture import FRAME_SAMPLES, Block, CaptureClock, Samples
from parvis_device.gate import Gate, Passage
from parvis_device.packetizer import Packetizer
from parvis_wire.rtp import NO_FLAGS, SILENT_LEVEL_DBOV, AudioLevel, TalkFlags

LEVEL_BLOCKS = 20
"""A ``level`` message stands for 200 ms: five a second."""
LEVEL_SAMPLES = LEVEL_BLOCKS * FRAME_SAMPLES

_SILENT = AudioLevel(level_dbov=SILENT_LEVEL_DBOV, voice=False)


class Encoder(Protocol):
    """One frame in, one Opus packet out."""

    def encode(self, samples: Samples) -> bytes:
        """The next packet."""

    def reset(self) -> None:
        """Forget what was encoded before."""


class Filter(Protocol):
    """Samples in, as many samples out."""

    def process(self, samples: Samples) -> Samples:
        """The next samples."""

    def reset(self) -> None:
        """Forget what was filtered before."""


class Uplink:
    """What one unit sends of what it hears."""

    def __init__(
        self,
        *,
        clock: CaptureClock,
        high_pass: Filter,
        make_encoder: Callable[[int], Encoder],
        packetizer: Packetizer,
    ) -> None:
        """All parts are the uplink's own from now on. ``make_encoder`` is given the samples of a
        packet."""
        self._clock = clock
        self._gate = Gate(clock)
        self._high_pass = high_pass
        self._make_encoder = make_encoder
        self._frame_samples = FRAME_SAMPLES
        self._encoder = make_encoder(FRAME_SAMPLES)
        self._talkspurts = TalkspurtDetector()
        self._packetizer = packetizer
        self._next_sample = 0

    @property
    def armed(self) -> bool:
        """Whether sound may leave."""
        return self._gate.armed

    def use_ssrc(self, ssrc: int) -> None:
        """Send as the source that the hub named."""
        self._packetizer.use_ssrc(ssrc)

    @property
    def frame_samples(self) -> int:
        """Samples of a packet."""
        return self._frame_samples

    def use_frame_samples(self, frame_samples: int) -> None:
        """Send packets of this length; blocks of another one stay until the microphone follows."""
        if frame_samples != self._frame_samples:
            self._frame_samples = frame_samples
            self._encoder = self._make_encoder(frame_samples)

    def capture_moment(self, block: Block) -> tuple[int, int | None]:
        """The RTP timestamp of the block's first sample, and when it was captured."""
        timestamp = self._packetizer.timestamp(block.first_sample)
        return timestamp, self._clock.captured_ns(block.first_sample)

    def arm(self, now_ns: int) -> None:
        """Let what is captured from now on leave."""
        self._gate.arm(now_ns)

    def disarm(self) -> bytes | None:
        """Close the gate; the packet that ends the turn, if the turn had any.

        It holds silence, never what the microphone heard meanwhile.
        """
        ended = self._gate.passed
        self._gate.disarm()
        if not ended:
            return None
        return self._packetizer.packet(
            self._encoder.encode(np.zeros(self._frame_samples, dtype=np.float32)),
            first_sample=self._next_sample,
            level=_SILENT,
            flags=TalkFlags.LAST,
        ).serialize()

    def feed(self, block: Block) -> bytes | None:
        """The packet of one captured block, when it may leave."""
        passage = self._gate.admit(block)
        if passage is Passage.STAYS or len(block.samples) != self._frame_samples:
            return None
        first = passage is Passage.FIRST
        if first:
            self._start_anew()
        return self._encode(block, first)

    def _start_anew(self) -> None:
        self._high_pass.reset()
        self._encoder.reset()
        self._talkspurts.reset()

    def _encode(self, block: Block, first: bool) -> bytes:
        samples = self._high_pass.process(block.samples)
        level = level_dbfs(samples)
        speech = self._talkspurts.observe(level)
        self._next_sample = block.end_sample
        return self._packetizer.packet(
            self._encoder.encode(samples),
            first_sample=block.first_sample,
            level=AudioLevel(level_dbov=round(level), voice=speech.voice),
            marker=first or speech.first,
            flags=TalkFlags.FIRST if first else NO_FLAGS,
        ).serialize()


class LevelReport:
    """The loudest block of every 200 ms: what a meter shows."""

    __slots__ = ("_loudest_dbfs", "_samples")

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._samples = 0
        self._loudest_dbfs = SILENT_DBFS

    def add(self, samples: Samples) -> float | None:
        """Take one block; the level in dBFS when it completes a report."""
        self._loudest_dbfs = max(self._loudest_dbfs, level_dbfs(samples))
        self._samples += len(samples)
        if self._samples < LEVEL_SAMPLES:
            return None
        loudest_dbfs = self._loudest_dbfs
        self._samples, self._loudest_dbfs = 0, SILENT_DBFS
        return loudest_dbfs
