"""The one adapter over libsamplerate: sound in, sound out, at a ratio that may move.

The package ``samplerate`` brings the library. Its own call holds the interpreter lock for the 40 us
that 10 ms take; here the library's function is called through ctypes over the same file, which
gives the lock back, so that two threads can resample two sources at once. Where a build hides that
function, the package's call is used: the same samples, one source at a time.
"""

import ctypes
import functools
import math
import weakref
from typing import Any, Final, Protocol

import numpy as np
import samplerate
from numpy.typing import NDArray

from parvis_audio.work import Job

Samples = NDArray[np.float32]

PIECE_SAMPLES: Final = 2_400
"""The most that is fed at a time: more than a frame at the slowest ratio."""

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


class Library(Protocol):
    """libsamplerate's state for one stream."""

    def process(self, samples: Samples, ratio: float, into: Samples) -> Job[int]:
        """Resample up to ``PIECE_SAMPLES``; the count of what now stands in ``into``."""
        ...


class _Direct:
    """Through ctypes, without the interpreter lock."""

    def __init__(self, functions: dict[str, Any]) -> None:
        code = ctypes.c_int()
        self._state = functions["src_new"](_SINC_FASTEST, 1, ctypes.byref(code))
        if not self._state:
            raise MemoryError(f"libsamplerate gave no state (its error {code.value})")
        weakref.finalize(self, functions["src_delete"], self._state)
        self._input: Samples = np.zeros(PIECE_SAMPLES, dtype=np.float32)
        self._output: Samples = np.zeros(2 * PIECE_SAMPLES, dtype=np.float32)
        self._work = _Work(
            input=self._input.ctypes.data,
            output=self._output.ctypes.data,
        )
        self._call = functools.partial(
            functions["src_process"], self._state, ctypes.addressof(self._work)
        )

    def process(self, samples: Samples, ratio: float, into: Samples) -> Job[int]:
        work, size = self._work, samples.size
        self._input[:size] = samples
        work.input_samples, work.ratio = size, ratio
        # The library moves to a new ratio over the room it is given: no more than will be filled.
        work.output_samples = math.ceil(size * ratio)
        code = yield self._call
        if code:
            raise RuntimeError(f"libsamplerate refused {size} samples at {ratio} (error {code})")
        given: int = work.given_samples
        into[:given] = self._output[:given]
        return given


class _Package:
    """Through the package's own call."""

    def __init__(self) -> None:
        self._resampler = samplerate.Resampler("sinc_fastest", 1)

    def process(self, samples: Samples, ratio: float, into: Samples) -> Job[int]:
        yield from ()  # its call keeps the lock: nothing to hand out
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


def open_library() -> Library:
    """A new stream's state."""
    functions = direct_functions()
    return _Package() if functions is None else _Direct(functions)
