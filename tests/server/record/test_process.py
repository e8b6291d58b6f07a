"""The recorder's process: fed by a hub, killed at random moments, started again."""

import asyncio
import os
import random
import signal
import socket
import sys
from pathlib import Path

from fakes.recorder import TICK, FakeHub, payload
from fakes.recorder_kills import fed, judge_killed, killed
from fakes.recording_judge import opened
from parvis_server.record.child import RecordChild
from parvis_server.record.mend import mend_all
from parvis_server.record.ogg_opus import read_packets
from parvis_server.record.process import RecordProcess
from parvis_server.record.recording import Recording
from parvis_server.record.supervisor import RecorderSupervisor

KILLS = 10


async def test_killed_at_random_moments_it_loses_two_seconds_at_most(tmp_path: Path) -> None:
    """What was handed over two reports, so two seconds of its own clock, before is on the disk."""
    moments = [random.Random(number) for number in range(KILLS)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(killed(tmp_path / str(number), moment))
            for number, moment in enumerate(moments)
        ]
    for kept, one in (task.result() for task in tasks):
        judge_killed(kept, one)


async def test_when_the_hub_goes_everything_is_brought_to_the_disk(tmp_path: Path) -> None:
    one = await fed(tmp_path)
    await one.tell()
    await one.feed(130)
    await one.child.end()
    mend_all(tmp_path)
    kept = opened(tmp_path / one.hub.begun.folder)
    assert kept.mix_end >= one.hub.clock - 4 * TICK
    assert kept.last_event == one.hub.clock - 10 * TICK


async def test_a_recorder_that_is_killed_is_started_again_and_goes_on(tmp_path: Path) -> None:
    supervisor = RecorderSupervisor(lambda: RecordChild.spawn(tmp_path, None))
    hub = FakeHub()
    running = asyncio.create_task(supervisor.run())
    try:
        for said in hub.begin():
            supervisor.send(said.serialize())
        pids = []
        for _ in range(3):
            await supervisor.live.wait()
            pids.append(supervisor.pid)
            while supervisor.report is None:
                await _feed(supervisor, hub)
            for _ in range(60):
                await _feed(supervisor, hub)
            assert supervisor.pid is not None
            os.kill(supervisor.pid, signal.SIGKILL)
            while supervisor.live.is_set():
                await _feed(supervisor, hub)
        while not supervisor.live.is_set():
            await _feed(supervisor, hub)
        supervisor.send(hub.end().serialize())
        while not _is_over(tmp_path / hub.begun.folder):
            await _feed(supervisor, FakeHub())
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(set(pids)) == 3
    assert supervisor.restarts == 3
    assert supervisor.dropped == 0
    kept = opened(tmp_path / hub.begun.folder)
    assert kept.recording.ended_clock == hub.clock
    assert kept.mix_end >= hub.clock - 2 * TICK
    assert 1 <= len(kept.recording.gaps) <= 3
    last = [track for track in kept.recording.tracks if track.talker.ssrc == 1][-1]
    sound = list(read_packets((kept.folder / last.file).read_bytes()))
    assert sound[-1][1] == payload(1, hub.clock // TICK - 1)


def _is_over(folder: Path) -> bool:
    described = Recording.parse((folder / "recording.json").read_bytes())
    return described.ended_clock is not None


async def _feed(supervisor: RecorderSupervisor, hub: FakeHub) -> None:
    for said in hub.tick():
        supervisor.send(said.serialize())
    await asyncio.sleep(0.01)


async def test_the_process_says_in_one_line_what_is_wrong_with_its_arguments() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "parvis_server.record", "--fd", "99", "--folder", "/nowhere"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    assert process.returncode == 2
    assert b"--fd 99 is not a socket" in told
    assert b"Traceback" not in told


async def test_what_a_hub_said_before_it_fell_is_written_though_it_read_no_report(
    tmp_path: Path,
) -> None:
    """A socket that is closed with something unread in it is an error at its other end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hub = FakeHub()
    with ours:
        for said in (*hub.begin(), *(one for _ in range(40) for one in hub.tick())):
            ours.send(said.serialize())
        theirs.send(b"nobody reads this")
    RecordProcess(theirs, tmp_path).run()
    mend_all(tmp_path)
    assert opened(tmp_path / hub.begun.folder).mix_end > hub.clock - 4 * TICK
