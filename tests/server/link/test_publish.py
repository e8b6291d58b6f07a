"""What a hub does with a publish address: where it reads it, and that nobody else does."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from fakes.linked import address
from parvis_server.config import load_settings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import UsageError
from parvis_server.link.publish import (
    FILE,
    Publication,
    bus_of,
    hidden,
    read_address,
    trust_of,
)
from parvis_server.link.publish_address import PublishAddress

ADDRESS = PublishAddress("room.example", 443, True, bytes(18))


def test_it_is_read_from_the_command_line_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "address"
    file.write_text(f"{ADDRESS.whole()}\n")
    assert read_address(ADDRESS.whole()) == read_address(str(file)) == ADDRESS
    monkeypatch.setenv("PARVIS_HUB_PUBLISH", ADDRESS.whole())
    settings = load_settings(None, {"data": tmp_path})
    assert settings.publish is not None and read_address(settings.publish) == ADDRESS
    assert ADDRESS.fragment not in repr(settings)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nowhere", "neither an address"),
        ("https://room.example/#p1-short", "cut off or mistyped"),
    ],
)
def test_what_is_none_is_told(given: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_address(given)


def test_a_file_that_holds_something_else_is_told(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\0", b"hello"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(UsageError, match=r"no publish address|no address of a public edge"):
            read_address(str(tmp_path / "file"))


@pytest.mark.parametrize("flag", [["--publish", ADDRESS.whole()], [f"--publish={ADDRESS.whole()}"]])
def test_on_a_command_line_it_becomes_a_file_of_the_hubs_own(
    flag: list[str], tmp_path: Path
) -> None:
    told = hidden(["parvis", "hub", *flag], ADDRESS.whole(), DataFolder.open(tmp_path))
    assert ADDRESS.fragment not in " ".join(told)
    kept = tmp_path / FILE
    assert str(kept) in " ".join(told)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert read_address(str(kept)) == ADDRESS


def test_the_process_that_runs_does_not_show_it(tmp_path: Path) -> None:
    """A hub whose port is taken says so after it has hidden the address; its own words tell."""
    show = (
        "import os, sys\n"
        "from parvis_server.commands import hub\n"
        "os.execv = lambda program, words: print(*words)\n"
        f"sys.orig_argv = ['python', 'parvis', 'hub', '--publish', {ADDRESS.whole()!r}]\n"
        f"hub._hide({ADDRESS.whole()!r}, __import__('pathlib').Path({str(tmp_path)!r}))\n"
    )
    ran = subprocess.run(
        (sys.executable, "-c", show), capture_output=True, text=True, check=True, timeout=60
    )
    assert f"hub --publish {tmp_path / FILE}" in ran.stdout
    assert ADDRESS.fragment not in ran.stdout


def test_the_bus_is_joined_as_the_hub(tmp_path: Path) -> None:
    bus = bus_of(ADDRESS, tmp_path / "ca.pem")
    assert (bus.urls, bus.user, bus.ca) == (("wss://room.example/bus",), "hub", tmp_path / "ca.pem")
    assert ADDRESS.hub.password not in repr(bus)


def test_an_authority_of_ones_own_is_taken_and_nonsense_is_told(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    usual, context = trust_of(ADDRESS, None), trust_of(ADDRESS, authority)
    assert usual is not None and context is not None
    assert len(context.get_ca_certs()) == len(usual.get_ca_certs()) + 1
    assert trust_of(address(80), None) is None
    for content in ("", "no certificate"):
        (tmp_path / "bad").write_text(content)
        with pytest.raises(UsageError, match="cannot be used"):
            Publication(ADDRESS, "hub-1", tmp_path / "bad")
    with pytest.raises(UsageError, match="cannot be used"):
        Publication(ADDRESS, "hub-1", tmp_path / "nowhere")
