"""The unit's key and its site's: kept whole or not at all, for their owner alone, by one unit."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pytest import MonkeyPatch

from fakes.platter import Platter
from parvis_device.config import load
from parvis_device.errors import DamagedState, StateTaken, StateTrouble
from parvis_device.identity import (
    BOARD,
    LOCK,
    SITE_KEY,
    UNIT_KEY,
    forget,
    held,
    in_use,
    open_identity,
    usual_folder,
)
from parvis_device.pairing import PairingAction
from parvis_device.papers import setup_code, take_papers
from parvis_wire.identity import public_bytes

SITE = public_bytes(Ed25519PrivateKey.generate())


def test_the_first_start_makes_a_key_and_every_later_one_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    first = open_identity(folder)
    assert first.site is None
    again = open_identity(folder)
    assert (again.unit, again.public) == (first.unit, first.public)
    assert (folder / UNIT_KEY).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert open_identity(tmp_path / "another").unit != first.unit


def test_a_site_is_kept_and_forgotten(tmp_path: Path) -> None:
    open_identity(tmp_path).belong_to(SITE)
    found = open_identity(tmp_path)
    assert found.site == SITE
    assert (tmp_path / SITE_KEY).stat().st_mode & 0o777 == 0o600
    assert forget(tmp_path) and not forget(tmp_path)
    assert open_identity(tmp_path).site is None
    assert open_identity(tmp_path).unit == found.unit
    assert forget(tmp_path, key_too=True)
    assert open_identity(tmp_path).unit != found.unit


def test_what_root_writes_is_the_folders_owners_before_it_has_its_name(
    tmp_path: Path, monkeypatch: MonkeyPatch
) -> None:
    """``parvis-unit provision`` pairs as root; the unit's own user comes after it."""
    owner, given = tmp_path.stat(), []

    def fchown(descriptor: int, user: int, group: int) -> None:
        assert (user, group) == (owner.st_uid, owner.st_gid)
        given.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", fchown)
    open_identity(tmp_path, board=lambda: "0123456789abcdef").belong_to(SITE)
    with held(tmp_path):
        pass
    kinds = [name.strip(".").rpartition(".")[0] for name in given[:-1]]
    assert kinds == [BOARD, UNIT_KEY, SITE_KEY] and given[-1] == LOCK


def test_a_lock_that_is_a_link_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "another").write_text("")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / LOCK).symlink_to(tmp_path / "another")
    with pytest.raises(StateTrouble), held(tmp_path / "state"):
        pass


def test_a_key_that_others_may_read_is_theirs_no_more(tmp_path: Path) -> None:
    open_identity(tmp_path)
    (tmp_path / UNIT_KEY).chmod(0o644)
    open_identity(tmp_path)
    assert (tmp_path / UNIT_KEY).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [UNIT_KEY, SITE_KEY])
@pytest.mark.parametrize("found", [b"", b"nonsense\n", b"A" * 42, b"\xff" * 43, b"A" * 5000])
def test_a_damaged_file_is_told_in_one_line_with_what_to_do(
    tmp_path: Path, name: str, found: bytes
) -> None:
    open_identity(tmp_path)
    (tmp_path / name).write_bytes(found)
    with pytest.raises(DamagedState) as caught:
        open_identity(tmp_path)
    words = str(caught.value)
    assert str(tmp_path / name) in words and "paired again" in words and "\n" not in words
    assert (tmp_path / name).read_bytes() == found, "nothing is overwritten"
    if name == SITE_KEY:
        assert forget(tmp_path)
        open_identity(tmp_path)


def test_a_write_that_breaks_off_leaves_what_was_there(
    tmp_path: Path, monkeypatch: MonkeyPatch
) -> None:
    kept = open_identity(tmp_path)
    kept.belong_to(SITE)

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(StateTrouble, match="No space left"):
        kept.belong_to(bytes(32))
    assert kept.site == SITE
    monkeypatch.undo()
    assert open_identity(tmp_path).site == SITE
    assert sorted(path.name for path in tmp_path.iterdir()) == [SITE_KEY, UNIT_KEY]


def test_two_first_starts_at_once_find_one_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    units: list[str] = []

    def start() -> None:
        together.wait()
        units.append(open_identity(tmp_path).unit)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(units) == 8 and len(set(units)) == 1


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "state"
    with pytest.raises(StateTrouble, match=r"--state DIR") as caught:
        open_identity(folder)
    assert "--no-identity" in str(caught.value)
    with pytest.raises(StateTrouble), held(folder):
        pass


def test_one_unit_at_a_time_has_a_folder(tmp_path: Path) -> None:
    assert not in_use(tmp_path)
    with held(tmp_path):
        assert in_use(tmp_path)
        with pytest.raises(StateTaken, match=r"--state DIR"), held(tmp_path):
            pass
    with held(tmp_path):
        pass


def test_where_a_unit_keeps_its_state(monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    assert usual_folder({"STATE_DIRECTORY": "/var/lib/parvis-unit:/x"}) == Path(
        "/var/lib/parvis-unit"
    )
    assert usual_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/parvis-unit")
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".local/state/parvis-unit"
    assert usual_folder({}) == usual_folder({"XDG_STATE_HOME": "relative"}) == home


def test_a_second_unit_of_the_usual_folder_has_no_key_and_says_so(
    tmp_path: Path, monkeypatch: MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    usual = load(None, {"button": "none"})
    chosen = load(None, {"button": "none", "state": tmp_path / "parvis-unit"})
    with ExitStack() as first, ExitStack() as second:
        assert take_papers(usual, first) is not None
        assert take_papers(usual, second) is None
        assert "--state DIR" in caplog.messages[-1] and "cannot be paired" in caplog.messages[-1]
        with pytest.raises(StateTaken):
            take_papers(chosen, second)
    with ExitStack() as later:
        assert take_papers(chosen, later) is not None
        assert take_papers(load(None, {"no_identity": True}), later) is None


def test_the_setup_code_is_read_as_people_write_it_and_never_said(
    tmp_path: Path, monkeypatch: MonkeyPatch
) -> None:
    file = tmp_path / "parvis.toml"
    file.write_text('setup_code = "k7mq-2hxd"\n')
    config = load(file, {})
    assert setup_code(config) == "K7MQ2HXD"
    assert "K7MQ" not in repr(config) and "K7MQ" not in str(config)
    monkeypatch.setenv("PARVIS_UNIT_SETUP_CODE", "K7MQ 2HX0")
    with pytest.raises(Exception, match="eight letters and digits") as caught:
        load(None, {})
    assert "K7MQ" not in str(caught.value)


def test_root_is_not_needed_to_be_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        folder = Path("/proc/no-state-here")  # not even root may write there
    else:
        folder = tmp_path / "closed" / "state"
        folder.parent.mkdir(mode=0o500)
    with pytest.raises(StateTrouble, match=r"--state DIR"):
        open_identity(folder)


@pytest.mark.parametrize(
    ("given", "accepts"),
    [
        ({"button": "none"}, False),
        ({"button": "none", "hub": "https://192.0.2.1:8443"}, True),
        ({"button": "keyboard", "hub": "https://192.0.2.1:8443"}, False),
    ],
)
def test_the_start_is_a_press_for_a_hub_that_was_named_only(
    tmp_path: Path, given: dict[str, str], accepts: bool
) -> None:
    with ExitStack() as until:
        papers = take_papers(load(None, {**given, "state": tmp_path}), until)
    assert papers is not None
    papers.pairing.unpaired()
    actions = papers.pairing.asked_by_press(time.monotonic_ns())
    assert (PairingAction.BELONG in actions) is accepts


def cut(root: Path, steps: Callable[[Callable[[int], None]], object]) -> None:
    """Do something, with a disk that loses whatever was not waited for, and cut the power."""
    platter = Platter(root)
    steps(platter.settle)
    platter.power_off()


def test_key_and_site_are_kept_and_forgotten_whenever_the_power_goes(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    units: list[str] = []

    def nowhere() -> None:
        return None

    def pair(settle: Callable[[int], None]) -> None:
        identity = open_identity(folder, nowhere, settle)
        units.append(identity.unit)
        identity.belong_to(SITE)

    cut(tmp_path, pair)
    again = open_identity(folder, nowhere)
    assert (again.unit, again.site) == (units[0], SITE)
    cut(tmp_path, lambda settle: forget(folder, settle=settle))
    again = open_identity(folder, nowhere)
    assert (again.unit, again.site) == (units[0], None), "who was forgotten stays forgotten"
    cut(tmp_path, lambda settle: forget(folder, key_too=True, settle=settle))
    assert open_identity(folder, nowhere).unit != units[0]


def test_a_copied_card_has_no_old_key_after_a_power_cut(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = open_identity(folder, lambda: "one board")
    first.belong_to(SITE)
    cut(tmp_path, lambda settle: open_identity(folder, lambda: "another board", settle))
    copy = open_identity(folder, lambda: "another board")
    assert copy.unit != first.unit and copy.site is None
