"""A key stays on the computer that it was made on: two units with one card image are two units."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from parvis_device.board import board_mark
from parvis_device.identity import BOARD, SITE_KEY, UNIT_KEY, open_identity

SITE = bytes(range(32))


def board(folder: Path, number: bytes) -> Path:
    path = folder / "serial-number"
    path.write_bytes(number)
    return path


def test_the_mark_is_one_boards_alone_and_not_its_number(tmp_path: Path) -> None:
    one = board_mark(board(tmp_path, b"10000000abcdef01\0"))
    assert one == board_mark(board(tmp_path, b"10000000abcdef01"))
    assert one != board_mark(board(tmp_path, b"10000000abcdef02\0"))
    assert one is not None and "abcdef" not in one
    for none in (b"", b"\0", b"0000000000000000\0"):
        assert board_mark(board(tmp_path, none)) is None
    assert board_mark(tmp_path / "nowhere") is None


def test_a_copied_card_is_another_unit_and_belongs_to_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = open_identity(tmp_path / "one", lambda: "aaaa")
    first.belong_to(SITE)
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    assert not caplog.text
    copy = open_identity(tmp_path / "copy", lambda: "bbbb")
    assert copy.unit != first.unit and copy.site is None
    assert "copy of its card" in caplog.text
    again = open_identity(tmp_path / "copy", lambda: "bbbb")
    assert again.unit == copy.unit
    stays = open_identity(tmp_path / "one", lambda: "aaaa")
    assert (stays.unit, stays.site) == (first.unit, SITE)


def test_a_computer_without_a_number_changes_nothing(tmp_path: Path) -> None:
    first = open_identity(tmp_path, lambda: None)
    assert not (tmp_path / BOARD).exists()
    first.belong_to(SITE)
    known = open_identity(tmp_path, lambda: "aaaa")
    assert (known.unit, known.site) == (first.unit, SITE), "a key from before is kept"
    assert open_identity(tmp_path, lambda: None).unit == first.unit
    assert open_identity(tmp_path, lambda: "bbbb").unit != first.unit


def test_a_power_cut_on_the_way_ends_well(tmp_path: Path) -> None:
    first = open_identity(tmp_path, lambda: "aaaa")
    first.belong_to(SITE)
    (tmp_path / SITE_KEY).unlink()  # what is forgotten first
    (tmp_path / UNIT_KEY).unlink()
    second = open_identity(tmp_path, lambda: "bbbb")
    assert second.unit != first.unit and second.site is None
    assert open_identity(tmp_path, lambda: "bbbb").unit == second.unit
