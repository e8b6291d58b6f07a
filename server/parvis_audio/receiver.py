"""One source's chain from packets to sound: jitter buffer, decoder, concealment, depth.

Theory of operation. ``frame`` is called every 10 ms and gives 480 samples of *our* clock. It takes
as many playouts from the jitter buffer as it needs for the source's samples in that time. What is
lost, Opus conceals 10 ms at a time; we fade that (6 dB every 20 ms after 40 ms, nothing from 100 ms
on), because a codec that goes on guessing makes a buzz. When sound comes back it is cross-faded
over 5 ms with how the concealment would have gone on.

The source's crystal and ours differ by up to 200 ppm. The drift (``drift.py``) sets the ratio of a
resampler, and the depth bends it a little: too much is held, so the source is played up to 0.2 %
faster, too little, up to 0.5 % slower. The depth aims at about half a tick over the target, since
the wait of a packet for its tick slides between nothing and 10 ms while two clocks pass each other.
What is more than 30 ms off goes in steps of 10 ms, with a 5 ms cross-fade and in a quiet moment if
there is one; far behind (a burst after a stall), all that is too much goes at once.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio import opus
from parvis_audio.errors import BadPacket
from parvis_audio.jitter_buffer import (
    FRAME_NS,
    FRAME_SAMPLES,
    Frame,
    JitterBuffer,
    JitterCounters,
    Lost,
    Waiting,
)
from parvis_audio.level import SILENT_DBFS, level_dbfs
from parvis_audio.relative_delay import NS_PER_MS, Link
from parvis_audio.resampler import RETAINED_SAMPLES, Resampler
from parvis_audio.splice import CROSS_FADE_SAMPLES, cross_fade, splice
from parvis_wire.rtp import RtpPacket, TalkFlags

Samples = NDArray[np.float32]

AIM_NS: Final = 4_500_000
"""Where the depth is held, over the jitter buffer's target: the mean wait, less what the guard of
the target spares. A packet is then needed 5.5 ms before its target in the worst phase."""

TOO_FAR_OFF_NS: Final = 30 * NS_PER_MS
"""The resampler takes 15 s and more for that; a step in a quiet moment is better."""
FAR_TOO_DEEP_NS: Final = 100 * NS_PER_MS

PERSISTENT_FRAMES: Final = 100
"""1 s: longer than any wobble of the depth."""
PATIENCE_FRAMES: Final = 300
"""3 s: somebody who speaks pauses in that; who sings does not, and gets one cross-fade."""

QUIET_DBFS: Final = -45.0
"""Between words, in a hall."""

FADE_AFTER_MS, SILENT_AFTER_MS = 40, 100
FADE_DB_PER_MS = 6 / 20

_REMEMBERED_SAMPLES = FRAME_SAMPLES + 120
"""A frame of a source whose clock is far too fast, and to spare."""

_LOUDEST = 4.0
"""12 dB over full scale: more than any decoder overshoots; from here on it is a fault."""


def _concealment_gains() -> Samples:
    """The gain of each sample of a concealment, from its start to silence."""
    at_ms = np.arange(SILENT_AFTER_MS * 48) / 48
    gains = 10 ** (-FADE_DB_PER_MS * np.maximum(0, at_ms - FADE_AFTER_MS) / 20)
    gains *= np.clip((SILENT_AFTER_MS - at_ms) / 10, 0, 1)  # the last 10 ms come down to nothing
    return np.asarray(gains, dtype=np.float32)


_GAINS = _concealment_gains()


@dataclass(slots=True)
class ReceiverCounters:
    """What happened to the sound so far; the packets' counters are the jitter buffer's."""

    garbage: int = 0
    """Payloads that were not Opus, concealed."""
    concealed_samples: int = 0
    left_out_frames: int = 0
    added_frames: int = 0
    """Frames left out or played twice to correct the depth."""


class SourceDecoder(Protocol):
    """What the chain needs of a decoder; see ``opus.Decoder``."""

    def decode(self, packet: bytes) -> Samples:
        """The packet's samples; ``BadPacket`` when it is none."""
        ...

    def conceal(self, samples: int) -> Samples:
        """So many samples in place of what did not come."""
        ...

    def reset(self) -> None:
        """Forget the past."""
        ...


class Receiver:
    """One source. ``put`` packets as they come, take a ``frame`` every 10 ms."""

    def __init__(self, link: Link = Link.WIRED, decoder: SourceDecoder | None = None) -> None:
        """Start silent. Without a ``decoder`` of the caller's, libopus' is used and loaded now."""
        self.buffer = JitterBuffer(link)
        self.counters = ReceiverCounters()
        self.held_ns = 0
        """How long after its earliest possible arrival the sound last taken left."""
        self._decoder: SourceDecoder = decoder or opus.Decoder()
        self._ssrc: int | None = None
        self._resampler = Resampler()
        self._idle = True
        """Nothing but silence is in the resampler."""
        self._ready: Samples = np.zeros(0, dtype=np.float32)
        """Decoded, not yet resampled."""
        self._last: Samples = np.zeros(_REMEMBERED_SAMPLES, dtype=np.float32)
        """What was last resampled."""
        self._level_dbfs = SILENT_DBFS
        self._gap_samples = 0
        """Samples concealed in a row; 0 while sound comes."""
        self._silent = True
        self._off_frames = 0

    @property
    def level_dbfs(self) -> float:
        """Level of the frame last taken."""
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

    def put(self, packet: RtpPacket, arrival_ns: int) -> None:
        """A packet came. Another SSRC is another start of the same source."""
        if self._ssrc is not None and packet.ssrc != self._ssrc:
            self.buffer.restart()
        self._ssrc = packet.ssrc
        try:
            payload, duration = packet.payload, opus.packet_duration_samples(packet.payload)
        except BadPacket:
            payload, duration = b"", FRAME_SAMPLES  # keeps its place; counted when its turn comes
        self.buffer.put(
            sequence=packet.sequence,
            timestamp=packet.timestamp,
            payload=payload,
            duration_samples=duration,
            arrival_ns=arrival_ns,
            last=TalkFlags.LAST in packet.flags,
        )

    def frame(self, now_ns: int) -> Samples:
        """The next 10 ms, ``(480,)`` float32 in [-4, 4], finite; zeros while the source waits."""
        frame = self._resampled(now_ns)
        self._level_dbfs = SILENT_DBFS if self._silent else level_dbfs(frame)
        return frame

    # --- from the source's clock to ours ---

    def _resampled(self, now_ns: int) -> Samples:
        self._note_held(now_ns)
        error_ns = self._depth_error_ns(now_ns)
        ratio = self.buffer.clock.ratio((error_ns or 0) / 1e9)
        wanted = self._resampler.wanted_samples(ratio)
        if self._idle:  # silence fills the filter, so that the first packet gives a whole frame
            self._ready = np.zeros(wanted - FRAME_SAMPLES, dtype=np.float32)
        samples = self._samples(now_ns, wanted, error_ns)
        if self._silent and not samples.any():
            if self._idle:
                return samples[:FRAME_SAMPLES]
            self._idle = True
        else:
            self._idle = False
        self._resampler.feed(samples, ratio)
        frame = _sane(self._resampler.take())
        if self._idle:
            self._resampler.reset()
        return frame

    def _depth_error_ns(self, now_ns: int) -> int | None:
        """Of the next sample that is resampled; None while there is no sound to go by."""
        error_ns = self.buffer.depth_error_ns(now_ns + _ns(self._ready.size))
        if error_ns is None or self._gap_samples or self._silent:
            return None
        return error_ns - AIM_NS

    def _note_held(self, now_ns: int) -> None:
        error_ns = self.buffer.depth_error_ns(now_ns + _ns(self._ready.size + RETAINED_SAMPLES))
        if error_ns is not None:
            target_ns = int(self.buffer.delay.target_ms * NS_PER_MS)
            self.held_ns = max(0, error_ns + target_ns)

    # --- from packets to samples ---

    def _fill(self, now_ns: int, samples: int) -> None:
        while self._ready.size < samples:
            self._ready = np.concatenate((self._ready, self._next(now_ns)))

    def _next(self, now_ns: int) -> Samples:
        playout = self.buffer.pull(now_ns)
        if isinstance(playout, Waiting):
            return self._wait()
        if isinstance(playout, Lost):
            before = self._continuation() if playout.late else self._ready[:0]
            self._decode_silently(playout.late)
            return cross_fade(before, self._conceal(playout.samples))
        return self._play(playout)

    def _wait(self) -> Samples:
        silence = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        if self._silent:
            return silence
        fading = cross_fade(self._continuation(), silence)
        self._silent, self._gap_samples = True, 0
        self._decoder.reset()  # the next turn begins without the last one's sound
        return fading

    def _play(self, playout: Frame) -> Samples:
        resumes = self._gap_samples > 0 or self._silent
        before = self._continuation() if resumes or playout.late else None
        self._decode_silently(playout.late)
        try:
            samples = _sane(self._decoder.decode(playout.payload))
        except BadPacket:
            self.counters.garbage += 1
            return self._conceal(playout.duration_samples)
        self._silent, self._gap_samples = False, 0
        return samples if before is None else cross_fade(before, samples)

    def _conceal(self, samples: int) -> Samples:
        self.counters.concealed_samples += samples
        concealed = self._faded(self._decoder.conceal(samples), self._gap_samples)
        self._gap_samples += samples
        return concealed

    def _continuation(self) -> Samples:
        """How the sound so far would go on for 5 ms."""
        if self._silent:
            return np.zeros(CROSS_FADE_SAMPLES, dtype=np.float32)
        return self._faded(self._decoder.conceal(CROSS_FADE_SAMPLES), self._gap_samples)

    def _faded(self, concealed: Samples, begin: int) -> Samples:
        gains = np.zeros(concealed.size, dtype=np.float32)
        known = _GAINS[begin : begin + concealed.size]
        gains[: known.size] = known
        return _sane(concealed) * gains

    def _decode_silently(self, late: tuple[bytes, ...]) -> None:
        for payload in late:
            try:
                self._decoder.decode(payload)
            except BadPacket:
                self.counters.garbage += 1

    # --- depth ---

    def _samples(self, now_ns: int, count: int, error_ns: int | None) -> Samples:
        """The source's next samples; 10 ms left out or added if the depth asks."""
        self._fill(now_ns, count)
        samples = self._corrected(now_ns, count, error_ns)
        self._last = np.concatenate((self._last, samples))[-_REMEMBERED_SAMPLES:]
        return samples

    def _corrected(self, now_ns: int, count: int, error_ns: int | None) -> Samples:
        if error_ns is None or self._gap_samples or self._silent:
            self._off_frames = 0
            return self._take(count)
        self._off_frames = self._off_frames + 1 if abs(error_ns) > TOO_FAR_OFF_NS else 0
        surplus = min(int(error_ns // FRAME_NS), self.buffer.held_samples // FRAME_SAMPLES)
        if error_ns > FAR_TOO_DEEP_NS and surplus > 0:
            return self._leave_out(now_ns, count, surplus)
        if not self._is_moment(count):
            return self._take(count)
        if error_ns > 0:
            return self._leave_out(now_ns, count, min(surplus, 1))
        return self._add(count)

    def _is_moment(self, count: int) -> bool:
        quiet = level_dbfs(self._ready[:count]) < QUIET_DBFS
        return self._off_frames >= (PERSISTENT_FRAMES if quiet else PATIENCE_FRAMES)

    def _take(self, count: int) -> Samples:
        taken, self._ready = self._ready[:count], self._ready[count:]
        return taken

    def _leave_out(self, now_ns: int, count: int, frames: int) -> Samples:
        self._off_frames = 0
        begin = self._ready[:count]
        for _ in range(frames):
            self._fill(now_ns, count + FRAME_SAMPLES)
            self._ready = self._ready[FRAME_SAMPLES:]
            self.counters.left_out_frames += 1
        return splice(begin, self._take(count)) if frames else self._take(count)

    def _add(self, count: int) -> Samples:
        """Go back: what was before is heard again, and joins what is ready."""
        self._off_frames = 0
        self.counters.added_frames += 1
        return splice(self._ready[:count], self._last[-count:])


def _ns(samples: int) -> int:
    return samples * FRAME_NS // FRAME_SAMPLES


def _sane(samples: Samples) -> Samples:
    """The samples, or what is left of them when a decoder went mad: finite and bounded."""
    if not samples.size or np.abs(samples).max() <= _LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0), -_LOUDEST, _LOUDEST)
