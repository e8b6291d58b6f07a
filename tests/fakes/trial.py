"""One trial: chirps and speech into the hall's microphone, and what a listener heard of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fakes import sounds
from fakes.hearing import Judgement, Sound, judge_speech
from fakes.machine import MachineWatch
from fakes.sound_server import MICROPHONE, SoundServer
from fakes.stalls import Verdict, excused, judge_gaps

LEAST_STOI = 0.95

ATTEMPTS = 3
"""Where the machine itself stood still for much of a trial, the trial is repeated."""

CHIRPS, CHIRP_EVERY_S = 8, 0.4

PATIENCE_S = 60.0


class Heard(Protocol):
    """A growing recording of what a listener hears."""

    @property
    def sound(self) -> Sound: ...
    @property
    def began_s(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    def wait_past(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """What one trial gave."""

    judgement: Judgement
    verdict: Verdict
    delays_ms: tuple[float, ...]
    """From the microphone to the listener's output, chirp by chirp; the rig's own way from the
    player to a recorder is in both recordings and so subtracted."""

    @property
    def good(self) -> bool:
        """Understood, and without a gap of ours."""
        return self.judgement.stoi >= LEAST_STOI and not self.verdict.ours

    def __str__(self) -> str:
        return (
            f"{self.judgement}\n{self.verdict}\nmicrophone to listener: median "
            f"{statistics.median(self.delays_ms):.0f} ms, {min(self.delays_ms):.0f} to "
            f"{max(self.delays_ms):.0f} ms"
        )


def try_speech(
    sound: SoundServer,
    machine: MachineWatch,
    speech: Sound,
    listen: Callable[[], AbstractContextManager[Heard]],
    attempts: int = ATTEMPTS,
) -> Trial:
    """Play until the machine was quiet enough to tell; the last trial, printed and held to what
    every listener must reach."""
    for _ in range(attempts):
        trial = one_trial(sound, machine, speech, listen)
        print(f"\n{trial}")
        if trial.verdict.settles(trial.good):
            break
    assert trial.judgement.stoi >= LEAST_STOI, str(trial)
    assert trial.verdict.ours == (), str(trial)
    assert trial.verdict.settles(good=True), f"the machine was too busy to judge: {trial}"
    return trial


def one_trial(
    sound: SoundServer,
    machine: MachineWatch,
    speech: Sound,
    listen: Callable[[], AbstractContextManager[Heard]],
) -> Trial:
    """Play chirps and speech once, and judge what the listener heard."""
    train = sounds.chirp_train(CHIRPS, CHIRP_EVERY_S)
    played = np.concatenate([sounds.silence(0.2), train, speech, sounds.silence(0.2)])
    with sound.recording(MICROPHONE) as spoken, listen() as heard:
        assert sound.play(played).wait(PATIENCE_S) == 0
        heard.wait_past(heard.seconds + 1.0)
    span_ns = (round(heard.began_s * 1e9), round((heard.began_s + heard.seconds) * 1e9))
    excused_s = excused(machine.stalls(), span_ns)
    judgement = judge_speech(speech, heard.sound, sounds.RATE_HZ, excused_s)
    verdict = judge_gaps(judgement.gaps, excused_s, heard.seconds)
    there = sounds.find_chirps(heard.sound, CHIRPS, CHIRP_EVERY_S)
    here = sounds.find_chirps(spoken.sound, CHIRPS, CHIRP_EVERY_S)
    delays_ms = [
        1000 * (heard.began_s + at_listener - spoken.began_s - at_microphone)
        for at_listener, at_microphone in zip(there, here, strict=True)
    ]
    return Trial(judgement, verdict, tuple(delays_ms))
