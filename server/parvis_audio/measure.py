"""Judging sound by listening to it: the delay of chirps, alignment, gaps and clicks.

Used by ``parvis bench`` and the tests. Everything takes mono float32 at 48 kHz and works offline.

Theory of operation. A chirp's correlation with itself is one narrow peak, so its arrival is found
under noise and through a codec; with the analytic chirp the peak does not depend on the phase that
a codec or a loudspeaker turned, and a parabola through its top gives fractions of a sample. A gap
is near-silence where the reference speaks. A click is a sample that its neighbours do not foretell:
the residual of linear prediction stands out from that of the milliseconds around it.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 48_000
SAMPLES_PER_MS: Final = 48

CHIRP_MS: Final = 40.0
CHIRP_FROM_HZ, CHIRP_TO_HZ = 400.0, 6_000.0
"""What every codec setting, loudspeaker and high-pass of ours passes."""

NEAR_SILENCE_DBFS: Final = -55.0
"""Over the program's comfort noise (-62), under any speech."""
SPEAKING_DBFS: Final = -40.0

_PREDICTION_ORDER = 32
_CLICK_HOP_SAMPLES = 960
_AROUND_MS = 20
"""Several periods of any voice: its own pulses are no clicks."""
_TINY_POWER = 1e-9
_LEAST_MEDIAN = 5e-4
"""Before a word there is next to nothing, and its first sample is no click."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Detection:
    """One chirp in a recording."""

    at_samples: float
    """Where it begins; a fraction of a sample is meant."""
    strength: float
    """Likeness, 0 to 1: 1 = nothing but the chirp."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without sound where there should be some."""

    at_ms: float
    length_ms: float


def chirp(
    duration_ms: float = CHIRP_MS,
    from_hz: float = CHIRP_FROM_HZ,
    to_hz: float = CHIRP_TO_HZ,
    amplitude: float = 0.5,
) -> Samples:
    """A rising tone with soft ends, ``(n,)``."""
    sound: Samples = (amplitude * _analytic_chirp(duration_ms, from_hz, to_hz).real).astype(
        np.float32
    )
    return sound


def chirp_train(
    seconds: float, every_ms: float, first_ms: float = 0.0
) -> tuple[Samples, list[int]]:
    """Standard chirps with silence between, and the sample at which each begins."""
    sound, train = chirp(), np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)
    starts = []
    at = round(first_ms * SAMPLES_PER_MS)
    while at + sound.size <= train.size:
        train[at : at + sound.size] = sound
        starts.append(at)
        at += round(every_ms * SAMPLES_PER_MS)
    return train, starts


def find_chirps(
    recording: Samples, *, apart_ms: float = 200.0, least_strength: float = 0.4
) -> list[Detection]:
    """The standard chirps in ``recording``, in order; of several within ``apart_ms`` the best."""
    likeness = _likeness(recording, _analytic_chirp(CHIRP_MS, CHIRP_FROM_HZ, CHIRP_TO_HZ))
    found: list[Detection] = []
    apart = round(apart_ms * SAMPLES_PER_MS)
    remaining = np.where(likeness >= least_strength, likeness, 0.0)
    while remaining.size and (peak := int(remaining.argmax())) >= 0 and remaining[peak] > 0:
        found.append(Detection(_top(likeness, peak), float(likeness[peak])))
        remaining[max(0, peak - apart) : peak + apart] = 0.0
    return sorted(found, key=lambda detection: detection.at_samples)


def chirp_delays_ms(
    recording: Samples, starts: list[int], *, longest_ms: float = 2_000.0
) -> list[float | None]:
    """How much later each chirp sent at ``starts`` is heard in ``recording``; None when it is not.

    The first chirp heard from ``start`` on counts, so they must be sent further apart than the
    longest delay.
    """
    heard = [detection.at_samples for detection in find_chirps(recording)]
    delays: list[float | None] = []
    for start in starts:
        late = [(at - start) / SAMPLES_PER_MS for at in heard]
        in_time = [delay for delay in late if -1.0 <= delay <= longest_ms]
        delays.append(min(in_time, default=None))
    return delays


def alignment_samples(recording: Samples, reference: Samples) -> tuple[float, float]:
    """How many samples later ``reference`` is in ``recording``, and how alike they are (0 to 1).

    Negative: the recording begins after the reference's beginning. Any sound with onsets will do.
    """
    size = _fast_size(recording.size + reference.size)
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(reference, size))
    correlation = np.abs(np.fft.irfft(spectrum, size))
    peak = int(correlation.argmax())
    at = _top(correlation, peak)
    strength = correlation[peak] / max(
        _TINY, float(np.linalg.norm(recording)) * float(np.linalg.norm(reference))
    )
    return (at if peak < recording.size else at - size), float(strength)


def aligned(recording: Samples, reference: Samples) -> Samples:
    """The part of ``recording`` that lies beside ``reference``, of its length; zeros where none."""
    delay = round(alignment_samples(recording, reference)[0])
    part = np.zeros(reference.size, dtype=np.float32)
    begin, end = max(0, -delay), min(reference.size, recording.size - delay)
    if end > begin:
        part[begin:end] = recording[begin + delay : end + delay]
    return part


def gaps(recording: Samples, reference: Samples, *, least_ms: float = 10.0) -> list[Gap]:
    """Where ``recording`` is near-silent for ``least_ms`` or more although ``reference`` speaks.

    Both are aligned (``aligned``) and of one length. A pause of the reference is no gap; the 5 ms
    around its own onsets are not counted, since a codec smears them.
    """
    quiet = _levels_per_ms(recording, 1) < NEAR_SILENCE_DBFS
    speaking = _levels_per_ms(reference, 1) > SPEAKING_DBFS
    margin = 5
    steady = np.convolve(speaking, np.ones(2 * margin + 1), "same") > margin
    return [
        Gap(float(begin), float(end - begin))
        for begin, end in _runs(quiet & steady[: quiet.size])
        if end - begin >= least_ms
    ]


def clicks(
    recording: Samples, *, factor: float = 4.5, over_median: float = 200.0, least: float = 0.02
) -> list[int]:
    """Samples at which the sound breaks: what its neighbours do not foretell.

    The residual there is ``factor`` times the greatest one of the 20 ms before and after, or
    ``over_median`` times their median, which also finds clicks that come close together. ``least``
    (of full scale) keeps the noise of a pause out. Recorded speech, clean or through a codec,
    reaches 4.1 and 120; a sample that is wrong by 0.1 reaches 5.5 and more, in a hiss too.
    """
    residual, median = _prediction_residual(recording)
    blocks = residual[: residual.size // SAMPLES_PER_MS * SAMPLES_PER_MS]
    if not blocks.size:
        return []
    blocks = blocks.reshape(-1, SAMPLES_PER_MS)
    greatest = blocks.max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(greatest, _AROUND_MS), 2 * _AROUND_MS + 1
    )
    sides = np.delete(around, _AROUND_MS + np.arange(-2, 3), axis=1).max(axis=1)
    usual = np.maximum(median[: blocks.size : SAMPLES_PER_MS], _LEAST_MEDIAN)
    stands_out = (greatest > factor * sides) | (greatest > over_median * usual)
    found: list[int] = []
    for block in np.flatnonzero(stands_out & (greatest > least)):
        at = int(block * SAMPLES_PER_MS + blocks[block].argmax())
        if not found or at > found[-1] + 3 * SAMPLES_PER_MS:  # one break rings on
            found.append(at)
    return found


def tone_clicks(recording: Samples, hz: float, *, least: float = 0.01) -> list[int]:
    """Samples at which a steady tone of ``hz`` is not continued by more than ``least``.

    ``x[n] - 2 cos(w) x[n-1] + x[n-2]`` is zero for any tone of that frequency.
    """
    sound = recording.astype(np.float64)
    coefficient = 2 * math.cos(2 * math.pi * hz / SAMPLE_RATE_HZ)
    residual = np.abs(sound[2:] - coefficient * sound[1:-1] + sound[:-2])
    return [int(at) + 1 for at in np.flatnonzero(residual > least)]


def tone_snr_db(recording: Samples, hz: float) -> float:
    """Power of the tone of ``hz`` over that of all else, by least squares; at most 200."""
    phase = 2 * np.pi * hz * np.arange(recording.size) / SAMPLE_RATE_HZ
    basis = np.stack((np.sin(phase), np.cos(phase)), axis=1)
    sound = recording.astype(np.float64)
    weights, *_ = np.linalg.lstsq(basis, sound, rcond=None)
    fitted = basis @ weights
    rest = float(np.sum((sound - fitted) ** 2))
    return min(200.0, 10 * math.log10(max(_TINY, float(np.sum(fitted**2))) / max(_TINY, rest)))


def _analytic_chirp(duration_ms: float, from_hz: float, to_hz: float) -> NDArray[np.complex128]:
    count = round(duration_ms * SAMPLES_PER_MS)
    at_s = np.arange(count) / SAMPLE_RATE_HZ
    slope = (to_hz - from_hz) / (duration_ms / 1000)
    phase = 2 * np.pi * (from_hz * at_s + slope * at_s**2 / 2)
    analytic: NDArray[np.complex128] = np.hanning(count) ** 0.5 * np.exp(1j * phase)
    return analytic


def _likeness(recording: Samples, pattern: NDArray[np.complex128]) -> NDArray[np.float64]:
    """|correlation| with the analytic pattern at each start, over the energy of what is there."""
    starts = recording.size - pattern.size + 1
    if starts <= 0:
        return np.zeros(0)
    size = _fast_size(recording.size + pattern.size)
    sound = recording.astype(np.float64)
    spectrum = np.fft.fft(sound, size) * np.conj(np.fft.fft(pattern, size))
    correlation = np.abs(np.fft.ifft(spectrum))[:starts]
    energy = np.cumsum(np.concatenate(([0.0], sound**2)))
    local = np.sqrt(np.maximum(energy[pattern.size :] - energy[:starts], 1e-6))
    likeness: NDArray[np.float64] = (
        correlation * math.sqrt(2) / (local * float(np.linalg.norm(pattern)))
    )
    return likeness


def _top(values: NDArray[np.float64], peak: int) -> float:
    """Where the parabola through the peak and its neighbours has its top."""
    if not 0 < peak < values.size - 1:
        return float(peak)
    before, at, after = values[peak - 1 : peak + 2]
    bend = before - 2 * at + after
    return peak + (0.5 * float((before - after) / bend) if bend else 0.0)


def _fast_size(least: int) -> int:
    return 1 << (least - 1).bit_length()


def _levels_per_ms(sound: Samples, length_ms: int) -> NDArray[np.float64]:
    length = length_ms * SAMPLES_PER_MS
    pieces = sound[: sound.size // length * length].astype(np.float64).reshape(-1, length)
    levels: NDArray[np.float64] = 10 * np.log10(np.mean(pieces**2, axis=1) + _TINY)
    return levels


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _prediction_residual(
    recording: Samples,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each sample, what linear prediction does not foretell, and that one's median around."""
    sound = recording.astype(np.float64)
    residual, median = np.zeros(sound.size), np.zeros(sound.size)
    begins = range(0, max(1, sound.size - _CLICK_HOP_SAMPLES), _CLICK_HOP_SAMPLES)
    for begin in begins:
        piece = sound[begin : begin + 2 * _CLICK_HOP_SAMPLES]
        if piece.size <= 8 * _PREDICTION_ORDER:
            break
        unforeseen = _unforeseen(piece)
        skipped = 0 if begin == 0 else _CLICK_HOP_SAMPLES // 2 - _PREDICTION_ORDER
        place = slice(begin + _PREDICTION_ORDER + skipped, begin + piece.size)
        residual[place] = unforeseen[skipped:]
        median[place] = np.median(unforeseen)
    return residual, median


def _unforeseen(piece: NDArray[np.float64]) -> NDArray[np.float64]:
    """The residual of the linear predictor that makes it least, outliers counting less."""
    order = _PREDICTION_ORDER
    past = np.lib.stride_tricks.sliding_window_view(piece, order)[:-1]
    future = piece[order:]
    weights = np.ones(future.size)
    for _ in range(2):
        weighted = past * weights[:, None]
        matrix = weighted.T @ past + _TINY_POWER * weights.sum() * np.eye(order)
        residual = np.abs(future - past @ np.linalg.solve(matrix, weighted.T @ future))
        weights = 1 / np.maximum(residual, 3 * np.median(residual) + _TINY_POWER)
    return np.asarray(residual)
