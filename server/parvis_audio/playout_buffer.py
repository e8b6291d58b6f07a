"""The listener's sound: does what `playout.py` decides, 10 ms at a time.

Held is one line of samples. Playing faster or slower interpolates; back at the normal rate, one
frame brings the position to a whole sample again and from then on samples are copied as they are.
Dry, the last 20 ms are heard forwards and backwards in turn (which has no seams) while they fade
into quiet noise over 60 ms.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_audio.interpolate import MARGIN_SAMPLES, interpolate
from parvis_audio.level import level_dbfs
from parvis_audio.playout import (
    CEILING_MS,
    REPEAT_MS,
    SKIP_ERROR_MS,
    PlayoutCommand,
    PlayoutController,
    PlayoutState,
)
from parvis_audio.splice import cross_fade, rising
from parvis_wire import serial

Samples = NDArray[np.float32]

FRAME_SAMPLES: Final = 480
SAMPLES_PER_MS: Final = 48
NS_PER_MS: Final = 1_000_000

MAX_HELD_SAMPLES: Final = int(CEILING_MS + SKIP_ERROR_MS + 200) * SAMPLES_PER_MS
"""The largest target, what may lie over it before a skip, and a packet."""

MAX_BRIDGE_SAMPLES: Final = 100 * SAMPLES_PER_MS
"""A gap in the program up to this is filled, so that the words keep their distance; over a longer
one (the hub let us skip to live) we jump."""

NEW_LINE_SAMPLES: Final = 10_000 * SAMPLES_PER_MS
"""A timestamp so far from the last one belongs to another start of the room's clock."""

SKIP_FADE_SAMPLES: Final = 480
RESUME_FADE_SAMPLES: Final = 240
QUIET_DBFS: Final = -50.0
COMFORT_NOISE_DBFS: Final = -62.0

_REPEATED_SAMPLES = 960
_FADE_SAMPLES = int(REPEAT_MS) * SAMPLES_PER_MS
_NEEDED_SAMPLES = FRAME_SAMPLES + 3 + MARGIN_SAMPLES
"""What a frame takes at the highest rate, with a fraction carried over, and its margin."""


class Concealment:
    """What is heard while there is nothing to hear, from the last sound on."""

    def __init__(self, noise: Samples) -> None:
        """``noise`` is comfort noise at its level, played round and round."""
        self._noise = noise
        self._repeated = np.zeros(_FADE_SAMPLES, dtype=np.float32)
        self._fade = 1 - rising(_FADE_SAMPLES)
        self._at = _FADE_SAMPLES

    def begin(self, last: Samples) -> None:
        """Sound ended after ``last``, its final 20 ms."""
        turns = math.ceil(_FADE_SAMPLES / last.size)
        there_and_back = [last[::-1] if turn % 2 == 0 else last for turn in range(turns)]
        self._repeated = np.concatenate(there_and_back)[:_FADE_SAMPLES] * self._fade
        self._at = 0

    def next(self, samples: int) -> Samples:
        """The next samples of it."""
        at = np.arange(self._at, self._at + samples)
        gain = np.ones(samples, dtype=np.float32)
        fading = self._fade[self._at : self._at + samples]
        gain[: fading.size] -= fading
        concealed: Samples = self._noise[at % self._noise.size] * gain
        concealed[: fading.size] += self._repeated[self._at : self._at + samples]
        self._at += samples
        return concealed


class PlayoutBuffer:
    """Decoded sound in as it comes, 10 ms frames out when the listener's output asks."""

    def __init__(self, controller: PlayoutController | None = None, noise_seed: int = 1) -> None:
        """Start with nothing; ``noise_seed`` makes the comfort noise repeatable."""
        self.controller = controller or PlayoutController()
        self.dropped_samples = 0
        """Left out because more was held than ever can be played."""
        random = np.random.default_rng(noise_seed)
        noise = random.normal(scale=10 ** (COMFORT_NOISE_DBFS / 20), size=SAMPLES_PER_MS * 1_000)
        self._concealment = Concealment(noise.astype(np.float32))
        self._concealing = False
        self._last = np.zeros(_REPEATED_SAMPLES, dtype=np.float32)
        self._position: int | None = None
        self._end = 0
        """Timestamp after the last sample held."""
        self._clear()

    @property
    def state(self) -> PlayoutState:
        """What is heard."""
        return self.controller.state

    @property
    def position(self) -> int | None:
        """RTP timestamp, unwrapped, of the next sample to play; None before any sound."""
        return self._position

    @property
    def buffered_ms(self) -> float:
        """Sound held ahead of the position."""
        return (self._held.size - MARGIN_SAMPLES) / SAMPLES_PER_MS

    def delay_ms(self, now_ns: int) -> float:
        """How much later than possible the next sample is heard; 0 before any sound."""
        if self._position is None:
            return 0.0
        return self.controller.delay_ms(now_ns / NS_PER_MS, self._position / SAMPLES_PER_MS)

    def announce(self, ptime_ms: float) -> None:
        """Packets will hold so much."""
        self.controller.target.announce(ptime_ms)

    def put(self, timestamp: int, samples: Samples, arrival_ns: int | None) -> None:
        """A packet's sound, ``(n,)``, with its RTP timestamp (32 bit) and arrival (monotonic).

        Without an arrival it is made up in the place of a packet. What is known already is
        dropped; a gap is bridged or, when long, jumped over.
        """
        moment = self._line.unwrap(timestamp)
        if self._position is not None and abs(moment - self._end) > NEW_LINE_SAMPLES:
            self.restart()
            moment = self._line.unwrap(timestamp)
        if arrival_ns is not None:
            duration_ms = samples.size / SAMPLES_PER_MS
            self.controller.arrived(arrival_ns / NS_PER_MS, moment / SAMPLES_PER_MS, duration_ms)
        if self._position is None:
            self._position = self._end = moment
        samples = samples[max(0, self._end - moment) :]
        if samples.size:
            self._close_gap(moment - self._end)
            self._append(samples)

    def read(self, now_ns: int) -> Samples:
        """The next 10 ms, ``(480,)`` float32: sound, concealment, or zeros before the start."""
        now_ms = now_ns / NS_PER_MS
        ready = self._held.size - MARGIN_SAMPLES >= _NEEDED_SAMPLES
        upcoming = self._held[MARGIN_SAMPLES : MARGIN_SAMPLES + FRAME_SAMPLES]
        command = self.controller.advance(
            now_ms,
            (self._position or 0) / SAMPLES_PER_MS,
            self.buffered_ms if ready else 0.0,
            quiet=level_dbfs(upcoming) < QUIET_DBFS,
        )
        if command.state is PlayoutState.STARTING:
            return self._before_sound()
        frame = self._play(command) if command.state is PlayoutState.PLAYING else self._conceal()
        self._last = np.concatenate((self._last, frame))[-_REPEATED_SAMPLES:]
        return frame

    def restart(self) -> None:
        """Another line of timestamps follows (a new room clock, a new connection's stream)."""
        if self.state is PlayoutState.PLAYING:
            self._concealment.begin(self._last)
            self._concealing = True
        self.controller.restart()
        self._clear()

    def _clear(self) -> None:
        self._line = serial.Unwrapper(serial.TIMESTAMP_BITS)
        self._held: Samples = np.zeros(MARGIN_SAMPLES, dtype=np.float32)
        """The margin before the position, and all from the position on."""
        self._phase = 0.0
        self._position = None
        self._end = 0

    def _append(self, samples: Samples) -> None:
        assert self._position is not None
        self._held = np.concatenate((self._held, samples.astype(np.float32, copy=False)))
        self._end += samples.size
        surplus = self._held.size - MARGIN_SAMPLES - MAX_HELD_SAMPLES
        if surplus > 0:
            self._held = self._held[surplus:]
            self._position += surplus
            self.dropped_samples += surplus

    def _close_gap(self, gap: int) -> None:
        if gap <= 0:
            return
        if gap <= MAX_BRIDGE_SAMPLES:
            bridge = Concealment(self._concealment._noise)
            bridge.begin(self._held[-_REPEATED_SAMPLES:])
            self._append(bridge.next(gap))
            return
        self._end += gap
        self._position = self._end
        self._held = np.zeros(MARGIN_SAMPLES, dtype=np.float32)
        if self.state is PlayoutState.PLAYING and not self._concealing:
            self._concealment.begin(self._last)
            self._concealing = True

    def _before_sound(self) -> Samples:
        if self._concealing:
            return self._concealment.next(FRAME_SAMPLES)
        return np.zeros(FRAME_SAMPLES, dtype=np.float32)

    def _conceal(self) -> Samples:
        if not self._concealing:
            self._concealment.begin(self._last)
            self._concealing = True
        return self._concealment.next(FRAME_SAMPLES)

    def _play(self, command: PlayoutCommand) -> Samples:
        outgoing: Samples | None = None
        fade_samples = RESUME_FADE_SAMPLES
        if command.skip_ms > 0:
            outgoing, fade_samples = self._ahead(), SKIP_FADE_SAMPLES
            self._advance(round(command.skip_ms * SAMPLES_PER_MS))
        if self._concealing:
            outgoing = self._concealment.next(RESUME_FADE_SAMPLES)
            self._concealing = False
        frame = self._take(command.rate)
        return frame if outgoing is None else cross_fade(outgoing, frame, fade_samples)

    def _ahead(self) -> Samples:
        return self._held[MARGIN_SAMPLES : MARGIN_SAMPLES + FRAME_SAMPLES]

    def _advance(self, samples: int) -> None:
        assert self._position is not None
        self._held = self._held[samples:]
        self._position += samples

    def _take(self, rate: float) -> Samples:
        """480 samples out of about ``480 * rate``."""
        if rate == 1.0 and self._phase == 0.0:
            frame = self._ahead().copy()
            self._advance(FRAME_SAMPLES)
            return frame
        consumed = FRAME_SAMPLES * rate
        if rate == 1.0:  # finish on a whole sample; 0.1 % for one frame is not heard
            consumed = round(FRAME_SAMPLES + self._phase) - self._phase
        start = MARGIN_SAMPLES + self._phase
        frame = interpolate(self._held, start + np.arange(FRAME_SAMPLES) * consumed / FRAME_SAMPLES)
        whole = math.floor(self._phase + consumed + 1e-9)
        self._phase = 0.0 if rate == 1.0 else max(0.0, self._phase + consumed - whole)
        self._advance(whole)
        return frame
