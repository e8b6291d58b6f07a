"""A recording that goes on, for those who come late: growing, and only what may be published."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.recordings import Said, built_page, write_recording
from fakes.voices import Samples, voice
from parvis_server.errors import BadRecording
from parvis_server.record.ogg_opus import read_pages
from parvis_server.replay import catch_up
from parvis_server.replay.catch_up import CatchUp
from parvis_server.replay.index import Index
from parvis_server.replay.opened import Opened, open_recording

RATE = 48_000
ANN = Said("ann-id", "Ann", voice(2, 1), 1.0)
BOB = Said("bob-id", "Bob", voice(2, 2), 5.0, is_published=False, text="Not yet for all")
CAT = Said("cat-id", "Cat", voice(1, 3), 8.5)
NOBODY: frozenset[str] = frozenset()


def power_db(sound: Samples, begin_s: float, end_s: float) -> float:
    part = sound[round(begin_s * RATE) : round(end_s * RATE)].astype(np.float64)
    return float(10 * np.log10(np.mean(part**2) + 1e-20))


class Evening:
    """A recording that grows as a test lets it."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = write_recording(tmp_path / "recordings", [ANN, BOB, CAT], is_growing=True)
        self.whole = (self.folder / "mix.opus").read_bytes()
        self.catch_up = CatchUp(self.folder)
        self.catch_up.begin(built_page(tmp_path / "static"))

    def grow_to(self, part: float) -> None:
        """A page may be torn: the recorder is just writing it."""
        (self.folder / "mix.opus").write_bytes(self.whole[: round(len(self.whole) * part)])

    def heard(self) -> Samples:
        sound, _ = soundfile.read(self.catch_up.out / "mix.opus", dtype="float32")
        return np.asarray(sound, dtype=np.float32)

    def index(self) -> Index:
        return Index.model_validate_json((self.catch_up.out / "index.json").read_bytes())


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    return Evening(tmp_path)


def test_it_grows_with_the_recording_and_plays_at_any_moment(evening: Evening) -> None:
    lengths = []
    for part in (0.35, 0.6, 1.0):
        evening.grow_to(part)
        while evening.catch_up.step(NOBODY):
            pass
        lengths.append(evening.heard().size)
        assert abs(evening.index().duration_ms - lengths[-1] / 48) < 40
    assert lengths == sorted(set(lengths)) and lengths[-1] > 9.5 * RATE
    assert evening.index().state == "growing"
    assert (evening.catch_up.out / "index.html").exists()


def test_whoever_did_not_say_yes_to_publishing_is_silence(evening: Evening) -> None:
    evening.catch_up.step(NOBODY)
    sound = evening.heard()
    assert power_db(sound, 1.3, 2.7) > -40 and power_db(sound, 8.9, 9.4) > -40
    assert power_db(sound, 5.0, 7.0) <= -90
    shown = (evening.catch_up.out / "index.json").read_text()
    assert "Bob" not in shown and "Not yet" not in shown and "-id" not in shown
    assert [one.name for one in evening.index().chapters] == ["Ann", "Cat"]


def test_pages_that_may_be_heard_are_the_recorders_own(evening: Evening) -> None:
    evening.catch_up.step(NOBODY)
    ours = list(read_pages((evening.catch_up.out / "mix.opus").read_bytes()))
    theirs = list(read_pages(evening.whole))
    assert [(one.sequence, one.granule) for one, _ in ours] == [
        (one.sequence, one.granule) for one, _ in theirs
    ]
    same = sum(one == other for (one, _), (other, _) in zip(ours, theirs, strict=True))
    assert len(theirs) - 7 <= same < len(theirs)


def test_who_takes_their_yes_back_is_gone_from_what_was_heard_before(evening: Evening) -> None:
    evening.catch_up.step(NOBODY)
    evening.catch_up.step(frozenset({"ann-id", "stranger-id"}))
    sound = evening.heard()
    assert power_db(sound, 1.1, 2.9) <= -90 < power_db(sound, 8.9, 9.4)
    assert [one.name for one in evening.index().chapters] == ["Cat"]


def test_somebody_who_speaks_now_is_not_heard_until_their_turn_is_over(evening: Evening) -> None:
    path = evening.folder / "recording.json"
    told = json.loads(path.read_text())
    told["tracks"][1]["ended_clock"] = None
    path.write_text(json.dumps(told))
    evening.catch_up.step(NOBODY)
    assert power_db(evening.heard(), 8.5, 9.5) <= -90


def test_a_turn_between_a_look_at_the_tracks_and_the_mix_is_not_copied(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening.grow_to(0.35)

    def before_bob(folder: Path) -> Opened:
        """The tracks as they are; then Bob, who refused, has his turn before the mix is read."""
        opened = open_recording(folder)
        evening.grow_to(1.0)
        tracks = opened.description.tracks[:1]
        return replace(opened, description=opened.description.model_copy(update={"tracks": tracks}))

    with monkeypatch.context() as early:
        early.setattr(catch_up, "open_recording", before_bob)
        evening.catch_up.step(NOBODY)
    assert evening.heard().size < 5 * RATE, "nothing of Bob's turn"
    evening.catch_up.step(NOBODY)
    sound = evening.heard()
    assert power_db(sound, 5.0, 7.0) <= -90 < power_db(sound, 8.9, 9.4)


def test_nothing_is_told_before_there_is_sound(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", [ANN], is_growing=True)
    opened = open_recording(folder)
    silent = replace(opened, description=opened.description.model_copy(update={"mix_clock": None}))
    (folder / "recording.json").write_bytes(silent.description.serialize())
    copy = CatchUp(folder)
    copy.begin(built_page(tmp_path / "static"))
    assert not copy.step(NOBODY)
    assert not (copy.out / "index.json").exists()


def test_a_recording_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="cannot write"):
        CatchUp(tmp_path / "missing").begin(built_page(tmp_path / "static"))
