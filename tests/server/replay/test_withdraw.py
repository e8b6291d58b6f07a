"""A withdrawal leaves nothing of a person: sound, tracks, log, copies; and it can be done again."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.recordings import Said, built_page, write_recording
from fakes.voices import Samples, voice
from parvis_server.errors import BadRecording
from parvis_server.replay import withdraw as module
from parvis_server.replay.keeping import copies_of
from parvis_server.replay.opened import open_recording
from parvis_server.replay.publish import Wish, prepare, publish
from parvis_server.replay.wishes import wish, wish_everywhere, wished
from parvis_server.replay.withdraw import known_silences, withdraw
from parvis_wire.floor import Seated
from parvis_wire.room_events import SeatTaken

RATE = 48_000
ANN = Said("ann-id", "Ann", voice(3, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(2, 2), 5.0, text="Take me away")
NOW = 1_790_000_100_000


def quiet(done: int, total: int) -> None:
    assert done <= total


def hits(folder: Path, *words: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(word in path.read_bytes() for word in words)]


def power_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


def test_nothing_of_them_is_left_and_the_rest_is_whole(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = write_recording(recordings, [ANN, BOB])
    theirs = (folder / "tracks/0002.opus").read_bytes()[400:600]
    anns = (folder / "tracks/0001.opus").read_bytes()
    (folder / "catch_up").mkdir()  # of a hub that fell
    (folder / "catch_up/mix.opus").write_bytes(theirs)
    done = withdraw(folder, ["bob-id"], NOW, quiet)
    assert (done.tracks, done.copies, done.silences) == (1, 0, ())
    assert 2_000 < done.made_again_ms < 2_500
    assert hits(tmp_path, b"bob-id", b"Bob", b"Take me away", theirs) == []
    assert (folder / "tracks/0001.opus").read_bytes() == anns
    assert [kept.talker.name for kept in open_recording(folder).description.tracks] == ["Ann"]
    mix, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    assert power_db(mix[5 * RATE : 7 * RATE]) <= -90
    assert power_db(mix[RATE : 3 * RATE]) > -30
    assert json.loads((recordings / "audit.jsonl").read_text())["act"] == "withdraw"


def test_copies_are_taken_down_and_the_feed_follows(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN, BOB])
    prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    public = publish(open_recording(folder), tmp_path / "web", NOW)
    assert withdraw(folder, ["bob-id"], NOW, quiet).copies == 1
    assert not public.exists()
    assert not (tmp_path / "web/feed.xml").exists()
    assert not (folder / "prepared").exists()
    assert copies_of(folder) == ()


def test_copies_are_down_though_the_mix_cannot_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN, BOB])
    prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    public = publish(open_recording(folder), tmp_path / "web", NOW)

    def fail(*_: object) -> None:
        raise BadRecording("no space")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_make_again", fail)
        with pytest.raises(BadRecording, match="no space"):
            withdraw(folder, ["bob-id"], NOW, quiet)
    assert not public.exists() and not (folder / "prepared").exists()
    with pytest.raises(BadRecording, match="first parvis replay withdraw"):
        publish(open_recording(folder), tmp_path / "web", NOW)


def test_what_was_heard_is_not_published_while_somebody_is_to_leave(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN, BOB], length_s=8)
    prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    wish(folder, ["bob-id"])
    with pytest.raises(BadRecording, match="first parvis replay withdraw"):
        publish(open_recording(folder), tmp_path / "web", NOW)
    assert not (tmp_path / "web").exists()


def test_a_recording_that_goes_on_keeps_the_wish(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN, BOB], is_growing=True)
    with pytest.raises(BadRecording, match="as soon as it is over"):
        withdraw(folder, ["bob-id"], NOW, quiet)
    assert wished(folder) == {"bob-id"}
    description = open_recording(folder).description
    over = description.model_copy(update={"ended_clock": 49_000_000, "ended_utc_ms": NOW})
    (folder / "recording.json").write_bytes(over.serialize())
    assert withdraw(folder, [], NOW, quiet).tracks == 1
    assert hits(tmp_path, b"bob-id") == []


@pytest.mark.parametrize("fails", ["_forget_events", "take_down", "_forget_tracks"])
def test_what_was_cut_off_is_finished_by_doing_it_again(
    tmp_path: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_recording(tmp_path, [ANN, BOB])

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, fails, cut)
        with pytest.raises(KeyboardInterrupt):
            withdraw(folder, ["bob-id"], NOW, quiet)
    assert wished(folder) == {"bob-id"}
    withdraw(folder, [], NOW, quiet)
    assert hits(tmp_path, b"bob-id", b"Bob") == []
    mix, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    assert power_db(mix[5 * RATE : 7 * RATE]) <= -90
    assert power_db(mix[RATE : 3 * RATE]) > -30


def test_two_at_once_are_both_carried_out(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN, BOB])
    threads = [
        threading.Thread(target=withdraw, args=(folder, [who], NOW, quiet))
        for who in ("ann-id", "bob-id")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hits(tmp_path, b"ann-id", b"bob-id") == []
    mix, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    assert power_db(mix) <= -90


def test_whatever_names_them_leaves_the_log(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN, BOB])
    seated = Seated(participant="bob-id", name="Bob", unit="t1", unit_name="Table 1")
    other = Seated(participant="ann-id", name="Ann", unit="t2", unit_name="Table 2")
    view = {
        **{"room": "main", "title": "Evening", "seq": 1},
        "seats": [seated.model_dump(), other.model_dump()],
        "acting": "bob-id",
    }
    events = folder / "events.jsonl"
    first = json.dumps({"room_clock": 1, "view": view})
    seat = {"room_clock": 2, "event": SeatTaken(seated=seated).model_dump(mode="json")}
    events.write_text("\n".join((first, json.dumps(seat), events.read_text())))
    withdraw(folder, ["bob-id"], NOW, quiet)
    log = open_recording(folder).log()
    assert hits(tmp_path, b"bob-id", b"Bob") == []
    assert log.view is not None and [one.name for one in log.view.seats] == ["Ann"]
    assert len(log.events) == 3


def test_where_microphones_are_muted_is_kept_and_told(tmp_path: Path) -> None:
    """Ann's microphone stood beside Bob: what it has of him is muted, and the page can say so."""
    heard = np.concatenate(
        (voice(3, 1), np.zeros(RATE * 3 // 2, dtype=np.float32), 0.2 * BOB.sound)
    )
    near = Said("ann-id", "Ann", heard.astype(np.float32), 0.5)
    folder = write_recording(tmp_path, [near, BOB])
    done = withdraw(folder, ["bob-id"], NOW, quiet)
    [silence] = done.silences
    assert abs(silence.begin_ms - 5_000) < 300 and 6_900 < silence.end_ms < 7_800
    assert known_silences(open_recording(folder)) == done.silences
    mix, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    assert power_db(mix[round(5.05 * RATE) : 7 * RATE]) <= -90
    assert power_db(mix[RATE : 3 * RATE]) > -30


def test_nobody_changes_nothing(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN])
    mix = (folder / "mix.opus").read_bytes()
    assert withdraw(folder, ["nobody"], NOW, quiet).tracks == 0
    assert (folder / "mix.opus").read_bytes() == mix


def test_wishes_add_up(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [])
    wish(folder, ["a"])
    wish(folder, ["b"])
    assert wished(folder) == {"a", "b"}


def test_who_wishes_while_others_are_taken_out_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_recording(tmp_path, [])

    def meanwhile(*_: object) -> int:
        wish(folder, ["late"])
        return 0

    monkeypatch.setattr(module, "take_down", meanwhile)
    withdraw(folder, ["early"], NOW, quiet)
    assert wished(folder) == {"late"}


def test_a_person_is_wished_out_of_every_recording_that_names_them(tmp_path: Path) -> None:
    bob = Said("bob-id", "Bob", voice(0.1, 2), 0.1)
    first = write_recording(tmp_path, [bob], number=1, length_s=1)
    second = write_recording(tmp_path, [], number=2, length_s=1)
    assert wish_everywhere(tmp_path / "main", "bob-id") == 1
    assert wished(first) == {"bob-id"} and not wished(second)
    assert wish_everywhere(tmp_path / "main", "bob") == 0, "an id is a whole word"
    assert wish_everywhere(tmp_path / "other", "bob-id") == 0
