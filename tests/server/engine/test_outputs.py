"""The bank of outputs through real Opus: who hears whom, at what level, in which packets."""

from itertools import pairwise

import numpy as np
import pytest

from fakes.output_stage import PROGRAM, OutputStage, Samples, level_at, tone
from fakes.voices import dbfs, noise, voice
from parvis_audio.work import Job
from parvis_server.engine.boundary import (
    Howling,
    OutputPacket,
    ProgramPacket,
)
from parvis_server.engine.bus_chain import Encoders, Floor
from parvis_server.engine.contributions import Contributions
from parvis_server.engine.outputs import OutputBank
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec, ZoneGain
from parvis_server.media.limiter import Limiter
from parvis_wire.stage import OutputKind, SourceKind

HERTZ = {1: 500.0, 2: 800.0, 3: 1_300.0, 4: 2_100.0, 5: 3_400.0}
"""Orthogonal tones: 1 and 2 in the hall, 3 in the foyer, 4 and 5 remote."""

SOURCES = (
    SourceSpec(ssrc=1, zone="hall"),
    SourceSpec(ssrc=2, zone="hall"),
    SourceSpec(ssrc=3, zone="foyer"),
    SourceSpec(ssrc=4, kind=SourceKind.SPEAKER),
    SourceSpec(ssrc=5, kind=SourceKind.SPEAKER),
)
HALL, FOYER, LINE, LOOP, BALCONY_LOOP, TO_4, TO_5, TO_6, TO_8 = range(101, 110)
OUTPUTS = (
    OutputSpec(ssrc=HALL, kind=OutputKind.LOUDSPEAKER, zone="hall"),
    OutputSpec(ssrc=FOYER, kind=OutputKind.LOUDSPEAKER, zone="foyer", own_ssrc=3, gain_db=-6),
    OutputSpec(ssrc=LINE, kind=OutputKind.LINE, zone="hall"),
    OutputSpec(ssrc=LOOP, kind=OutputKind.ASSISTIVE, zone="hall", own_ssrc=1),
    OutputSpec(ssrc=BALCONY_LOOP, kind=OutputKind.ASSISTIVE, zone="balcony"),
    OutputSpec(ssrc=TO_4, kind=OutputKind.RETURN, own_ssrc=4),
    OutputSpec(ssrc=TO_5, kind=OutputKind.RETURN, own_ssrc=5),
    OutputSpec(ssrc=TO_6, kind=OutputKind.RETURN, own_ssrc=6),
    OutputSpec(ssrc=TO_8, kind=OutputKind.RETURN, own_ssrc=8),
)
STAGE = SetStage(sources=SOURCES, outputs=OUTPUTS)


class Stage(OutputStage):
    """The bank of ``STAGE``, unless told otherwise."""

    def __init__(self, stage: SetStage = STAGE, frame_ms: int = 10) -> None:
        super().__init__(stage, frame_ms)


@pytest.mark.parametrize("frame_ms", [10, 5])
def test_every_output_has_its_tones_and_no_other(frame_ms: int) -> None:
    stage = Stage(frame_ms=frame_ms)
    ticks = 3_000 // frame_ms
    stage.run({s: tone(hertz, ticks, samples=stage.samples) for s, hertz in HERTZ.items()})
    expected = {
        HALL: {3, 4, 5},
        LINE: {3, 4, 5},
        FOYER: {1, 2, 4, 5},
        LOOP: {1, 2, 3, 4, 5},
        BALCONY_LOOP: {1, 2, 3, 4, 5},
        TO_4: {1, 2, 3, 5},
        TO_5: {1, 2, 3, 4},
        TO_6: {1, 2, 3, 4, 5},
        TO_8: {1, 2, 3, 4, 5},
        PROGRAM: {1, 2, 3, 4, 5},
    }
    for ssrc, present in expected.items():
        sound = stage.heard(ssrc)[48_000:]
        levels = {own: level_at(sound, hertz) for own, hertz in HERTZ.items()}
        assert {own for own, level in levels.items() if level > -60} == present, ssrc
        assert max((levels[own] for own in HERTZ.keys() - present), default=-120) <= -90, ssrc
        loudest = max(levels.values())
        assert min(levels[own] for own in present) > loudest - 3, ssrc


def test_each_output_has_its_packets() -> None:
    stage = Stage()
    stage.run({s: tone(hertz, 40) for s, hertz in HERTZ.items()})
    for ssrc in (HALL, LINE, FOYER, LOOP, BALCONY_LOOP):
        assert [p.timestamp for p in stage.packets[ssrc]] == [n * 480 for n in range(40)]
    begins = {stage.packets[ssrc][0].timestamp for ssrc in (TO_4, TO_5, TO_6, TO_8)}
    for ssrc in (TO_4, TO_5, TO_6, TO_8):
        first = stage.packets[ssrc][0].timestamp
        steps = [(p.timestamp - first) % 2**32 for p in stage.packets[ssrc]]
        assert steps == [n * 960 for n in range(len(steps))]
        assert [p.sequence for p in stage.packets[ssrc]] == list(range(len(steps)))
    assert begins == {0, 2**32 - 480}
    payloads = {ssrc: [p.payload for p in packets] for ssrc, packets in stage.packets.items()}
    assert payloads[HALL] == payloads[LINE]
    assert payloads[LOOP] == payloads[BALCONY_LOOP]
    assert payloads[TO_4] != payloads[TO_5]


def test_a_return_names_those_who_are_in_it() -> None:
    stage = Stage()
    stage.run({s: tone(hertz, 10, 0.02 * s) for s, hertz in HERTZ.items()})
    assert stage.packets[TO_4][-1].csrcs == (5, 3, 2, 1)
    assert stage.packets[PROGRAM][-1].csrcs == (5, 4, 3, 2, 1)
    assert stage.packets[HALL][-1].csrcs == ()


class KeepsSound:
    """An encoder that keeps what it is given instead of coding it."""

    def __init__(self) -> None:
        self.complexity = 9
        self.heard: list[Samples] = []

    def encode_job(self, samples: Samples) -> Job[bytes]:
        yield lambda: 0
        self.heard.append(samples.copy())
        return b"sound"


class Fakes:
    """The encoders of one bank, in the order in which they were made."""

    def __init__(self) -> None:
        self.made: list[KeepsSound] = []
        self.bank = OutputBank(PROGRAM, Encoders(self.make, self.make, self.make))

    def make(self) -> KeepsSound:
        self.made.append(KeepsSound())
        return self.made[-1]

    def tick(self, tick: int, sounds: dict[int, Samples], settled: bool = True) -> None:
        frames = np.stack(list(sounds.values())).astype(np.float32)
        said = self.bank.tick(tick, 0, Contributions(tuple(sounds), frames, {}, settled))
        assert all(isinstance(s, ProgramPacket | OutputPacket) for s in said)


def floor_alone(ticks: int) -> Samples:
    """What a return holds where nobody is: the comfort noise, bit by bit."""
    noise, limiter = Floor(480), Limiter()
    frames = []
    for _ in range(ticks):
        noise.step()
        frames.append(limiter.process(np.zeros(480, dtype=np.float32)) + noise.frame)
    return np.concatenate(frames)


def test_in_the_own_return_the_own_voice_is_exactly_nothing() -> None:
    fakes = Fakes()
    stage = SetStage(sources=SOURCES, outputs=(OUTPUTS[5],))
    fakes.bank.set_stage(stage)
    loud = voice(1, 1, -12)
    for tick in range(50):
        silent = np.zeros(480, dtype=np.float32)
        own = loud[tick * 480 : (tick + 1) * 480]
        fakes.tick(tick, {1: silent, 2: silent, 3: silent, 4: own, 5: silent})
    heard = np.concatenate(fakes.made[1].heard)[480:]  # its first packet began before tick 0
    assert np.array_equal(heard, floor_alone(50)[: heard.size])
    assert dbfs(np.concatenate(fakes.made[0].heard)) > -20


def test_a_source_that_closes_is_not_in_its_own_return_while_it_fades() -> None:
    fakes = Fakes()
    fakes.bank.set_stage(SetStage(sources=SOURCES[3:], outputs=(OUTPUTS[5],)))
    ones, zeros = np.full(480, 0.5, dtype=np.float32), np.zeros(480, dtype=np.float32)
    for tick in range(10):
        fakes.tick(tick, {4: ones, 5: zeros})
    fakes.bank.set_stage(SetStage(sources=SOURCES[4:], outputs=(OUTPUTS[5],)))
    fakes.tick(10, {4: ones * np.linspace(1, 0, 480, dtype=np.float32), 5: zeros})
    for tick in range(11, 20):
        fakes.tick(tick, {5: zeros})
    for encoder in fakes.made[1:]:
        assert np.abs(np.concatenate(encoder.heard)).max() < 0.01


def test_nonsense_reaches_no_bus() -> None:
    fakes = Fakes()
    fakes.bank.set_stage(STAGE)
    good = tone(500, 10)
    for tick in range(10):
        bad = np.full(480, [np.nan, np.inf, -np.inf, 1e30][tick % 4], dtype=np.float32)
        part = good[tick * 480 : (tick + 1) * 480]
        fakes.tick(tick, {1: part, 2: part, 3: part, 4: bad, 5: part})
    for encoder in fakes.made:
        assert np.isfinite(np.concatenate(encoder.heard)).all()
        assert np.abs(np.concatenate(encoder.heard)).max() <= 1.0


def test_there_is_one_encoder_for_each_distinct_mix() -> None:
    fakes = Fakes()
    fakes.bank.set_stage(STAGE)
    silence = {s: np.zeros(480, dtype=np.float32) for s in HERTZ}
    fakes.tick(0, silence)
    # program, hall and its line, foyer, both loops, returns to 4 and 5, and to those who only
    # listen: one for each tick of a packet, so that nobody's packets move when they are opened
    assert len(fakes.made) == 8
    fakes.bank.set_stage(STAGE)
    fakes.tick(1, silence)
    assert len(fakes.made) == 8


def test_a_muted_talker_is_named_by_no_packet() -> None:
    stage = Stage(SetStage(sources=(SOURCES[0], SourceSpec(ssrc=2, muted=True))))
    stage.run({s: tone(hertz, 4) for s, hertz in HERTZ.items() if s < 3})
    assert stage.packets[PROGRAM][-1].csrcs == (1,)


def test_the_zone_matrix_and_a_lift_decide_what_a_loudspeaker_plays() -> None:
    half = ZoneGain(talks="foyer", hears="hall", gain_db=-6)
    never = ZoneGain(talks="hall", hears="foyer", gain_db=None)
    outputs = (OUTPUTS[0], OutputSpec(ssrc=FOYER, kind=OutputKind.LOUDSPEAKER, zone="foyer"))
    own = OutputSpec(ssrc=120, kind=OutputKind.LOUDSPEAKER, zone="hall", own_ssrc=1)
    stage = Stage(
        SetStage(
            sources=SOURCES, outputs=(*outputs, own), zone_gains=(half, never), lifted=("hall",)
        )
    )
    stage.run({s: tone(hertz, 35) for s, hertz in HERTZ.items()})  # too short for the howl guard
    heard = {
        ssrc: [round(level_at(stage.heard(ssrc)[4_800:], hertz) + 26) for hertz in HERTZ.values()]
        for ssrc in (HALL, FOYER, 120)
    }
    assert heard[HALL] == pytest.approx([0, 0, -6, 0, 0], abs=1)
    assert heard[FOYER][3:] == pytest.approx([0, 0], abs=1)
    assert max(heard[FOYER][:3]) < -50
    assert heard[120][1:] == pytest.approx([0, -6, 0, 0], abs=1)
    assert heard[120][0] < -50


def test_a_loudspeaker_never_passes_its_ceiling() -> None:
    fakes = Fakes()
    fakes.bank.set_stage(SetStage(sources=SOURCES, outputs=OUTPUTS[:1]))
    loud = 4 * voice(1, 2, -12)
    for tick in range(100):
        part = loud[tick * 480 : (tick + 1) * 480]
        fakes.tick(tick, dict.fromkeys(HERTZ, part))
    assert np.abs(np.concatenate(fakes.made[1].heard)).max() <= 10 ** (-6 / 20) * 1.000_001


def test_a_howl_is_told_for_every_output_that_plays_it() -> None:
    stage = Stage(SetStage(sources=SOURCES, outputs=OUTPUTS[:4]))
    quiet = noise(0.7, -70)[: 480 * 70]
    stage.run({1: quiet, 4: tone(1_000, 70, 0.1) + quiet})
    howls = [said for said in stage.said if isinstance(said, Howling)]
    assert {howl.output for howl in howls} == {HALL, LINE, FOYER}  # and not the headphones
    assert howls[0].hertz == pytest.approx(1_000, abs=3)
    assert howls[0].turned_down_db < 0


def test_a_return_that_gets_a_mix_of_its_own_does_not_click() -> None:
    """Their source opens and closes in flight, under a tone from the hall."""
    outputs = (OUTPUTS[5], OUTPUTS[6])
    stage = Stage(SetStage(sources=SOURCES[:1], outputs=outputs))
    hall, silent = tone(440, 200, 0.1), np.zeros(480 * 25, dtype=np.float32)
    for turn in range(8):
        sources = SOURCES[:1] if turn % 2 == 0 else (SOURCES[0], SOURCES[3])
        stage.bank.set_stage(SetStage(sources=sources, outputs=outputs))
        part = hall[turn * silent.size : (turn + 1) * silent.size]
        stage.run({1: part} if turn % 2 == 0 else {1: part, 4: silent})
    heard = stage.heard(TO_4)[9_600:]
    omega = 2 * np.pi * 440 / 48_000
    residue = np.abs(heard[2:] - 2 * np.cos(omega) * heard[1:-1] + heard[:-2])
    steady = residue[: 480 * 4].max()
    assert residue.max() < 3 * steady
    packets = stage.packets[TO_4]
    steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(packets)}
    assert steps == {960}


def test_outputs_come_and_go() -> None:
    stage = Stage(SetStage(sources=SOURCES, outputs=OUTPUTS))
    silent = {s: np.zeros(480 * 4, dtype=np.float32) for s in HERTZ}
    stage.run(silent)
    stage.bank.set_stage(SetStage(sources=SOURCES, outputs=OUTPUTS[:1]))
    before = len(stage.packets[TO_4])
    stage.run(silent)
    assert len(stage.packets[TO_4]) == before
    assert len(stage.packets[HALL]) == 8


def test_less_complexity_is_asked_of_every_encoder_and_given_back() -> None:
    fakes = Fakes()
    fakes.bank.set_stage(SetStage(sources=SOURCES, outputs=OUTPUTS[:1]))
    silence = {s: np.zeros(480, dtype=np.float32) for s in HERTZ}
    fakes.tick(0, silence)
    fakes.bank.set_complexity(2)
    fakes.bank.set_stage(STAGE)
    fakes.tick(1, silence)
    assert {encoder.complexity for encoder in fakes.made} == {2}
    fakes.bank.set_complexity(10)
    assert {encoder.complexity for encoder in fakes.made} == {9}


def test_returns_are_spread_over_the_ticks() -> None:
    outputs = tuple(
        OutputSpec(ssrc=300 + n, kind=OutputKind.RETURN, own_ssrc=200 + n) for n in range(20)
    )
    sources = tuple(SourceSpec(ssrc=200 + n, kind=SourceKind.SPEAKER) for n in range(20))
    fakes = Fakes()
    fakes.bank.set_stage(SetStage(sources=sources, outputs=outputs))
    worked = []
    for tick in range(10):
        before = sum(len(encoder.heard) for encoder in fakes.made)
        fakes.tick(tick, {s.ssrc: np.zeros(480, dtype=np.float32) for s in sources})
        worked.append(sum(len(encoder.heard) for encoder in fakes.made) - before)
    assert worked == [11, 10] * 5  # the program's counts for two


def test_a_shifted_loudspeaker_plays_5_hz_higher() -> None:
    outputs = (OUTPUTS[0], OutputSpec(ssrc=LINE, kind=OutputKind.LINE, zone="hall", shifted=True))
    stage = Stage(SetStage(sources=SOURCES, outputs=outputs))
    stage.run({4: tone(1_000, 38)})
    plain, shifted = (stage.heard(ssrc)[4_800:] for ssrc in (HALL, LINE))
    assert level_at(plain, 1_000) == pytest.approx(-26, abs=1)
    assert level_at(shifted, 1_005) == pytest.approx(-26, abs=1)
