"""Nobody who was erased is in a copy of the hub, and nobody comes back by one."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parvis_server.backup import Hub, backup
from parvis_server.config import HubSettings
from parvis_server.copies import FOLDERS_FILE, erase_in_copies, folders
from parvis_server.copy_file import LIST_FILE, read_one, told_of
from parvis_server.data_folder import SECRETS_FILE, DataFolder
from parvis_server.erased import FILE, MAX_ERASURES, erased_from, note_erased, parse, serialize
from parvis_server.errors import DataFolderError
from parvis_server.net.path_grants import FILE as PATHS
from parvis_server.net.path_grants import PathGrants, Scope
from parvis_server.restoring import restore, set_aside
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.erasures import ASIDE, Erasure
from parvis_server.store.events import StoredEvent
from parvis_server.store.folds import Fold
from parvis_server.store.rooms import StoredRoom
from parvis_wire.floor import Hand, Surface
from parvis_wire.room_events import HandRaised

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
ZOE, ANN = ("zoe-participant1", "Zoé Quelconque"), ("ann-participant1", "Ann Dauphine")
SAID = {ZOE[0]: "Qui paie les vélos ?", ANN[0]: "Et les bancs ?"}


def raised(room: str, seq: int, person: tuple[str, str]) -> StoredEvent:
    who, name = person
    hand = Hand(participant=who, name=name, surface=Surface.PHONE, raised_at=0, text=SAID[who])
    return StoredEvent.of(HandRaised(hand=hand), room=room, seq=seq, room_clock=seq, utc_ms=1)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """In whose database both are, in two rooms, in a fold, and in a log that was set aside."""
    data = DataFolder.open(tmp_path / "hub").path
    DataFolder(data).secrets()
    with closing(Store.open(Address.of(None, data))) as store:
        for room in ("main", "annex", "broken"):
            store.put_room(StoredRoom.new(room, 1))
            store.append([raised(room, 1, ZOE), raised(room, 2, ANN)])
        store.put_fold(Fold.of("main", 2, f'{{"name": "{ZOE[1]}"}}'))
        store.set_aside("broken", f"broken{ASIDE}5")
    grants = PathGrants(data / PATHS, lambda grant: True, lambda: 0)
    for who, _ in (ZOE, ANN):
        grants.make("main", Scope.LISTEN, who)
    grants.keep()
    return Hub.of(HubSettings(data=data), None)


def holds(path: Path, person: tuple[str, str]) -> bool:
    """Whether a name or a word of theirs stands in a file, or in one below a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    words = (person[1].encode(), SAID[person[0]].encode())
    return any(word in one.read_bytes() for one in files for word in words)


def erase_zoe(hub: Hub, room: str | None = None) -> None:
    note_erased(hub.folder, [Erasure.of_person(ZOE[0], room, 7)])


def test_who_is_erased_leaves_every_copy_and_nobody_else_does(hub: Hub, tmp_path: Path) -> None:
    copies = [backup(hub, tmp_path / "copies", NOW + timedelta(days=day)) for day in range(3)]
    assert all(holds(copy, ZOE) for copy in copies)
    before = [told_of(copy) for copy in copies]
    erase_zoe(hub)
    assert erase_in_copies(hub.folder) == []
    assert not holds(tmp_path / "copies", ZOE)
    assert all(holds(copy, ANN) for copy in copies)
    assert [one.made_utc for one in before] == [told_of(copy).made_utc for copy in copies]
    assert all(ZOE[0].encode() not in (read_one(copy, PATHS) or b"") for copy in copies)
    assert all(ANN[0].encode() in (read_one(copy, PATHS) or b"") for copy in copies)
    assert {path.name for path in (tmp_path / "copies").iterdir()} == {one.name for one in copies}
    new = Hub.of(HubSettings(data=tmp_path / "new"), None)
    restore(new, copies[0], NOW)  # it is a whole copy still
    with closing(Store.open(Address.of(None, new.folder))) as store:
        assert [event.seq for event in store.load("main")] == [1, 2]
        assert "Ann Dauphine" in repr(store.load("main")) and store.fold("main") is None


def test_a_copy_that_knows_of_it_is_not_touched(hub: Hub, tmp_path: Path) -> None:
    copy = backup(hub, tmp_path / "copies", NOW)
    erase_zoe(hub)
    erase_in_copies(hub.folder)
    first = copy.stat().st_ino
    assert erase_in_copies(hub.folder) == [] and copy.stat().st_ino == first


def test_out_of_one_room_is_out_of_one_room(hub: Hub, tmp_path: Path) -> None:
    copy = backup(hub, tmp_path / "copies", NOW)
    erase_zoe(hub, "annex")
    erase_in_copies(hub.folder)
    assert holds(copy, ZOE), "in the other rooms"
    for room in ("main", "broken"):
        erase_zoe(hub, room)
    erase_in_copies(hub.folder)
    assert not holds(copy, ZOE), "a log that was set aside is the room's, too"


def test_a_whole_room_is_erased_up_to_that_evening(hub: Hub, tmp_path: Path) -> None:
    copy = backup(hub, tmp_path / "copies", NOW)
    for room, until in (("main", 1), ("annex", 2), ("broken", 2)):
        note_erased(hub.folder, [Erasure.of_room(room, until, 7)])
    erase_in_copies(hub.folder)
    assert not holds(copy, ZOE)
    assert holds(copy, ANN), "whose words in the room main came later"


def test_another_hub_that_copies_to_the_same_folder_loses_no_room(hub: Hub, tmp_path: Path) -> None:
    theirs = backup(hub, tmp_path / "copies", NOW)
    (hub.folder / SECRETS_FILE).unlink()
    DataFolder(hub.folder).secrets()  # from here on it is another
    own = backup(hub, tmp_path / "copies", NOW + timedelta(days=1))
    erase_zoe(hub)
    assert erase_in_copies(hub.folder) == []
    assert not holds(theirs, ZOE), "a person's id is nobody else's: this is of before its keys went"
    for room in ("main", "annex", "broken"):
        note_erased(hub.folder, [Erasure.of_room(room, 2, 8)])
    [told] = erase_in_copies(hub.folder)
    assert str(theirs) in told and "another hub's" in told
    assert holds(theirs, ANN) and not holds(own, ANN)


def test_a_disk_that_was_away_is_told_and_seen_to_when_it_is_back(hub: Hub, tmp_path: Path) -> None:
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    copy = backup(hub, disk, NOW)
    disk.rename(elsewhere)
    erase_zoe(hub)
    [told] = erase_in_copies(hub.folder)
    assert str(disk) in told and "not there" in told
    elsewhere.rename(disk)
    backup(hub, disk, NOW + timedelta(days=1))
    assert not holds(copy, ZOE), "parvis backup looks after the older ones"


def test_a_copy_that_cannot_be_read_is_told_and_hinders_no_other(hub: Hub, tmp_path: Path) -> None:
    copies = [backup(hub, tmp_path / "copies", NOW + timedelta(days=day)) for day in range(2)]
    copies[0].write_bytes(copies[0].read_bytes()[:-300])
    erase_zoe(hub)
    [told] = erase_in_copies(hub.folder)
    assert str(copies[0]) in told and "delete it" in told
    assert not holds(copies[1], ZOE)


def test_what_a_cut_left_of_a_renewal_is_gone_with_the_next(hub: Hub, tmp_path: Path) -> None:
    backup(hub, tmp_path / "copies", NOW)
    left = tmp_path / "copies/.copying-cut"
    left.mkdir()
    shutil.copy(hub.database, left)
    erase_zoe(hub)
    assert erase_in_copies(hub.folder) == [] and not holds(tmp_path / "copies", ZOE)


def test_nobody_comes_back_by_a_copy_from_elsewhere(hub: Hub, tmp_path: Path) -> None:
    shutil.copy(backup(hub, tmp_path / "copies", NOW), tmp_path / "kept-elsewhere.zip")
    erase_zoe(hub)
    restore(hub, tmp_path / "kept-elsewhere.zip", NOW, over=True)
    [aside] = set_aside(hub)
    assert erased_from(hub.folder) == erased_from(aside) != ()
    for path in hub.folder.iterdir():
        if path != aside:
            assert not holds(path, ZOE), path
    assert holds(hub.database, ANN)
    assert tmp_path in folders(hub.folder), "and what lies beside that copy is known from now on"


def test_who_is_erased_leaves_what_a_restored_hub_left_beside_itself(
    hub: Hub, tmp_path: Path
) -> None:
    restore(hub, backup(hub, tmp_path / "copies", NOW), NOW, over=True)
    [aside] = set_aside(hub)
    assert holds(aside, ZOE)
    erase_zoe(hub)
    assert erase_in_copies(hub.folder) == []
    assert not holds(aside, ZOE) and holds(aside, ANN)
    assert erased_from(aside) == erased_from(hub.folder)
    with closing(sqlite3.connect(aside / hub.database.name)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_list_holds_hashes_each_once_and_the_oldest_give_way(tmp_path: Path) -> None:
    one = Erasure.of_person(ZOE[0], "main", 1)
    note_erased(tmp_path, [one, one])
    assert ZOE[0] not in (tmp_path / FILE).read_text() and erased_from(tmp_path) == (one,)
    many = [Erasure.of_room("main", seq, 2 + seq) for seq in range(MAX_ERASURES)]
    note_erased(tmp_path, many)
    assert erased_from(tmp_path) == tuple(many)
    assert len(serialize(Erasure.of_person(ZOE[0], "m" * 64, 10**13) for _ in range(1))) < 200


def test_a_list_that_is_damaged_is_told(hub: Hub, tmp_path: Path) -> None:
    (hub.folder / FILE).write_text("[{}]")
    with pytest.raises(DataFolderError, match="erase again"):
        erase_in_copies(hub.folder)
    with pytest.raises(ValueError, match="no list"):
        parse(b"{}")
    (hub.folder / FILE).unlink()
    erase_zoe(hub)
    (hub.folder / FOLDERS_FILE).write_text("{")
    with pytest.raises(DataFolderError, match="delete it"):
        erase_in_copies(hub.folder)


def test_what_a_copy_says_of_itself_says_so_too(hub: Hub, tmp_path: Path) -> None:
    copy = backup(hub, tmp_path / "copies", NOW)
    erase_zoe(hub)
    erase_in_copies(hub.folder)
    assert FILE in told_of(copy).sha256 and LIST_FILE not in told_of(copy).sha256
    assert parse(read_one(copy, FILE) or b"") == erased_from(hub.folder)
