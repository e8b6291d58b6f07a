"""A real recorder process that is killed, or whose disk is full, and what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fakes.recorder import TICK, FakeHub
from fakes.recording_judge import Kept, opened
from parvis_server.record.child import RecordChild
from parvis_server.record.mend import mend_all
from parvis_server.record.messages import Report, ToRecorder


class FedChild:
    """A recorder process and the hub that feeds it, 10 ms every 10 ms."""

    def __init__(self, child: RecordChild) -> None:
        self.child = child
        self.hub = FakeHub()
        self.fed_at_report: list[int] = []
        """How far the hub had come whenever the recorder reported, which it does every second."""
        self.faults: list[str] = []
        """What it told; of a disk that has room: nothing."""
        self.may_fail = False
        self.reported = asyncio.Event()
        self.has_room = asyncio.Event()
        child.on_report = self._heard
        child.on_room = self.has_room.set

    def _heard(self, report: Report) -> None:
        self.faults += [fault.text for fault in report.faults]
        assert self.may_fail or not self.faults, self.faults
        self.fed_at_report.append(self.hub.clock)
        self.reported.set()

    async def feed(self, ticks: int) -> None:
        for _ in range(ticks):
            for said in self.hub.tick():
                await self._tell(said)
            await asyncio.sleep(0.01)

    async def _tell(self, said: ToRecorder) -> None:
        """On a busy machine the recorder may be late: its hub waits here."""
        self.has_room.clear()
        while not self.child.send(said.serialize()):
            await self.has_room.wait()
            self.has_room.clear()

    async def feed_until_report(self) -> None:
        self.reported.clear()
        while not self.reported.is_set():
            await self.feed(1)

    async def tell(self) -> None:
        for said in self.hub.begin():
            await self._tell(said)


async def fed(folder: Path) -> FedChild:
    child = await RecordChild.spawn(folder, None)
    await child.ready.wait()
    return FedChild(child)


async def killed(folder: Path, moment: random.Random) -> tuple[Kept, FedChild]:
    """A recording whose recorder was killed, and its folder mended."""
    one = await fed(folder)
    try:
        await one.tell()
        for _ in range(3):
            await one.feed_until_report()
        await one.feed(moment.randrange(0, 120))
        os.kill(one.child.pid, signal.SIGKILL)
        await one.child.ended.wait()
    finally:
        await one.child.end()
    mend_all(folder)
    return opened(folder / one.hub.begun.folder), one


def judge_killed(kept: Kept, one: FedChild) -> None:
    """What was handed over two reports before is there, sound and log agree; every file opened."""
    sure = one.fed_at_report[-2]
    unsure = one.hub.clock - sure
    assert kept.mix_end > sure - 2 * TICK  # the last packet waits for the next page
    assert kept.last_event > sure - 11 * TICK
    assert abs(kept.mix_end - kept.last_event) <= unsure
    assert [track.talker.ssrc for track in kept.recording.tracks] == [1, 2]
    for number, track in enumerate(kept.recording.tracks):
        assert kept.track_end(number) > sure - 2 * TICK
        assert abs(kept.track_end(number) - kept.mix_end) <= unsure
        ended = track.ended_clock
        assert ended is not None and abs(ended - kept.mix_end) <= unsure
    assert kept.recording.ended_clock is not None
    assert kept.recording.ended_clock >= kept.mix_end


SMALL_DISK_MB = 300
"""The recorder leaves 256 to others: so much is left for a recording, and a little more."""

_CLONE_NEWNS = 0x00020000


class NoSmallDisk(Exception):
    """This machine does not let us make one."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of its own under a folder, which this process and its children alone see.

    Raises:
        NoSmallDisk: that needs root.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise NoSmallDisk(os.strerror(ctypes.get_errno()))
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*told: str) -> None:
    done = subprocess.run(["mount", *told], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoSmallDisk(done.stderr.strip())


def fill(path: Path) -> None:
    """Write until nothing more fits on its disk."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


async def filled(folder: Path, moment: random.Random) -> tuple[Kept, FedChild, int]:
    """A recording whose disk was full at some moment; it was killed then, or ended by itself.

    Returns:
        What is there, its hub, and up to which room clock it must be there.
    """
    one = await fed(folder)
    others = folder / "of-others"
    try:
        await one.tell()
        for _ in range(3):
            await one.feed_until_report()
        await one.feed(moment.randrange(0, 120))
        sure, one.may_fail = one.fed_at_report[-2], True
        fill(others)
        await one.feed(moment.randrange(50, 800))
        if moment.random() < 0.5:
            os.kill(one.child.pid, signal.SIGKILL)
            await one.child.ended.wait()
        else:
            others.unlink()
            await one.feed(200)
    finally:
        await one.child.end()
        others.unlink(missing_ok=True)
    mend_all(folder)
    return opened(folder / one.hub.begun.folder), one, sure


def full_disks(folder: Path, count: int) -> int | None:
    """How many were full, each judged; None where this machine lets us make none."""
    try:
        with small_disk(folder):
            for number in range(count):
                kept, _, sure = asyncio.run(filled(folder / str(number), random.Random(number)))
                if kept.mix_end <= sure - 2 * TICK:
                    missing_s = (sure - kept.mix_end) / 48_000
                    raise AssertionError(f"{missing_s:.1f} s more are missing than may be")
                shutil.rmtree(folder / str(number))
    except NoSmallDisk as error:
        print(f"  no disk could be made full: {error}")
        return None
    return count
