"""A room is recorded by real processes; the hub is killed in the middle, and nothing is torn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fakes import sounds
from fakes.hearing import tone_level_dbfs
from fakes.parvis import HubProcess, unit
from fakes.peer import Peer, host_credential, joined
from fakes.processes import wait_for_port
from fakes.recording_judge import opened
from parvis_audio.opus import Decoder
from parvis_server.errors import BadRecording
from parvis_server.record.ogg_opus import read_packets
from parvis_server.record.recording import Recording
from parvis_wire.messages import Role
from parvis_wire.recording import RecordingTerms, StartRecording, StopRecording, Unattended
from parvis_wire.stage import Status

pytestmark = pytest.mark.system

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


def heard(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A file's sound."""
    decoder = Decoder()
    sound = [decoder.decode(packet) for _, packet in read_packets(path.read_bytes())]
    return np.concatenate(sound)


async def test_a_recording_outlives_a_hub_that_is_killed(hub: HubProcess, tone_file: Path) -> None:
    folder = hub.folder / "hub" / "recordings"
    with unit(hub, "Hall", tone_file, "none") as speaker:
        await as_host(hub, StartRecording, terms=OF_THE_HALL)
        wait_until(lambda: size_of(folder, "0001.opus") > 20_000, "two seconds of the unit")
        lines = len(speaker.lines)
        hub.kill()
        hub.start_again()
        wait_for_port(hub.port)
        speaker.wait_for("light: live", since=lines)
        before = size_of(folder, "*.opus")
        wait_until(lambda: size_of(folder, "*.opus") > before + 30_000, "two seconds more")
        await as_host(hub, StopRecording)
        wait_until(lambda: getattr(described(folder), "ended_clock", None) is not None, "its end")
    [place] = folder.glob("main/*")
    kept = opened(place)
    assert {track.talker.name for track in kept.recording.tracks} == {"Hall"}
    assert len(kept.recording.tracks) >= 2
    for name in ("mix.opus", kept.recording.tracks[0].file, kept.recording.tracks[-1].file):
        sound = heard(place / name)
        for part in (sound[48_000:72_000], sound[-48_000:-24_000]):
            assert tone_level_dbfs(part, sounds.RATE_HZ, sounds.PITCH_HZ) > -40, name
    assert kept.recording.ended_clock is not None
    assert abs(kept.mix_end - kept.recording.ended_clock) < 48_000
