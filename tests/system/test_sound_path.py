"""Speech from a microphone through unit, hub and engine to a listener: understood, whole, soon."""

from __future__ import annotations

import os
import signal
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import Sound, tone_gaps, tone_level_dbfs
from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, listening, unit
from fakes.processes import children
from fakes.sound_server import MICROPHONE, SoundServer
from fakes.trial import Heard, try_speech
from fakes.watcher import Watcher

pytestmark = pytest.mark.system


def test_speech_is_understood_without_gaps(
    hub: HubProcess, sound: SoundServer, machine: MachineWatch, speech: Sound, tmp_path: Path
) -> None:
    @contextmanager
    def listen() -> Iterator[Heard]:
        with listening(hub, tmp_path / "heard.wav") as heard:
            heard.wait_past(1.5)
            yield heard

    with unit(hub, "Hall", MICROPHONE, "none", env=sound.environment), Watcher(hub.port) as room:
        room.wait_for_view(lambda view: view.microphones, what="the open microphone")
        trial = try_speech(sound, machine, speech, listen)
    assert 0 < statistics.median(trial.delays_ms) < 1000


def test_a_killed_engine_is_replaced_while_somebody_speaks(
    hub: HubProcess, tone_file: Path, tmp_path: Path
) -> None:
    with (
        unit(hub, "Hall", tone_file, "none") as speaker,
        Watcher(hub.port) as phone,
        listening(hub, tmp_path / "heard.wav") as heard,
    ):
        heard.wait_past(1.5)
        program_ssrc = phone.packets[-1].ssrc
        lines_before = len(speaker.lines)
        engine = live_engine(hub)
        os.kill(engine, signal.SIGKILL)
        killed_s = heard.seconds
        phone.wait_until(lambda me: me.packets[-1].ssrc != program_ssrc, what="a new program")
        heard.wait_past(killed_s + 3.0)
        assert phone.closed is None
        assert "light: no_hub" not in speaker.lines[lines_before:]
        assert heard.program.process.poll() is None
    after = heard.sound[round((killed_s + 1.5) * sounds.RATE_HZ) :]
    assert tone_gaps(after, sounds.RATE_HZ, sounds.PITCH_HZ) == []
    assert tone_level_dbfs(after, sounds.RATE_HZ, sounds.PITCH_HZ) > -25
    lost_ms = sum(gap.length_ms for gap in tone_gaps(heard.sound, sounds.RATE_HZ, sounds.PITCH_HZ))
    print(f"\nthe tone was missing for {lost_ms:.0f} ms when the engine was killed")
    assert lost_ms < 1500


def live_engine(hub: HubProcess) -> int:
    """The process id of the engine that mixes, as the hub's log says it."""
    said = [line for line in hub.program.lines if "is live" in line]
    pid = int(said[-1].split("engine ")[1].split()[0])
    assert pid in children(hub.program.pid)
    return pid
