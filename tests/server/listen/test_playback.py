"""The listener's ears, on a time line of their own: packets come when the test says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.opus import Decoder, program_encoder
from parvis_audio.playout import PlayoutState
from parvis_server.listen.playback import Playback
from parvis_wire.rtp import RtpPacket

MS = 1_000_000
PACKET_MS = 20
WIRE_MS = 5


class Broadcast:
    """A hub that sends a tone, and a listener that pulls every 10 ms."""

    def __init__(self) -> None:
        self.playback = Playback(Decoder)
        self.encoder = program_encoder()
        self.now_ms = 0
        self.sequence = 0
        self.ssrc = 8
        self.clock_shift_ms = 0
        self.heard: list[np.ndarray] = []

    def packet(self, at_ms: int) -> bytes:
        times = (at_ms * 48 + np.arange(960)) / 48_000
        payload = self.encoder.encode((0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32))
        self.sequence = (self.sequence + 1) % 65_536
        timestamp = (at_ms + self.clock_shift_ms) * 48 % 2**32
        return RtpPacket(
            sequence=self.sequence, timestamp=timestamp, ssrc=self.ssrc, payload=payload, csrcs=(9,)
        ).serialize()

    def run(self, ms: int, *, lost: range = range(0), wire_ms: int = WIRE_MS) -> np.ndarray:
        """Let time pass; packets sent in ``lost`` never come. What was heard meanwhile."""
        begin = len(self.heard)
        for _ in range(ms // 10):
            if self.now_ms % PACKET_MS == 0:
                packet = self.packet(self.now_ms)
                if self.now_ms not in lost:
                    self.playback.receive(packet, (self.now_ms + wire_ms) * MS)
            self.heard.append(self.playback.pull((self.now_ms + 9) * MS))
            self.now_ms += 10
        return np.concatenate(self.heard[begin:])


def gaps(heard: np.ndarray) -> int:
    """10 ms pieces without the tone."""
    pieces = heard.reshape(-1, 480)
    return int(np.sum(np.sqrt(np.mean(pieces**2, axis=1)) < 0.1))


def clicks(heard: np.ndarray) -> int:
    """Samples at which the tone breaks off: a kink, where it turns back, is 0.035 at most."""
    return int(np.sum(np.abs(np.diff(heard, 2)) > 0.05))


def test_a_steady_program_is_heard_without_a_gap() -> None:
    room = Broadcast()
    room.run(1_000)
    heard = room.run(10_000)
    assert gaps(heard) == 0
    assert clicks(heard) == 0
    counts = room.playback.counts
    assert (counts.received, counts.lost, counts.late, counts.malformed) == (550, 0, 0, 0)
    assert room.playback.counters.underruns == 0
    assert room.playback.talkers == (9,)


def test_on_a_good_network_the_delay_falls_to_the_floor_without_a_click() -> None:
    room = Broadcast()
    room.run(1_000)
    first_ms = room.playback.buffer_ms
    heard = room.run(15_000)
    assert first_ms > 90
    assert room.playback.buffer_ms < first_ms - 25
    assert clicks(heard) == 0


def test_the_time_line_says_which_program_time_is_heard() -> None:
    room = Broadcast()
    room.clock_shift_ms = 5_000
    room.run(1_000)
    nothing, first = room.playback.segments
    assert (nothing.output_sample, nothing.timestamp) == (0, None)
    assert first.timestamp == 5_000 * 48
    assert 100 * 48 <= first.output_sample <= 140 * 48


def test_a_lost_packet_is_concealed_and_the_time_line_stays() -> None:
    room = Broadcast()
    room.run(1_000)
    heard = room.run(1_000, lost=range(1_400, 1_420))
    assert room.playback.counts.lost == 1
    assert gaps(heard) <= 3
    assert clicks(heard) == 0
    assert len(room.playback.segments) == 2


def test_after_an_outage_it_is_back_at_the_live_edge() -> None:
    room = Broadcast()
    room.run(8_000)
    heard = room.run(3_000, lost=range(8_000, 10_000))
    assert 1.8 < gaps(heard) / 100 < 2.1
    assert room.playback.counts.lost == 100
    assert room.playback.counters.underruns == 1
    assert gaps(room.run(1_000)) == 0
    assert room.playback.buffer_ms < 160


def test_running_dry_is_told_and_never_loud() -> None:
    room = Broadcast()
    room.run(1_000)
    heard = room.run(5_000, lost=range(1_000, 6_000))
    assert room.playback.state is PlayoutState.RECONNECTING
    assert clicks(heard) == 0
    assert np.abs(heard[48_000:]).max() < 0.01
    assert room.playback.segments[-1].timestamp is None


def test_a_new_engine_goes_on_in_the_same_time() -> None:
    room = Broadcast()
    room.run(1_000)
    room.ssrc, room.sequence, room.encoder = 16, 0, program_encoder()
    heard = room.run(1_000)
    assert gaps(heard) == 0
    assert room.playback.counts.lost == 0


@pytest.mark.parametrize("shift_ms", [-900_000, -3_000, 3_000, 40_000_000])
def test_a_hub_that_began_its_clock_anew_is_heard(shift_ms: int) -> None:
    room = Broadcast()
    room.clock_shift_ms = 1_000_000
    room.run(1_000)
    room.run(300, lost=range(1_000, 1_300))
    room.clock_shift_ms += shift_ms
    room.ssrc += 8  # another mixer
    room.run(500)
    assert gaps(room.run(1_000)) == 0
    assert room.playback.buffer_ms < 250


def test_packets_that_come_twice_or_late_are_counted_and_not_heard() -> None:
    room = Broadcast()
    room.run(500)
    before = room.playback.buffer_ms
    room.playback.receive(room.packet(200), room.now_ms * MS)
    assert room.playback.counts.late == 1
    assert room.playback.buffer_ms == before


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_are_counted_and_sound_goes_on(broken: list[bytes]) -> None:
    room = Broadcast()
    room.run(500)
    for message in broken:
        room.playback.receive(message, room.now_ms * MS)
    assert np.isfinite(room.run(300)).all()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 400), st.booleans()), max_size=12))
def test_whatever_the_network_does_it_is_numbers_and_it_recovers(
    weather: list[tuple[int, int, bool]],
) -> None:
    room = Broadcast()
    for steps, wire_ms, dead in weather:
        lost = range(room.now_ms, room.now_ms + 10 * steps) if dead else range(0)
        heard = room.run(10 * steps, lost=lost, wire_ms=wire_ms)
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() < 1.0
    room.run(2_500)
    assert gaps(room.run(500)) == 0
