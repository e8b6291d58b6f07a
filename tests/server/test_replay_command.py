"""``parvis replay``: what it does, and what it says to a slip, in one line."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from fakes.recordings import Said, built_page, write_recording
from fakes.stores import StoreInMemory
from fakes.voices import voice
from parvis_server import cli
from parvis_server.commands import replay_wishes
from parvis_server.data_folder import DataFolder
from parvis_server.net import pages
from parvis_server.replay.mirror import mirror
from parvis_server.replay.storage import S3Storage
from parvis_server.room.state import Memory
from parvis_server.room_client import RoomClient
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.rooms import StoredRoom
from parvis_wire.recording import Withdrew
from parvis_wire.room_events import RoomEvent

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one recording, and a built page."""
    write_recording(tmp_path / "recordings", [ANN, BOB], length_s=4, retention_days=365)
    built = built_page(tmp_path / "static")
    monkeypatch.setattr(pages, "static_folder", lambda: built)
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path, *words: str
) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["parvis", "replay", *words, "--data", str(data)])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_from_the_list_to_the_public_folder_and_away(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def parvis(*words: str) -> str:
        code, out, err = run(monkeypatch, capsys, data, *words)
        assert code == 0, err
        return out

    assert "main/20260921T120001Z-1" in parvis("list")
    [told] = json.loads(parvis("list", "--json"))["recordings"]
    assert (told["voices"], told["copies"], told["duration_ms"]) == (2, [], 4000)
    assert "--heard" in parvis("publish", "main")
    assert "published:" in parvis("publish", "main", "--heard")
    assert (data / "published/main/20260921T120001Z-1/index.html").exists()
    said = parvis("withdraw", "main", "--person", "Bob")
    assert "1 tracks are out" in said and "publish it again" in said
    assert not (data / "published/main/20260921T120001Z-1").exists()
    exported = parvis("export", "--person", "Ann", "--out", str(data / "ann"))
    assert f"{data}/ann/main-2026" in exported
    assert parvis("erase", "--expired") == "there was nothing to erase\n"
    assert "erased: main/" in parvis("erase", "--person", "Ann")
    assert "erased: main/" in parvis("erase", "--room", "main")
    assert parvis("list") == "nothing is recorded\n"


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (("publish", "other"), "there is no recording 'other'", 1),
        (("publish", "main", "--heard"), "is not prepared: nobody has heard it yet", 1),
        (("publish", "main", "--formats", "mp4"), "--formats is opus, flac, wav", 2),
        (("publish", "main", "--heard", "--address", "room"), "--address is one such as", 2),
        (("withdraw", "main", "--person", "Eve"), "nobody in any recording is called 'Eve'", 2),
        (("erase",), "give one of: a recording, --person, --room, --expired", 2),
        (("erase", "main"), "give room/recording", 2),
        (("export", "--out", "x"), "give --person or --room", 2),
    ],
)
def test_a_slip_is_told_in_one_line(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
    code: int,
) -> None:
    left, out, err = run(monkeypatch, capsys, data, *words)
    assert (left, out) == (code, "")
    assert told in err and err.startswith("parvis: ") and err.count("\n") == 1


def test_several_of_one_name_are_told_apart(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Said("ann-2", "Ann", voice(1, 3), 0.5)
    write_recording(data / "recordings", [other], number=2, length_s=2)
    code, _, err = run(monkeypatch, capsys, data, "erase", "--person", "Ann")
    assert code == 2
    assert "give one of the ids ann-2, ann-id" in err


def test_a_damaged_recording_is_told_beside_the_list(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_recording(data / "recordings", [], number=2, length_s=1)
    (folder / "recording.json").write_text("{}")
    code, out, err = run(monkeypatch, capsys, data, "list")
    assert code == 0
    assert "Z-1" in out and "Z-2" in err
    code, out, _ = run(monkeypatch, capsys, data, "erase", f"main/{folder.name}")
    assert (code, out) == (0, f"erased: main/{folder.name}\n")
    assert not folder.exists()


def logged(data: Path, *events: RoomEvent) -> None:
    """The room's log, as a hub leaves it that was stopped right after these events."""
    store = Store.open(Address.of(None, data))
    try:
        store.put_room(StoredRoom.new("main", 1))
        store.append(
            [
                StoredEvent.of(event, room="main", seq=seq, room_clock=seq, utc_ms=seq)
                for seq, event in enumerate(events, start=1)
            ]
        )
    finally:
        store.close()


def test_what_was_asked_right_before_the_hub_ended_counts(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of who withdrew is prepared or published, though no hub has acted on it."""
    prepared = run(monkeypatch, capsys, data, "publish", "main")
    assert prepared[0] == 0
    logged(data, Withdrew(participant="bob-id", recording="20260921T120001Z-1"))
    for words in (("publish", "main", "--heard"), ("publish", "main")):
        code, _, err = run(monkeypatch, capsys, data, *words)
        assert code == 1 and "somebody asked to be taken out" in err
    assert not (data / "published").exists()
    code, out, _ = run(monkeypatch, capsys, data, "withdraw", "main")
    assert code == 0 and "1 tracks are out" in out
    assert run(monkeypatch, capsys, data, "publish", "main")[0] == 0, "and that is the end of it"


def test_who_took_back_their_yes_is_published_no_more(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = Memory(unpublished=frozenset({("20260921T120001Z-1", "bob-id")}))
    monkeypatch.setattr(replay_wishes, "_remembered", lambda settings, room: memory)
    assert run(monkeypatch, capsys, data, "publish", "main")[0] == 0
    [folder] = (data / "recordings/main").iterdir()
    assert "bob-id" in (folder / "unpublished.json").read_text()
    assert "Bob" not in (folder / "prepared/index.json").read_text()


def test_a_hub_that_runs_and_is_to_take_somebody_out_is_waited_for(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hub:
        def ask(self, method: str, path: str) -> dict[str, object]:
            assert (method, path) == ("GET", "/rooms/main/recordings")
            return {"recordings": [{"recording": "20260921T120001Z-1", "leaving": 1}]}

    monkeypatch.setattr(DataFolder, "listening_at", lambda self: "http://127.0.0.1:1")
    monkeypatch.setattr(RoomClient, "find", lambda *_: Hub())
    code, _, err = run(monkeypatch, capsys, data, "publish", "main", "--heard")
    assert code == 1 and "the hub does it, try again later" in err


def test_what_is_erased_by_command_leaves_the_store_or_says_that_it_is_away(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store, name = StoreInMemory(), "main/20260921T120001Z-1"
    assert run(monkeypatch, capsys, data, "fetch", name)[1:] == (
        "", "parvis: the settings name no store: recording.storage\n",
    )  # fmt: skip
    monkeypatch.setenv("PARVIS_HUB_RECORDING__STORAGE", "https://store.example/bucket")
    monkeypatch.setattr(S3Storage, "open", lambda address: store)
    assert mirror(data / "recordings", store).why is None
    shutil.rmtree(data / "recordings" / name)
    code, out, err = run(monkeypatch, capsys, data, "fetch", name)
    assert (code, err) == (0, "") and "are here again" in out
    assert run(monkeypatch, capsys, data, "withdraw", name, "--person", "Bob")[0] == 0
    assert store.kept and not any(b"bob-id" in content for content in store.kept.values())
    store.is_away = True
    code, out, err = run(monkeypatch, capsys, data, "erase", name)
    assert code == 0 and "a hub that runs does it: the store is away" in err
    store.is_away = False
    code, _, err = run(monkeypatch, capsys, data, "erase", "--room", "main")
    assert code == 2 and "no room 'main', and no recording of it" in err, "here it is gone already"
    assert store.kept == {}
