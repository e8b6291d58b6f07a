from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.bench.speech import speech
from parvis_server.bench.talkers import FURTHEST_PPM, Departures, framed, talkers
from parvis_wire.rtp import RtpPacket

TONE = (0.2 * np.sin(np.arange(4800) * 0.05)).astype(np.float32)
PACKETS = framed(TONE, unit_encoder(), 10)


def test_packets_are_numbered_and_say_the_sound() -> None:
    (talker,) = talkers([0xABCD], PACKETS, 10, 0.0)
    read = [RtpPacket.parse(talker.packet(number)) for number in range(70_000, 70_010)]
    assert [packet.sequence for packet in read] == [n & 0xFFFF for n in range(70_000, 70_010)]
    assert read[1].timestamp - read[0].timestamp == 480
    assert {packet.ssrc for packet in read} == {0xABCD}
    assert read[0].level is not None
    assert read[0].level.level_dbov == pytest.approx(-17, abs=1)
    decoder = Decoder()
    heard = np.concatenate([decoder.decode(packet.payload) for packet in read])
    assert np.abs(heard[960:]).max() == pytest.approx(0.2, abs=0.02)


@given(st.integers(1, 50), st.sampled_from((5, 10, 20)))
def test_clocks_and_phases_are_spread(count: int, ptime_ms: int) -> None:
    speaking = talkers(range(1, count + 1), PACKETS, ptime_ms, 1e9)
    phases = [talker.due_ns(0) - 1e9 for talker in speaking]
    assert all(0 <= phase < ptime_ms * 1e6 for phase in phases)
    assert len(set(phases)) == count
    off_ppm = [(talker.period_ns / (ptime_ms * 1e6) - 1) * 1e6 for talker in speaking]
    assert all(abs(ppm) <= FURTHEST_PPM + 1e-3 for ppm in off_ppm)
    if count > 1:
        assert off_ppm[-1] - off_ppm[0] == pytest.approx(2 * FURTHEST_PPM, abs=1e-3)


@given(st.lists(st.floats(0, 3e8), max_size=20))
def test_every_packet_leaves_once_in_order_and_not_before_it_is_due(steps_ns: list[float]) -> None:
    speaking = talkers([1, 2, 3], PACKETS, 10, 0.0)
    departures = Departures(speaking)
    now_ns, left = 0.0, []
    for step_ns in steps_ns:
        now_ns += step_ns
        taken = list(departures.take(now_ns))
        assert all(due_ns <= now_ns for due_ns, _ in taken)
        left += taken
    assert [due_ns for due_ns, _ in left] == sorted(due_ns for due_ns, _ in left)
    read = [RtpPacket.parse(packet) for _, packet in left]
    for talker in speaking:
        sequences = [packet.sequence for packet in read if packet.ssrc == talker.ssrc]
        assert sequences == list(range(len(sequences)))


def test_nobody_talks() -> None:
    departures = Departures(())
    assert list(departures.take(1e12)) == []
    assert departures.next_ns == float("inf")


def test_without_recordings_it_is_a_melody(tmp_path: Path) -> None:
    sound, said = speech(tmp_path)
    assert said == "melody"
    assert sound.dtype == np.float32
    assert sound.size > 48_000 * 5
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.1, rel=0.1)
