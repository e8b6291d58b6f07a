"""A hall that real processes record: commands of its host, and what lies on the disk meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

from fakes.parvis import HubProcess, unit
from fakes.peer import Peer, host_credential, joined
from fakes.processes import wait_for_port
from fakes.recording_judge import Kept, opened
from parvis_server.errors import BadRecording
from parvis_server.record.recording import Recording
from parvis_wire.messages import Role
from parvis_wire.recording import RecordingTerms, StartRecording, StopRecording, Unattended
from parvis_wire.stage import Status

OF_THE_HALL = RecordingTerms(unattended=Unattended.RECORDED, contact="ada@example.org")
PATIENCE_S = 20.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Look ten times a second; other processes write."""
    until_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until_s, f"not within {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.1)


def described(folder: Path) -> Recording | None:
    """The one recording that is there."""
    for path in folder.glob("main/*/recording.json"):
        try:
            return Recording.parse(path.read_bytes())
        except BadRecording:
            return None
    return None


def size_of(folder: Path, name: str) -> int:
    """Of all its files of this name together."""
    return sum(path.stat().st_size for path in folder.rglob(name))


async def as_host(hub: HubProcess, command: type, **fields: object) -> None:
    """Give one command, as soon as the hall's microphone is in the mix."""
    url = f"ws://127.0.0.1:{hub.port}/ws/listen"
    async with joined(url, Role.HOST, credential=host_credential(hub.secret)) as host:
        async with asyncio.timeout(PATIENCE_S):
            await _microphone(host)
        assert (await host.do(command, **fields)).refused is None


async def _microphone(host: Peer) -> None:
    while not any(one.level_dbfs is not None for one in (await host.until(Status)).units):
        pass


PAGE_BYTES = 4_000
"""More than half a second of one unit."""


def killed_hubs(folder: Path, tone: Path, count: int) -> tuple[Kept, list[float]]:
    """One recording during which the hub is killed so often, at random moments.

    Returns:
        What is there, and for each kill the seconds of sound that the mix misses around it.
    """
    moment = random.Random(count)
    hub = HubProcess(folder)
    recordings = hub.folder / "hub" / "recordings"
    try:
        with unit(hub, "Hall", tone, "none"):
            asyncio.run(as_host(hub, StartRecording, terms=OF_THE_HALL))
            for _ in range(count):
                _wait_for_more(recordings)
                time.sleep(moment.uniform(0, 3))  # a random moment: nothing announces it
                hub.kill()
                hub.start_again()
                wait_for_port(hub.port)
            _wait_for_more(recordings)
            asyncio.run(as_host(hub, StopRecording))
            wait_until(lambda: _is_over(recordings), "its end")
    finally:
        hub.close()
    kept = opened(next(recordings.glob("main/*")))
    return kept, [(gap.end_clock - gap.begin_clock) / 48_000 for gap in kept.recording.gaps]


def _wait_for_more(recordings: Path) -> None:
    before = size_of(recordings, "*.opus")
    wait_until(lambda: size_of(recordings, "*.opus") > before + PAGE_BYTES, "sound on the disk")


def _is_over(recordings: Path) -> bool:
    one = described(recordings)
    return one is not None and one.ended_clock is not None
