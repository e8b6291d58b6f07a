"""A restore whose power is cut at any moment: the hub of before or the copy's, never a mixture."""

from __future__ import annotations

import copy
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fakes.platter import Platter, PowerCut
from parvis_server.backup import Hub, backup
from parvis_server.cli import app
from parvis_server.config import HubSettings, load_settings
from parvis_server.data_folder import RESTORE_READY, DataFolder, is_being_restored
from parvis_server.errors import DataFolderError, UsageError
from parvis_server.restoring import Disk, finish, restore
from parvis_server.store.address import Address
from parvis_server.store.database import Store

NOW = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
NOTES = ("parvis.db.lock", "backups.json")
"""What a restore may touch before it counts: a lock, and where copies are."""
STEPS = 60
"""More than a restore has; the proof says so."""


class CutDisk(Disk):
    """Its power goes before the Nth thing that is done or waited for; with a ``platter``, whatever
    was not waited for goes with it."""

    def __init__(self, cut_at: int, platter: Platter | None) -> None:
        self.cut_at, self.done, self._platter = cut_at, 0, platter

    def _next(self) -> None:
        if self.done >= self.cut_at:
            if self._platter is not None:
                self._platter.power_off()
            raise PowerCut
        self.done += 1

    def move(self, path: Path, to: Path) -> None:
        self._next()
        super().move(path, to)

    def make_folder(self, path: Path) -> None:
        self._next()
        super().make_folder(path)

    def remove(self, path: Path) -> None:
        self._next()
        super().remove(path)

    def settle(self, descriptor: int) -> None:
        self._next()
        if self._platter is not None:
            self._platter.settle(descriptor)


def hub_in(folder: Path, name: str) -> Hub:
    """A hub that ran, with something of its own in each place."""
    DataFolder.open(folder).secrets()
    Store.open(Address.of(None, folder)).close()
    (folder / "parvis.toml").write_text(f"[room]\ntitle = '{name}'\n")
    return Hub.of(HubSettings(data=folder), None)


class Scene:
    """A hub, and a copy of another one that is to take its place."""

    def __init__(self, folder: Path) -> None:
        self.copied = hub_in(folder / "copied", "of the copy")
        self.zip = backup(self.copied, folder / "copies", NOW)
        self.hub = hub_in(folder / "hub", "of before")
        (self.hub.folder / "room.json").write_text("not in the copy")
        wal = self.hub.database.with_name("parvis.db-wal")
        wal.write_bytes(b"of the database before")
        self.before = self.content()

    def again(self, folder: Path) -> Scene:
        """The same once more, elsewhere."""
        shutil.copytree(self.hub.folder, folder)
        other = copy.copy(self)
        other.hub = Hub.of(HubSettings(data=folder), None)
        return other

    def content(self) -> dict[str, bytes]:
        found = self.hub.folder.iterdir()
        files = (path for path in found if path.is_file() and path.name not in NOTES)
        return {path.name: path.read_bytes() for path in files}

    def judge(self) -> str:
        """Whose hub it is; fails where it is nobody's."""
        now = self.content()
        if now == self.before:
            return "before"
        assert now.keys() == {"parvis.db", "parvis.toml", "secrets.json", "erased.json"}
        for name in ("parvis.toml", "secrets.json"):
            assert now[name] == (self.copied.folder / name).read_bytes()
        (aside,) = self.hub.folder.glob("before-restore-*")
        kept = {path.name: path.read_bytes() for path in aside.iterdir()}
        assert kept == self.before, "nothing that was there is lost"
        with closing(sqlite3.connect(self.hub.database)) as database:
            database.execute("SELECT * FROM alembic_version").fetchone()
        return "copy"


@pytest.mark.parametrize("lossy", [False, True], ids=["kept", "lossy"])
def test_a_power_cut_at_any_moment_leaves_one_hub(tmp_path: Path, lossy: bool) -> None:
    outcomes = []
    first_scene = Scene(tmp_path)
    for cut_at in range(STEPS):
        scene = first_scene.again(tmp_path / str(cut_at))
        disk = CutDisk(cut_at, Platter(scene.hub.folder) if lossy else None)
        try:
            restore(scene.hub, scene.zip, NOW, over=True, disk=disk)
        except PowerCut:
            finish(scene.hub)  # what the next start of the hub does
        assert not is_being_restored(scene.hub.folder)
        outcomes.append(scene.judge())
        if disk.done < cut_at:
            break
    else:
        raise AssertionError("a restore has more steps than this proof")
    first = outcomes.index("copy")
    assert 0 < first < len(outcomes) - 8, "cut before it counted, and often after"
    assert set(outcomes[first:]) == {"copy"}, "once it counts, it counts"


def cut_off(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    for cut_at in range(STEPS):
        with pytest.raises(PowerCut):
            restore(scene.hub, scene.zip, NOW, over=True, disk=CutDisk(cut_at, None))
        if (scene.hub.folder / RESTORE_READY / "parvis.toml").exists():
            return scene
    raise AssertionError("it never counted")


def test_the_next_start_of_the_hub_ends_it_before_it_reads_its_settings(tmp_path: Path) -> None:
    from parvis_server.commands.hub import finishes_a_restore

    scene = cut_off(tmp_path)
    flags = {"data": scene.hub.folder}
    assert finishes_a_restore(load_settings(None, flags), None)
    assert scene.judge() == "copy"
    assert load_settings(None, flags).room.title == "of the copy"
    assert not finishes_a_restore(load_settings(None, flags), None)


def test_no_copy_is_made_of_half_a_hub(tmp_path: Path) -> None:
    scene = cut_off(tmp_path)
    with pytest.raises(DataFolderError, match="was cut off: start the hub"):
        backup(scene.hub, tmp_path / "copies", NOW)


def test_a_second_restore_ends_the_first_and_keeps_what_both_replaced(tmp_path: Path) -> None:
    scene = cut_off(tmp_path)
    data = str(scene.hub.folder)
    done = CliRunner().invoke(app, ["restore", str(scene.zip), "--data", data, "--over"])
    assert done.exit_code == 0, done.output
    asides = sorted(scene.hub.folder.glob("before-restore-*"))
    assert len(asides) == 2
    assert (asides[0] / "parvis.toml").read_text() == "[room]\ntitle = 'of before'\n"


def test_nothing_is_ended_under_a_hub_that_runs(tmp_path: Path) -> None:
    scene = cut_off(tmp_path)
    with (
        closing(Store.open(Address.of(None, scene.copied.folder))),
        pytest.raises(UsageError, match="stop it first"),
    ):
        finish(scene.copied)
