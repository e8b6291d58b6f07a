"""The reads of a crowd in C, where a compiler exists: a listener's packet costs half as much.

Theory of operation. Nearly every read is whole frames with just the packets that this listener
expects, known already because another listener got them: three numbers are compared and a delay is
counted. That is ``fast_reader.c``, built at run time; it answers pings and passes over messages,
which would hold thousands of others up by a tenth of a second whenever everybody is told something.
Joining, losses, packets that are met for the first time and everything that is encrypted are
``Crowd``'s as ever: the bytes are handed on as they came.
"""

import ctypes
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parvis_server.bench.listening.histogram import BIN_NS, BINS
from parvis_server.bench.listening.ledger import Known
from parvis_server.bench.listening.program import Numbers

SOURCE = Path(__file__).with_name("fast_reader.c")
COMPILERS = ("cc", "gcc", "clang")
COMPILE_TIMEOUT_S = 60.0

MOST_FILES: Final = 1 << 20
"""Further ones are read by ``Crowd``."""


class _Handed(ctypes.Structure):
    _fields_ = (("file", ctypes.c_int32), ("at", ctypes.c_int32), ("size", ctypes.c_int32))


_RETURNS = {
    "reader_new": ctypes.c_void_p,
    "reader_free": None,
    "reader_know": None,
    "reader_take_counts": None,
    "reader_count_no_more": None,
    "reader_follow": ctypes.c_int,
    "reader_leave": None,
    "reader_expected": ctypes.c_void_p,
    "reader_handed": ctypes.POINTER(_Handed),
    "reader_received": ctypes.c_void_p,
    "reader_handed_count": ctypes.c_int,
    "reader_wait": ctypes.c_int,
    "reader_serve": ctypes.c_int,
}


def built() -> ctypes.CDLL | None:
    """The compiled reads; None where there is no compiler, or it does not take them."""
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="parvis-reader-") as folder:
        library = Path(folder) / "fast_reader.so"
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=COMPILE_TIMEOUT_S)
            loaded = ctypes.CDLL(str(library))
        except (OSError, subprocess.SubprocessError):
            return None
    for name, returned in _RETURNS.items():
        getattr(loaded, name).restype = returned
    return loaded


class FastReader:
    """Reads what is ready at an epoll."""

    def __init__(self, library: ctypes.CDLL, poll: int) -> None:
        """``poll``: file descriptor of the epoll; nobody is followed yet."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = MOST_FILES if soft < 0 else min(soft, MOST_FILES)
        self._c = library
        new = library.reader_new(poll, files, BINS, ctypes.c_int64(BIN_NS))
        if not new:
            raise MemoryError(f"no memory for {files} listeners")
        self._reader = ctypes.c_void_p(new)
        self._handed = library.reader_handed(self._reader)
        self._received = library.reader_received(self._reader)
        self.ready = 0
        """Files that had something in the last round."""

    def close(self) -> None:
        """Give everything back; not to be used any more."""
        self._c.reader_free(self._reader)

    def serve(self, within_ms: int) -> Iterator[tuple[int, bytes | None]]:
        """Read once what is ready; what is not counted here, by file. None: read it yourself."""
        self.ready = self._c.reader_wait(self._reader, within_ms)
        is_more = self.ready > 0
        while is_more:
            is_more = self._c.reader_serve(self._reader)
            for one in self._handed[: self._c.reader_handed_count(self._reader)]:
                received = ctypes.string_at(self._received + one.at, max(0, one.size))
                yield one.file, received if one.size >= 0 else None

    def know(self, known: Known) -> None:
        """A packet that others will get too."""
        size, left_ns = ctypes.c_uint32(known.packet.size), ctypes.c_int64(known.left_ns)
        first, next_one = _bytes(known.packet.numbers), _bytes(known.successor)
        counted = known.window is not None
        self._c.reader_know(self._reader, first, next_one, size, left_ns, counted)

    def follow(self, file: int, expected: Numbers) -> None:
        """Read for this listener from now on."""
        self._c.reader_follow(self._reader, file, _bytes(expected))

    def leave(self, file: int) -> None:
        """Read no more for it."""
        self._c.reader_leave(self._reader, file)

    def expected(self, file: int) -> Numbers | None:
        """What a listener expects now; None: it is not followed."""
        address = self._c.reader_expected(self._reader, file)
        return None if not address else _numbers(ctypes.string_at(address, NUMBERS_BYTES))

    def count_no_more(self) -> None:
        """The window is over in which those known so far were counted."""
        self._c.reader_count_no_more(self._reader)

    def take_counts(self) -> list[int]:
        """How many packets had which delay since the last time, as ``Histogram.counts``."""
        counts = (ctypes.c_int64 * BINS)()
        self._c.reader_take_counts(self._reader, counts)
        return list(counts)


NUMBERS_BYTES: Final = 10


def _bytes(numbers: Numbers) -> bytes:
    sequence, timestamp, ssrc = numbers
    return sequence.to_bytes(2) + timestamp.to_bytes(4) + ssrc.to_bytes(4)


def _numbers(told: bytes) -> Numbers:
    return int.from_bytes(told[:2]), int.from_bytes(told[2:6]), int.from_bytes(told[6:])
