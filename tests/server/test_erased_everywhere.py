"""A person is erased: their name, words and voice are looked for in every file afterwards."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from fakes.live_hub import live_hub
from fakes.recordings import Said, built_page, write_recording
from fakes.replay_work import in_a_thread
from fakes.voices import voice
from parvis_server import cli
from parvis_server.commands.replay_erase import found_in
from parvis_server.data_folder import DataFolder
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import HubReplays
from parvis_server.net import pages
from parvis_server.net.path_grants import FILE, Grant, PathGrants, Scope
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.replay.opened import open_recording
from parvis_server.replay.publish import Wish, prepare, publish
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.rooms import StoredRoom
from parvis_wire.floor import Hand, Person, Surface, microphone_of
from parvis_wire.messages import DEFAULT_ROOM
from parvis_wire.recording import Consent, Consented
from parvis_wire.room_events import Blocked, FloorTaken, HandRaised, RoomEvent

NAME, WORDS, WHO = "Zoé Quelconque", "Qui paie les vélos ?", "zoe-participant1"
ANN = Said("ann-participant", "Ann", voice(1, 1), 0.5)
ZOE = Said(WHO, NAME, voice(1, 2), 2.0, text=WORDS)
HAND = Hand(participant=WHO, name=NAME, surface=Surface.PHONE, raised_at=0, text=WORDS)


def events() -> list[RoomEvent]:
    """Everything that can say who somebody is and what they wrote."""
    consent = Consent(
        participant=WHO, name=NAME, recorded=True, published=True, text_version="0" * 16, at=0
    )
    phone = microphone_of(WHO)
    return [
        HandRaised(hand=HAND),
        Consented(consent=consent),
        FloorTaken(participant=WHO, unit=phone, unit_name=NAME, ssrc=7, hand=HAND),
        Blocked(person=Person(participant=WHO, name=NAME)),
    ]


def is_good(grant: Grant) -> bool:
    return True


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which they are everywhere."""
    data = tmp_path / "data"
    DataFolder.open(data).secrets()
    store = Store.open(Address.of(None, data))
    store.put_room(StoredRoom.new("main", time.time_ns()))
    store.append(
        [
            StoredEvent.of(event, room="main", seq=seq, room_clock=seq, utc_ms=1)
            for seq, event in enumerate(events(), start=1)
        ]
    )
    store.close()
    built = built_page(tmp_path / "static")
    monkeypatch.setattr(pages, "static_folder", lambda: built)
    for number in (1, 2):
        folder = write_recording(
            data / "recordings", [ANN, ZOE], number=number, length_s=4, retention_days=365
        )
        prepare(open_recording(folder), Wish((".opus", ".wav")), built, lambda done, total: None)
        publish(open_recording(folder), data / "published/main", 0)
    grants = PathGrants(data / FILE, is_good, lambda: 0)
    grants.make("main", Scope.LISTEN, WHO)
    grants.keep()
    return data


def a_piece_of_their_voice(data: Path) -> bytes:
    """Of one of their own packets, as it lies in tracks and in the file of their voice alone."""
    [track] = [path for path in (data / "recordings").glob("*/*-1/tracks/0002.opus")]
    return track.read_bytes()[-120:-40]


def hits(data: Path, *wanted: bytes) -> list[tuple[Path, bytes]]:
    files = [path for path in data.rglob("*") if path.is_file()]
    return [(path, one) for path in files for one in wanted if one in path.read_bytes()]


def erase(monkeypatch: pytest.MonkeyPatch, data: Path, *more: str) -> int:
    words = ["parvis", "replay", "erase", "--person", NAME, "--data", str(data), *more]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_nothing_of_them_is_in_the_data_folder_and_everybody_else_is(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = a_piece_of_their_voice(data)
    wanted = (NAME.encode(), WORDS.encode(), theirs)
    before = {path.parent.name for path, _ in hits(data, *wanted)}
    assert {"tracks", "data", "prepared"} <= before, "they were everywhere"
    began = time.monotonic()
    assert erase(monkeypatch, data) == 0, capsys.readouterr().err
    print(f"erased in {time.monotonic() - began:.1f} s")
    assert hits(data, *wanted) == []
    assert hits(data / "recordings", WHO.encode()) == []
    assert hits(data, b"Ann")
    assert (data / FILE).read_text() == "[]"
    assert erase(monkeypatch, data) == 2, "nobody is called so any more"


def test_copies_elsewhere_are_searched_and_told(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    (backup / "parvis.db").write_bytes((data / "parvis.db").read_bytes())
    (backup / "big.bin").write_bytes(bytes((1 << 20) - 3) + NAME.encode() + bytes(9))
    assert {path.name for path in found_in(backup, {NAME})} == {"parvis.db", "big.bin"}
    assert erase(monkeypatch, data, "--search", str(backup)) == 1
    assert "still in 2 files of your copies" in capsys.readouterr().err


async def test_a_hub_that_runs_does_it_and_forgets_it_in_memory_too(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = a_piece_of_their_voice(data)
    store = Store.open(Address.of(None, data))
    keeper = StoredRooms(store, lambda: None, DEFAULT_ROOM)
    recorder = HubRecorder(data / "recordings")
    work = in_a_thread(data.parent / "static")
    recorder.replays = HubReplays(data / "recordings", work, settle_s=0)
    async with live_hub(data, keeper=keeper, recorder=recorder) as hub:
        DataFolder(data).note_listening(hub.http)
        assert NAME in hub.live.bulletin.view.model_dump_json()
        assert await asyncio.to_thread(erase, monkeypatch, data) == 0
        assert NAME not in hub.live.room.view.model_dump_json()
        assert NAME not in hub.live.bulletin.snapshot(is_host=True).decode(errors="replace")
        assert NAME not in hub.live.room.spoken
    assert hits(data, NAME.encode(), WORDS.encode(), theirs) == []
