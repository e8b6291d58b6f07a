"""The mix with its real codecs: what a listener would hear of a unit's packets."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes import wrong_crystals
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.engine.boundary import (
    TICK_NS,
    GoLive,
    OutputPacket,
    ProgramPacket,
    SourcePacket,
    SourceStats,
)
from parvis_server.engine.build import build_mix_engine
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind, SourceKind

Samples = NDArray[np.float32]


class Unit:
    """Sends a tone, one packet a tick."""

    def __init__(self, ssrc: int, hertz: float) -> None:
        self.ssrc = ssrc
        self.hertz = hertz
        self.encoder = unit_encoder()

    def packet(self, tick: int) -> SourcePacket:
        times = (tick * 480 + np.arange(480)) / 48_000
        payload = self.encoder.encode(
            (0.2 * np.sin(2 * np.pi * self.hertz * times)).astype(np.float32)
        )
        rtp = RtpPacket(
            sequence=tick % 65_536, timestamp=tick * 480, ssrc=self.ssrc, payload=payload
        )
        return SourcePacket(tick * TICK_NS + 1_000_000, rtp.serialize())


def level_at(sound: Samples, hertz: float) -> float:
    """Amplitude of a tone, of which the depth's correction may bend the pitch by a hertz or two."""
    window = np.hanning(sound.size)
    at = np.arange(sound.size) / 48_000
    near = np.exp(-2j * np.pi * np.outer(hertz + np.arange(-3, 3.1, 0.1), at))
    return float(2 * np.abs(near @ (sound * window)).max() / window.sum())


@pytest.mark.parametrize("garbage", [False, True])
def test_two_units_are_heard_whatever_a_third_one_sends(garbage: bool) -> None:
    units = [Unit(1, 440.0), Unit(2, 1_000.0)]
    mix = build_mix_engine(GoLive(origin_ns=0, program_ssrc=7))
    specs = tuple(SourceSpec(ssrc=ssrc, gain_db=0.0, shared=False) for ssrc in (1, 2, 3))
    mix.set_stage(SetStage(sources=specs))
    decoder, heard = Decoder(), []
    noise = np.random.default_rng(1)
    for tick in range(400):
        for unit in units:
            mix.receive(unit.packet(tick), tick * TICK_NS + 1_500_000)
        if garbage:
            rtp = RtpPacket(tick, tick * 480, 3, payload=noise.bytes(40)).serialize()
            mix.receive(SourcePacket(tick * TICK_NS, rtp), tick * TICK_NS)
        for said in mix.tick(tick, tick * TICK_NS + 2_000_000):
            if isinstance(said, ProgramPacket):
                packet = RtpPacket.parse(said.rtp)
                heard.append(decoder.decode(packet.payload))
    assert set(packet.csrcs) >= {1, 2}
    sound = np.concatenate(heard)[96_000:]
    if not garbage:
        low, high = level_at(sound, 440), level_at(sound, 1_000)
        assert low == pytest.approx(high, rel=0.1)
        assert low == pytest.approx(0.2, rel=0.2)  # the program's servo moves it by 0.5 dB/s
    first, second, third = mix.source_stats()
    for stats in (first, second):
        assert stats.received == 400
        assert (stats.lost, stats.concealed, stats.malformed) == (0, 0, 0)
        assert stats.target_ms <= stats.hold_ms < stats.target_ms + 20
    assert third.received == (400 if garbage else 0)


def test_crystals_200_ppm_off_cost_nothing_for_five_minutes() -> None:
    for stats in wrong_crystals.run(minutes=5):
        assert wrong_crystals.faults(stats, minutes=5) == []


def test_a_source_that_lost_packets_or_lags_is_a_fault() -> None:
    stats = SourceStats(ssrc=1, received=6_000, hold_ms=24.9, target_ms=20.0)
    assert wrong_crystals.faults(stats, minutes=1) == []
    for worse in (
        {"received": 5_900},
        {"concealed": 1},
        {"late": 1},
        {"lost": 1},
        {"hold_ms": 25.5},
        {"hold_ms": 24.3},
    ):
        assert len(wrong_crystals.faults(stats.model_copy(update=worse), minutes=1)) == 1


def test_hall_and_remote_speaker_hear_each_other_and_not_themselves() -> None:
    hall, remote, loudspeaker, to_remote = Unit(1, 440.0), Unit(2, 1_000.0), 101, 102
    mix = build_mix_engine(GoLive(origin_ns=0, program_ssrc=7))
    mix.set_stage(
        SetStage(
            sources=(
                SourceSpec(ssrc=1, zone="hall"),
                SourceSpec(ssrc=2, kind=SourceKind.SPEAKER),
            ),
            outputs=(
                OutputSpec(ssrc=loudspeaker, kind=OutputKind.LOUDSPEAKER, zone="hall"),
                OutputSpec(ssrc=to_remote, kind=OutputKind.RETURN, own_ssrc=2),
            ),
        )
    )
    decoders = {loudspeaker: Decoder(), to_remote: Decoder()}
    heard: dict[int, list[Samples]] = {loudspeaker: [], to_remote: []}
    for tick in range(38):  # the howl guard would take a steady tone for a howl after that
        for unit in (hall, remote):
            mix.receive(unit.packet(tick), tick * TICK_NS + 1_500_000)
        for said in mix.tick(tick, tick * TICK_NS + 2_000_000):
            if isinstance(said, OutputPacket):
                packet = RtpPacket.parse(said.rtp)
                heard[packet.ssrc].append(decoders[packet.ssrc].decode(packet.payload))
    in_the_hall, at_home = (np.concatenate(heard[s])[6_000:] for s in (loudspeaker, to_remote))
    assert level_at(in_the_hall, 1_000) > 0.1
    assert level_at(at_home, 440) > 0.1
    assert level_at(in_the_hall, 440) < 0.000_03  # -90 dBFS
    assert level_at(at_home, 1_000) < 0.000_1  # the comfort noise's part of it
