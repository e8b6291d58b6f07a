"""Keeps a remote speaker from hearing their own voice come back from the hall's loudspeakers.

Theory of operation. The hall plays a remote talker; its microphones hear that and send it back,
60 to 250 ms later. A linear canceller cannot live in the hub (two clocks, a mixer and a hand-over
lie in the echo path), so the return is gated by *level*. For each talker the gate learns the delay,
where the envelope of what was played and of what the microphones hear agree best, and for each
microphone the coupling: how loud, in dB, the echo is there. Played level, delayed, held up by a
reverberant decay, plus coupling is the predicted echo. While no microphone is more than 4 dB above
its prediction, the return holds nothing but echo and is attenuated. A person in the hall who speaks
is above it in their own microphone, and the return opens within 30 ms.

Only the return to that talker is gated; the program and the other buses are not touched. What the
gate looks at are powers of 10 ms frames; those of the microphones before gain sharing, whose moving
gains would otherwise look like a moving coupling. They are of the whole band that sources send: a
unit's high-pass has taken the rumble out.

Learning happens only while the envelopes agree (correlation over 0.6 in about two seconds), that
is, in single talk; fifty times slower while somebody in the hall speaks. The coupling is the 90th
percentile of what the echo reaches over the reverberant envelope, tracked in unequal steps.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Powers = NDArray[np.float64]
Rows = NDArray[np.intp]

FRAME_S = 0.010

LEAST_DELAY_FRAMES = 6
MOST_DELAY_FRAMES = 25
"""60 to 250 ms: loudspeaker buffer, air, and the microphone's way back into the hub."""

ATTENUATION_DB = 26.0
"""Gain sharing ducks the hall by only 4 to 10 dB here: in the remote talker's gaps the echo, which
comes later, is the loudest of all. An echo of -6 dB must still end under -35."""

EXCESS_DB = 4.0
"""A microphone this far over its predicted echo hears somebody. The prediction is an upper edge,
so this is about 6 dB over the mean."""

ONSET_FRAMES = 5
"""So much before the best agreement the echo may begin."""

HOLD_FRAMES = 20
"""200 ms shut after the last frame of echo: over the dips of its tail."""

INTERRUPTION_FRAMES = 3
"""So many frames of somebody in a row open the return: 30 ms."""

OPEN_FRAMES = 30
"""300 ms open after the last frame of somebody: over the gaps between their syllables."""

DECAY_DB_PER_FRAME: Final = 0.8
"""Reverberant envelope: 60 dB in 0.75 s, slower than the halls it is for."""

FIRST_COUPLING_DB: Final = -6.0
"""Until learnt: a loud hall. Rather an interruption lost in the first second than an echo."""

_COUPLING_RANGE_DB: Final = (-60.0, 6.0)
_QUIET_DBFS: Final = -60.0
"""Levels below are as good as silence: no echo from it, nobody in it."""

_COMPARED_EVERY: Final = 4
"""Frames from one look at the delays to the next: it moves slowly, and costs the most."""

_MEMORY: Final = 50.0
"""Looks, of 40 ms each: two seconds."""

_AGREEMENT: Final = 0.6
_UP_DB: Final = 0.9
_DOWN_DB: Final = -0.1
"""In a frame: steps that stand still at the 90th percentile; 10 dB a second downwards."""

_SLOWER_WHILE_OPEN: Final = 50.0
"""0.9 dB a second: a voice is not taken for a louder echo, a volume turned up is followed."""


class _Agreement:
    """Correlation of the room's level with the played level at every delay."""

    def __init__(self) -> None:
        delays = MOST_DELAY_FRAMES - LEAST_DELAY_FRAMES + 1
        self._played_mean, self._played_square, self._product = np.zeros((3, delays))
        self._room_mean = self._room_square = 0.0
        self._looks = 0

    def note(self, played_db: Powers, room_db: float) -> None:
        """One look: the played levels at the delays, and the room's level now."""
        self._looks += 1
        rate = max(1 / self._looks, 1 / _MEMORY)
        self._played_mean += rate * (played_db - self._played_mean)
        self._played_square += rate * (played_db**2 - self._played_square)
        self._product += rate * (played_db * room_db - self._product)
        self._room_mean += rate * (room_db - self._room_mean)
        self._room_square += rate * (room_db**2 - self._room_square)

    def best(self) -> tuple[int, float]:
        """The delay (in frames over the least) at which they agree most, and how much (to 1)."""
        covariance = self._product - self._played_mean * self._room_mean
        played = self._played_square - self._played_mean**2
        room = self._room_square - self._room_mean**2
        correlation = covariance / np.sqrt(np.maximum(played * room, 1.0))
        at = int(correlation.argmax())
        return at, float(correlation[at]) if self._looks > _MEMORY / 4 else 0.0


class EchoGate:
    """The gate of one remote talker's return, over the hall's numbered microphones."""

    def __init__(self, rows: int, attenuation_db: float = ATTENUATION_DB) -> None:
        """``rows``: how many microphones at most."""
        self._shut = 10 ** (-attenuation_db / 20)
        self._agreement = _Agreement()
        self._played_db = np.full(MOST_DELAY_FRAMES + 1, _QUIET_DBFS)
        self._reverberant_db = np.full(MOST_DELAY_FRAMES + 1, _QUIET_DBFS)
        self._coupling_db = np.full(rows, FIRST_COUPLING_DB)
        self._frame = 0
        self._agreeing = False
        self._delay = 0
        self._hold = 0
        self._somebody = 0
        self._open = 0

    @property
    def delay_ms(self) -> float:
        """The learnt way from bus to microphones, for the console."""
        return (LEAST_DELAY_FRAMES + self._delay) * FRAME_S * 1e3

    def coupling_db(self, row: int) -> float:
        """How loud the echo is in a microphone, relative to what was played."""
        return float(self._coupling_db[row])

    def gain(self, played_power: float, microphone_powers: Powers, rows: Rows) -> float:
        """Linear gain of the return at the end of this frame.

        ``played_power``: mean square of the talker in the hall's bus in this frame;
        ``microphone_powers``: of each open microphone of the hall, before sharing; ``rows``: which.
        """
        self._play(max(10 * math.log10(max(played_power, 1e-12)), _QUIET_DBFS))
        if rows.size == 0:
            return 1.0
        heard_db = _db(microphone_powers)
        self._learn(heard_db, rows)
        echo_db = self._envelope_db() + self._coupling_db[rows]
        self._decide(heard_db, echo_db)
        return self._shut if self._hold else 1.0

    def forget(self, row: int) -> None:
        """Start a microphone anew for another source."""
        self._coupling_db[row] = FIRST_COUPLING_DB

    def _play(self, level_db: float) -> None:
        """Shift the histories; index is age in frames."""
        before_db = float(self._reverberant_db[0])
        for history in (self._played_db, self._reverberant_db):
            history[1:] = history[:-1]
        self._played_db[0] = level_db
        self._reverberant_db[0] = max(level_db, before_db - DECAY_DB_PER_FRAME)

    def _learn(self, heard_db: Powers, rows: Rows) -> None:
        """Delay and couplings, while the envelopes agree and something was played."""
        room_db = float(heard_db.max())
        lags = self._played_db[LEAST_DELAY_FRAMES:]
        self._frame += 1
        if self._frame % _COMPARED_EVERY == 0 and lags.max() > _QUIET_DBFS:
            self._agreement.note(lags, room_db)
            at, agreement = self._agreement.best()
            self._agreeing = agreement >= _AGREEMENT
            self._delay = at if self._agreeing else self._delay
        if not self._agreeing:
            return
        played_db = float(self._played_db[LEAST_DELAY_FRAMES + self._delay])
        envelope_db = self._envelope_db()
        if played_db < envelope_db - 3.0 or played_db < _QUIET_DBFS + 20.0:
            return  # in a gap the microphone hears the tail and its noise, not the coupling
        coupling_db = self._coupling_db[rows]
        step = np.where(heard_db - envelope_db > coupling_db, _UP_DB, _DOWN_DB)
        if self._open:
            step /= _SLOWER_WHILE_OPEN
        low, high = _COUPLING_RANGE_DB
        self._coupling_db[rows] = np.minimum(np.maximum(coupling_db + step, low), high)

    def _envelope_db(self) -> float:
        """Played level as it may be in the air now: delayed, with its reverberation.

        The envelopes agree best at the middle of the reverberation; its beginning is earlier.
        """
        lag = LEAST_DELAY_FRAMES + self._delay
        first = max(lag - ONSET_FRAMES, LEAST_DELAY_FRAMES)
        return float(self._reverberant_db[first : lag + 1].max())

    def _decide(self, heard_db: Powers, echo_db: Powers) -> None:
        """Somebody, echo, or neither."""
        voices = heard_db > np.maximum(echo_db, _QUIET_DBFS) + EXCESS_DB
        heard = np.count_nonzero(voices)
        self._somebody = self._somebody + 1 if heard else 0
        self._open = max(self._open - 1, 0)
        self._hold = max(self._hold - 1, 0)
        if self._somebody >= INTERRUPTION_FRAMES or (self._somebody and self._open):
            self._open, self._hold = OPEN_FRAMES, 0
        elif float(echo_db.max()) > _QUIET_DBFS and not self._open and heard < voices.size:
            self._hold = HOLD_FRAMES


def _db(power: Powers) -> Powers:
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power, 1e-12)), _QUIET_DBFS))
