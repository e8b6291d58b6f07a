"""The record bus: the program without those who refused, as loud as the program."""

import numpy as np
import pytest

from fakes.output_stage import PROGRAM, OutputStage, Samples, level_at, tone
from fakes.voices import dbfs, voice
from parvis_server.engine.stage import SetStage, SourceSpec

RECORD = 901
HERTZ = {1: 500.0, 2: 800.0, 3: 1_300.0}


def stage_of(*refused: int, record: int | None = RECORD) -> SetStage:
    sources = tuple(SourceSpec(ssrc=ssrc, recorded=ssrc not in refused) for ssrc in HERTZ)
    return SetStage(sources=sources, record_ssrc=record)


def tones(ticks: int, samples: int = 480) -> dict[int, Samples]:
    return {ssrc: tone(hertz, ticks, samples=samples) for ssrc, hertz in HERTZ.items()}


@pytest.mark.parametrize("frame_ms", [10, 5])
def test_it_has_nobody_who_refused_and_everybody_else(frame_ms: int) -> None:
    room = OutputStage(stage_of(2), frame_ms)
    room.run(tones(3_000 // frame_ms, room.samples))
    sound = room.heard(RECORD)[48_000:]
    assert level_at(sound, HERTZ[2]) < -80  # the codec's own noise
    for ssrc in (1, 3):
        heard = level_at(room.heard(PROGRAM)[48_000:], HERTZ[ssrc])
        assert level_at(sound, HERTZ[ssrc]) == pytest.approx(heard, abs=1.0)


def test_who_refuses_in_the_middle_is_out_within_a_tick() -> None:
    room = OutputStage(stage_of())
    room.run(tones(200))
    room.bank.set_stage(stage_of(1))
    room.run(tones(200))
    after = room.heard(RECORD)[98_400:]
    assert level_at(after, HERTZ[1]) < -70
    assert level_at(after, HERTZ[2]) > -40


def test_a_voice_alone_is_as_loud_as_in_the_program() -> None:
    room = OutputStage(stage_of())
    silence = np.zeros(48_000 * 8, dtype=np.float32)
    room.run({1: voice(8, 1, level_dbfs=-30), 2: silence, 3: silence})
    program, record = (room.heard(ssrc)[48_000 * 6 :] for ssrc in (PROGRAM, RECORD))
    assert room.bank.program_db > 2
    assert dbfs(record) == pytest.approx(dbfs(program), abs=0.5)


def test_its_packets_follow_the_room_clock_20_ms_each() -> None:
    room = OutputStage(stage_of())
    room.run(tones(50))
    stamps = [packet.timestamp for packet in room.packets[RECORD]]
    assert len(stamps) == 25
    assert set(np.diff(stamps)) == {960}


def test_it_is_made_only_while_it_is_asked_for() -> None:
    room = OutputStage(stage_of(record=None))
    room.run(tones(20))
    assert RECORD not in room.packets
    room.bank.set_stage(stage_of())
    room.run(tones(20))
    made = len(room.packets[RECORD])
    assert made >= 9
    room.bank.set_stage(stage_of(record=None))
    room.run(tones(20))
    assert len(room.packets[RECORD]) == made


def test_as_long_as_nobody_refuses_it_is_the_program_and_costs_no_encoder() -> None:
    room = OutputStage(stage_of())
    room.run(tones(50))
    made = [packet.payload for packet in room.packets[RECORD]]
    assert made == [packet.payload for packet in room.packets[PROGRAM]]


def test_the_change_to_its_own_encoder_is_not_heard() -> None:
    room = OutputStage(stage_of())
    two = {ssrc: sound for ssrc, sound in tones(101).items() if ssrc != 1}
    silence = {1: np.zeros_like(two[2])}
    room.run({**silence, **two})
    room.bank.set_stage(stage_of(1))
    room.run({**silence, **two})
    stamps = [packet.timestamp for packet in room.packets[RECORD]]
    assert set(np.diff(stamps)) == {960}
    part = slice(48_000 - 9_600, 48_000 + 9_600)
    sound, program = room.heard(RECORD)[part], room.heard(PROGRAM)[part]
    assert dbfs(sound - program) < dbfs(program) - 15  # two encoders differ by 20 dB as it is
