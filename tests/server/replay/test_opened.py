"""A folder as the recorder leaves it is opened: sound, places, events; what is wrong is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fakes.recordings import BEGIN, RATE, Said, write_recording
from fakes.voices import voice
from parvis_server.errors import BadRecording
from parvis_server.replay.bus import summed
from parvis_server.replay.opened import damaged, every, find, open_recording
from parvis_server.replay.opus_file import OpusSound

ANN = Said("ann", "Ann", voice(2, 1), 1.0)
BOB = Said("bob", "Bob", voice(2, 2), 4.0, text="Why?")


def test_tracks_lie_where_they_were_in_the_mix(tmp_path: Path) -> None:
    opened = open_recording(write_recording(tmp_path, [ANN, BOB], bus_gain=1.0))
    tracks = [opened.track(kept) for kept in opened.description.tracks]
    mix = opened.mix()
    total = summed(tracks, BEGIN, BEGIN + 8 * RATE)
    lag = 72  # the limiter's look-ahead
    heard = OpusSound(mix.opus.packets).read(mix.opus.pre_skip + lag, mix.opus.pre_skip + 8 * RATE)
    total = total[: heard.size]
    likeness = float(total @ heard / np.sqrt((total @ total) * (heard @ heard)))
    assert likeness > 0.8


def test_chapters_come_from_the_log(tmp_path: Path) -> None:
    opened = open_recording(write_recording(tmp_path, [ANN, BOB]))
    found = opened.chapters(BEGIN + 10 * RATE)
    assert [(one.name, one.begin_ms, one.text) for one in found] == [
        ("Ann", 1000, None),
        ("Bob", 4000, "Why?"),
    ]


def test_a_torn_last_event_is_left_away_and_a_damaged_one_told(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN])
    events = folder / "events.jsonl"
    whole = events.read_bytes()
    events.write_bytes(whole[:-9])
    assert len(open_recording(folder).log().events) == 2
    events.write_bytes(b"{}\n" + whole)
    with pytest.raises(BadRecording, match="line 1 is no event"):
        open_recording(folder).log()


def test_recordings_are_found_by_name_and_by_room(tmp_path: Path) -> None:
    write_recording(tmp_path, [], number=1)
    write_recording(tmp_path, [], number=2)
    assert [one.description.recording[-1] for one in every(tmp_path)] == ["2", "1"]
    assert find(tmp_path, "main").description.recording == "20260921T120002Z-2"
    assert find(tmp_path, "main/20260921T120001Z-1").name == "main/20260921T120001Z-1"
    with pytest.raises(BadRecording, match="there is no recording 'other'"):
        find(tmp_path, "other")


def test_one_damaged_description_hides_no_other(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [], number=1)
    write_recording(tmp_path, [], number=2)
    (folder / "recording.json").write_text('{"version": 1}')
    assert len(list(every(tmp_path))) == 1
    [told] = damaged(tmp_path)
    assert "recording.json" in told and "\n" not in told


def test_a_folder_without_a_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="holds no recording"):
        open_recording(tmp_path)


def test_a_part_of_a_track_sounds_as_the_whole_does_there(tmp_path: Path) -> None:
    """Only what lies beside a voice is decoded to make the mix again without it."""
    long = Said("ann", "Ann", voice(9, 1), 0.5)
    opened = open_recording(write_recording(tmp_path, [long]))
    [kept] = opened.description.tracks
    span = (BEGIN + 6 * RATE, BEGIN + 7 * RATE)
    part, whole = opened.track(kept, [span]), opened.track(kept)
    near = (span[0] - RATE, span[1] + RATE)
    assert np.abs(part.mixed(*near) - whole.mixed(*near)).max() < 0.02
    assert not part.mixed(BEGIN, BEGIN + 2 * RATE).any()
