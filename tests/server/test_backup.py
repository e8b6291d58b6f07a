"""A copy of a hub, made while it runs, and a hub that starts from it."""

import json
import sqlite3
import stat
import zipfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from parvis_server.backup import Hub, backup
from parvis_server.cli import app
from parvis_server.config import HubSettings, StoreSettings
from parvis_server.copies import NAME
from parvis_server.copy_file import KEPT_FILES, LIST_FILE
from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError, StoreError, UsageError
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.restoring import restore
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.commands import RaiseHand, SetRank
from parvis_wire.floor import Rank
from parvis_wire.messages import DEFAULT_ROOM, HostCredential, InviteCredential, Role

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)


def hub_in(folder: Path) -> Hub:
    return Hub.of(HubSettings(data=folder), None)


def keeper(folder: Path) -> StoredRooms:
    store = Store.open(Address.of(None, DataFolder.open(folder).path))
    return StoredRooms(store, DataFolder(folder).room_before_the_database, DEFAULT_ROOM)


def api(hub: LiveHub) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {hub.hub.keys.operator_token}"}
    return httpx.AsyncClient(base_url=f"{hub.http}/api/v1", headers=headers, trust_env=False)


def test_the_search_for_a_name_finds_it_in_a_copy(tmp_path: Path) -> None:
    hub = hub_that_ran(tmp_path / "hub", parvis_toml="[room]\ntitle = 'Zoé was here'\n")
    copy = backup(hub, tmp_path / "copies", NOW)
    assert "Zoé was here".encode() in copy.read_bytes()


async def test_a_hub_starts_from_its_copy_with_rooms_roles_and_line_as_they_were(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    async with live_hub(old, keeper=keeper(old)) as hub, api(hub) as client:
        body = {"title": "Board", "access": "closed", "name": "board"}
        assert (await client.post("/rooms", json=body)).status_code == 201
        await client.put("/rooms/board/phase", json={"phase": "live"})
        made = await client.post("/rooms/board/invitations", json={"role": "audience"})
        guest = InviteCredential(token=made.json()["link"].rpartition("k=")[2])
        host = HostCredential(secret=hub.secret)
        async with (
            joined(hub.listen, room="board", credential=guest) as ada,
            joined(hub.listen, room="board", credential=guest) as zoe,
            joined(hub.listen) as steward,
            joined(hub.listen, Role.HOST, credential=host) as chair,
        ):
            steward_id = steward.welcome.participant
            ack = await chair.do(SetRank, participant=steward_id, rank=Rank.COHOST)
            assert ack.refused is None
            await ada.do(RaiseHand, name="Ada")
            await zoe.do(RaiseHand, name="Zoé")
        await hub.hub.rooms._keeper.kept()
        before = hub.hub.rooms.get("board")
        assert before is not None
        line, invites = before.live.room.view.line, tuple(before.invites)
        keys = hub.hub.keys
        copy = backup(hub_in(old), tmp_path / "copies", NOW)  # while it runs
        await client.put("/rooms/board/phase", json={"phase": "ended"})

    assert DataFolder.open(new).listening_at() is None
    assert "secrets.json" in restore(hub_in(new), copy, NOW)
    async with live_hub(new, keeper=keeper(new)) as hub:
        after = hub.hub.rooms.get("board")
        assert after is not None and after.engine.running is not None, "it was live"
        assert [hand.name for hand in line] == ["Ada", "Zoé"]
        assert [hand.name for hand in after.live.room.view.line] == ["Ada", "Zoé"]
        assert tuple(after.invites) == invites
        assert hub.hub.main.rank_of(steward_id) is Rank.COHOST
        assert hub.hub.keys == keys, "links, units and operators hold"
        async with joined(hub.listen, room="board", credential=guest):
            pass  # an invitation of before still opens the door


def hub_that_ran(folder: Path, **files: str) -> Hub:
    data = DataFolder.open(folder)
    data.secrets()
    Store.open(Address.of(None, folder)).close()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return hub_in(folder)


def test_a_copy_is_for_its_owner_alone_and_says_what_it_is(tmp_path: Path) -> None:
    hub = hub_that_ran(tmp_path / "hub", parvis_toml="[room]\ntitle = 'A'\n", running_json="{}")
    copy = backup(hub, tmp_path / "copies", NOW)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert NAME.fullmatch(copy.name)
    with zipfile.ZipFile(copy) as archive:
        names = set(archive.namelist())
    assert names == {"parvis.db", "secrets.json", "parvis.toml", "erased.json", LIST_FILE}


def test_the_newest_copies_stay(tmp_path: Path) -> None:
    hub, to = hub_that_ran(tmp_path / "hub"), tmp_path / "copies"
    to.mkdir()
    (to / "holiday.zip").write_text("not ours")
    for day in range(4):
        backup(hub, to, NOW + timedelta(days=day), keep=2)
    left = sorted(path.name for path in to.iterdir())
    assert left == [
        "holiday.zip",
        "parvis-hub-20261125T040000Z.zip",
        "parvis-hub-20261126T040000Z.zip",
    ]


def test_settings_from_elsewhere_are_copied_and_lie_beside(tmp_path: Path) -> None:
    hub_that_ran(tmp_path / "hub")
    settings = tmp_path / "hub.toml"
    settings.write_text("[room]\ntitle = 'Town hall'\n")
    there = Hub.of(HubSettings(data=tmp_path / "hub"), settings)
    copy = backup(there, tmp_path / "copies", NOW)
    settings.write_text("[room]\ntitle = 'newer'\n")
    restore(hub_in(tmp_path / "new"), copy, NOW)
    assert (tmp_path / "new" / "settings.toml").read_text() == "[room]\ntitle = 'Town hall'\n"
    assert settings.read_text() == "[room]\ntitle = 'newer'\n", "not the hub's to write"


def test_a_restored_hub_does_not_take_the_title_of_its_settings_for_a_new_one(
    tmp_path: Path,
) -> None:
    hub = hub_that_ran(tmp_path / "old")
    assert DataFolder(hub.folder).is_new_title("Town hall")  # a host may call it otherwise now
    restore(hub_in(tmp_path / "new"), backup(hub, tmp_path / "copies", NOW), NOW)
    assert not DataFolder(tmp_path / "new").is_new_title("Town hall")


def test_what_was_there_is_moved_aside(tmp_path: Path) -> None:
    copy = backup(hub_that_ran(tmp_path / "old"), tmp_path / "copies", NOW)
    hub = hub_that_ran(tmp_path / "new")
    mine = (tmp_path / "new" / "secrets.json").read_text()
    (tmp_path / "new" / "recordings").mkdir()
    with pytest.raises(UsageError, match="already: --over"):
        restore(hub, copy, NOW)
    assert (tmp_path / "new" / "secrets.json").read_text() == mine
    restore(hub, copy, NOW, over=True)
    aside = tmp_path / "new" / "before-restore-20261123T040000Z"
    assert (aside / "secrets.json").read_text() == mine and (aside / "parvis.db").is_file()
    restored = (tmp_path / "new" / "secrets.json").read_text()
    assert restored == (tmp_path / "old" / "secrets.json").read_text() != mine
    assert stat.S_IMODE((tmp_path / "new" / "secrets.json").stat().st_mode) == 0o600
    assert (tmp_path / "new" / "recordings").is_dir()
    assert not list((tmp_path / "new").glob(".restore-*"))


def test_a_running_hub_is_left_alone(tmp_path: Path) -> None:
    copy = backup(hub_that_ran(tmp_path / "hub"), tmp_path / "copies", NOW)
    DataFolder.open(tmp_path / "hub").note_listening("http://127.0.0.1:8080")
    with (
        closing(Store.open(Address.of(None, tmp_path / "hub"))),
        pytest.raises(UsageError, match=r"runs \(http://127.0.0.1:8080\): stop it first"),
    ):
        restore(hub_in(tmp_path / "hub"), copy, NOW, over=True)
    assert not list((tmp_path / "hub").glob("before-restore-*"))


def test_a_process_that_has_the_number_of_a_hub_that_lost_its_power_hinders_nothing(
    tmp_path: Path,
) -> None:
    copy = backup(hub_that_ran(tmp_path / "hub"), tmp_path / "copies", NOW)
    DataFolder.open(tmp_path / "hub").note_listening("http://127.0.0.1:8080")  # this test's process
    restore(hub_in(tmp_path / "hub"), copy, NOW, over=True)


def test_a_file_that_the_hub_replaces_meanwhile_is_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = hub_that_ran(tmp_path / "hub")
    path, read = hub.folder / "secrets.json", Path.read_bytes
    first = path.read_bytes()

    def then_another(asked: Path) -> bytes:
        content = read(asked)
        if asked == path:
            asked.write_bytes(content + b"\n")
        return content

    monkeypatch.setattr(Path, "read_bytes", then_another)
    copy = backup(hub, tmp_path / "copies", NOW)
    monkeypatch.undo()
    restore(hub_in(tmp_path / "new"), copy, NOW)
    assert (tmp_path / "new" / "secrets.json").read_bytes() == first


def test_what_a_cut_left_of_a_copying_goes_with_the_next_one(tmp_path: Path) -> None:
    hub, to = hub_that_ran(tmp_path / "hub"), tmp_path / "copies"
    (to / ".copying-cut").mkdir(parents=True)
    (to / ".copying-cut/parvis.db").write_text("names")
    (to / "parvis-hub-20261120T040000Z.part").write_text("half")
    backup(hub, to, NOW)
    assert [path.name for path in to.iterdir()] == ["parvis-hub-20261123T040000Z.zip"]


def test_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="there is no hub in"):
        backup(hub_in(tmp_path), tmp_path / "copies", NOW)


def test_a_server_has_tools_of_its_own() -> None:
    url = "postgresql://parvis:secret@db/parvis"
    with pytest.raises(UsageError, match="pg_dump") as told:
        Hub.of(HubSettings(store=StoreSettings(url=url)), None)
    assert "secret" not in str(told.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    hub = hub_that_ran(tmp_path / "hub")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="cannot write a copy to"):
        backup(hub, tmp_path / "file", NOW)


def flipped(copy: Path) -> Path:
    """A packed copy on a disk that has lost some bits of its largest file."""
    path, content = copy.with_name("flipped.zip"), bytearray(copy.read_bytes())
    with zipfile.ZipFile(copy) as archive:
        begin = archive.getinfo("parvis.db").header_offset + 60
    content[begin : begin + 40] = b"\xff" * 40
    path.write_bytes(content)
    return path


def forged(
    copy: Path, files: Mapping[str, bytes], packing: int = zipfile.ZIP_STORED, **said: object
) -> Path:
    """A copy in which these files are others, and that says so or does not."""
    with zipfile.ZipFile(copy) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    listed = {**json.loads(inside.pop(LIST_FILE)), **said}
    path = copy.with_name("forged.zip")
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in {**inside, **files}.items():
            archive.writestr(name, content)
        archive.writestr(LIST_FILE, json.dumps(listed))
    return path


def test_a_damaged_or_strange_copy_touches_nothing(tmp_path: Path) -> None:
    copy = backup(hub_that_ran(tmp_path / "old"), tmp_path / "copies", NOW)
    hub = hub_that_ran(tmp_path / "new")
    mine = (tmp_path / "new" / "secrets.json").read_text()
    cut = copy.with_name("cut.zip")
    cut.write_bytes(copy.read_bytes()[:-200])
    sums = {"parvis.db": "0" * 64, "../../etc/passwd": "0" * 64}
    bad = {
        "is no copy of a hub": flipped(forged(copy, {}, packing=zipfile.ZIP_DEFLATED)),
        "there is no file": tmp_path / "nowhere.zip",
        "was cut off": cut,
        "is damaged: secrets.json": forged(copy, {"secrets.json": b"{}"}),
    }
    for words, path in bad.items():
        with pytest.raises(UsageError, match=words):
            restore(hub, path, NOW, over=True)
    with pytest.raises(UsageError, match="etc/passwd"):
        restore(hub, forged(copy, {}, sha256=sums), NOW, over=True)
    with pytest.raises(UsageError, match="of a newer Parvis"):
        restore(hub, forged(copy, {}, schema_version=2), NOW, over=True)
    assert (tmp_path / "new" / "secrets.json").read_text() == mine
    assert not list((tmp_path / "new").glob("before-restore-*"))


def test_a_database_of_a_newer_parvis_is_refused(tmp_path: Path) -> None:
    hub = hub_that_ran(tmp_path / "old")
    with closing(sqlite3.connect(hub.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    copy = backup(hub, tmp_path / "copies", NOW)
    with pytest.raises(StoreError, match="newer Parvis"):
        restore(hub_in(tmp_path / "new"), copy, NOW)
    assert not (tmp_path / "new" / "parvis.db").exists()


def test_what_a_running_hub_writes_for_itself_is_not_kept() -> None:
    assert "running.json" not in KEPT_FILES and len(set(KEPT_FILES)) == len(KEPT_FILES)


def test_the_commands(tmp_path: Path) -> None:
    hub_that_ran(tmp_path / "hub")
    old, new, copies = str(tmp_path / "hub"), str(tmp_path / "new"), tmp_path / "copies"
    made = CliRunner().invoke(app, ["backup", str(copies), "--data", old, "--keep", "3"])
    assert made.exit_code == 0 and ": 3 files of Parvis" in made.stdout
    [copy] = copies.iterdir()
    put = CliRunner().invoke(app, ["restore", str(copy), "--data", new])
    assert put.exit_code == 0 and "restored to" in put.stdout
    assert "stays erased" in put.stdout
    assert "before-restore" not in put.stdout
    again = CliRunner().invoke(app, ["restore", str(copy), "--data", new])
    assert isinstance(again.exception, UsageError)
    over = CliRunner().invoke(app, ["restore", str(copy), "--data", new, "--over"])
    [aside] = (tmp_path / "new").glob("before-restore-*")
    assert f"is in {aside}: delete that" in over.stdout
