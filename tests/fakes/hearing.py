"""Judge recorded sound by measuring it: where the speech lies, if it is understood, its gaps.

The program carries a comfort noise and never falls silent, so digital silence anywhere in a
recording is a gap, also in a pause of the speech; inside speech a gap is a dip against the
original as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pystoi
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfiltfilt

Sound = NDArray[np.float32]
Waves = NDArray[np.float32] | NDArray[np.float64]

LONGEST_GAP_MS = 10.0
"""A listener hears nothing of a shorter one inside speech."""

SILENCE_DBFS = -78.0
"""Far below the comfort noise (about -62 dBFS), above 16 bit's last digit (-96 dBFS)."""

SPEECH_DBFS = -40.0
"""Original windows louder than this must be heard; quieter ones are pauses and soft endings."""

DIP_DB = 20.0
"""A window this much weaker than the same window of the original is missing."""

WINDOW_MS = 5.0
HOP_MS = 1.0
LEAST_SPEECH_S = 1.0
"""With less speech left outside excused stretches, STOI says nothing."""

PIECE_S = 0.2
"""Playout may stretch or skip by some ms: each piece of the original is found by itself."""

ALIGN_BAND_HZ = (250.0, 900.0)
"""Above what the unit's high-pass turns in phase, below where a rate that is off by 0.5 % matters
within a piece."""

PIECE_SEARCHES = ((0.025, 0.75), (0.25, 0.85))
"""How far from its neighbour's place a piece is looked for, and how well it must fit there."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing sound, at a place in the recording."""

    start_s: float
    length_ms: float

    def __str__(self) -> str:
        return f"{self.length_ms:.0f} ms at {self.start_s:.2f} s"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a recording holds of the original speech."""

    stoi: float
    """Short-time objective intelligibility against the original, 0 to 1 (Taal et al. 2011), of
    all that was not excused."""
    start_s: float
    """Where the original begins in the recording."""
    shift_ms: float
    """How far the pieces' places differ: what playout stretched or skipped."""
    gaps: tuple[Gap, ...]

    def __str__(self) -> str:
        gaps = ", ".join(map(str, self.gaps)) or "none"
        return (
            f"STOI {self.stoi:.3f}, starts at {self.start_s:.2f} s, "
            f"pieces shifted by {self.shift_ms:.1f} ms, gaps: {gaps}"
        )


def judge_speech(
    original: Sound,
    recording: Sound,
    rate_hz: int,
    excused_s: Sequence[tuple[float, float]] = (),
) -> Judgement:
    """Find the original in the recording, piece by piece, and compare.

    ``excused_s``: stretches of the recording that say nothing, since the machine stood still.

    Raises:
        ValueError: the recording is shorter than the original, so it cannot hold it.
    """
    if len(recording) < len(original):
        raise ValueError(
            f"{len(recording) / rate_hz:.1f} s recorded, {len(original) / rate_hz:.1f} s played"
        )
    rough = find_speech(original, recording, rate_hz)
    starts = piece_starts(original, recording, rough, rate_hz)
    shifts = [found - begin for begin, found in starts]
    offset = max(shifts[0], 0)
    aligned = take_pieces(recording, starts, len(original), rate_hz)
    kept = kept_samples(starts, len(original), rate_hz, excused_s)
    gaps = [
        *silences(recording[offset : offset + len(original)], rate_hz, offset / rate_hz),
        *dips(original, aligned, rate_hz, offset / rate_hz),
    ]
    return Judgement(
        stoi=intelligibility(original[kept], aligned[kept], rate_hz),
        start_s=offset / rate_hz,
        shift_ms=(max(shifts) - min(shifts)) / rate_hz * 1000,
        gaps=tuple(sorted(gaps, key=lambda gap: gap.start_s)),
    )


def intelligibility(original: Sound, heard: Sound, rate_hz: int) -> float:
    """STOI of what was heard; 0 when too little is left of it to tell (the measure itself needs
    0.4 s of speech)."""
    if len(original) < LEAST_SPEECH_S * rate_hz:
        return 0.0
    return float(pystoi.stoi(original, heard, rate_hz, extended=False))


def kept_samples(
    starts: list[tuple[int, int]],
    length: int,
    rate_hz: int,
    excused_s: Sequence[tuple[float, float]],
) -> NDArray[np.bool_]:
    """Which samples of the original were heard outside the excused stretches."""
    kept = np.ones(length, dtype=bool)
    for number, (begin, found) in enumerate(starts):
        last = starts[number + 1][0] if number + 1 < len(starts) else length
        first = 0 if number == 0 else begin
        for from_s, until_s in excused_s:
            low = round(from_s * rate_hz) - found + begin
            high = round(until_s * rate_hz) - found + begin
            kept[max(low, first) : max(min(high, last), first)] = False
    return kept


def find(wanted: Waves, recording: Waves) -> int:
    """Sample of the recording where ``wanted`` begins."""
    return int(np.argmax(correlation(wanted, recording)))


def correlation(wanted: Waves, recording: Waves) -> NDArray[np.float64]:
    """How well ``wanted`` fits at each place of the recording: the *normalised* correlation.

    The plain one prefers any loud passage over the right one.
    """
    products = fftconvolve(recording, wanted[::-1], mode="valid")
    squares = np.concatenate([[0.0], np.cumsum(np.square(recording, dtype=np.float64))])
    energies = squares[len(wanted) :] - squares[: -len(wanted)]
    floor = max(float(energies.max()) * 1e-4, 1e-12)
    return np.asarray(products / np.sqrt(np.maximum(energies, floor)))


def find_speech(original: Sound, recording: Sound, rate_hz: int) -> int:
    """Roughly (to 50 ms) where long speech begins: its envelope survives a bent time, its waves
    do not."""
    hop = round(HOP_MS / 1000 * rate_hz)
    wanted, heard = (
        np.maximum(window_dbfs(sound, rate_hz), SPEECH_DBFS - 20) for sound in (original, recording)
    )
    return find(wanted - wanted.mean(), heard - heard.mean()) * hop


def piece_starts(
    original: Sound, recording: Sound, offset: int, rate_hz: int
) -> list[tuple[int, int]]:
    """For each clear piece of the original: where it begins there, and in the recording.

    A piece that does not fit near its neighbour's place is looked for further away, since playout
    may have waited or skipped; one that fits nowhere well says nothing.
    """
    length = round(PIECE_S * rate_hz)
    band = butter(4, ALIGN_BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    wanted, heard = sosfiltfilt(band, original), sosfiltfilt(band, recording)
    starts: list[tuple[int, int]] = []
    for begin in range(0, len(original) - length + 1, length):
        piece = wanted[begin : begin + length]
        if dbfs(original[begin : begin + length]) < SPEECH_DBFS:
            continue
        expected = begin + (starts[-1][1] - starts[-1][0] if starts else offset)
        for search_s, least in PIECE_SEARCHES:
            found, likeness = _best_near(piece, heard, expected, round(search_s * rate_hz))
            if likeness >= least:
                starts.append((begin, found))
                break
    return starts or [(0, offset)]


def _best_near(
    piece: NDArray[np.float64], heard: NDArray[np.float64], expected: int, search: int
) -> tuple[int, float]:
    """Where the piece fits best around a place, and how well (1 = the same waves)."""
    low = max(expected - search, 0)
    place = heard[low : expected + len(piece) + search]
    if len(place) < len(piece):
        return expected, 0.0
    likeness = correlation(piece, place) / np.linalg.norm(piece)
    return low + int(np.argmax(likeness)), float(likeness.max())


def take_pieces(
    recording: Sound, starts: list[tuple[int, int]], length: int, rate_hz: int
) -> Sound:
    """The recording put together so that each piece lies where the original has it."""
    aligned = np.zeros(length, dtype=np.float32)
    for number, (begin, found) in enumerate(starts):
        first = 0 if number == 0 else begin
        last = starts[number + 1][0] if number + 1 < len(starts) else length
        source = recording[max(found - (begin - first), 0) : found + last - begin]
        aligned[first : first + len(source)] = source[: last - first]
    return aligned


def silences(recorded: Sound, rate_hz: int, start_s: float = 0.0) -> list[Gap]:
    """Stretches of digital silence longer than a gap may be."""
    return _gaps(window_dbfs(recorded, rate_hz) < SILENCE_DBFS, start_s)


def dips(original: Sound, aligned: Sound, rate_hz: int, start_s: float = 0.0) -> list[Gap]:
    """Stretches where the original speaks and the aligned recording does not."""
    wanted, got = window_dbfs(original, rate_hz), window_dbfs(aligned, rate_hz)
    loud = wanted > SPEECH_DBFS
    if not loud.any():
        return []
    gain_db = float(np.median((got - wanted)[loud]))
    return _gaps(loud & (got - wanted < gain_db - DIP_DB), start_s)


def tone_gaps(recorded: Sound, rate_hz: int, pitch_hz: float, dip_db: float = 10.0) -> list[Gap]:
    """Stretches where a steady tone is missing, of all that lies between its two ends.

    The sharpest judge of gaps: the tone should be in every window alike.
    """
    seconds = np.arange(len(recorded)) / rate_hz
    turned = recorded * np.exp(-2j * np.pi * pitch_hz * seconds)
    window = round(WINDOW_MS / 1000 * rate_hz)
    hop = round(HOP_MS / 1000 * rate_hz)
    sums = np.concatenate([[0.0], np.cumsum(turned)])
    amplitude = np.abs(sums[window::hop] - sums[:-window:hop][: len(sums[window::hop])]) / window
    level_db = 20 * np.log10(amplitude + 1e-9)
    heard = np.flatnonzero(level_db > np.percentile(level_db, 90) - dip_db)
    first, last = int(heard[0]), int(heard[-1]) + 1
    missing = level_db[first:last] < np.median(level_db[first:last]) - dip_db
    return _gaps(missing, first * HOP_MS / 1000)


def tone_level_dbfs(recorded: Sound, rate_hz: int, pitch_hz: float) -> float:
    """Level of a steady tone, by short windows: playout that bends time shifts its phase."""
    seconds = np.arange(len(recorded)) / rate_hz
    turned = recorded * np.exp(-2j * np.pi * pitch_hz * seconds)
    window = round(4 * WINDOW_MS / 1000 * rate_hz)
    means = turned[: len(turned) // window * window].reshape(-1, window).mean(axis=1)
    return float(20 * np.log10(np.median(np.abs(means)) * np.sqrt(2) + 1e-9))


def window_dbfs(sound: Sound, rate_hz: int) -> NDArray[np.float64]:
    """RMS level of windows of ``WINDOW_MS``, one every ``HOP_MS``."""
    window, hop = round(WINDOW_MS / 1000 * rate_hz), round(HOP_MS / 1000 * rate_hz)
    squares = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    ends = squares[window::hop]
    # Differences of a long running sum may fall a rounding error below zero.
    means = np.maximum(ends - squares[: -window or None : hop][: len(ends)], 0) / window
    return np.asarray(10 * np.log10(means + 1e-12))


def dbfs(sound: Sound) -> float:
    """RMS level."""
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def _gaps(missing: NDArray[np.bool_], start_s: float) -> list[Gap]:
    """Runs of missing windows as gaps; a gap shows only in windows that it fills."""
    edges = np.diff(np.concatenate([[0], missing.astype(np.int8), [0]]))
    found = []
    for begin, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        length_ms = (end - begin - 1) * HOP_MS + WINDOW_MS
        if length_ms > LONGEST_GAP_MS:
            found.append(Gap(start_s + float(begin) * HOP_MS / 1000, float(length_ms)))
    return found
