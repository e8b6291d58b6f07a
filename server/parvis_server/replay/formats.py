"""Sound in the formats that people play and edit: MP3, FLAC, WAV.

MP3 at a constant rate plays and seeks everywhere, also on iPhones before iOS 18.4, which know no
Ogg, and is what podcast players expect. It is the one format that is encoded for publishing; the
Opus files are the recorder's own packets.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import SoundFileError
from parvis_audio.sound_file import WavWriter
from parvis_server.errors import BadRecording

if TYPE_CHECKING:
    from av.container.core import Chapter

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 48_000

MP3_BITRATE_BPS: Final = 64_000
"""One channel of speech: transparent enough, 29 MB an hour."""

_MP3_EFFORT: Final = {"compression_level": "7"}
"""LAME's scale: 35 times real time on a core here, at 5 it is 21 times, with nothing to hear."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a file says of itself."""

    title: str
    chapters: Sequence[tuple[int, str]] = ()
    """Where each begins, in milliseconds, and what it is called; MP3 has them as ID3 frames."""
    duration_ms: int = 0
    """Where the last one ends."""


class SoundWriter:
    """Takes sound piece by piece; what it makes is there after ``close``."""

    def __init__(self, write: Callable[[Samples], None], close: Callable[[], None]) -> None:
        """``write`` and ``close`` of the format."""
        self.write = write
        self.close = close


def writer(path: Path, label: Label) -> SoundWriter:
    """A writer for the format that ``path`` ends in: ``.mp3``, ``.flac`` or ``.wav``."""
    if path.suffix == ".wav":
        wav = WavWriter(path, header_every_samples=SAMPLE_RATE_HZ * 60)
        return SoundWriter(wav.write, wav.close)
    return _encoder(path, label)


def _encoder(path: Path, label: Label) -> SoundWriter:
    container = av.open(path, "w")
    container.metadata["title"] = label.title
    container.set_chapters(list(_chapters(label)))
    if path.suffix == ".mp3":
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ, options=_MP3_EFFORT)
        stream.bit_rate = MP3_BITRATE_BPS
        sample_format = "fltp"
    else:
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ)
        sample_format = "s16"
    stream.layout = "mono"
    stream.format = sample_format
    written = 0

    def write(sound: Samples) -> None:
        nonlocal written
        if sound.size:
            frame = _frame(sound, sample_format)
            frame.pts = written
            written += sound.size
            container.mux(stream.encode(frame))

    def close() -> None:
        container.mux(stream.encode(None))
        container.close()

    return SoundWriter(write, close)


def _chapters(label: Label) -> "Iterator[Chapter]":
    ends = [begin_ms for begin_ms, _ in label.chapters[1:]] + [label.duration_ms]
    for number, ((begin_ms, title), end_ms) in enumerate(zip(label.chapters, ends, strict=False)):
        yield {
            "id": number,
            "start": begin_ms,
            "end": max(begin_ms, end_ms),
            "time_base": Fraction(1, 1000),
            "metadata": {"title": title},
        }


def _frame(sound: Samples, sample_format: str) -> av.AudioFrame:
    plain = np.clip(np.nan_to_num(sound), -1.0, 1.0)
    if sample_format == "s16":
        plain = np.rint(plain * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(plain[None], format=sample_format, layout="mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    return frame


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """What goes wrong with a file of sound, as one line.

    Raises:
        BadRecording: it cannot be written.
    """
    try:
        yield
    except SoundFileError as error:
        raise BadRecording(f"cannot write {error}") from error
    except (OSError, av.error.FFmpegError) as error:
        raise BadRecording(f"cannot write {path}: {error.strerror}") from error


def write_sound(
    paths: list[Path], label: Label, sound: Iterator[Samples], heard: Callable[[Samples], None]
) -> None:
    """Write the same sound into several files, each in the format that its name ends in.

    Args:
        paths: where to.
        label: what players show.
        sound: pieces of any length.
        heard: is given every piece, too.

    Raises:
        BadRecording: a file cannot be written.
    """
    writers: list[SoundWriter] = []
    with telling(paths[0] if paths else Path()):
        for path in paths:
            writers.append(writer(path, label))
        for piece in sound:
            heard(piece)
            for one in writers:
                one.write(piece)
        for one in writers:
            one.close()
