"""The secret of a public edge: made once, kept for itself, and damaged files told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError, UsageError
from parvis_server.link.edge_secret import FILE, how_to_join, kept_address
from parvis_server.link.publish_address import PublishAddress


def test_it_is_made_once_and_kept_for_the_edge_alone(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    first, made = kept_address(folder, "room.example")
    assert made
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    (tmp_path / FILE).chmod(0o644)
    assert kept_address(folder, "room.example") == (first, False)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_the_hub_reads_what_the_edge_prints(tmp_path: Path) -> None:
    address, _ = kept_address(DataFolder.open(tmp_path), "room.example:8443")
    program, command, flag, quoted = how_to_join(address).split(" ")
    assert (program, command, flag) == ("parvis", "hub", "--publish")
    assert PublishAddress.parse(quoted.strip("'")) == address


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("room.example", "https://room.example"),
        ("Room.Example:8443", "https://room.example:8443"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_names_and_origins_are_taken(name: str, origin: str, tmp_path: Path) -> None:
    assert kept_address(DataFolder.open(tmp_path), name)[0].origin == origin


@pytest.mark.parametrize(
    "name", ["", "room example", "room.example/r/main", "ftp://room.example", "a:0", "-x", "a:b:c"]
)
def test_what_is_no_name_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="say the name that phones reach this machine by"):
        kept_address(DataFolder.open(tmp_path), name)
    assert not (tmp_path / FILE).exists()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}")
    with pytest.raises(DataFolderError, match="is damaged: delete it"):
        kept_address(DataFolder.open(tmp_path), "room.example")
