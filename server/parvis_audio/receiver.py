"""One source's chain from packets to sound: jitter buffer, decoder, concealment, depth.

Theory of operation. ``frame`` is called every tick (10 ms, or 5) and gives as many samples of *our*
clock. It takes as many playouts from the jitter buffer as it needs for the source's samples in that
time. What is lost, Opus conceals a tick at a time; we fade that (6 dB every 20 ms after 40 ms,
nothing from 100 ms on), because a codec that goes on guessing makes a buzz. When sound comes back
it is cross-faded over 5 ms with how the concealment would have gone on.

The source's crystal and ours differ by up to 200 ppm. The drift (``drift.py``) sets the ratio of a
resampler, and the depth bends it a little: too much is held, so the source is played up to 0.2 %
faster, too little, up to 0.5 % slower. The depth aims at about half a tick over the target, since
the wait of a packet for its tick slides between nothing and a tick while two clocks pass each
other. What is too far off for that goes in steps (``depth.py``).

One receiver belongs to one thread. ``frame_job`` gives a frame in steps: what decoder and resampler
do, which takes most of the time and needs no interpreter lock, is handed out as calls
(``work.py``), so that whoever has many receivers can make those of several at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio import opus, wsola
from parvis_audio.depth import DepthSteps, Step
from parvis_audio.errors import BadPacket
from parvis_audio.jitter_buffer import (
    FRAME_NS,
    Frame,
    JitterBuffer,
    JitterCounters,
    Waiting,
)
from parvis_audio.level import SILENT_DBFS, energy, energy_dbfs
from parvis_audio.play_line import PlayLine
from parvis_audio.relative_delay import FRAME_SAMPLES, NS_PER_MS, Link
from parvis_audio.resampler import Resampler
from parvis_audio.source_decoder import SURELY_SANE, SourceDecoder, faded, sane
from parvis_audio.splice import CROSS_FADE_SAMPLES, cross_fade
from parvis_audio.work import Job, done
from parvis_wire.rtp import RtpPacket, TalkFlags

Samples = NDArray[np.float32]

FRAME_CHOICES: Final = (480, 240)
"""Ticks of 10 ms, and of 5 ms for a wired zone that hears itself."""

AIM_UNDER_HALF_A_TICK_NS: Final = 500_000
"""The depth is held half a tick, less this, over the jitter buffer's target: the mean wait, less
what the guard of the target spares. With ticks of 10 ms a packet is then needed 5.5 ms before its
target in the worst phase, with 5 ms 3 ms before."""


@dataclass(slots=True)
class ReceiverCounters:
    """What happened to the sound so far; the packets' counters are the jitter buffer's."""

    garbage: int = 0
    """Payloads that were not Opus, concealed."""
    concealed_samples: int = 0
    left_out_samples: int = 0
    added_samples: int = 0
    """Sound left out or played twice to correct the depth."""
    stretches: int = 0
    """How many of these joins were in the middle of speech."""
    resyncs: int = 0
    """Times that all that was too much was left out at once."""


class Receiver:
    """One source. ``put`` packets as they come, take a ``frame`` every tick."""

    def __init__(
        self,
        link: Link = Link.WIRED,
        decoder: SourceDecoder | None = None,
        *,
        frame_samples: int = FRAME_SAMPLES,
    ) -> None:
        """Start silent. Without a ``decoder`` of the caller's, libopus' is used and loaded now.

        ``frame_samples``: the length of a tick, 480 or 240; packets may have any length.
        """
        if frame_samples not in FRAME_CHOICES:
            raise ValueError(f"ticks of {frame_samples} samples: 480 or 240 is right")
        self.buffer = JitterBuffer(link, frame_samples)
        self.counters = ReceiverCounters()
        self.held_ns = 0
        """How long after its earliest possible arrival the sound last taken left."""
        self.playout_position: int | None = None
        """The source's timestamp, 32 bit, of the first sample of the frame last taken: sound or
        what was made up in its place. None while the source waits."""
        self._frame_samples = frame_samples
        self._aim_ns = _ns(frame_samples) // 2 - AIM_UNDER_HALF_A_TICK_NS
        self._decoder: SourceDecoder = decoder or opus.Decoder()
        self._ssrc: int | None = None
        self._resampler = Resampler(frame_samples)
        self._idle = True
        """Nothing but silence is in the resampler."""
        self._line = PlayLine()
        """Decoded, not yet resampled."""
        self._steps = DepthSteps(frame_samples)
        self._level_dbfs = SILENT_DBFS
        self._gap_samples = 0
        """Samples concealed in a row; 0 while sound comes."""
        self._silent = True

    @property
    def level_dbfs(self) -> float:
        """Of the frame last taken."""
        return self._level_dbfs

    @property
    def active(self) -> bool:
        """Whether the source is sending: it has sound, or sound is missing."""
        return self.buffer.playing

    @property
    def concealing(self) -> bool:
        """Whether the frame last taken was made up, at least at its end."""
        return self._gap_samples > 0

    @property
    def packets(self) -> JitterCounters:
        """The jitter buffer's counters."""
        return self.buffer.counters

    @property
    def concealed_frames(self) -> int:
        """10 ms frames in place of which something was made up."""
        return self.counters.concealed_samples // FRAME_SAMPLES

    @property
    def target_ms(self) -> float:
        """How long after its quickest arrival a packet's turn comes."""
        return self.buffer.delay.target_ms

    @property
    def own_target_ms(self) -> float:
        """The target that this source needs, whatever ``least_target_ms`` says."""
        return self.buffer.delay.own_target_ms

    @property
    def least_target_ms(self) -> float:
        """What the target must not be under: the greatest ``own_target_ms`` of a zone, so that a
        voice which two of its units pick up is not heard twice. 0 = no such wish.
        """
        return self.buffer.delay.least_target_ms

    @least_target_ms.setter
    def least_target_ms(self, least_ms: float) -> None:
        self.buffer.delay.least_target_ms = least_ms

    def put(self, packet: RtpPacket, arrival_ns: int) -> None:
        """A packet came. Another SSRC is another start of the same source."""
        if self._ssrc is not None and packet.ssrc != self._ssrc:
            self.buffer.restart()
        self._ssrc = packet.ssrc
        try:
            payload, duration = packet.payload, opus.packet_duration_samples(packet.payload)
        except BadPacket:
            payload, duration = b"", self._frame_samples  # keeps its place; counted in its turn
        self.buffer.put(
            sequence=packet.sequence,
            timestamp=packet.timestamp,
            payload=payload,
            duration_samples=duration,
            arrival_ns=arrival_ns,
            last=TalkFlags.LAST in packet.flags,
        )

    def frame(self, now_ns: int) -> Samples:
        """The next ``frame_samples``, a new array in [-4, 4], finite; zeros while it waits."""
        return done(self.frame_job(now_ns))

    def frame_job(self, now_ns: int) -> Job[Samples]:
        """The same in steps; to be run to its end before anything else is asked of the receiver."""
        frame = yield from self._resampled(now_ns)
        squares = energy(frame)
        if not squares <= SURELY_SANE:
            frame = sane(frame)
            squares = energy(frame)
        self._level_dbfs = SILENT_DBFS if self._silent else energy_dbfs(squares, frame.size)
        self._steps.heard(self._level_dbfs)
        return frame

    # --- from the source's clock to ours ---

    def _resampled(self, now_ns: int) -> Job[Samples]:
        error_ns = self._look_at_depth(now_ns)
        ratio = self.buffer.clock.ratio((error_ns or 0) / 1e9)
        wanted = self._resampler.wanted_samples(ratio)
        if self._idle:  # silence fills the filter, so that the first packet gives a whole frame
            self._line.clear(wanted - self._frame_samples)
        if self._line.size < wanted:
            yield from self._append_next(now_ns)
        samples = self._samples(now_ns, wanted, error_ns)
        if self._silent and not samples.any():
            if self._idle:
                return np.zeros(self._frame_samples, dtype=np.float32)
            self._idle = True
        else:
            self._idle = False
        yield from self._resampler.feed_job(samples, ratio)
        frame = self._resampler.take()
        if self._idle:
            self._resampler.reset()
        return frame

    def _look_at_depth(self, now_ns: int) -> int | None:
        """How much too long the next sample to be resampled is held.

        None while there is no sound to go by.
        """
        point, to_come = self.buffer.play_point, self._line.size
        error_ns = self.buffer.depth_error_ns(now_ns + _ns(to_come))
        if point is None or error_ns is None:
            self.playout_position = None
            return None
        in_filter = self._resampler.held_samples
        self.playout_position = (point - to_come - round(in_filter)) % 2**32
        target_ns = int(self.buffer.delay.target_ms * NS_PER_MS)
        self.held_ns = max(0, error_ns + _ns(round(in_filter)) + target_ns)
        if self._gap_samples or self._silent:
            return None
        return error_ns - self._aim_ns

    # --- from packets to samples ---

    def _fill(self, now_ns: int, samples: int) -> None:
        while self._line.size < samples:
            self._line.append(self._next(now_ns))

    def _next(self, now_ns: int) -> Samples:
        return done(self._next_job(now_ns))

    def _append_next(self, now_ns: int) -> Job[None]:
        self._line.append((yield from self._next_job(now_ns)))

    def _next_job(self, now_ns: int) -> Job[Samples]:
        playout = self.buffer.pull(now_ns)
        if isinstance(playout, Frame):
            return (yield from self._play(playout))
        if isinstance(playout, Waiting):
            return self._wait()
        before = self._continuation() if playout.late else _NOTHING
        self._decode_silently(playout.late)
        return cross_fade(before, self._conceal(playout.samples))

    def _wait(self) -> Samples:
        silence = np.zeros(self._frame_samples, dtype=np.float32)
        if self._silent:
            return silence
        fading = cross_fade(self._continuation(), silence)
        self._silent, self._gap_samples = True, 0
        self._decoder.reset()  # the next turn begins without the last one's sound
        return fading

    def _play(self, playout: Frame) -> Job[Samples]:
        resumes = self._gap_samples > 0 or self._silent
        before = self._continuation() if resumes or playout.late else None
        self._decode_silently(playout.late)
        try:
            samples = sane((yield from self._decoder.decode_job(playout.payload)))
        except BadPacket:
            self.counters.garbage += 1
            return self._conceal(playout.duration_samples)
        self._silent, self._gap_samples = False, 0
        return samples if before is None else cross_fade(before, samples)

    def _conceal(self, samples: int) -> Samples:
        self.counters.concealed_samples += samples
        concealed = faded(self._decoder.conceal(samples), self._gap_samples)
        self._gap_samples += samples
        return concealed

    def _continuation(self) -> Samples:
        """How the sound so far would go on for 5 ms."""
        if self._silent:
            return np.zeros(CROSS_FADE_SAMPLES, dtype=np.float32)
        return faded(self._decoder.conceal(CROSS_FADE_SAMPLES), self._gap_samples)

    def _decode_silently(self, late: tuple[bytes, ...]) -> None:
        for payload in late:
            try:
                done(self._decoder.decode_job(payload))
            except BadPacket:
                self.counters.garbage += 1

    # --- depth ---

    def _samples(self, now_ns: int, count: int, error_ns: int | None) -> Samples:
        """The source's next samples; some left out or added before if the depth asks."""
        self._fill(now_ns, count)
        if self._gap_samples or self._silent:
            error_ns = None
        step = self._steps.step(error_ns, self._line.first(count))
        if step is not Step.NONE and error_ns is not None:
            self._make(step, now_ns, error_ns)
            self._fill(now_ns, count)
        return self._line.take(count)

    def _make(self, step: Step, now_ns: int, error_ns: int) -> None:
        held = self.buffer.held_samples
        match step:
            case Step.RESYNC if surplus := min(int(error_ns // FRAME_NS), held // FRAME_SAMPLES):
                self._skip(now_ns, surplus)
                self.counters.resyncs += 1
            case Step.SKIP if held >= FRAME_SAMPLES:
                self._skip(now_ns, 1)
            case Step.REPEAT if self._line.last(FRAME_SAMPLES).size == FRAME_SAMPLES:
                self._repeat()
            case Step.SHORTEN if self._line.size + held >= wsola.AHEAD_SAMPLES:
                self._shorten(now_ns)
            case Step.LENGTHEN if self._line.last(_PAST_SAMPLES).size == _PAST_SAMPLES:
                self._lengthen(now_ns)

    def _skip(self, now_ns: int, frames: int) -> None:
        """Leave out so many times 10 ms; how it would have gone on fades over into what follows."""
        before = self._line.first(CROSS_FADE_SAMPLES).copy()
        for _ in range(frames):
            self._fill(now_ns, FRAME_SAMPLES)
            self._line.take(FRAME_SAMPLES)
        self._fill(now_ns, CROSS_FADE_SAMPLES)
        after = self._line.first(CROSS_FADE_SAMPLES)
        after[:] = cross_fade(before, after)
        self.counters.left_out_samples += frames * FRAME_SAMPLES

    def _repeat(self) -> None:
        """Go back 10 ms: what comes fades over into what was before."""
        before = self._line.first(CROSS_FADE_SAMPLES).copy()
        self._line.back(FRAME_SAMPLES)
        after = self._line.first(CROSS_FADE_SAMPLES)
        after[:] = cross_fade(before, after)
        self.counters.added_samples += FRAME_SAMPLES

    def _shorten(self, now_ns: int) -> None:
        self._fill(now_ns, wsola.AHEAD_SAMPLES)
        shift, joined = wsola.shorter(self._line.first(wsola.AHEAD_SAMPLES))
        self._line.take(shift)
        self._line.first(joined.size)[:] = joined
        self.counters.left_out_samples += shift
        self.counters.stretches += 1

    def _lengthen(self, now_ns: int) -> None:
        self._fill(now_ns, wsola.OVERLAP_SAMPLES)
        past = self._line.last(_PAST_SAMPLES)
        shift, joined = wsola.longer(past, self._line.first(wsola.OVERLAP_SAMPLES))
        self._line.back(shift)
        self._line.first(joined.size)[:] = joined
        self.counters.added_samples += shift
        self.counters.stretches += 1


_PAST_SAMPLES = wsola.GREATEST_SHIFT_SAMPLES
_NOTHING: Samples = np.zeros(0, dtype=np.float32)


def _ns(samples: int) -> int:
    return samples * FRAME_NS // FRAME_SAMPLES
