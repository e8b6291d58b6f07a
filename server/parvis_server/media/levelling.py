"""Brings every talker, and then the program, to one loudness, slowly.

Theory of operation. A channel's loudness is measured *before* its own gain, so there is no loop
that could hunt: the gain it should have is the target minus the measurement. Only frames in which
the channel holds the floor are looked at (with many open microphones that also saves most of the
work); of their blocks of 100 ms those count that hold a voice, 8 LU above the channel's noise;
of the last 30 of those (for the program 100) the ones within 10 LU of their mean, each taken with
the three before it, as BS.1770 takes them (blocks of 100 ms alone judged a voice with many short
gaps up to 1.3 LU louder than that, and levelled it too low). The gain then
moves towards what it should be at a limited rate, and only while such blocks come: pauses,
listeners' coughs and idle noise change nothing, or gain sharing would be defeated.

A talker's gain stays with the channel from turn to turn. A gain that is far off closes two thirds
of what is missing every 1.5 s, but never faster than 6 dB a second, so that 18 LU are made up in
six seconds of speech; the last decibels go at the slow rate.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parvis_server.media.loudness import (
    BLOCK_SAMPLES,
    MOMENTARY_BLOCKS,
    OFFSET_LUFS,
    RELATIVE_GATE_LU,
    SAMPLE_RATE_HZ,
    KWeighting,
)

Frames = NDArray[np.float32]
Rows = NDArray[np.intp]
Gains = NDArray[np.float32]
Decibels = NDArray[np.float64]

LEAST_VOICE_LUFS = -60.0
"""Quieter than this is no voice that 18 dB could mend."""

VOICE_OVER_NOISE_LU = 8.0
NOISE_RISE_LU_PER_S = 1.0
"""The noise estimate is the lowest block, and climbs back too slowly for speech to lift it."""

LEAST_BLOCKS = 5
"""Half a second of voice before anything moves."""

_UNHEARD_LUFS: Final = 20.0
"""The noise of a channel never heard: its first block will be lower and takes its place."""

_BLOCK_S: Final = BLOCK_SAMPLES / SAMPLE_RATE_HZ

CLOSING_S = 1.5
"""Time constant while the gain is far off."""

SETTLED_DB = 1.0
"""A gain nearer than this to what it should be is there: speech itself varies as much."""


@dataclass(frozen=True, slots=True)
class Levelling:
    """What a leveller aims at."""

    target_lufs: float
    up_db_per_s: float
    down_db_per_s: float
    lowest_db: float
    highest_db: float
    memory_blocks: int
    fastest_db_per_s: float = 0.0
    """While the gain is far off; never less than the rates above."""


TALKER = Levelling(
    target_lufs=-23.0,
    up_db_per_s=1.0,
    down_db_per_s=3.0,
    lowest_db=-12.0,
    highest_db=18.0,
    memory_blocks=30,
    fastest_db_per_s=6.0,
)
"""Each source before gain sharing; 5 LU of room under the program's target for the peaks."""

PROGRAM = Levelling(
    target_lufs=-18.0,
    up_db_per_s=0.5,
    down_db_per_s=0.5,
    lowest_db=-12.0,
    highest_db=12.0,
    memory_blocks=100,
)
"""The listeners' bus: AES TD1008's anchor for speech; a servo so slow that nobody hears it."""


class Leveller:
    """Slow gain of each numbered row."""

    def __init__(self, rows: int, aim: Levelling = TALKER, frame_samples: int = 480) -> None:
        """``rows``: how many channels at most; ``frame_samples``: a whole part of a block."""
        self._aim = aim
        self._frame_s = frame_samples / SAMPLE_RATE_HZ
        self._frames_in_block = BLOCK_SAMPLES // frame_samples
        self._weighting = KWeighting(rows)
        self._gain_db = np.zeros(rows)
        self._gain = np.ones(rows, dtype=np.float32)
        """The same, linear."""
        self._wanted_db = np.zeros(rows)
        self._active = np.zeros(rows, dtype=bool)
        self._noise_lufs = np.full(rows, _UNHEARD_LUFS)
        self._block = np.zeros(rows)
        self._block_frames = np.zeros(rows, dtype=np.int64)
        self._newest = np.zeros((rows, MOMENTARY_BLOCKS))
        """Powers of the last blocks, the newest first."""
        self._memory = np.zeros((rows, aim.memory_blocks))
        self._remembered = np.zeros(rows, dtype=np.int64)

    def gains(self, frames: Frames, rows: Rows, holding: NDArray[np.bool_]) -> Gains:
        """Linear gain of each channel for the end of this frame.

        ``frames``: (channels, samples) before any gain; ``rows``: the row of each; ``holding``:
        whether it holds the floor (its share is above -3 dB) and its sound is not made up.
        """
        held = rows[holding]
        if held.size:
            self._block[held] += self._weighting.powers(frames[holding], held)
            self._block_frames[held] += 1
            done = held[self._block_frames[held] == self._frames_in_block]
            if done.size:
                self._close_blocks(done)
            moving = held[self._active[held]]
            if moving.size:
                self._move(moving)
        return self.linear(rows)

    def linear(self, rows: Rows) -> Gains:
        """Linear gain of these channels at the end of the last frame."""
        return self._gain[rows]

    def begin_at(self, row: int, gain_db: float) -> None:
        """Go on from a gain that was learned elsewhere, until this one has heard enough."""
        gain_db = float(np.clip(gain_db, self._aim.lowest_db, self._aim.highest_db))
        self._gain_db[row] = self._wanted_db[row] = gain_db
        self._gain[row] = 10 ** (gain_db / 20)

    def settled(self, rows: Rows) -> bool:
        """Whether no channel of these, who hold the floor, still has to be levelled.

        One whose voice is too new to be judged is not; one that never had a voice is.
        """
        if not rows.size:
            return True
        missing = np.abs(self._wanted_db[rows] - self._gain_db[rows])
        known = self._remembered[rows]
        new = (known > 0) & (known < LEAST_BLOCKS)
        return not bool((new | (missing > SETTLED_DB)).any())

    def gain_db(self, row: int) -> float:
        """For the host's console."""
        return float(self._gain_db[row])

    def forget(self, row: int) -> None:
        """Start a row anew for another channel."""
        self._weighting.forget(row)
        for state in (self._gain_db, self._wanted_db, self._block):
            state[row] = 0.0
        for counter in (self._block_frames, self._remembered):
            counter[row] = 0
        self._newest[row] = 0.0
        self._gain[row] = 1.0
        self._active[row] = False
        self._noise_lufs[row] = _UNHEARD_LUFS

    def _close_blocks(self, rows: Rows) -> None:
        """Remember the blocks that hold a voice, and see what the gains should be."""
        power = self._block[rows] / self._frames_in_block
        loudness = OFFSET_LUFS + 10 * np.log10(np.maximum(power, 1e-15))
        climbed = self._noise_lufs[rows] + NOISE_RISE_LU_PER_S * _BLOCK_S
        self._noise_lufs[rows] = np.maximum(np.minimum(climbed, loudness), -100.0)
        least = np.maximum(self._noise_lufs[rows] + VOICE_OVER_NOISE_LU, LEAST_VOICE_LUFS)
        self._newest[rows] = np.roll(self._newest[rows], 1, axis=1)
        self._newest[rows, 0] = power
        momentary = self._newest[rows].mean(axis=1)
        voiced = OFFSET_LUFS + 10 * np.log10(np.maximum(momentary, 1e-15)) >= least
        self._block[rows] = 0.0
        self._block_frames[rows] = 0
        self._active[rows] = False
        self._remember(rows[voiced], momentary[voiced])

    def _remember(self, rows: Rows, power: Decibels) -> None:
        """Put voiced blocks into the memory; gated mean; the gain that follows from it."""
        if rows.size == 0:
            return
        size = self._aim.memory_blocks
        self._memory[rows, self._remembered[rows] % size] = power
        self._remembered[rows] += 1
        known = np.minimum(self._remembered[rows], size)
        inside = np.arange(size) < known[:, None]
        blocks = np.where(inside, self._memory[rows], 0.0)
        mean = blocks.sum(axis=1) / known
        loud = inside & (blocks >= mean[:, None] * 10 ** (RELATIVE_GATE_LU / 10))
        gated = (blocks * loud).sum(axis=1) / loud.sum(axis=1)
        loudness = OFFSET_LUFS + 10 * np.log10(gated)
        wanted = np.clip(
            self._aim.target_lufs - loudness, self._aim.lowest_db, self._aim.highest_db
        )
        self._wanted_db[rows] = wanted
        self._active[rows] = known >= LEAST_BLOCKS

    def _move(self, rows: Rows) -> None:
        """One frame's step of those gains towards what they should be."""
        missing = self._wanted_db[rows] - self._gain_db[rows]
        slow = np.where(missing > 0, self._aim.up_db_per_s, self._aim.down_db_per_s)
        quick = np.minimum(np.abs(missing) / CLOSING_S, self._aim.fastest_db_per_s)
        step = np.maximum(slow, quick) * self._frame_s
        self._gain_db[rows] += np.clip(missing, -step, step)
        self._gain[rows] = 10 ** (self._gain_db[rows] / 20)


class ProgramServo:
    """The same for one bus that always holds the floor."""

    def __init__(self, aim: Levelling = PROGRAM, frame_samples: int = 480) -> None:
        """Start at unity."""
        self._leveller = Leveller(1, aim, frame_samples)
        self._row = np.zeros(1, dtype=np.intp)
        self._settled, self._unsettled = np.ones(1, dtype=bool), np.zeros(1, dtype=bool)

    def gain(self, frame: NDArray[np.float32], *, settled: bool = True) -> float:
        """Linear gain for the end of this frame of the bus.

        Not ``settled``: a talker in it is still being levelled, so the frame is not looked at and
        the gain stays, or what the talker's own gain makes up would be made up here once more.
        """
        heard = self._settled if settled else self._unsettled
        return float(self._leveller.gains(frame[None], self._row, heard)[0])

    def begin_at(self, gain_db: float) -> None:
        """Go on from the gain that another servo had."""
        self._leveller.begin_at(0, gain_db)

    @property
    def gain_db(self) -> float:
        """For the host's console."""
        return self._leveller.gain_db(0)
