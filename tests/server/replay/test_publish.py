"""A published folder: it plays, it holds nobody who did not say yes, and only what was heard."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from fakes.measure import stoi
from fakes.recordings import BEGIN, Said, built_page, write_recording
from fakes.voices import Samples, voice
from parvis_server.errors import BadRecording
from parvis_server.replay import formats
from parvis_server.replay.index import Index
from parvis_server.replay.keeping import copies_of
from parvis_server.replay.opened import open_recording
from parvis_server.replay.publish import Wish, prepare, publish, take_back
from parvis_server.replay.refusals import note_unpublished
from parvis_server.replay.wishes import wish

RATE = 48_000
ANN = Said("ann-id", "Ann", voice(3, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(2, 2), 5.0, is_published=False, text="Not for the web")
CAT = Said("cat-id", "Cat", voice(2, 3), 7.5, anonymous=True)
NOW = 1_790_000_100_000


def quiet(done: int, total: int) -> None:
    assert done <= total


def made(tmp_path: Path, *said: Said, formats: tuple[str, ...] = (".opus",)) -> tuple[Path, Path]:
    """The recording's folder and what was prepared of it."""
    folder = write_recording(tmp_path / "recordings", list(said))
    page = built_page(tmp_path / "static")
    return folder, prepare(open_recording(folder), Wish(formats), page, quiet)


def index_in(folder: Path) -> Index:
    return Index.model_validate_json((folder / "index.json").read_bytes())


def mp3(path: Path) -> Samples:
    with av.open(path) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32)


def power_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


def test_every_file_that_is_named_is_there_and_plays(tmp_path: Path) -> None:
    _, ready = made(tmp_path, ANN, CAT, formats=(".opus", ".flac", ".wav"))
    index = index_in(ready)
    assert [one.url for one in index.sounds] == ["mix.opus", "mix.mp3"]
    assert {one.url for one in index.downloads} == {
        *("mix.opus", "mix.mp3", "mix.flac", "mix.wav"),
        *(f"talker-0{number}.{kind}" for number in (1, 2) for kind in ("opus", "flac", "wav")),
    }
    for file in index.downloads:
        assert (ready / file.url).stat().st_size == file.bytes
        if file.url.endswith("mp3"):
            continue
        sound, rate_hz = soundfile.read(ready / file.url)
        assert (rate_hz, sound.ndim) == (RATE, 1)
        assert abs(sound.size - 10 * RATE) < 0.05 * RATE
    assert abs(index.duration_ms - 10_000) < 30


def test_the_mp3_is_the_mix(tmp_path: Path) -> None:
    _, ready = made(tmp_path, ANN)
    mix, _ = soundfile.read(ready / "mix.opus", dtype="float32")
    assert stoi(mp3(ready / "mix.mp3")[: 4 * RATE], mix[: 4 * RATE]) > 0.98


def test_a_talkers_file_is_their_own_packets_in_time(tmp_path: Path) -> None:
    folder, ready = made(tmp_path, ANN, CAT)
    sound, _ = soundfile.read(ready / "talker-02.opus", dtype="float32")
    assert power_db(sound[: 7 * RATE]) < -90
    track, _ = soundfile.read(folder / "tracks/0002.opus", dtype="float32")
    begin = round(7.5 * RATE)
    np.testing.assert_allclose(
        sound[begin + RATE : begin + 2 * RATE], track[RATE : 2 * RATE], atol=0.01
    )


def test_who_did_not_say_yes_is_in_nothing(tmp_path: Path) -> None:
    """0 bytes of their own track, no name, no words; their seconds are silent in the mix."""
    folder, ready = made(tmp_path, ANN, BOB, CAT)
    theirs = (folder / "tracks/0002.opus").read_bytes()[400:600]
    for path in ready.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert theirs not in content
        assert b"Bob" not in content and b"Not for the web" not in content, path
        assert b"bob-id" not in content and b"ann-id" not in content, path
    mix, _ = soundfile.read(ready / "mix.opus", dtype="float32")
    assert power_db(mix[round(5.1 * RATE) : round(6.9 * RATE)]) <= -90
    assert [one.name for one in index_in(ready).chapters] == ["Ann", None]


def test_chapters_and_outline_lie_beside_it(tmp_path: Path) -> None:
    _, ready = made(tmp_path, ANN)
    chapters = json.loads((ready / "chapters.json").read_text())["chapters"]
    assert [one["startTime"] for one in chapters] == [0, 0.5]
    outline = json.loads((ready / "waveform.json").read_text())
    assert outline["length"] == 20
    assert max(outline["data"][2:8]) > 10 > max(outline["data"][16:])


def test_the_page_lies_in_it_with_what_it_needs(tmp_path: Path) -> None:
    _, ready = made(tmp_path, ANN)
    assert 'src="assets/replay-1.js"' in (ready / "index.html").read_text()
    assert sorted(path.name for path in (ready / "assets").iterdir()) == [
        "base-3.css",
        "replay-1.js",
        "shared-2.js",
    ]


def test_what_was_heard_is_published_byte_for_byte(tmp_path: Path) -> None:
    folder, ready = made(tmp_path, ANN)
    before = {path.relative_to(ready): path.read_bytes() for path in ready.rglob("*.*")}
    opened = open_recording(folder)
    public = publish(opened, tmp_path / "web/main", NOW, "https://room.example/replays/")
    assert {path.relative_to(public): path.read_bytes() for path in public.rglob("*.*")} == before
    assert copies_of(folder) == (public.resolve(),)
    feed = (tmp_path / "web/main/feed.xml").read_text()
    assert f"https://room.example/replays/{opened.description.recording}/mix.mp3" in feed
    publish(opened, tmp_path / "web/main", NOW)
    assert "https://room.example/replays/" in (tmp_path / "web/main/feed.xml").read_text()
    acts = (tmp_path / "recordings/audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["act"] for line in acts] == ["publish", "publish"]


def test_nothing_is_published_unheard(tmp_path: Path) -> None:
    opened = open_recording(write_recording(tmp_path, [ANN]))
    with pytest.raises(BadRecording, match="is not prepared"):
        publish(opened, tmp_path / "web", NOW)
    assert not (tmp_path / "web").exists()


def test_what_has_changed_since_is_not_published(tmp_path: Path) -> None:
    folder, _ = made(tmp_path, ANN)
    description = folder / "recording.json"
    description.write_bytes(description.read_bytes().replace(b"An evening", b"A night"))
    with pytest.raises(BadRecording, match="has changed since it was heard"):
        publish(open_recording(folder), tmp_path / "web", NOW)


def test_a_recording_that_goes_on_is_not_prepared(tmp_path: Path) -> None:
    opened = open_recording(write_recording(tmp_path, [ANN], is_growing=True))
    with pytest.raises(BadRecording, match="still goes on"):
        prepare(opened, Wish(), tmp_path, quiet)


def test_who_wished_to_leave_leaves_before_anything_is_prepared(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN])
    wish(folder, ["ann-id"])
    with pytest.raises(BadRecording, match="parvis replay withdraw"):
        prepare(open_recording(folder), Wish(), tmp_path, quiet)


def test_a_page_that_is_not_built_is_told(tmp_path: Path) -> None:
    opened = open_recording(write_recording(tmp_path, []))
    with pytest.raises(BadRecording, match="the replay page is not built"):
        prepare(opened, Wish(()), tmp_path, quiet)
    assert not (opened.folder / "prepared").exists()


def test_it_plays_at_once_and_what_was_published_meanwhile_becomes_whole(tmp_path: Path) -> None:
    """The mix is there before outline, MP3 and talkers' files are made; a host need not wait."""
    folder = write_recording(tmp_path / "recordings", [ANN, CAT])
    opened = open_recording(folder)
    page = built_page(tmp_path / "static")
    seen: list[list[str]] = []

    ready = folder / "prepared"
    real = formats.write_sound

    def at_first(*arguments: object) -> None:
        if not seen:
            index = index_in(ready)
            seen.append([one.url for one in index.sounds])
            publish(opened, tmp_path / "web", NOW)
        real(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("parvis_server.replay.publish.write_sound", at_first)
        prepare(opened, Wish(), page, quiet, replace_published=True)
    assert seen == [["mix.opus"]]
    public = tmp_path / "web" / opened.description.recording
    assert index_in(public) == index_in(ready)
    assert (public / "mix.opus").read_bytes() == (folder / "mix.opus").read_bytes()
    assert (public / "mix.mp3").exists() and "mix.mp3" in (tmp_path / "web/feed.xml").read_text()


def test_who_said_no_last_is_not_published_whatever_they_said_before(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN, CAT])
    opened = open_recording(folder)
    note_unpublished(opened, {"cat-id", "nobody-id"})
    ready = prepare(opened, Wish(), built_page(tmp_path / "static"), quiet)
    mix, _ = soundfile.read(ready / "mix.opus", dtype="float32")
    assert power_db(mix[round(7.7 * RATE) : round(9.3 * RATE)]) <= -90
    assert [one.name for one in index_in(ready).chapters] == ["Ann"]


def test_the_mp3_has_chapters(tmp_path: Path) -> None:
    _, ready = made(tmp_path, ANN, CAT)
    with av.open(ready / "mix.mp3") as container:
        told = [(one["start"], one["metadata"]["title"]) for one in container.chapters()]
    assert told == [(0, "Beginning"), (500, "Ann"), (7500, "Somebody")]


def test_what_is_taken_back_is_public_no_longer_and_can_be_published_again(tmp_path: Path) -> None:
    folder, _ = made(tmp_path, ANN)
    opened = open_recording(folder)
    public = publish(opened, tmp_path / "web", NOW)
    assert take_back(opened, NOW) == 1
    assert not public.exists() and not (tmp_path / "web/feed.xml").exists()
    assert publish(opened, tmp_path / "web", NOW) == public and public.exists()


def test_marks_are_moments_and_counts_but_not_in_a_hidden_turn(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN, BOB])
    lines = [
        {"seq": 9, "room_clock": BEGIN + at * RATE, "utc_ms": 0, "marks": count}
        for at, count in ((1, 2), (2, 1), (6, 40), (9, 5))
    ]
    with (folder / "events.jsonl").open("a") as log:
        log.writelines(json.dumps(line) + "\n" for line in lines)
    ready = prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    assert [(one.at_ms, one.count) for one in index_in(ready).marks] == [(0, 3)]
