"""Where the listener's sound goes: a WAV file, a sound card."""

import contextlib
import os
import struct
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from parvis_server.errors import OutputError, UsageError

Frame = NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000
BYTES_PER_SAMPLE = 2

HEADER_EVERY_FRAMES = 50
"""Half a second: what a killed recording may lack at its end."""

MAX_WAV_BYTES = 0xFFFF_FFFF - 36
"""The format counts in 32 bits: 12 hours."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class Sink(Protocol):
    """Takes frames as they are heard."""

    def write(self, frame: Frame) -> None:
        """The next 10 ms; raises ``OutputError`` when they cannot be kept."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class WavFile:
    """16 bit mono WAV whose header is true again twice a second, so that it outlives a kill."""

    def __init__(self, path: Path) -> None:
        """Create or overwrite ``path``; raises ``OutputError``, or ``UsageError`` for its name."""
        if path.suffix.lower() != ".wav" and not path.is_char_device():
            raise UsageError(f"--output {path}: only WAV is written, give a name ending in .wav")
        self._path = path
        self._frames = 0
        self._bytes = 0
        with self._telling():
            self._file = path.open("wb", buffering=0)
        try:
            self._write(_header(0))
        except OutputError:
            self._file.close()
            raise

    def write(self, frame: Frame) -> None:
        """Add a frame; what is over full scale is clipped."""
        samples = np.rint(np.clip(frame, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
        if self._bytes + len(samples) > MAX_WAV_BYTES:
            raise OutputError(f"{self._path} is full: a WAV file holds 12 hours")
        self._write(samples)
        self._bytes += len(samples)
        self._frames += 1
        if self._frames % HEADER_EVERY_FRAMES == 0:
            self._true_header()

    def close(self) -> None:
        """Complete the header."""
        try:
            self._true_header()
        finally:
            self._file.close()

    def _true_header(self) -> None:
        with self._telling(), contextlib.suppress(BlockingIOError):
            os.pwrite(self._file.fileno(), _header(self._bytes), 0)

    def _write(self, octets: bytes) -> None:
        with self._telling():
            while octets:
                octets = octets[self._file.write(octets) :]

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error


def _header(byte_count: int) -> bytes:
    """Canonical header of a PCM WAV file with ``byte_count`` bytes of samples."""
    return _HEADER.pack(
        *(b"RIFF", 36 + byte_count, b"WAVE", b"fmt ", 16, 1, 1),
        *(SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE),
        *(8 * BYTES_PER_SAMPLE, b"data", byte_count),
    )


MAX_QUEUED_FRAMES = 20
"""200 ms between us and the sound card: more is dropped, the oldest first."""

FIRST_QUEUED_FRAMES = 4
"""40 ms of lead over the card, for a desktop's stalls."""


class SoundCard:
    """Plays on the default output. The card's clock takes, ours gives; the queue bears the rest."""

    def __init__(self) -> None:
        """Open the card; raises ``OutputError``."""
        self._frames: deque[bytes] = deque(maxlen=MAX_QUEUED_FRAMES)
        self._primed = threading.Event()
        try:
            import sounddevice

            self._stream = sounddevice.RawOutputStream(
                samplerate=SAMPLE_RATE_HZ,
                blocksize=480,
                channels=1,
                dtype="int16",
                latency="low",
                callback=self._fill,
            )
            self._stream.start()
        except (OSError, ImportError) as error:
            raise OutputError(
                "--play needs PortAudio: install libportaudio2 (Debian, Ubuntu, Raspberry Pi OS)"
            ) from error
        except sounddevice.PortAudioError as error:
            raise OutputError(f"--play: no sound card can play 48 kHz ({error.args[0]})") from error

    def write(self, frame: Frame) -> None:
        """Queue a frame for the card."""
        self._frames.append(np.rint(np.clip(frame, -1, 1) * 32_767).astype("<i2").tobytes())
        if len(self._frames) >= FIRST_QUEUED_FRAMES:
            self._primed.set()

    def close(self) -> None:
        """Stop at once."""
        self._stream.close(ignore_errors=True)

    def _fill(self, out: Any, _frames: int, _time: object, _status: object) -> None:
        """PortAudio's thread: copy and return."""
        try:
            if not self._primed.is_set():
                raise IndexError
            out[:] = self._frames.popleft()
        except IndexError:
            self._primed.clear()
            out[:] = bytes(len(out))


class Sinks:
    """All of them at once; closed together whatever happens."""

    def __init__(self, *sinks: Sink) -> None:
        """Write to each of ``sinks``."""
        self._sinks = sinks

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close every sink, also when another one cannot be closed."""
        with contextlib.ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.close)

    def write(self, frame: Frame) -> None:
        """The next 10 ms, to all."""
        for sink in self._sinks:
            sink.write(frame)
