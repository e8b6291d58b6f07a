"""The card's file is taken once and whole, and its secrets go, whatever moment the power is cut."""

from __future__ import annotations

import errno
import tomllib
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from fakes.platter import Platter, PowerCut
from fakes.provisioned import FakeNetworks
from parvis_device.config import load
from parvis_device.errors import UsageError
from parvis_device.provisioning.card import CARD_NAME, ERROR_NAME, Card, UnitSettings
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import Wifi
from parvis_device.provisioning.reset import make_new
from parvis_server.labels import new_labels

LABEL = new_labels(1, 1, "Table", "https://192.168.1.20:8443")[0]
TEXT = LABEL.settings + 'wifi_name = "Hall"\nwifi_password = "sesame-sesame"\n'
STEPS = 12
"""That write something."""
SECRETS = (LABEL.spelled, LABEL.hotspot.password, "sesame-sesame")


class CutDisk(Disk):
    """The power is cut at its ``at``-th step, before it or half-way through; with a ``platter``,
    whatever was not waited for goes with it."""

    def __init__(self, at: int, *, halfway: bool, platter: Platter | None = None) -> None:
        self._left = at
        self._halfway = halfway
        self._platter = platter

    def _step(self) -> bool:
        self._left -= 1
        if self._left == 0 and not self._halfway:
            if self._platter is not None:
                self._platter.power_off()
            raise PowerCut
        return self._left == 0

    def settle(self, descriptor: int) -> None:
        if self._platter is not None:
            self._platter.settle(descriptor)

    def write(self, path: Path, content: bytes, owner_of: Path | None = None) -> None:
        if self._step():
            super().write(path, content[: len(content) // 2], owner_of)
            raise PowerCut
        super().write(path, content, owner_of)

    def replace(self, draft: Path, path: Path) -> None:
        if self._step():
            if path.parent.name == "boot":  # FAT, which has no journal
                path.unlink(missing_ok=True)
            else:
                super().replace(draft, path)
            raise PowerCut
        super().replace(draft, path)

    def overwrite(self, path: Path) -> None:
        if self._step():
            whole = path.read_bytes()
            path.write_bytes(b" " * (len(whole) // 2) + whole[len(whole) // 2 :])
            raise PowerCut
        super().overwrite(path)

    def remove(self, path: Path) -> None:
        if self._step():
            path.unlink(missing_ok=True)
            raise PowerCut
        super().remove(path)


@dataclass
class Unit:
    """A unit with a card, which may be started again and again."""

    folder: Path
    kept: list[Wifi] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "boot").mkdir()
        (self.folder / "etc").mkdir()

    def start(self, disk: Disk | None = None) -> Card:
        disk = disk or Disk()
        settings = UnitSettings(self.settings, disk)
        return Card(self.folder / "boot", settings, self.kept.append, disk)

    @property
    def settings(self) -> Path:
        return self.folder / "etc" / "unit.toml"

    @property
    def card(self) -> Path:
        return self.folder / "boot" / CARD_NAME

    @property
    def on_the_card(self) -> bytes:
        return b"".join(path.read_bytes() for path in (self.folder / "boot").iterdir())


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


def is_taken(unit: Unit) -> None:
    """Everything is with the unit, and no secret on the card."""
    values = tomllib.loads(unit.settings.read_text())
    assert values == {**tomllib.loads(LABEL.settings), "microphone": "hw:1"}
    assert set(unit.kept) == {Wifi("Hall", "sesame-sesame")}
    for secret in SECRETS:
        assert secret.encode() not in unit.on_the_card
    assert unit.settings.stat().st_mode & 0o777 == 0o600
    assert load(unit.settings, {}).name == "Table 1", "what the unit's program then reads"


def test_it_is_taken_once(unit: Unit) -> None:
    unit.settings.write_text('# of the maker\nmicrophone = "hw:1"\n')
    unit.card.write_text(TEXT)
    assert unit.start().take().anything
    is_taken(unit)
    assert "# of the maker" in unit.settings.read_text()
    before = unit.settings.read_bytes(), unit.on_the_card
    assert not unit.start().take().anything
    assert (unit.settings.read_bytes(), unit.on_the_card) == before
    assert len(unit.kept) == 1


@pytest.mark.parametrize("how", ["before", "halfway", "lossy"])
def test_the_power_is_cut_at_every_moment(tmp_path: Path, how: str) -> None:
    cuts = 0
    for at in count(1):
        (tmp_path / str(at)).mkdir()
        unit = Unit(tmp_path / str(at))
        unit.settings.write_text('microphone = "hw:1"\n')
        unit.card.write_text(TEXT)
        try:
            platter = Platter(unit.folder) if how == "lossy" else None
            unit.start(CutDisk(at, halfway=how == "halfway", platter=platter)).take()
        except PowerCut:
            cuts += 1
        else:
            break
        taken = unit.settings.read_text().startswith("# taken from the card")
        times = len(unit.kept)
        unit.start().take()
        is_taken(unit)
        if taken:
            assert len(unit.kept) == times, "what was taken is not taken again"
        unit.start().take()
        is_taken(unit)
    assert cuts == STEPS


def test_a_file_that_was_written_after_the_cut_is_taken_too(unit: Unit) -> None:
    unit.card.write_text(TEXT)
    with pytest.raises(PowerCut):
        unit.start(CutDisk(6, halfway=True)).take()
    assert (unit.folder / "boot" / f"{CARD_NAME}.old").exists()
    unit.card.write_text('name = "Another"\n')
    assert unit.start().take().anything
    assert load(unit.settings, {}).name == "Another"
    for secret in SECRETS:
        assert secret.encode() not in unit.on_the_card


def test_a_typo_stays_and_is_explained_until_it_is_mended(unit: Unit) -> None:
    unit.card.write_text(TEXT.replace("hub =", "hubb ="))
    taken = unit.start().take()
    assert taken.mistake is not None and taken.mistake.line == 7
    told = (unit.folder / "boot" / ERROR_NAME).read_text()
    assert "line 7: unknown key 'hubb': did you mean hub?" in told
    assert not unit.settings.exists() and unit.card.read_text().count("hubb") == 1
    assert unit.start().take().mistake is not None
    unit.card.write_text(TEXT)
    assert unit.start().take().anything
    assert not (unit.folder / "boot" / ERROR_NAME).exists()


class FullDisk(Disk):
    """No room for one more byte below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, path: Path, content: bytes, owner_of: Path | None = None) -> None:
        if path.is_relative_to(self._folder):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        super().write(path, content, owner_of)


def test_a_full_card_loses_nothing(unit: Unit) -> None:
    unit.settings.write_text('microphone = "hw:1"\n')
    unit.card.write_text(TEXT)
    taken = unit.start(FullDisk(unit.folder / "etc")).take()
    assert "No space left on device" in taken.trouble
    assert unit.card.read_text() == TEXT
    taken = unit.start(FullDisk(unit.folder / "boot")).take()
    assert taken.anything and "cannot be wiped" in taken.trouble
    assert unit.start(FullDisk(unit.folder / "boot")).take().anything
    assert len(unit.kept) == 2, "once before its own file was written, once after: never again"
    unit.start().take()
    is_taken(unit)


@pytest.mark.parametrize("left", [b"microphone = \n", bytes(90), b"# \xff\xfe\n", b"\x80" * 90])
def test_damaged_settings_are_written_anew(unit: Unit, left: bytes) -> None:
    unit.settings.write_bytes(left)
    assert not unit.start().take().anything, "nor does it keep anybody from a network"
    unit.card.write_text(TEXT)
    assert unit.start().take().anything
    assert load(unit.settings, {}).name == "Table 1"


def test_no_card_and_an_empty_one(unit: Unit) -> None:
    assert not unit.start().take().anything
    unit.card.write_text("# only a note\n")
    assert not unit.start().take().anything
    assert unit.card.read_text() == "# only a note\n" and not unit.settings.exists()


async def test_a_reset_leaves_nothing_of_the_place_on_the_boot_partition(unit: Unit) -> None:
    unit.card.write_text(TEXT)
    card = unit.start()
    assert card.take().anything
    assert b"Table 1" in unit.on_the_card, "for people, until then"
    await reset(unit)
    for said in (b"Table 1", b"Hall", *(secret.encode() for secret in SECRETS)):
        assert said not in unit.on_the_card
    assert not unit.start().take().anything, "and nothing to take"


async def test_a_reset_wipes_what_was_taken_and_not_wiped_yet(unit: Unit) -> None:
    unit.card.write_text(TEXT)
    with pytest.raises(PowerCut):
        unit.start(CutDisk(4, halfway=False)).take()
    assert b"Table 1" in unit.on_the_card
    assert unit.settings.read_text().startswith("# taken from the card")
    await reset(unit)
    assert b"Table 1" not in unit.on_the_card
    assert not unit.start().take().anything, "it does not come back"


async def test_a_file_that_waits_for_the_reset_unit_stays(unit: Unit) -> None:
    unit.card.write_text(TEXT)
    await reset(unit)
    assert unit.start().take().anything


async def reset(unit: Unit) -> None:
    disk = Disk()
    settings = UnitSettings(unit.settings, disk)
    (unit.folder / "state").mkdir(exist_ok=True)
    told = await make_new(unit.folder / "state", settings, unit.start(), FakeNetworks(), disk)
    assert told == ""


KEY = "A" * 43
KEY_LINE = f'update_key = "{KEY}"\n'


class Updater:
    """Remembers the key that is pinned."""

    def __init__(self, pinned: str | None = None) -> None:
        self.pinned = pinned

    def pin(self, key: str) -> None:
        if self.pinned not in (None, key):
            raise UsageError("the key of somebody else is pinned: --replace …")
        self.pinned = key


def card_of(unit: Unit, updater: Updater) -> Card:
    disk = Disk()
    settings = UnitSettings(unit.settings, disk)
    return Card(unit.folder / "boot", settings, unit.kept.append, disk, updater.pin)


def test_the_makers_key_of_the_card_is_pinned(unit: Unit) -> None:
    unit.card.write_text(KEY_LINE)
    updater = Updater()
    assert card_of(unit, updater).take().anything
    assert updater.pinned == KEY
    assert "update_key" not in unit.settings.read_text(), "it is the updater's alone"
    assert f"# {KEY_LINE}" in unit.card.read_text()
    assert not card_of(unit, updater).take().anything


def test_a_card_does_not_take_a_units_key_away(unit: Unit) -> None:
    unit.card.write_text('name = "Another"\n' + KEY_LINE)
    updater = Updater("B" * 43)
    mistake = card_of(unit, updater).take().mistake
    assert mistake is not None and mistake.line == 2
    assert "somebody else is pinned" in mistake.words
    assert updater.pinned == "B" * 43 and not unit.settings.exists()


def test_a_key_that_is_none_is_told_with_its_line(unit: Unit) -> None:
    unit.card.write_text('name = "Another"\nupdate_key = "too short"\n')
    mistake = card_of(unit, Updater()).take().mistake
    assert mistake is not None and mistake.line == 2 and "no public key" in mistake.words
