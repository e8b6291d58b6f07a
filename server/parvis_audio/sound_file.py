"""Sound files in and out: any WAV, FLAC or Ogg as 48 kHz mono, and a WAV that survives a kill.

The adapter over ``soundfile`` (libsndfile). ``soxr``, imported only then, converts other rates.
What goes wrong here is the user's file or disk: every error is one line that names the file.
"""

import errno
import importlib
import io
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ResamplerMissing, SoundFileError

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 48_000

MAX_MINUTES: Final = 120
"""Two hours are 1.4 GB in memory; a longer file is a mistake here."""

_BYTES_PER_SAMPLE = 2
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_WAV_SAMPLES = (2**32 - 1 - _HEADER.size) // _BYTES_PER_SAMPLE
"""A WAV header counts bytes in 32 bits: 12 hours of this."""


def read_mono_48k(path: str | os.PathLike[str]) -> Samples:
    """The whole file as ``(n,)`` float32 in [-1, 1] at 48 kHz; channels are averaged.

    ``SoundFileError`` when it is missing, unreadable, empty, too long or not sound;
    ``ResamplerMissing`` when it has another rate and soxr is not installed.
    """
    path = Path(path)
    _check_readable(path)
    samples, rate_hz = _read(path, path)
    if not samples.size:
        raise SoundFileError(f"{path}: there is no sound in the file")
    return _sane_mono(samples, rate_hz, path)


def mono_48k_of(file: bytes, name: str) -> Samples:
    """The same of a file in memory, called ``name`` in errors."""
    samples, rate_hz = _read(io.BytesIO(file), name)
    if not samples.size:
        raise SoundFileError(f"{name}: there is no sound in it")
    return _sane_mono(samples, rate_hz, name)


def _sane_mono(samples: Samples, rate_hz: int, name: str | Path) -> Samples:
    mono = samples.mean(axis=1, dtype=np.float32)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = _resampled(mono, rate_hz, name)
    sane: Samples = np.clip(np.nan_to_num(mono), -1.0, 1.0)
    return sane


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise SoundFileError(f"{path}: this is a folder, not a sound file")
    try:
        with path.open("rb") as file:
            begin = file.read(1)
    except OSError as error:
        raise SoundFileError(f"{path}: {_reason(error)}") from error
    if not begin:
        raise SoundFileError(f"{path}: the file is empty")


def _read(source: Path | BinaryIO, path: str | Path) -> tuple[Samples, int]:
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            rate_hz = int(file.samplerate)
            if file.frames > MAX_MINUTES * 60 * rate_hz:
                raise SoundFileError(f"{path}: longer than {MAX_MINUTES} minutes")
            return file.read(dtype="float32", always_2d=True), rate_hz
    except soundfile.LibsndfileError as error:
        raise SoundFileError(
            f"{path}: not sound in a format that can be read, such as WAV, FLAC or Ogg "
            f"({error.error_string})"
        ) from error
    except TypeError as error:  # soundfile takes ".raw" for headerless sound and asks for its rate
        raise SoundFileError(f"{path}: raw sound has no header; save it as WAV") from error


def _resampled(mono: Samples, rate_hz: int, path: str | Path) -> Samples:
    try:
        soxr: Any = importlib.import_module("soxr")
    except ImportError as error:
        raise ResamplerMissing(
            f"{path}: {rate_hz} Hz must become 48000 Hz, and soxr is not installed: "
            "`pip install soxr`, or convert the file"
        ) from error
    resampled: Samples = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
    return resampled.astype(np.float32, copy=False)


class WavWriter:
    """Writes 16 bit mono 48 kHz sound as it comes; whatever ends the process, the file plays.

    The header is written anew after every ``header_every_samples``: a killed process loses at most
    that much. A context manager; ``close`` may be called twice.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, header_every_samples: int = SAMPLE_RATE_HZ
    ) -> None:
        """Create the file (an old one of that name goes); ``SoundFileError`` when it cannot be."""
        self.path = Path(path)
        self.samples = 0
        """Samples written so far."""
        self._header_every = header_every_samples
        self._in_header = 0
        self._file: BinaryIO | None = None
        try:
            self._file = self.path.open("wb", buffering=0)
            self._write_header(self._file)
        except OSError as error:
            self._abandon()
            raise SoundFileError(f"{self.path}: cannot write: {_reason(error)}") from error

    def write(self, samples: Samples) -> None:
        """Append ``(n,)`` samples; louder than 1 is clipped, what is no number is silence.

        ``SoundFileError`` when the disk is full or the file too long; what is in it plays.
        """
        if self._file is None:
            raise SoundFileError(f"{self.path}: the file is closed already")
        if self.samples + samples.size > _MAX_WAV_SAMPLES:
            self.close()
            raise SoundFileError(f"{self.path}: a WAV file holds no more than 12 hours")
        sound = np.clip(np.nan_to_num(samples), -1.0, 1.0)
        try:
            _write_all(self._file, np.rint(sound * 32767).astype("<i2").tobytes())
            self.samples += samples.size
            if self.samples - self._in_header >= self._header_every:
                self._write_header(self._file)
        except OSError as error:
            self._finish_quietly()
            raise SoundFileError(f"{self.path}: cannot write: {_reason(error)}") from error

    def close(self) -> None:
        """Finish the file; ``SoundFileError`` when the disk refuses the last of it."""
        if self._file is None:
            return
        try:
            self._write_header(self._file)
            self._file.close()
        except OSError as error:
            raise SoundFileError(f"{self.path}: cannot write: {_reason(error)}") from error
        finally:
            self._abandon()

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file."""
        self.close()

    def _write_header(self, file: BinaryIO) -> None:
        """In place: the length is inside what was there before, so a full disk does not matter."""
        file.seek(0)
        _write_all(file, wav_header(self.samples))
        file.seek(0, os.SEEK_END)
        self._in_header = self.samples

    def _finish_quietly(self) -> None:
        """After an error: let the header say what is there, as far as the disk allows."""
        try:
            if self._file is not None:
                self._file.truncate(_HEADER.size + self.samples * _BYTES_PER_SAMPLE)
                self._write_header(self._file)
        except OSError:
            pass  # the header written last still holds
        self._abandon()

    def _abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def wav_header(samples: int) -> bytes:
    """The 44 bytes before ``samples`` samples of 16 bit mono PCM at 48 kHz (RIFF WAVE)."""
    size = samples * _BYTES_PER_SAMPLE
    rate = SAMPLE_RATE_HZ
    return _HEADER.pack(
        *(b"RIFF", _HEADER.size - 8 + size, b"WAVE", b"fmt ", 16, 1, 1),
        *(rate, rate * _BYTES_PER_SAMPLE, _BYTES_PER_SAMPLE, 16, b"data", size),
    )


def _write_all(file: BinaryIO, content: bytes) -> None:
    """An unbuffered write may take a part only: a full disk shows at the rest."""
    while content:
        content = content[file.write(content) :]


def _reason(error: OSError) -> str:
    known = {
        errno.ENOENT: "no such file or folder",
        errno.EACCES: "no permission",
        errno.ENOSPC: "the disk is full",
        errno.EISDIR: "this is a folder",
        errno.EROFS: "the disk is read-only",
    }
    return known.get(error.errno or 0, error.strerror or str(error))
