"""Speech from a microphone through unit, hub and engine to a listener: understood, whole, soon."""

from __future__ import annotations

import os
import signal
import statistics
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fakes import sounds
from fakes.hearing import Judgement, Sound, judge_speech, tone_gaps, tone_level_dbfs
from fakes.parvis import HubProcess, MachineWatch, listening, unit
from fakes.processes import children
from fakes.sound_server import MICROPHONE, SoundServer
from fakes.stalls import Verdict, excused, judge_gaps
from fakes.watcher import Watcher

pytestmark = pytest.mark.system

LEAST_STOI = 0.95
ATTEMPTS = 3
"""Where the machine itself stood still for much of a run, the run is repeated."""

CHIRPS, CHIRP_EVERY_S = 8, 0.4


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave."""

    judgement: Judgement
    verdict: Verdict
    delays_ms: list[float]


def test_speech_is_understood_without_gaps(
    hub: HubProcess, sound: SoundServer, machine: MachineWatch, speech: Sound, tmp_path: Path
) -> None:
    with unit(hub, "Hall", MICROPHONE, "none", env=sound.environment), Watcher(hub.port) as room:
        room.wait_for_view(lambda view: view.microphones, what="the open microphone")
        for attempt in range(ATTEMPTS):
            run = listen_once(hub, sound, machine, speech, tmp_path / f"heard-{attempt}.wav")
            print(f"\n{run.judgement}\n{run.verdict}\n{delay_words(run.delays_ms)}")
            if run.verdict.conclusive:
                break
    assert run.judgement.stoi >= LEAST_STOI
    assert run.verdict.ours == ()
    assert run.verdict.conclusive, "the machine stood still too often to judge"
    assert 0 < statistics.median(run.delays_ms) < 1000


def listen_once(
    hub: HubProcess, sound: SoundServer, machine: MachineWatch, speech: Sound, path: Path
) -> Run:
    """Play chirps and speech into the microphone, and judge what `parvis listen` wrote."""
    played = np.concatenate(
        [sounds.chirp_train(CHIRPS, CHIRP_EVERY_S), speech, sounds.silence(0.2)]
    )
    with sound.recording(MICROPHONE) as spoken, listening(hub, path) as heard:
        heard.wait_past(1.5)
        assert sound.play(played).wait(60) == 0
        heard.wait_past(heard.seconds + 1.0)
    excused_s = excused(machine.stalls(), heard.span_ns)
    judgement = judge_speech(speech, heard.sound, sounds.RATE_HZ, excused_s)
    verdict = judge_gaps(judgement.gaps, excused_s, heard.seconds)
    there = sounds.find_chirps(heard.sound, CHIRPS, CHIRP_EVERY_S)
    here = sounds.find_chirps(spoken.sound, CHIRPS, CHIRP_EVERY_S)
    delays_ms = [
        1000 * (heard.began_s + at_listener - spoken.began_s - at_microphone)
        for at_listener, at_microphone in zip(there, here, strict=True)
    ]
    return Run(judgement, verdict, delays_ms)


def delay_words(delays_ms: list[float]) -> str:
    return (
        f"chirp from microphone to parvis listen: median {statistics.median(delays_ms):.0f} ms, "
        f"{min(delays_ms):.0f} to {max(delays_ms):.0f} ms (the rig's own loop subtracted)"
    )


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
