"""A table's own microphone: whoever sat there leaves, or refuses, with the stretches of theirs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.recordings import Said, built_page, write_recording
from fakes.voices import Samples, voice
from parvis_server.record.recording import Recording, TrackKind
from parvis_server.replay.catch_up import CatchUp
from parvis_server.replay.export import person_files, write_files
from parvis_server.replay.index import Index
from parvis_server.replay.opened import open_recording
from parvis_server.replay.overview import overviews
from parvis_server.replay.publish import Wish, prepare
from parvis_server.replay.refusals import note_unpublished
from parvis_server.replay.rights import (
    erase_person,
    mentions,
    participants_called,
)
from parvis_server.replay.wishes import wish_everywhere, wished
from parvis_server.replay.withdraw import withdraw

RATE = 48_000
NOW = 1_790_000_100_000
CLEO, DAN = ("cleo-id", "Cleo"), ("dan-id", "Dan")


def at_table(at_s: float, *people: tuple[str, str], seed: int = 5) -> Said:
    return Said(
        "table-1", "Table 1", voice(1.5, seed), at_s, kind=TrackKind.UNIT, answered_by=people
    )


ALONE, BOTH, NOBODY = at_table(1, CLEO), at_table(4, CLEO, DAN, seed=6), at_table(7, seed=7)
TABLE = [ALONE, BOTH, NOBODY]


def quiet(done: int, total: int) -> None:
    assert done <= total


def sounds(path: Path) -> list[bool]:
    """Whether something is heard in the middle of each of the three stretches."""
    sound: Samples = soundfile.read(path, dtype="float32")[0]
    powers = [
        10 * np.log10(np.mean(sound[begin * RATE : (begin + 1) * RATE] ** 2) + 1e-20)
        for begin in (1, 4, 7)
    ]
    assert all(power > -40 or power <= -80 for power in powers), powers
    return [bool(power > -40) for power in powers]


def description(folder: Path) -> Recording:
    return open_recording(folder).description


@pytest.mark.parametrize(
    ("who", "heard"),
    [
        ("cleo-id", [False, False, True]),
        ("dan-id", [True, False, True]),
        ("table-1", [False, False, False]),
    ],
)
def test_who_sat_there_leaves_with_the_stretches_in_which_they_did(
    who: str, heard: list[bool], tmp_path: Path
) -> None:
    folder = write_recording(tmp_path / "recordings", TABLE)
    assert sounds(folder / "mix.opus") == [True, True, True]
    done = withdraw(folder, [who], NOW, quiet)
    assert done.tracks == heard.count(False)
    assert sounds(folder / "mix.opus") == heard
    assert list(mentions(tmp_path / "recordings", who)) == []
    assert len(list((folder / "tracks").glob("*.opus"))) == heard.count(True)


def test_who_sat_there_and_refuses_is_in_nothing_that_is_published(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", TABLE)
    note_unpublished(open_recording(folder), {"dan-id", "somebody-else"})
    assert json.loads((folder / "unpublished.json").read_text()) == ["dan-id"]
    prepared = prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    assert sounds(prepared / "mix.opus") == [True, False, True]
    assert sounds(prepared / "talker-01.opus") == [True, False, True], "the table's own file"
    index = Index.model_validate_json((prepared / "index.json").read_bytes())
    assert [(one.begin_ms, one.name) for one in index.chapters] == [
        (1_000, "Table 1"),
        (7_000, "Table 1"),
    ]
    assert not any(
        word in path.read_bytes()
        for path in prepared.rglob("*.json")
        for word in (b"cleo-id", b"dan-id", b"Dan")
    )


def test_a_stretch_that_one_of_several_refused_hides_nothing_else(tmp_path: Path) -> None:
    """Who of them it was stands in the room's log, which the hub tells by ``note_unpublished``."""
    said = [ALONE, replace(BOTH, is_published=False), NOBODY]
    folder = write_recording(tmp_path / "recordings", said)
    prepared = prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    assert sounds(prepared / "mix.opus") == [True, False, True]


def test_who_alone_refused_for_the_table_is_hidden_wherever_they_answered(tmp_path: Path) -> None:
    said = [replace(ALONE, is_published=False), BOTH, NOBODY]
    folder = write_recording(tmp_path / "recordings", said)
    prepared = prepare(open_recording(folder), Wish(), built_page(tmp_path / "static"), quiet)
    assert sounds(prepared / "mix.opus") == [False, False, True]


def test_who_comes_late_hears_the_table_without_who_took_their_yes_back(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "recordings", TABLE, is_growing=True)
    late = CatchUp(folder)
    late.begin(built_page(tmp_path / "static"))
    late.step(frozenset())
    assert sounds(late.out / "mix.opus") == [True, True, True]
    late.step(frozenset({"dan-id"}))
    assert sounds(late.out / "mix.opus") == [True, False, True]


def test_whoever_is_erased_is_found_by_where_they_sat(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = write_recording(recordings, TABLE)
    assert participants_called(recordings, "Cleo") == {"cleo-id"}
    assert wish_everywhere(recordings / "main", "cleo-id") == 1 and wished(folder) == {"cleo-id"}
    assert erase_person(recordings, "cleo-id", NOW, quiet) == [open_recording(folder).name]
    assert participants_called(recordings, "Cleo") == set()
    assert [kept.begun_clock for kept in description(folder).tracks] == [48_000_000 + 7 * RATE]


def test_who_asks_for_theirs_gets_no_sound_that_is_others_too(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    write_recording(recordings, TABLE)
    [name] = write_files(person_files(recordings, "cleo-id"), tmp_path / "out")
    folder = tmp_path / "out" / name
    about = json.loads((folder / "person.json").read_text())
    assert (len(about["tracks"]), len(about["shared"])) == (1, 1)
    assert b"dan-id" not in (folder / "person.json").read_bytes()
    sound, _ = soundfile.read(folder / "voice.opus")
    assert 1.4 < sound.size / RATE - 1 < 1.6, "the table's second stretch is not in it"


def test_hosts_see_who_sat_there(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = write_recording(recordings, [*TABLE, Said("dan-id", "Dan", voice(1, 8), 8.9)])
    note_unpublished(open_recording(folder), {"cleo-id"})
    [one] = overviews(recordings, tmp_path / "published", "main")
    told = [(v.participant, v.name, v.kind, v.is_published, v.duration_ms) for v in one.voices]
    assert told == [
        ("table-1", "Table 1", "unit", False, 4_500),
        ("cleo-id", "Cleo", "seat", False, 3_000),
        ("dan-id", "Dan", "phone", False, 2_500),
    ]
