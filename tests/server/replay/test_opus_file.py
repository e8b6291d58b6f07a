"""Ogg Opus as it is written and read: whole, torn, with gaps; sound by position."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.recordings import opus_file
from fakes.voices import voice
from parvis_server.errors import BadRecording
from parvis_server.replay.opus_file import OpusFile, OpusSound, TimedPacket, read_opus, write_opus

SOUND = voice(3, 5)


@pytest.fixture(scope="module")
def opus() -> OpusFile:
    return opus_file(SOUND)


def test_what_was_written_is_read(tmp_path: Path, opus: OpusFile) -> None:
    write_opus(tmp_path / "a.opus", opus)
    assert read_opus(tmp_path / "a.opus") == opus


def test_another_program_reads_it(tmp_path: Path, opus: OpusFile) -> None:
    write_opus(tmp_path / "a.opus", opus)
    sound, rate_hz = soundfile.read(tmp_path / "a.opus", dtype="float32")
    assert (rate_hz, sound.shape) == (48_000, (opus.end - opus.pre_skip,))
    ours = OpusSound(opus.packets).read(opus.pre_skip, opus.end)
    assert np.abs(ours - sound).max() < 0.001


@pytest.mark.parametrize("cut", [1, 700, 5_000])
def test_a_torn_end_costs_its_page_alone(tmp_path: Path, opus: OpusFile, cut: int) -> None:
    path = tmp_path / "a.opus"
    write_opus(path, opus)
    path.write_bytes(path.read_bytes()[:-cut])
    read = read_opus(path)
    assert read.packets == opus.packets[: len(read.packets)]
    assert 50 <= len(read.packets) < len(opus.packets)


def test_a_gap_stays_a_gap(tmp_path: Path, opus: OpusFile) -> None:
    late = tuple(TimedPacket(p.begin + 4_800, p.samples, p.payload) for p in opus.packets[70:])
    gapped = replace(opus, packets=opus.packets[:70] + late)
    write_opus(tmp_path / "a.opus", gapped)
    read = read_opus(tmp_path / "a.opus")
    assert [one for one in read.packets if len(one.payload) > 2] == list(gapped.packets)
    assert all(a.end == b.begin for a, b in pairwise(read.packets))
    sound, _ = soundfile.read(tmp_path / "a.opus", dtype="float32")
    assert sound.size == opus.end + 4_800 - opus.pre_skip


def test_sound_is_the_same_wherever_reading_begins(opus: OpusFile) -> None:
    whole = OpusSound(opus.packets).read(0, opus.end)
    middle = OpusSound(opus.packets).read(100_000, 130_000)
    assert np.abs(middle - whole[100_000:130_000]).max() < 0.02
    pieces = OpusSound(opus.packets)
    parts = [
        pieces.read(begin, min(begin + 7_000, opus.end)) for begin in range(0, opus.end, 7_000)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("content", [b"", b"RIFF and so on", b"OggS"])
def test_what_is_no_recording_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.opus"
    path.write_bytes(content)
    with pytest.raises(BadRecording, match="is no Ogg Opus"):
        read_opus(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="cannot read"):
        read_opus(tmp_path / "a.opus")
