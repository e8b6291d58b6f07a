"""The bank of outputs through real Opus: who hears whom, at what level, in which packets."""

import numpy as np
import pytest
from numpy.typing import NDArray

from parvis_audio.opus import Decoder
from parvis_server.engine.boundary import (
    TICK_NS,
    GoLive,
    OutputPacket,
    ProgramPacket,
)
from parvis_server.engine.build import build_outputs
from parvis_server.engine.contributions import Contributions, OutputSaid
from parvis_server.engine.outputs import OutputBank
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind, SourceKind

Samples = NDArray[np.float32]

PROGRAM = 7
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


def tone(hertz: float, ticks: int, amplitude: float = 0.05, samples: int = 480) -> Samples:
    at = np.arange(ticks * samples) / 48_000
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * at), dtype=np.float32)


def level_at(sound: Samples, hertz: float) -> float:
    """Amplitude of a tone in dBFS."""
    window = np.hanning(sound.size)
    at = np.arange(sound.size) / 48_000
    found = 2 * np.abs(np.sum(sound * window * np.exp(-2j * np.pi * hertz * at))) / window.sum()
    return float(20 * np.log10(found + 1e-12))


class Stage:
    """A bank of outputs, fed with sound, decoded by whoever would receive it."""

    def __init__(self, stage: SetStage = STAGE, frame_ms: int = 10) -> None:
        live = GoLive(origin_ns=0, program_ssrc=PROGRAM, frame_ms=5 if frame_ms == 5 else 10)
        self.samples = 48 * frame_ms
        self.bank: OutputBank = build_outputs(live)
        self.bank.set_stage(stage)
        self.tick = 0
        self.said: list[OutputSaid] = []
        self.packets: dict[int, list[RtpPacket]] = {}

    def run(self, sounds: dict[int, Samples]) -> None:
        """Play these sounds (by SSRC), all of one length, at their gain."""
        ticks = next(iter(sounds.values())).size // self.samples
        for at in range(ticks):
            part = slice(at * self.samples, (at + 1) * self.samples)
            frames = np.stack([sound[part] for sound in sounds.values()])
            power = np.mean(frames**2, axis=1) + 1e-13
            levels = dict(zip(sounds, (10 * np.log10(power)).tolist(), strict=True))
            self.take(Contributions(tuple(sounds), frames, levels))

    def take(self, contributions: Contributions) -> None:
        for said in self.bank.tick(self.tick, self.tick * TICK_NS, contributions):
            self.said.append(said)
            if isinstance(said, ProgramPacket | OutputPacket):
                packet = RtpPacket.parse(said.rtp)
                self.packets.setdefault(packet.ssrc, []).append(packet)
        self.tick += 1

    def heard(self, ssrc: int) -> Samples:
        decoder = Decoder()
        return np.concatenate([decoder.decode(p.payload) for p in self.packets[ssrc]])


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
