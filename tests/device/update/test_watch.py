"""The updater as a process: when it is ready, and when it makes room for a newer one."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fakes.bundles import Box, Maker, wheel
from parvis_device.update.command import pin_key
from parvis_device.update.disk import Disk
from parvis_device.update.errors import UpdaterTrouble
from parvis_device.update.lifecycle import State
from parvis_device.update.lock import writing
from parvis_device.update.record import Record, read_record
from parvis_device.update.supervisor import Supervisor

REPLACE = {"replace": True}
UNIT = Path(sys.executable).with_name("parvis-unit")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def in_state(box: Box, **changes: object) -> None:
    record = read_record(box.places.record.read_bytes())
    box.places.record.write_bytes(record.model_copy(update=changes).written())


def watching(box: Box, notify: Path) -> subprocess.Popen[bytes]:
    places = box.places
    folders = ("--prefix", places.prefix, "--exchange", places.exchange, "--pulse", places.pulse)
    rest = ("--root", box.root, "--restart-command", "true")
    return subprocess.Popen(
        [UNIT, "update", "watch", *map(str, (*folders, *rest))],
        env={**os.environ, "NOTIFY_SOCKET": str(notify)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_keeping_that_a_power_cut_hindered_is_done_and_the_newer_updater_takes_over(
    box: Box, tmp_path: Path
) -> None:
    new = box.places.program("2.0.0-12345678")
    new.mkdir()
    box.places.good.symlink_to("versions/1.0.0")
    box.places.current.unlink()
    box.places.current.symlink_to(f"versions/{new.name}")
    in_state(box, state=State.COMMITTING, folder=new.name, before="1.0.0", version="2.0.0")
    ended = watching(box, tmp_path / "nobody")
    _, said = ended.communicate(timeout=60)
    assert ended.returncode == 0, said
    assert box.places.led_to(box.places.good) == new.name
    assert read_record(box.places.record.read_bytes()).state is State.IDLE


def test_the_command_that_mends_links_finds_the_program_that_starts(box: Box) -> None:
    program = box.places.program("1.0.0") / "bin/parvis-unit"
    program.write_text("#!/bin/sh\necho parvis-unit 1.0.0\n")
    program.chmod(0o755)
    broken = box.places.program("2.0.0-12345678") / "bin/parvis-unit"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    box.places.current.unlink()
    mend = [str(UNIT), "update", "mend", "--prefix", str(box.places.prefix)]
    assert subprocess.run(mend, timeout=60).returncode == 0
    assert box.running == box.places.led_to(box.places.good) == "1.0.0"
    program.unlink()
    for link in (box.places.current, box.places.good):
        link.unlink()
    said = subprocess.run(mend, timeout=60, capture_output=True, text=True)
    assert said.returncode != 0
    assert "write the card anew" in said.stderr


def test_a_program_whose_file_is_lost_does_not_run_where_another_is_whole(box: Box) -> None:
    """The links lead to its folder all the same, and nothing in it starts any more."""
    box.places.program("2.0.0-12345678").mkdir()
    for link in (box.places.current, box.places.good):
        link.unlink(missing_ok=True)
        link.symlink_to("versions/2.0.0-12345678")
    box.start()
    assert box.running == box.places.led_to(box.places.good) == "1.0.0"
    assert box.places.program("2.0.0-12345678").exists(), "nothing is removed"


class Watched(Disk):
    """Sees who holds the lock at each writing of the record."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self.held: list[bool] = []

    def write(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        if path == self._box.places.record:
            with self._box.places.lock.open("rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self.held.append(True)
                else:
                    self.held.append(False)
        super().write(path, content, mode)


def test_whoever_writes_the_record_holds_its_lock(box: Box) -> None:
    disk = Watched(box)
    pin_key(box.places, Maker().public, replace=True, disk=disk)
    supervisor = Supervisor(box.places, dataclasses.replace(box.system(), disk=disk))
    box.places.bundle.write_bytes(b"no bundle")
    supervisor.begin()
    supervisor.look()
    assert len(disk.held) > 2 and all(disk.held)


def test_a_damaged_record_is_mended_as_its_message_says(box: Box) -> None:
    box.places.record.write_bytes(bytes(300))
    with pytest.raises(UpdaterTrouble, match="update pin --replace"):
        box.start()
    with pytest.raises(UpdaterTrouble, match="damaged"):
        pin_key(box.places, box.maker.public, replace=False)
    pin_key(box.places, box.maker.public, replace=True)
    assert box.start().record == Record(key=box.maker.public, all_stay=True)


def test_a_key_that_is_pinned_takes_nothing_back_that_the_updater_wrote_meanwhile(
    box: Box,
) -> None:
    other = Maker().public
    with writing(box.places):
        pinning = threading.Thread(target=pin_key, args=(box.places, other), kwargs=REPLACE)
        pinning.start()
        in_state(box, state=State.TRIAL, folder="2.0.0-12345678", before="1.0.0")
    pinning.join(60)
    record = read_record(box.places.record.read_bytes())
    assert (record.state, record.key) == (State.TRIAL, other)


def test_what_waits_for_the_updater_does_not_wait_for_an_unpacking(
    box: Box, tmp_path: Path
) -> None:
    """After a power cut, a bundle is looked at again: minutes, on a slow card."""
    slow = "def main() -> None:\n    import sys\n    sys.stdin.read()\n"
    in_state(box, state=State.CHECKING)
    content = box.maker.bundle(
        {"wheels/parvis-2.0.0-py3-none-any.whl": wheel("2.0.0", **{"parvis_device/cli.py": slow})},
        machine="any",
        python="any",
    )
    box.arrive(content)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "notify"))
        notified.settimeout(60)
        updater = watching(box, tmp_path / "notify")
        try:
            assert notified.recv(100) == b"READY=1"
            assert read_record(box.places.record.read_bytes()).state is State.CHECKING
        finally:
            updater.terminate()
            updater.communicate(timeout=60)
