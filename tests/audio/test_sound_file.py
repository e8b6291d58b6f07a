"""Sound files: every rate and channel count in, one clear line for what is no sound, a WAV out."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from parvis_audio import sound_file
from parvis_audio.errors import ResamplerMissing, SoundFileError
from parvis_audio.level import Samples
from parvis_audio.sound_file import WavWriter, read_mono_48k

TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype(np.float32)


def written(
    path: Path, rate_hz: int = 48_000, channels: int = 1, subtype: str | None = None
) -> Path:
    at = np.arange(rate_hz) / rate_hz
    mono = 0.5 * np.sin(2 * np.pi * 440 * at)
    soundfile.write(path, np.repeat(mono[:, None], channels, axis=1), rate_hz, subtype)
    return path


def alike(found: Samples, wanted: Samples = TONE) -> bool:
    inside = slice(2_000, 46_000)
    return bool(np.abs(found[inside] - wanted[inside]).max() < 0.01)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_any_channels_become_48_khz_mono(
    tmp_path: Path, rate_hz: int, channels: int
) -> None:
    found = read_mono_48k(written(tmp_path / "a.wav", rate_hz, channels))
    assert found.dtype == np.float32
    assert found.ndim == 1
    assert abs(found.size - 48_000) <= 2
    assert alike(found)


@pytest.mark.parametrize(
    ("name", "subtype"),
    [
        ("a.wav", "PCM_24"),
        ("a.wav", "FLOAT"),
        ("a.wav", "PCM_U8"),
        ("a.flac", None),
        ("a.ogg", "VORBIS"),
        ("a.ogg", "OPUS"),
    ],
)
def test_the_usual_formats_are_read(tmp_path: Path, name: str, subtype: str | None) -> None:
    found = read_mono_48k(str(written(tmp_path / name, subtype=subtype)))
    assert np.std(found) == pytest.approx(np.std(TONE), rel=0.05)
    assert np.abs(found).max() <= 1.0


def test_channels_are_averaged(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack((TONE, -TONE), axis=1), 48_000)
    assert np.abs(read_mono_48k(tmp_path / "a.wav")).max() < 1e-3


def line_of(path: Path) -> str:
    with pytest.raises(SoundFileError) as refused:
        read_mono_48k(path)
    text = str(refused.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    assert isinstance(refused.value, OSError)
    return text


def test_what_is_no_sound_gets_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is not sound at all")
    (tmp_path / "sound.raw").write_bytes(b"\0" * 100)
    (tmp_path / "cut.flac").write_bytes(written(tmp_path / "whole.flac").read_bytes()[:20])
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), 48_000)
    assert "no such file" in line_of(tmp_path / "missing.wav")
    assert "empty" in line_of(tmp_path / "empty.wav")
    assert "WAV, FLAC or Ogg" in line_of(tmp_path / "text.wav")
    assert "raw sound" in line_of(tmp_path / "sound.raw")
    assert "folder" in line_of(tmp_path)
    assert "no sound" in line_of(tmp_path / "nothing.wav")
    line_of(tmp_path / "cut.flac")


def test_the_usual_refusals_of_a_disk_have_words() -> None:
    for number, words in ((errno.EACCES, "no permission"), (errno.EROFS, "read-only")):
        assert words in sound_file._reason(OSError(number, os.strerror(number)))
    assert sound_file._reason(OSError(errno.EIO, "broken")) == "broken"


def test_a_file_that_is_far_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_file, "MAX_MINUTES", 0.01)
    assert "longer than" in line_of(written(tmp_path / "a.wav"))


def test_without_soxr_only_other_rates_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert alike(read_mono_48k(written(tmp_path / "a.wav")))
    with pytest.raises(ResamplerMissing, match="pip install soxr"):
        read_mono_48k(written(tmp_path / "b.wav", 16_000))


# --- writing ---


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav") as writer:
        for begin in range(0, 48_000, 480):
            writer.write(TONE[begin : begin + 480])
    assert writer.samples == 48_000
    found, rate_hz = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == 48_000
    assert np.abs(found - TONE).max() < 1e-4
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"


def test_too_loud_is_clipped_and_no_number_is_silence(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(np.array([3.0, -3.0, np.nan, 0.5], dtype=np.float32))
    found, _ = soundfile.read(tmp_path / "a.wav")
    assert found == pytest.approx([1, -1, 0, 0.5], abs=1e-3)


def test_an_old_file_of_that_name_goes(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x" * 10_000)
    WavWriter(tmp_path / "a.wav").close()
    assert (tmp_path / "a.wav").read_bytes() == sound_file.wav_header(0)


def test_closed_is_closed(tmp_path: Path) -> None:
    writer = WavWriter(tmp_path / "a.wav")
    writer.close()
    writer.close()
    with pytest.raises(SoundFileError, match="closed"):
        writer.write(TONE)


KILLED = """
import sys, numpy
from parvis_audio.sound_file import WavWriter
writer = WavWriter(sys.argv[1], header_every_samples=4800)
for _ in range(250):
    writer.write(numpy.full(480, 0.5, dtype=numpy.float32))
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_a_file_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    found = read_mono_48k(path)
    assert 115_200 <= found.size <= 120_000
    assert found.min() > 0.49


def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "no/a.wav", "no such"), (tmp_path, "this is a folder")):
        with pytest.raises(SoundFileError, match=reason) as refused:
            WavWriter(path)
        assert str(refused.value).startswith(f"{path}: cannot write")


FULL_DISK = """
import resource, signal, sys, errno, numpy
from parvis_audio import sound_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_001, 20_001))  # the kernel refuses what is over it
writer = sound_file.WavWriter(sys.argv[1])
try:
    for _ in range(100):
        writer.write(numpy.full(480, 0.5, dtype=numpy.float32))
except sound_file.SoundFileError as error:
    print(error)
"""


def test_what_fits_on_a_full_disk_plays(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"{path}: cannot write: "), done.stderr
    assert done.stdout.count("\n") == 1
    assert read_mono_48k(path).size == 20 * 480


def test_a_full_disk_has_its_name() -> None:
    with pytest.raises(SoundFileError, match="the disk is full"):
        WavWriter("/dev/full")
