"""Where the listener's sound goes: a WAV file, a sound card."""

import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import SoundFileError
from parvis_audio.sound_file import WavWriter
from parvis_server.errors import OutputError, UsageError

Frame = NDArray[np.float32]

SAMPLE_RATE_HZ = 48_000

HEADER_EVERY_SAMPLES = 24_000
"""Half a second: what a killed recording may lack at its end."""


class Sink(Protocol):
    """Takes frames as they are heard."""

    def write(self, frame: Frame) -> None:
        """The next 10 ms; raises ``OutputError`` when they cannot be kept."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class WavFile:
    """16 bit mono WAV that plays whatever ends the process."""

    def __init__(self, path: Path) -> None:
        """Create or overwrite ``path``; raises ``OutputError``, or ``UsageError`` for its name."""
        if path.suffix.lower() != ".wav":
            raise UsageError(f"--output {path}: only WAV is written, give a name ending in .wav")
        with _telling():
            self._file = WavWriter(path, header_every_samples=HEADER_EVERY_SAMPLES)

    def write(self, frame: Frame) -> None:
        """Add a frame; raises ``OutputError`` when the disk is full."""
        with _telling():
            self._file.write(frame)

    def close(self) -> None:
        """Complete the file."""
        with _telling():
            self._file.close()


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except SoundFileError as error:
        raise OutputError(f"--output {error}") from error


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


def open_sinks(output: Path | None, *, play: bool) -> list[Sink]:
    """What ``--output`` and ``--play`` ask for; raises ``OutputError`` or ``UsageError``."""
    opened: list[Sink] = [] if output is None else [WavFile(output)]
    if play:
        opened.append(SoundCard())
    return opened
