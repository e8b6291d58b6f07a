"""Brings a source from its own crystal's rate to ours, a few parts per million at a time.

An adapter over libsamplerate (`sinc_fastest`) in its streaming form, which moves from the last
ratio to the next within the samples it is given: no step, no click. Measured here at 200 and
1000 ppm with tones of 1, 6 and 12 kHz: signal to noise 101 to 120 dB, 35 to 47 us for 10 ms, and it
keeps back 20 samples (0.4 ms). ``soxr`` (vr=True) needs 20 to 26 us with 102 to 119 dB, but keeps
back 240 samples (5 ms), a tenth of everything between mouth and loudspeaker.

The package ``samplerate`` brings the library. Its own call holds the interpreter lock for those
40 us; here the library's function is called through ctypes over the same file, which gives the lock
back, so that two threads resample two sources at once. Where a build hides that function, the
package's call is used: the same samples, one source at a time.

The library gives 479, 480 or 481 samples for 480. Behind it stands a small store that hands out
whole frames; a caller that feeds ``wanted_samples`` keeps no more than a sample waiting in it.
"""

import ctypes
import functools
import math
import weakref
from typing import Any, Final, Protocol

import numpy as np
import samplerate
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FRAME_SAMPLES = 480

RETAINED_SAMPLES = 20
"""What the filter keeps back: half of the length of ``sinc_fastest`` at ratios around one."""

MAX_WAITING_SAMPLES = 4_800
"""Bound of the store behind the library: 100 ms; a caller that never takes loses the oldest."""

_MAX_DEVIATION: Final = 0.01
"""Ratios are bent to 1 +- 1 %: twice what any rule asks for; beyond lies a fault, not a crystal."""

_PIECE_SAMPLES: Final = 2_400
"""Fed to the library at a time; a frame at the slowest ratio is well below."""
_ROOM_SAMPLES: Final = MAX_WAITING_SAMPLES + _PIECE_SAMPLES + _PIECE_SAMPLES // 50
"""The store, and what one piece may give at the greatest ratio beside it."""

_SINC_FASTEST: Final = 2
"""``SRC_SINC_FASTEST`` of samplerate.h."""


class _Work(ctypes.Structure):
    """``SRC_DATA`` of samplerate.h."""

    _fields_ = (
        ("input", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("input_samples", ctypes.c_long),
        ("output_samples", ctypes.c_long),
        ("used_samples", ctypes.c_long),
        ("given_samples", ctypes.c_long),
        ("end_of_input", ctypes.c_int),
        ("ratio", ctypes.c_double),
    )


class _Library(Protocol):
    """libsamplerate's state for one stream."""

    def process(self, samples: Samples, ratio: float, into: Samples) -> int:
        """Resample up to ``_PIECE_SAMPLES``; the count of what now stands in ``into``."""
        ...


class _Direct:
    """Through ctypes, without the interpreter lock."""

    def __init__(self, functions: dict[str, Any]) -> None:
        code = ctypes.c_int()
        self._process = functions["src_process"]
        self._state = functions["src_new"](_SINC_FASTEST, 1, ctypes.byref(code))
        if not self._state:
            raise MemoryError(f"libsamplerate gave no state (its error {code.value})")
        weakref.finalize(self, functions["src_delete"], self._state)
        self._input: Samples = np.zeros(_PIECE_SAMPLES, dtype=np.float32)
        self._output: Samples = np.zeros(2 * _PIECE_SAMPLES, dtype=np.float32)
        self._work = _Work(
            input=self._input.ctypes.data,
            output=self._output.ctypes.data,
        )
        self._address = ctypes.addressof(self._work)

    def process(self, samples: Samples, ratio: float, into: Samples) -> int:
        work, size = self._work, samples.size
        self._input[:size] = samples
        work.input_samples, work.ratio = size, ratio
        # The library moves to a new ratio over the room it is given: no more than will be filled.
        work.output_samples = math.ceil(size * ratio)
        code = self._process(self._state, self._address)
        if code:
            raise RuntimeError(f"libsamplerate refused {size} samples at {ratio} (error {code})")
        given: int = work.given_samples
        into[:given] = self._output[:given]
        return given


class _Package:
    """Through the package's own call."""

    def __init__(self) -> None:
        self._resampler = samplerate.Resampler("sinc_fastest", 1)

    def process(self, samples: Samples, ratio: float, into: Samples) -> int:
        resampled = self._resampler.process(samples, ratio)
        into[: resampled.size] = resampled
        return int(resampled.size)


@functools.cache
def direct_functions() -> dict[str, Any] | None:
    """The library's functions by name; None when the package's build hides them."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "src_new": (pointer, [integer, integer, ctypes.POINTER(integer)]),
        "src_process": (integer, [pointer, pointer]),
        "src_delete": (pointer, [pointer]),
    }
    functions = {}
    try:
        handle = ctypes.CDLL(samplerate.__file__)
        for name, (result, arguments) in signatures.items():
            function = handle[name]
            function.restype, function.argtypes = result, arguments
            functions[name] = function
    except (OSError, AttributeError):
        return None
    return functions


def _library() -> _Library:
    functions = direct_functions()
    return _Package() if functions is None else _Direct(functions)


class Resampler:
    """One source's stream, from its rate to ours."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        """``frame_samples``: length of what ``take`` returns."""
        self._frame_samples = frame_samples
        self._store: Samples = np.zeros(_ROOM_SAMPLES, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a gap that is cross-faded elsewhere."""
        self._library = _library()
        self._waiting_samples = 0
        self._fed_samples = 0
        self._ratio = 1.0

    @property
    def ready(self) -> bool:
        """Whether ``take`` has a whole frame."""
        return self._waiting_samples >= self._frame_samples

    @property
    def input_position(self) -> float:
        """Which sample fed in, counted from zero and with a fraction, ``take`` hands out next."""
        return max(self._fed_samples - self.held_samples, 0.0)

    @property
    def held_samples(self) -> float:
        """How many of the samples fed in have not been handed out, the filter's own included."""
        return RETAINED_SAMPLES + self._waiting_samples / self._ratio

    def wanted_samples(self, ratio: float) -> int:
        """How many samples to feed at this ratio so that ``take`` then has a frame; 0 if it has."""
        missing = self._frame_samples - self._waiting_samples
        if missing <= 0:
            return 0
        start = RETAINED_SAMPLES if self._fed_samples == 0 else 0
        slowest = min(_bounded(ratio), self._ratio)  # the library moves from one to the other
        return math.ceil(missing / slowest) + start + 1

    def feed(self, samples: Samples, ratio: float) -> None:
        """Resample ``samples``; ``ratio``: output samples per input sample, about one."""
        if samples.size == 0:
            return
        self._ratio = _bounded(ratio)
        for begin in range(0, samples.size, _PIECE_SAMPLES):
            self._feed(samples[begin : begin + _PIECE_SAMPLES])

    def _feed(self, piece: Samples) -> None:
        waiting = self._waiting_samples
        waiting += self._library.process(piece, self._ratio, self._store[waiting:])
        if waiting > MAX_WAITING_SAMPLES:
            self._drop(waiting - MAX_WAITING_SAMPLES, waiting)
            waiting = MAX_WAITING_SAMPLES
        self._waiting_samples = waiting
        self._fed_samples += piece.size

    def take(self) -> Samples:
        """The next frame, a new array. ``ValueError`` when there is none: ask ``ready`` first."""
        size, waiting = self._frame_samples, self._waiting_samples
        if waiting < size:
            raise ValueError(f"a frame has {size} samples, {waiting} are waiting")
        frame = self._store[:size].copy()
        self._drop(size, waiting)
        self._waiting_samples = waiting - size
        return frame

    def _drop(self, samples: int, waiting: int) -> None:
        """Move what waits behind the first ``samples`` to the front of the store."""
        self._store[: waiting - samples] = self._store[samples:waiting]


def _bounded(ratio: float) -> float:
    return min(max(ratio, 1 - _MAX_DEVIATION), 1 + _MAX_DEVIATION)
