"""When a listener hears: the decisions of the adaptive playout buffer, in numbers only.

The page has a twin of this file (`server/web/src/audio/playout.ts`). Both are held to the traces in
`tests/vectors/playout/*.json`; change a rule here and there, and make the traces again with
`python tests/vectors/make_playout.py`.

Theory of operation. All times are milliseconds as floating point. A packet's *offset* is its
arrival minus its RTP timestamp, and minus what it holds over 20 ms (a longer packet leaves that
much later: the path is the same); the least offset of the last 30 s is the *base*, the path at its
quickest; a packet's *relative delay* is its offset minus the base. The play point's *delay* is
``now - base - position``, where ``position`` is the timestamp of the next sample to play: how much
later that sample is heard than it could have been. A packet is in time when its relative delay is
at most the delay. The controller holds the delay near a *target*: the 95th percentile of the
relative delays plus a guard, plus what packets hold over 20 ms. Longer packets are announced: the
target rises by then, and the delay follows it at the cap of the rate, unheard, before they come.
When they become shorter again, the target sinks slowly.

Signs: ``error = delay - target``. Positive = later than wished: play faster (rate > 1), or skip.
Negative = too near the edge: play slower (rate < 1).

When it runs dry the position waits, so the delay has grown by the time sound comes again: playing
goes on at once, and the raised target keeps the delay.

How a trace is run (and a real listener likewise, every 10 ms): every arrival up to ``now`` is told
with ``arrived``; then ``advance`` answers a command; then, in this order, ``skip_ms`` is added to
the position, and while the state is PLAYING the position moves by ``10 * rate``, never past the end
of what is buffered. In every other state the position stands still.
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

INITIAL_TARGET_MS: Final = 120.0
FLOOR_MS: Final = 60.0
"""A wired LAN with 20 ms packets needs this much with everything a browser does."""
CEILING_MS: Final = 1000.0
"""Later than this the hall's laughter is over."""
HIDDEN_FLOOR_MS: Final = 600.0
"""A locked phone wakes its pages only now and then."""

WINDOW_MS: Final = 30_000.0
QUANTILE: Final = 0.95
GUARD_MS: Final = 20.0
USUAL_PACKET_MS: Final = 20.0
"""What a packet of the program holds unless the audience is large."""

LOOK_EVERY_MS: Final = 1_000.0
"""Sorting 30 s of packets for each of them would be most of a listener's work."""
MAX_OFFSETS: Final = 3_000
"""30 s of 10 ms packets; a flood does not grow the window."""

UNDERRUN_RISE_MS: Final = 40.0
SETTLING_FALL_MS_PER_S: Final = 10.0
"""In the first 30 s, while nothing ran dry: a good network is soon known to be good."""
FALL_MS_PER_S: Final = 1.0
"""10 ms per 10 s after that."""
SETTLING_MS: Final = 30_000.0

DEAD_BAND_MS: Final = 15.0
RATE_STEP: Final = 0.003
RATE_CAP: Final = 0.005
"""5 and 9 cents: not heard in speech."""
RATE_CAP_ERROR_MS: Final = 60.0
"""The error from which the cap is used instead of the step. While longer packets are announced and
have not come, every rise is at the cap: 20 ms in 4 s, and so early they are announced."""

SKIP_ERROR_MS: Final = 400.0
"""0.5 % would take 80 s to make this good."""
SKIP_PATIENCE_MS: Final = 500.0
"""How long a skip waits for a quiet moment: between two sentences there is one."""

SKIP_LEAVES_MS: Final = 20.0
"""A skip keeps at least one packet to play: the rest of a burst may still be on its way."""

REPEAT_MS: Final = 60.0
"""So long a repetition that fades passes for sound; after it there is quiet noise."""
RECONNECTING_MS: Final = 3_000.0


class PlayoutState(Enum):
    """What the listener hears."""

    STARTING = "starting"
    """Nothing yet: filling."""
    PLAYING = "playing"
    REPEATING = "repeating"
    """Ran dry less than 60 ms ago: the last sound again, fading."""
    NOISE = "noise"
    """Dry for longer: comfort noise."""
    RECONNECTING = "reconnecting"
    """Dry for over 3 s: say so."""


@dataclass(frozen=True, slots=True)
class PlayoutCommand:
    """What to do in the next 10 ms."""

    state: PlayoutState
    rate: float = 1.0
    """Media time per heard time, within 1 +- ``RATE_CAP``; 1 unless PLAYING."""
    skip_ms: float = 0.0
    """Media to leave out now, with a cross-fade; 0 unless PLAYING."""


@dataclass(slots=True)
class PlayoutCounters:
    """What happened so far."""

    packets: int = 0
    underruns: int = 0
    skips: int = 0
    skipped_ms: float = 0.0
    concealed_ms: float = 0.0


class TargetDelay:
    """How long sound is held back so that late packets still come in time."""

    def __init__(self) -> None:
        """Start with nothing known of the network."""
        self.hidden = False
        """The page cannot be seen: its timers are throttled, so more is held."""
        self._target_ms = INITIAL_TARGET_MS
        self._offsets: deque[tuple[float, float]] = deque(maxlen=MAX_OFFSETS)
        self._base_ms = math.inf
        self._settling = True
        self._first_ms: float | None = None
        self._looked_ms = 0.0
        self._announced_ms = 0.0
        """What packets hold over the usual, as it was said."""
        self._longest_ms = 0.0
        """And at most, as they came since the last look but one."""
        self._longest_now_ms = 0.0
        self._extra_ms = 0.0
        """How much of the target is for that."""

    @property
    def target_ms(self) -> float:
        """The delay to hold."""
        target_ms = min(CEILING_MS, self._target_ms + self._extra_ms)
        return max(target_ms, HIDDEN_FLOOR_MS) if self.hidden else target_ms

    @property
    def is_expecting(self) -> bool:
        """Whether longer packets are announced that have not come yet."""
        return self._announced_ms > max(self._longest_ms, self._longest_now_ms)

    def announce(self, ptime_ms: float) -> None:
        """Packets will hold so much: longer ones are waited for from now on."""
        self._announced_ms = max(0.0, ptime_ms - USUAL_PACKET_MS)
        self._extra_ms = max(self._extra_ms, self._announced_ms)

    @property
    def base_ms(self) -> float:
        """The offset of the quickest packet in the window; infinite before the first."""
        return self._base_ms

    def note(self, now_ms: float, offset_ms: float, extra_ms: float = 0.0) -> None:
        """A packet came at ``now_ms`` with this offset; it holds so much over the usual."""
        self._longest_now_ms = max(self._longest_now_ms, extra_ms)
        self._extra_ms = max(self._extra_ms, extra_ms)
        if self._first_ms is None:
            self._first_ms = self._looked_ms = now_ms
        while self._offsets and self._offsets[0][0] < now_ms - WINDOW_MS:
            self._offsets.popleft()
        self._offsets.append((now_ms, offset_ms))
        self._base_ms = min(self._base_ms, offset_ms)
        if now_ms - self._looked_ms >= LOOK_EVERY_MS:
            self._look(now_ms, self._first_ms)

    def ran_dry(self) -> None:
        """There was nothing to play: cover more from now on, at once."""
        self._settling = False
        self._target_ms = min(self._target_ms + UNDERRUN_RISE_MS, CEILING_MS)

    def restart(self) -> None:
        """Another line of timestamps: earlier offsets say nothing about it. The target stays."""
        self._offsets.clear()
        self._base_ms = math.inf

    def _look(self, now_ms: float, first_ms: float) -> None:
        elapsed_s, self._looked_ms = (now_ms - self._looked_ms) / 1000, now_ms
        offsets = sorted(offset for _, offset in self._offsets)
        self._base_ms = offsets[0]
        late_ms = offsets[math.ceil(QUANTILE * len(offsets)) - 1] - self._base_ms
        wanted_ms = min(CEILING_MS, max(FLOOR_MS, late_ms + GUARD_MS))
        if now_ms - first_ms > SETTLING_MS:
            self._settling = False
        fall_ms_per_s = SETTLING_FALL_MS_PER_S if self._settling else FALL_MS_PER_S
        self._target_ms = max(wanted_ms, self._target_ms - fall_ms_per_s * elapsed_s)
        self._follow_packets(elapsed_s)

    def _follow_packets(self, elapsed_s: float) -> None:
        """Down to what packets hold by now; up it goes at once."""
        self._longest_ms, self._longest_now_ms = self._longest_now_ms, 0.0
        wanted_ms = max(self._announced_ms, self._longest_ms)
        self._extra_ms = max(wanted_ms, self._extra_ms - SETTLING_FALL_MS_PER_S * elapsed_s)


class PlayoutController:
    """Arrival times in, commands out."""

    def __init__(self) -> None:
        """Start in silence."""
        self.target = TargetDelay()
        self.counters = PlayoutCounters()
        self.state = PlayoutState.STARTING
        self._dry_since_ms = 0.0
        self._late_since_ms: float | None = None

    @property
    def target_ms(self) -> float:
        """The delay to hold."""
        return self.target.target_ms

    def delay_ms(self, now_ms: float, position_ms: float) -> float:
        """How much later than possible a sample of this timestamp is heard; 0 before any packet."""
        base_ms = self.target.base_ms
        return now_ms - base_ms - position_ms if math.isfinite(base_ms) else 0.0

    def arrived(
        self, now_ms: float, timestamp_ms: float, duration_ms: float = USUAL_PACKET_MS
    ) -> None:
        """A packet came; ``timestamp_ms`` is its RTP timestamp, unwrapped, in ms."""
        self.counters.packets += 1
        extra_ms = max(0.0, duration_ms - USUAL_PACKET_MS)
        self.target.note(now_ms, now_ms - timestamp_ms - extra_ms, extra_ms)

    def restart(self) -> None:
        """Another stream: its timestamps have nothing to do with the last one's. Target stays."""
        self.target.restart()
        self._late_since_ms = None
        self.state = PlayoutState.STARTING

    def advance(
        self, now_ms: float, position_ms: float, buffered_ms: float, quiet: bool = False
    ) -> PlayoutCommand:
        """What to do from ``now_ms`` for 10 ms.

        ``buffered_ms`` is the media from the position on that can be played without a gap (give 0
        when it is less than the next 10 ms need); ``quiet`` says that what comes next is a pause.
        """
        delay_ms = self.delay_ms(now_ms, position_ms)
        self.state = self._next_state(now_ms, delay_ms, buffered_ms)
        if self.state is not PlayoutState.PLAYING:
            return PlayoutCommand(self.state)
        skip_ms = self._skip_ms(now_ms, delay_ms, buffered_ms, quiet)
        rate = _rate(delay_ms - skip_ms - self.target_ms, hurries=self.target.is_expecting)
        return PlayoutCommand(self.state, rate, skip_ms)

    def _next_state(self, now_ms: float, delay_ms: float, buffered_ms: float) -> PlayoutState:
        if self.state is PlayoutState.STARTING:
            ready = buffered_ms > 0 and delay_ms >= self.target_ms
            return PlayoutState.PLAYING if ready else PlayoutState.STARTING
        if self.state is PlayoutState.PLAYING:
            if buffered_ms > 0:
                return PlayoutState.PLAYING
            self._run_dry(now_ms)
        elif buffered_ms > 0:
            self.counters.concealed_ms += now_ms - self._dry_since_ms
            return PlayoutState.PLAYING
        return _dry_state(now_ms - self._dry_since_ms)

    def _run_dry(self, now_ms: float) -> None:
        self.counters.underruns += 1
        self._dry_since_ms = now_ms
        self._late_since_ms = None
        self.target.ran_dry()

    def _skip_ms(self, now_ms: float, delay_ms: float, buffered_ms: float, quiet: bool) -> float:
        """How much to leave out: down to the target, when far behind and the moment is good."""
        error_ms = delay_ms - self.target_ms
        if error_ms <= SKIP_ERROR_MS:
            self._late_since_ms = None
            return 0.0
        if self._late_since_ms is None:
            self._late_since_ms = now_ms
        impatient = now_ms - self._late_since_ms >= SKIP_PATIENCE_MS
        possible_ms = min(error_ms, buffered_ms - SKIP_LEAVES_MS)
        if possible_ms <= 0 or not (quiet or impatient):
            return 0.0
        self._late_since_ms = None
        self.counters.skips += 1
        self.counters.skipped_ms += possible_ms
        return possible_ms


def _dry_state(dry_ms: float) -> PlayoutState:
    if dry_ms < REPEAT_MS:
        return PlayoutState.REPEATING
    return PlayoutState.NOISE if dry_ms < RECONNECTING_MS else PlayoutState.RECONNECTING


def _rate(error_ms: float, *, hurries: bool) -> float:
    """``hurries``: a rise is wanted by a certain moment."""
    if abs(error_ms) <= DEAD_BAND_MS:
        return 1.0
    is_large = abs(error_ms) > RATE_CAP_ERROR_MS or (hurries and error_ms < 0)
    step = RATE_CAP if is_large else RATE_STEP
    return 1.0 + math.copysign(step, error_ms)
