"""What is held too long or too short: brought back soon, and nobody hears how."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from fakes.measure import voice_like
from fakes.packet_path import NS_PER_MS, Path, Unit, clicks, played
from fakes.sounds import speech
from parvis_audio import measure
from parvis_audio.depth import (
    FAR_TOO_DEEP_NS,
    PATIENCE_MS,
    PERSISTENT_MS,
    STEP_EVERY_MS,
    STRETCH_EVERY_MS,
    TOO_FAR_OFF_NS,
    DepthSteps,
    Step,
)
from parvis_audio.opus import Samples
from parvis_audio.receiver import Receiver
from parvis_wire.rtp import RtpPacket

LOUD = np.full(480, 0.2, dtype=np.float32)
QUIET = np.full(480, 1e-4, dtype=np.float32)
DEEP_NS = 80 * NS_PER_MS


def decisions(error_ns: int | None, ahead: Samples, frames: int, ms: int = 10) -> list[Step]:
    steps = DepthSteps(ms * 48)
    steps.heard(-75.0)
    return [steps.step(error_ns, ahead) for _ in range(frames)]


def test_what_the_resampler_can_do_is_left_to_it() -> None:
    assert set(decisions(TOO_FAR_OFF_NS, QUIET, 1_000)) == {Step.NONE}
    assert set(decisions(-TOO_FAR_OFF_NS, LOUD, 1_000)) == {Step.NONE}
    assert set(decisions(None, QUIET, 1_000)) == {Step.NONE}


@pytest.mark.parametrize("ms", [5, 10])
@pytest.mark.parametrize(("sign", "step"), [(1, Step.SKIP), (-1, Step.REPEAT)])
def test_a_quiet_moment_is_used_after_a_second(ms: int, sign: int, step: Step) -> None:
    made = decisions(sign * DEEP_NS, QUIET, 2_000 // ms, ms)
    at_ms = [n * ms for n, each in enumerate(made) if each is step]
    assert at_ms[0] == PERSISTENT_MS
    assert set(np.diff(at_ms)) == {STEP_EVERY_MS}
    assert set(made) == {Step.NONE, step}


@pytest.mark.parametrize("ms", [5, 10])
@pytest.mark.parametrize(("sign", "step"), [(1, Step.SHORTEN), (-1, Step.LENGTHEN)])
def test_who_speaks_on_is_stretched_after_two_seconds(ms: int, sign: int, step: Step) -> None:
    made = decisions(sign * DEEP_NS, LOUD, 4_000 // ms, ms)
    at_ms = [n * ms for n, each in enumerate(made) if each is step]
    assert at_ms[0] == PATIENCE_MS - ms
    assert set(np.diff(at_ms)) == {STRETCH_EVERY_MS}
    assert set(made) == {Step.NONE, step}


def test_once_begun_steps_go_on_until_less_than_one_is_missing() -> None:
    steps = DepthSteps()
    steps.heard(-75.0)
    for _ in range(101):
        last = steps.step(DEEP_NS, QUIET)
    assert last is Step.SKIP
    assert [steps.step(12 * NS_PER_MS, QUIET) for _ in range(2)] == [Step.NONE, Step.SKIP]
    assert steps.step(9 * NS_PER_MS, QUIET) is Step.NONE
    assert {steps.step(12 * NS_PER_MS, QUIET) for _ in range(90)} == {Step.NONE}


def test_a_burst_goes_at_once() -> None:
    assert decisions(FAR_TOO_DEEP_NS + 1, LOUD, 1) == [Step.RESYNC]


def shorter_by(more_ms: float, number: int) -> Path:
    """A path that takes so much longer before the packet of this number."""

    def path(n: int, packet: RtpPacket) -> Iterator[tuple[float, RtpPacket]]:
        yield 1.0 + (more_ms if n < number else 0.0), packet

    return path


class Depths:
    """The error of the depth after each tick, in ms, and the ticks at which a step was made."""

    def __init__(self) -> None:
        self.errors_ms: list[float] = []
        self.steps: list[int] = []
        self._moved = 0

    def __call__(self, now_ns: int, receiver: Receiver) -> None:
        self.errors_ms.append(receiver.held_ns / NS_PER_MS - receiver.target_ms - 4.9)
        moved = receiver.counters.left_out_samples + receiver.counters.added_samples
        if moved != self._moved:
            self.steps.append(len(self.errors_ms) - 1)
        self._moved = moved

    def clicks_at_steps(self, heard: Samples, *, tone: bool) -> int:
        """Breaks within 30 ms of a step: a word's own hard stops are none of ours."""
        sound = [heard[(n - 1) * 480 : (n + 4) * 480] for n in self.steps]
        return sum(clicks(each) if tone else len(measure.clicks(each)) for each in sound)

    def recovered_s(self, after_s: float, within_ms: float = 10.0) -> float:
        """How long after that moment the depth was off for the last time."""
        off = [n for n, error in enumerate(self.errors_ms) if abs(error) > within_ms]
        return (off[-1] + 1) / 100 - after_s


SOUNDS = {"tone": None, "speech": speech(), "voice": voice_like(11.0)}


@pytest.mark.parametrize("sound", SOUNDS)
def test_eighty_milliseconds_too_much_are_gone_in_ten_seconds_unheard(sound: str) -> None:
    depths = Depths()
    unit = Unit(sound=SOUNDS[sound])
    receiver, heard = played(20, shorter_by(80, 1_000), unit=unit, on_tick=depths)
    assert max(depths.errors_ms[1_000:]) > 60
    assert depths.recovered_s(10) < 10
    assert receiver.concealed_frames == 0
    assert 55 * 48 < receiver.counters.left_out_samples < 90 * 48
    assert (receiver.counters.added_samples, receiver.counters.resyncs) == (0, 0)
    assert len(depths.steps) >= 4
    assert depths.clicks_at_steps(heard, tone=sound == "tone") == 0


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_target_that_rises_by_sixty_milliseconds_is_reached_in_ten_seconds(sound: str) -> None:
    depths = Depths()

    def rises(now_ns: int, receiver: Receiver) -> None:
        if len(depths.errors_ms) == 1_000:
            receiver.least_target_ms = 80.0
        depths(now_ns, receiver)

    receiver, heard = played(20, unit=Unit(sound=SOUNDS[sound]), on_tick=rises)
    assert min(depths.errors_ms[1_000:]) < -50
    assert depths.recovered_s(10) < 10
    assert receiver.concealed_frames == 0
    assert 35 * 48 < receiver.counters.added_samples < 70 * 48
    assert len(depths.steps) >= 4
    assert depths.clicks_at_steps(heard, tone=sound == "tone") == 0


def test_quiet_5_ms_ticks_never_play_backwards() -> None:
    """Each step back is followed by more than it took, so the play point gets on."""
    quiet = np.random.default_rng(1).normal(0, 2e-4, 96_000).astype(np.float32)
    positions: list[int] = []

    def rises(now_ns: int, receiver: Receiver) -> None:
        if len(positions) == 1_000:
            receiver.least_target_ms = 80.0
        positions.append(receiver.playout_position or 0)

    receiver, _ = played(
        12,
        unit=Unit(240, sound=quiet),
        receiver=Receiver(frame_samples=240),
        tick_ms=5,
        on_tick=rises,
    )
    assert receiver.counters.added_samples > 40 * 48
    assert receiver.counters.stretches == 0
    assert all(np.array(positions[1_004:]) > np.array(positions[1_000:-4]))


def test_the_steps_of_5_ms_ticks_are_the_same() -> None:
    depths = Depths()
    receiver, heard = played(
        20,
        shorter_by(80, 2_000),
        unit=Unit(240),
        receiver=Receiver(frame_samples=240),
        tick_ms=5,
        on_tick=depths,
    )
    assert depths.recovered_s(10) < 10 + 20  # counted in 10 ms ticks: half the time
    assert receiver.counters.stretches > 3
    assert receiver.concealed_frames == 0
    assert clicks(heard[19_200:]) == 0
