"""The whole mix with real Opus, judged by what a listener gets: levels, floors, first syllables."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.voices import dbfs, noise, voice
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.engine.boundary import (
    GoLive,
    OutputPacket,
    ProgramPacket,
    Said,
    SourcePacket,
    SourceStats,
)
from parvis_server.engine.build import build_mix_engine
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec
from parvis_server.media.loudness import LoudnessMeter
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind

Samples = NDArray[np.float32]

RATE = 48_000
NS = 1_000_000_000 // RATE


def coded(sound: Samples, frame_samples: int = 480) -> list[bytes]:
    encoder = unit_encoder(frame_samples)
    return [encoder.encode(frame) for frame in sound.reshape(-1, frame_samples)]


class Stage:
    """Sources that send whole sounds through Opus into a mix, 1 ms after they were spoken."""

    def __init__(self, stage: SetStage, sounds: Mapping[int, Samples], frame_ms: int = 10) -> None:
        self.jitter_ms: dict[int, float] = {}
        """By source: how much later than 1 ms its packets may come."""
        live = GoLive(origin_ns=0, program_ssrc=7, frame_ms=5 if frame_ms == 5 else 10)
        self.frame_samples, self.tick_ns = live.frame_samples, live.tick_ns
        self.mix = build_mix_engine(live)
        self.mix.set_stage(stage)
        self.sent = {ssrc: coded(sound, self.frame_samples) for ssrc, sound in sounds.items()}
        self.said: list[Said] = []
        self.coming: list[SourcePacket] = []
        self.random = np.random.default_rng(1)
        self.tick = 0

    def run(self, ticks: int | None = None, missing: frozenset[int] = frozenset()) -> None:
        """All that is left, or so many ticks; the packets of ``missing`` do not come."""
        left = min(len(sent) for sent in self.sent.values()) - self.tick
        for _ in range(left if ticks is None else ticks):
            now_ns = self.tick * self.tick_ns + 2_000_000
            for ssrc in self.sent.keys() - missing:
                self._send(ssrc)
            due = [packet for packet in self.coming if packet.arrival_ns <= now_ns]
            self.coming = [packet for packet in self.coming if packet.arrival_ns > now_ns]
            for packet in sorted(due, key=lambda packet: packet.arrival_ns):
                self.mix.receive(packet, now_ns)
            self.said += self.mix.tick(self.tick, now_ns)
            self.tick += 1

    def _send(self, ssrc: int) -> None:
        position = self.tick * self.frame_samples % 2**32
        rtp = RtpPacket(self.tick % 2**16, position, ssrc, self.sent[ssrc][self.tick])
        late_ms = 1 + self.jitter_ms.get(ssrc, 0.0) * float(self.random.random())
        at_ns = self.tick * self.tick_ns + round(late_ms * 1e6)
        self.coming.append(SourcePacket(at_ns, rtp.serialize()))

    def heard(self) -> Samples:
        """What a listener's decoder gives; the packets must be without a gap."""
        packets = [RtpPacket.parse(s.rtp) for s in self.said if isinstance(s, ProgramPacket)]
        assert [p.timestamp for p in packets] == [960 * n for n in range(len(packets))]
        decoder = Decoder()
        return np.concatenate([decoder.decode(packet.payload) for packet in packets])

    def heard_at(self, output: int) -> Samples:
        """What the decoder of an output gives."""
        packets = [RtpPacket.parse(s.rtp) for s in self.said if isinstance(s, OutputPacket)]
        decoder = Decoder()
        return np.concatenate(
            [decoder.decode(packet.payload) for packet in packets if packet.ssrc == output]
        )

    def stats(self) -> dict[int, SourceStats]:
        return {stats.ssrc: stats for stats in self.mix.source_stats()}


def opened(*ssrcs: int) -> SetStage:
    return SetStage(sources=tuple(SourceSpec(ssrc=ssrc) for ssrc in ssrcs))


def heard(sounds: dict[int, Samples], frame_ms: int = 10) -> Samples:
    """What a listener gets when these sources send these sounds, all open."""
    stage = Stage(opened(*sounds), sounds, frame_ms)
    stage.run()
    assert sum(stats.concealed for stats in stage.stats().values()) == 0
    return stage.heard()


def loudness(sound: Samples) -> float:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // 480 * 480].reshape(-1, 480):
        meter.add(frame)
    return meter.integrated_lufs


def part(sound: Samples, begin_s: float, end_s: float) -> Samples:
    return sound[round(begin_s * RATE) : round(end_s * RATE)]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), dtype=np.float32)


@pytest.mark.parametrize(("seed", "frame_ms"), [(1, 10), (4, 10), (2, 5)])
def test_talkers_20_db_apart_come_out_alike_after_ten_seconds_each(
    seed: int, frame_ms: int
) -> None:
    loud, soft = voice(18, seed, level_dbfs=-18), voice(18, seed + 1, level_dbfs=-38)
    room = noise(36, -75, seed)
    out = heard(
        {
            1: np.concatenate((loud, silence(18))) + room,
            2: np.concatenate((silence(18), soft)) + room[::-1],
        },
        frame_ms,
    )
    first, second = loudness(part(out, 10, 18)), loudness(part(out, 28, 36))
    print(f"apart {first - second:.2f} LU: {first:.2f} {second:.2f}")
    assert abs(first - second) < 2.0


@pytest.mark.parametrize("level_dbfs", [-14.0, -24.0, -34.0])
def test_the_program_is_at_minus_18_lufs(level_dbfs: float) -> None:
    out = heard({1: voice(45, 3, level_dbfs=level_dbfs)})
    assert loudness(part(out, 25, 45)) == pytest.approx(-18.0, abs=1.0)


def test_sixteen_open_microphones_are_as_quiet_as_one() -> None:
    floors = []
    for count in (1, 2, 5, 16):
        out = heard({ssrc: noise(4, -50, ssrc) for ssrc in range(1, count + 1)})
        floors.append(dbfs(part(out, 2, 4)))
    print("floors", [round(floor, 2) for floor in floors])
    assert max(floors) - min(floors) < 0.5


def test_a_microphone_heard_twice_is_not_louder() -> None:
    sound = voice(26, 5, level_dbfs=-24)
    once, stage = heard({1: sound}), Stage(opened(1, 2), {1: sound, 2: sound})
    stage.run()
    twice = stage.heard()
    assert sum(stats.concealed for stats in stage.stats().values()) == 0
    assert sum(stats.doubles for stats in stage.stats().values()) == 1
    for begin in range(1, 25, 3):
        louder = dbfs(part(twice, begin, begin + 3)) - dbfs(part(once, begin, begin + 3))
        assert louder <= 0.5
    assert louder == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("frame_ms", [10, 5])
@pytest.mark.parametrize("seed", [6, 7, 8])
def test_the_first_syllable_is_whole_among_fifteen_open_microphones(
    seed: int, frame_ms: int
) -> None:
    sound = np.concatenate((silence(1), voice(0.5, seed, level_dbfs=-20)))
    alone = heard({1: sound}, frame_ms)
    others = {ssrc: noise(1.5, -60, ssrc) for ssrc in range(2, 17)}
    among = heard({1: sound, **others}, frame_ms)
    begin = int(np.flatnonzero(np.abs(alone) > 0.02)[0]) / RATE
    first = dbfs(part(among, begin, begin + 0.05)) - dbfs(part(alone, begin, begin + 0.05))
    later = dbfs(part(among, begin + 0.03, begin + 0.08)) - dbfs(
        part(alone, begin + 0.03, begin + 0.08)
    )
    print(f"first 50 ms {first:.2f} dB, from 30 ms {later:.2f} dB")
    assert first >= -2.0
    assert later >= -1.0


def test_the_first_syllable_of_a_source_that_just_opened_is_whole() -> None:
    """A person presses and speaks at once: the packets come before the source is open."""
    sound = np.concatenate((silence(1), voice(2, 9, level_dbfs=-20)))
    others = {ssrc: noise(3, -60, ssrc) for ssrc in range(2, 6)}
    reference = Stage(opened(1, *others), {1: sound, **others})
    reference.run()
    stage = Stage(opened(*others), {1: sound, **others})
    onset = int(np.flatnonzero(np.abs(sound) > 0.02)[0])
    stage.run(onset // 480)
    stage.mix.set_stage(opened(1, *others))
    stage.run()
    whole, fresh = reference.heard(), stage.heard()
    begin = int(np.flatnonzero(np.abs(whole) > 0.02)[0]) / RATE
    wanted = dbfs(part(whole, begin, begin + 0.05))
    assert dbfs(part(fresh, begin, begin + 0.06)) >= wanted - 2


def test_a_lost_packet_does_not_hand_the_room_to_the_others_noise() -> None:
    sound = voice(6, 7, level_dbfs=-20, pauses=False)
    others = {ssrc: noise(6, -40, ssrc) for ssrc in range(2, 10)}
    stage = Stage(opened(1, *others), {1: sound, **others})
    stage.run(400)
    stage.run(20, missing=frozenset({1}))
    stage.run()
    played = stage.heard()
    # 100 ms after its packets stopped the talker's sound is nothing: what is left is the others'.
    assert dbfs(part(played, 4.16, 4.2)) < dbfs(part(played, 3.5, 4.0)) - 25
    assert stage.stats()[1].concealed >= 20


def test_an_output_packet_has_the_room_clock_of_its_first_sample_in_ticks_of_5_ms() -> None:
    stage = SetStage(
        sources=(SourceSpec(ssrc=1, zone="hall"), SourceSpec(ssrc=2, zone="foyer")),
        outputs=(OutputSpec(ssrc=9, kind=OutputKind.LOUDSPEAKER, zone="foyer"),),
    )
    talk = Stage(stage, {1: voice(2, 1), 2: noise(2, -60)}, frame_ms=5)
    talk.run()
    packets = [RtpPacket.parse(s.rtp) for s in talk.said if isinstance(s, OutputPacket)]
    assert [p.timestamp for p in packets] == [240 * n for n in range(400)]
    assert dbfs(talk.heard_at(9)[RATE:]) > -30
    assert talk.heard().size == 2 * RATE


def test_a_replaced_engine_is_as_loud_as_the_one_before() -> None:
    sound = voice(24, 5, level_dbfs=-36)
    before = Stage(opened(1), {1: sound[: 18 * RATE]})
    before.run()
    learned = before.stats()[1].gain_db
    after = Stage(opened(), {1: sound[18 * RATE :]})
    after.mix.begin_at({1: learned}, before.mix.program_db)
    after.mix.set_stage(opened(1))
    after.run()
    assert learned > 10
    assert loudness(after.heard()) == pytest.approx(loudness(before.heard()[12 * RATE :]), abs=1.5)


def test_two_units_at_one_table_bring_a_voice_at_one_moment() -> None:
    """One has a quiet line, the other's packets come up to 12 ms late."""
    sound = voice(20, 3)
    specs = tuple(SourceSpec(ssrc=ssrc, zone="hall", gain_db=0.0) for ssrc in (1, 2))
    stage = Stage(SetStage(sources=specs), {1: sound, 2: sound})
    stage.jitter_ms = {2: 12.0}
    stage.run()
    stats = stage.stats()
    assert stats[1].target_ms == pytest.approx(stats[2].target_ms, abs=0.1)
    assert stats[2].target_ms > 10
    assert stats[1].hold_ms == pytest.approx(stats[2].hold_ms, abs=1.5)
    assert stats[1].concealed == 0


def test_who_has_no_floor_is_not_in_the_program_by_a_single_bit() -> None:
    sounds = {1: voice(2.0), 2: voice(2.0, seed=9)}
    heckled, alone = Stage(opened(1), sounds), Stage(opened(1), sounds)
    heckled.run()
    alone.run(missing=frozenset({2}))
    assert np.array_equal(heckled.heard(), alone.heard())
    assert np.abs(alone.heard()).max() > 0.01, "who has it is heard"
    assert heckled.mix.drops.foreign_packets == len(heckled.sent[2])
