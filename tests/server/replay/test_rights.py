"""Export and erasure, per person and per room; the clock of retention; deletion that is checked."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import soundfile

from fakes.recordings import BEGUN_UTC_MS, Said, built_page, write_recording
from fakes.voices import voice
from parvis_server.errors import BadRecording
from parvis_server.replay.export import person_files, room_files, write_files, write_zip
from parvis_server.replay.keeping import copies_of, known_copies, remember_copy
from parvis_server.replay.opened import every, open_recording
from parvis_server.replay.publish import Wish, prepare, publish
from parvis_server.replay.refusals import note_unpublished
from parvis_server.replay.retention import DAY_MS, days_left, deleted_at_utc_ms, is_due
from parvis_server.replay.rights import (
    erase_person,
    erase_recording,
    erase_room,
    mentions,
    participants_called,
    sweep,
)
from parvis_server.replay.wishes import wished
from parvis_server.replay.withdraw import withdraw

RATE = 48_000
ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
NOW = BEGUN_UTC_MS + 3_600_000


def quiet(done: int, total: int) -> None:
    assert done <= total


def write(recordings: Path, *said: Said, **more: object) -> Path:
    return write_recording(recordings, list(said), length_s=4, **more)  # type: ignore[arg-type]


def test_a_person_is_erased_from_every_recording(tmp_path: Path) -> None:
    write(tmp_path, ANN, BOB, number=1)
    write(tmp_path, BOB, number=2)
    write(tmp_path, ANN, number=3)
    changed = erase_person(tmp_path, "bob-id", NOW, quiet)
    assert [name[-1] for name in changed] == ["2", "1"]
    assert list(mentions(tmp_path, "bob-id")) == []
    assert list(mentions(tmp_path, "ann-id"))


def test_a_recording_that_fails_hinders_no_other_and_is_told(tmp_path: Path) -> None:
    first = write(tmp_path, ANN, number=1)
    broken = write(tmp_path, ANN, number=2)
    (broken / "mix.opus").write_bytes(b"nothing")
    with pytest.raises(BadRecording, match=r"mix\.opus"):
        erase_person(tmp_path, "ann-id", NOW, quiet)
    assert open_recording(first).description.tracks == ()
    assert wished(broken) == {"ann-id"}


def test_whom_nobody_may_hear_is_not_named_again_when_they_are_out(tmp_path: Path) -> None:
    folder = write(tmp_path, ANN)
    note_unpublished(open_recording(folder), {"ann-id"})
    withdraw(folder, ["ann-id"], NOW, quiet)
    note_unpublished(open_recording(folder), {"ann-id"})
    assert list(mentions(tmp_path, "ann-id")) == []


def test_an_id_that_is_left_somewhere_is_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path, ANN)
    (folder / "note.txt").write_text("ann-id was here")
    with pytest.raises(BadRecording, match=r"still named in .*note\.txt"):
        erase_person(tmp_path, "ann-id", NOW, quiet)


def test_a_recording_goes_with_every_copy_of_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "recordings", ANN)
    prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    public = publish(open_recording(folder), tmp_path / "web", NOW)
    assert erase_recording(open_recording(folder), NOW) == 1
    assert not public.exists() and not folder.exists()
    assert list(every(tmp_path / "recordings")) == []
    said = (tmp_path / "recordings/audit.jsonl").read_text()
    assert json.loads(said.splitlines()[-1])["act"] == "erase"
    assert "Ann" not in said and "ann-id" not in said


def test_a_copy_on_a_disk_that_is_not_there_is_not_forgotten(tmp_path: Path) -> None:
    folder = write(tmp_path / "recordings")
    disk, away = tmp_path / "disk", tmp_path / "away"
    (disk / "web/one").mkdir(parents=True)
    remember_copy(folder, disk / "web/one")
    disk.rename(away)
    (tmp_path / "here").mkdir()
    remember_copy(folder, tmp_path / "here")
    assert withdraw(folder, ["ann-id"], NOW, quiet).unreached == (disk / "web/one",)
    assert not (tmp_path / "here").exists()
    away.rename(disk)
    assert copies_of(folder) == (disk / "web/one",)
    assert withdraw(folder, [], NOW, quiet).copies == 1
    assert not (disk / "web/one").exists() and known_copies(folder) == ()


def test_who_deletes_is_told_of_a_copy_that_cannot_be_reached(tmp_path: Path) -> None:
    folders = [write(tmp_path / "recordings", number=at, retention_days=1) for at in (1, 2)]
    remember_copy(folders[1], tmp_path / "disk/web/one")
    with pytest.raises(BadRecording, match=r"is deleted, but for copies .*disk/web/one"):
        sweep(tmp_path / "recordings", NOW + 2 * DAY_MS)
    assert [folder.exists() for folder in folders] == [False, False]


def test_a_recording_that_goes_on_is_not_erased(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="stop it first"):
        erase_recording(open_recording(write(tmp_path, ANN, is_growing=True)), NOW)


def test_a_file_that_cannot_be_deleted_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path, ANN)
    monkeypatch.setattr("shutil.rmtree", lambda path: None)
    with pytest.raises(BadRecording, match="still there after it was deleted"):
        erase_recording(open_recording(folder), NOW)


def test_the_clock_of_retention(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path, retention_days=7)).description
    over = deleted_at_utc_ms(recording)
    assert over == recording.begun_utc_ms + 7 * DAY_MS
    assert (is_due(recording, over - 1), is_due(recording, over)) == (False, True)
    assert (days_left(recording, over - DAY_MS), days_left(recording, over + DAY_MS)) == (1, 0)


def test_what_is_over_is_swept_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, ANN, number=1, retention_days=1)
    write(tmp_path, ANN, number=2, retention_days=30)
    write(tmp_path, ANN, number=3, retention_days=1, is_growing=True)
    assert [name[-1] for name in sweep(tmp_path, NOW + 2 * DAY_MS)] == ["1"]
    assert sorted(one.name[-1] for one in every(tmp_path)) == ["2", "3"]


def test_what_is_damaged_is_told_and_expires_after_the_longest_time(tmp_path: Path) -> None:
    folder = write(tmp_path, number=1, retention_days=1)
    (folder / "recording.json").write_text("{}")
    with pytest.raises(BadRecording, match=r"does not expire; mend it, or parvis replay erase"):
        sweep(tmp_path, NOW + 2 * DAY_MS)
    assert folder.exists()
    assert sweep(tmp_path, NOW + 366 * DAY_MS) == ["main/20260921T120001Z-1"]
    assert not folder.exists()


def test_a_person_gets_their_words_and_nobody_elses(tmp_path: Path) -> None:
    write(tmp_path / "recordings", ANN, BOB)
    [name] = write_files(person_files(tmp_path / "recordings", "bob-id"), tmp_path / "out")
    folder = tmp_path / "out" / name
    sound, _ = soundfile.read(folder / "voice.opus", dtype="float32")
    assert abs(sound.size - 3 * RATE) < 0.05 * RATE
    assert sound[round(2.1 * RATE) :].any()
    about = json.loads((folder / "person.json").read_text())
    assert len(about["events"]) == 3 and len(about["tracks"]) == 1
    assert "ann-id" not in (folder / "person.json").read_text()


def test_a_room_is_exported_whole(tmp_path: Path) -> None:
    folder = write(tmp_path / "recordings", ANN, BOB)
    write(tmp_path / "recordings", ANN, room="other")
    [name] = write_files(room_files(tmp_path / "recordings", "main"), tmp_path / "out")
    out = tmp_path / "out" / name
    assert (out / "mix.opus").read_bytes() == (folder / "mix.opus").read_bytes()
    assert len(list((out / "tracks").iterdir())) == 4
    with pytest.raises(BadRecording, match="give another folder"):
        write_files(room_files(tmp_path / "recordings", "main"), tmp_path / "out")


def test_an_archive_holds_the_same_and_is_written_in_one_go(tmp_path: Path) -> None:
    folder = write(tmp_path / "recordings", ANN, BOB)

    class Line(io.BytesIO):
        """A pipe: nobody goes back in it."""

        def seek(self, *_: Any) -> int:
            raise OSError("a pipe")

        tell = seek

    line = Line()
    write_zip(room_files(tmp_path / "recordings", "main"), line)
    with zipfile.ZipFile(io.BytesIO(line.getvalue())) as archive:
        assert archive.testzip() is None
        name = f"main-{folder.name}/mix.opus"
        assert archive.read(name) == (folder / "mix.opus").read_bytes()
        assert len([one for one in archive.namelist() if "/tracks/" in one]) == 4


def test_a_room_is_erased_whole_though_one_recording_is_damaged(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    whole, other = write(recordings, ANN), write(recordings, ANN, room="other")
    broken = write_recording(recordings, [BOB], number=2, length_s=4)
    (broken / "recording.json").write_bytes(b"{")
    told: list[tuple[int, int]] = []
    gone = erase_room(recordings, "main", NOW, lambda done, of: told.append((done, of)))
    assert sorted(gone) == [f"main/{whole.name}", f"main/{broken.name}"]
    assert told == [(0, 2), (1, 2)]
    assert other.exists() and not (recordings / "main").exists()


def test_what_still_goes_on_keeps_nothing_else_from_being_erased(tmp_path: Path) -> None:
    whole, growing = write(tmp_path, ANN), write(tmp_path, ANN, number=2, is_growing=True)
    with pytest.raises(BadRecording, match="still goes on: stop it first"):
        erase_room(tmp_path, "main", NOW, quiet)
    assert growing.exists() and not whole.exists()


def test_people_are_found_by_name_and_by_id(tmp_path: Path) -> None:
    write(tmp_path, ANN, BOB)
    assert participants_called(tmp_path, "Bob") == {"bob-id"}
    assert participants_called(tmp_path, "bob-id") == {"bob-id"}
    assert participants_called(tmp_path, "Eve") == set()
