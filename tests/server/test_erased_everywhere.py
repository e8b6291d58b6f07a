"""A person is erased: their name, words and voice are looked for in every file afterwards."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes.live_hub import live_hub
from fakes.recordings import Said, built_page, write_recording
from fakes.replay_work import in_a_thread
from fakes.stores import KEY, SECRET, store_with_versions
from fakes.voices import voice
from parvis_server import cli
from parvis_server.backup import Hub, backup
from parvis_server.commands.replay_erase import found_in
from parvis_server.config import HubSettings
from parvis_server.copies import SETS_ASIDE
from parvis_server.data_folder import DataFolder
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import HubReplays
from parvis_server.net import pages
from parvis_server.net.path_grants import FILE, Grant, PathGrants, Scope
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.replay.mirror import mirror
from parvis_server.replay.opened import open_recording
from parvis_server.replay.publish import Wish, prepare, publish
from parvis_server.replay.storage import S3Storage
from parvis_server.restoring import restore
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.events import StoredEvent
from parvis_server.store.rooms import StoredRoom
from parvis_wire.floor import Hand, Person, Surface, microphone_of
from parvis_wire.messages import DEFAULT_ROOM
from parvis_wire.recording import Consent, Consented
from parvis_wire.room_events import Blocked, FloorTaken, HandRaised, RoomEvent

NIGHT = datetime(2026, 11, 10, 4, 0, 0, tzinfo=UTC)
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
    hub = Hub.of(HubSettings(data=data), None)
    copies = [backup(hub, tmp_path / "copies", NIGHT + timedelta(days=day)) for day in range(14)]
    restore(hub, copies[-1], NIGHT, over=True)  # what was there before lies beside it
    return data


def a_piece_of_their_voice(data: Path) -> bytes:
    """Of one of their own packets, as it lies in tracks and in the file of their voice alone."""
    [track] = [path for path in (data / "recordings").glob("*/*-1/tracks/0002.opus")]
    return track.read_bytes()[-120:-40]


@pytest.fixture
def versions() -> Iterator[tuple[S3Storage, Any]]:
    """A store that keeps every older version, and its owner."""
    with store_with_versions() as store:
        yield store


def all_versions(owner: Any) -> list[bytes]:
    """What is in the store, older versions too."""
    told = owner.list_object_versions(Bucket="recordings").get("Versions", ())
    return [
        owner.get_object(Bucket="recordings", Key=one["Key"], VersionId=one["VersionId"])[
            "Body"
        ].read()
        for one in told
    ]


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
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    versions: tuple[S3Storage, Any],
) -> None:
    storage, owner = versions
    theirs = a_piece_of_their_voice(data)
    wanted, everything = (NAME.encode(), WORDS.encode(), theirs), data.parent
    url = f"{owner.meta.endpoint_url}/recordings/hall"
    told = {"storage": url, "storage_key_id": KEY, "storage_secret": SECRET}
    lines = [f'{name} = "{value}"' for name, value in told.items()]
    (data / "parvis.toml").write_text("\n".join(("[recording]", *lines)))
    assert mirror(data / "recordings", storage).waiting == 0
    before = {path.parent.name for path, _ in hits(everything, *wanted)}
    [aside] = data.glob(SETS_ASIDE)
    assert {"tracks", "data", "prepared", "copies", aside.name} <= before, "they were everywhere"
    assert all(any(one in kept for kept in all_versions(owner)) for one in (wanted[0], theirs))
    began = time.monotonic()
    assert erase(monkeypatch, data) == 0, capsys.readouterr().err
    print(f"erased in {time.monotonic() - began:.1f} s")
    assert hits(everything, *wanted) == []
    assert not any(one in kept for kept in all_versions(owner) for one in wanted)
    assert any(b"Ann" in kept for kept in all_versions(owner))
    assert len(list((everything / "copies").iterdir())) == 14
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
    recorder.replays = HubReplays(data / "recordings", work, settle_s=0, data=data)
    async with live_hub(data, keeper=keeper, recorder=recorder) as hub:
        DataFolder(data).note_listening(hub.http)
        assert NAME in hub.live.bulletin.view.model_dump_json()
        assert await asyncio.to_thread(erase, monkeypatch, data) == 0
        assert NAME not in hub.live.room.view.model_dump_json()
        assert NAME not in hub.live.bulletin.snapshot(is_host=True).decode(errors="replace")
        assert NAME not in hub.live.room.spoken
    assert hits(data.parent, NAME.encode(), WORDS.encode(), theirs) == []


def test_a_whole_room_is_erased_and_what_happened_when_stays(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = a_piece_of_their_voice(data)
    words = ["parvis", "replay", "erase", "--room", "main", "--data", str(data)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code, capsys.readouterr().err
    assert hits(data.parent, NAME.encode(), WORDS.encode(), theirs, b"Ann") == []
    assert not list((data / "recordings").glob("main/*")) and (data / FILE).read_text() == "[]"
    with closing(Store.open(Address.of(None, data))) as store:
        assert [one.type for one in store.load("main")] == [event.type for event in events()]
    audit = (data / "recordings/audit.jsonl").read_text()
    assert audit.count('"erase"') == 2, "a line for each recording, without content"


async def test_a_hub_that_runs_erases_a_whole_room_by_one_request(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(Address.of(None, data))
    keeper = StoredRooms(store, lambda: None, DEFAULT_ROOM)
    recorder = HubRecorder(data / "recordings")
    work = in_a_thread(data.parent / "static")
    recorder.replays = HubReplays(data / "recordings", work, settle_s=0, data=data)
    monkeypatch.setattr(
        sys, "argv", ["parvis", "replay", "erase", "--room", "main", "--data", str(data)]
    )

    def ask() -> int:
        with pytest.raises(SystemExit) as left:
            cli.main()
        return int(left.value.code or 0)

    async with live_hub(data, keeper=keeper, recorder=recorder) as hub:
        DataFolder(data).note_listening(hub.http)
        assert await asyncio.to_thread(ask) == 0
        assert NAME not in hub.live.room.view.model_dump_json()
        assert NAME not in hub.live.bulletin.snapshot(is_host=True).decode(errors="replace")
        assert NAME not in hub.live.room.spoken
    assert hits(data.parent, NAME.encode(), WORDS.encode(), b"Ann") == []
