"""The recorder's files on a disk that refuses: nothing halved, no hole, every fault said."""

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parvis_server.record.effects import Append, Close, Sync
from parvis_server.record.files import MAX_WAITING_BYTES, RecordFiles

TRACK = "main/1/tracks/1.opus"
EVENTS = "main/1/events.jsonl"
OTHER = "foyer/2/mix.opus"


@contextmanager
def disk_of(limit_bytes: int) -> Iterator[None]:
    """The kernel lets no file of this process grow beyond the limit, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_the_disk_refuses_waits_and_comes_in_order(tmp_path: Path) -> None:
    with RecordFiles(tmp_path) as files:
        files.carry_out([Append(TRACK, b"a" * 600)])
        with disk_of(1000):
            assert files.carry_out([Append(TRACK, b"b" * 600), Append(EVENTS, b"e")]) == []
            assert (tmp_path / TRACK).read_bytes() == b"a" * 600, "no half of it"
            assert not (tmp_path / EVENTS).exists(), "a recording's order is kept"
            assert "cannot write" in files.faults["main/1/"]
            assert files.carry_out([Append(OTHER, b"o")]) == []
            assert (tmp_path / OTHER).read_bytes() == b"o", "another recording goes on"
        files.carry_out([Append(TRACK, b"c")])
        assert (tmp_path / TRACK).read_bytes() == b"a" * 600 + b"b" * 600 + b"c"
        assert (tmp_path / EVENTS).read_bytes() == b"e"
        assert not files.faults


def test_a_recording_that_is_given_up_ends_where_the_disk_did(tmp_path: Path) -> None:
    with RecordFiles(tmp_path) as files:
        files.carry_out([Append(TRACK, b"a" * 600), Append(OTHER, b"o")])
        with disk_of(1000):
            [(folder, why)] = files.carry_out([Append(TRACK, b"b" * (MAX_WAITING_BYTES + 1))])
        assert folder == "main/1/" and "cannot write" in why
        files.carry_out([Append(TRACK, b"end"), Append(EVENTS, b"end"), Close(TRACK)])
        files.carry_out([Append(OTHER, b"p")])
    assert (tmp_path / TRACK).read_bytes() == b"a" * 600, "nothing behind the hole"
    assert not (tmp_path / EVENTS).exists()
    assert (tmp_path / OTHER).read_bytes() == b"op"


def test_a_disk_that_takes_and_loses_is_said_until_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = True

    def fdatasync(descriptor: int) -> None:
        if broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with RecordFiles(tmp_path) as files:
        files.carry_out([Append(TRACK, b"a"), Sync()])
        files.carry_out([Close(EVENTS), Close(OTHER)])  # nothing of theirs is open
        synced(files)
        assert "Input/output error" in files.faults[TRACK]
        broken = False
        synced(files)
        assert not files.faults


def synced(files: RecordFiles) -> None:
    """Two rounds: the second one waits for what the first began."""
    files.carry_out([Append(OTHER, b"x"), Sync(), Close(OTHER)])
    files.carry_out([])
