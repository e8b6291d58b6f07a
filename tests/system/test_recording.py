"""A room is recorded by real processes; the hub is killed in the middle, and nothing is torn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fakes import sounds
from fakes.hearing import tone_level_dbfs
from fakes.parvis import HubProcess, unit
from fakes.processes import wait_for_port
from fakes.recorded_hall import OF_THE_HALL, as_host, described, size_of, wait_until
from fakes.recording_judge import opened
from parvis_audio.opus import Decoder
from parvis_server.record.ogg_opus import read_packets
from parvis_wire.recording import StartRecording, StopRecording

pytestmark = [pytest.mark.system, pytest.mark.patient]


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
