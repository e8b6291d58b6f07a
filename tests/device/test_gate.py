"""Nothing captured before arming ever leaves the unit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.sound import KeepingEncoder, PassingFilter, capture_ns, ramp_block
from parvis_audio.high_pass import HighPass
from parvis_audio.opus import Decoder, unit_encoder
from parvis_device.capture import FRAME_SAMPLES, SETTLED_DELIVERIES, Block, CaptureClock
from parvis_device.gate import Gate, Passage
from parvis_device.packetizer import Packetizer
from parvis_device.uplink import LEVEL_BLOCKS, LevelReport, Uplink
from parvis_wire.rtp import RtpPacket, TalkFlags

MS = 1_000_000


@dataclass
class Bench:
    """An uplink fed by a device with a latency and late deliveries."""

    latency_ns: int = 0
    encoder: KeepingEncoder = field(default_factory=KeepingEncoder)
    high_pass: PassingFilter = field(default_factory=PassingFilter)
    next_sample: int = 0
    now_ns: int = 0
    armed_ns: int | None = None
    armed_sample: int = 0
    packets: list[RtpPacket] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = CaptureClock()
        clock.reset(self.latency_ns)
        self.uplink = Uplink(
            clock=clock,
            high_pass=self.high_pass,
            make_encoder=lambda _: self.encoder,
            packetizer=Packetizer(first_sequence=65_530, timestamp_origin=2**32 - 1000, ssrc=7),
        )

    def deliver(self, late_ns: int = 0) -> bytes | None:
        end = self.next_sample + FRAME_SAMPLES
        self.now_ns = max(self.now_ns, capture_ns(end) + self.latency_ns + late_ns)
        block = ramp_block(self.next_sample, self.now_ns)
        self.next_sample = end
        packet = self.uplink.feed(block)
        if packet is not None:
            self.packets.append(RtpPacket.parse(packet))
        return packet

    def settle(self) -> None:
        for _ in range(SETTLED_DELIVERIES):
            self.deliver()

    def arm(self) -> None:
        if self.armed_ns is None:
            self.armed_ns, self.armed_sample = self.now_ns, self.next_sample
        self.uplink.arm(self.now_ns)

    def disarm(self) -> RtpPacket | None:
        self.armed_ns = None
        last = self.uplink.disarm()
        return None if last is None else RtpPacket.parse(last)


def test_closed_at_the_start() -> None:
    bench = Bench()
    bench.settle()
    assert not bench.uplink.armed and not bench.packets and not bench.encoder.sent


def test_the_first_packet_says_so_and_everything_starts_anew() -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    for _ in range(3):
        bench.deliver()
    first, second = bench.packets[0], bench.packets[1]
    assert first.flags is TalkFlags.FIRST and first.marker
    assert not second.flags
    assert bench.encoder.resets == bench.high_pass.resets == 1
    assert bench.encoder.sent[0][0] == SETTLED_DELIVERIES * FRAME_SAMPLES


def test_sequence_and_timestamp_wrap_and_count_samples() -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    for _ in range(10):
        bench.deliver()
    sequences = [packet.sequence for packet in bench.packets]
    assert sequences == [(65_530 + step) % 65_536 for step in range(10)]
    first = SETTLED_DELIVERIES * FRAME_SAMPLES
    assert [packet.timestamp for packet in bench.packets] == [
        (2**32 - 1000 + first + step * FRAME_SAMPLES) % 2**32 for step in range(10)
    ]
    assert {packet.ssrc for packet in bench.packets} == {7}


def test_the_timestamp_runs_on_during_silence() -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    bench.deliver()
    bench.disarm()
    for _ in range(100):
        bench.deliver()
    bench.arm()
    bench.deliver()
    before, after = bench.packets
    assert (after.timestamp - before.timestamp) % 2**32 == 101 * FRAME_SAMPLES
    assert after.flags is TalkFlags.FIRST


def test_the_last_packet_holds_silence() -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    bench.deliver()
    last = bench.disarm()
    assert last is not None and last.flags is TalkFlags.LAST
    assert last.level is not None and last.level.level_dbov == -127
    assert not bench.encoder.sent[-1].any()
    assert bench.deliver() is None


def test_a_turn_without_sound_has_no_last_packet() -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    assert bench.disarm() is None


def test_sound_in_the_device_at_the_press_stays() -> None:
    """Latency 30 ms: three blocks that the device held back at the press do not leave."""
    bench = Bench(latency_ns=30 * MS)
    bench.settle()
    bench.arm()
    assert [bench.deliver() is not None for _ in range(5)] == [False, False, False, True, True]


def test_a_block_captured_partly_before_arming_stays() -> None:
    bench = Bench()
    bench.settle()
    bench.now_ns += 4 * MS
    bench.arm()
    assert bench.deliver() is None
    assert bench.deliver() is not None


def test_blocks_that_waited_through_a_stall_stay() -> None:
    """The machine stalls for 100 ms, the press comes, then all blocks are delivered in one go."""
    bench = Bench()
    bench.settle()
    bench.now_ns += 100 * MS
    bench.arm()
    assert [bench.deliver() is not None for _ in range(12)] == [False] * 10 + [True] * 2


happenings = st.lists(
    st.one_of(
        st.just("arm"),
        st.just("disarm"),
        st.integers(0, 60 * MS),  # a block, so late
        st.tuples(st.just("wait"), st.integers(0, 50 * MS)),
    ),
    max_size=120,
)


@settings(max_examples=200)
@given(happenings, st.integers(0, 40 * MS))
def test_no_sample_from_before_arming_ever_leaves(happened: list[object], latency_ns: int) -> None:
    bench = Bench(latency_ns=latency_ns)
    bench.settle()
    for what in happened:
        sent_before = len(bench.encoder.sent)
        if what == "arm":
            bench.arm()
        elif what == "disarm":
            bench.disarm()
        elif isinstance(what, tuple):
            bench.now_ns += what[1]
        else:
            assert isinstance(what, int)
            bench.deliver(what)
        for samples in bench.encoder.sent[sent_before:]:
            if not samples.any():  # the silence that ends a turn
                continue
            assert bench.armed_ns is not None
            assert samples[0] >= bench.armed_sample
            assert capture_ns(int(samples[0])) >= bench.armed_ns - 1


@given(happenings)
def test_while_armed_the_stream_is_continuous(happened: list[object]) -> None:
    bench = Bench()
    bench.settle()
    bench.arm()
    for what in happened:
        if isinstance(what, int):
            bench.deliver(what)
    steps = {
        (later.timestamp - earlier.timestamp) % 2**32
        for earlier, later in zip(bench.packets, bench.packets[1:], strict=False)
    }
    assert steps <= {FRAME_SAMPLES}


def test_a_real_encoder_carries_nothing_over_from_before() -> None:
    """Loud sound before arming, silence after: with the real filter and libopus, silence leaves."""
    clock = CaptureClock()
    clock.reset(0)
    uplink = Uplink(
        clock=clock,
        high_pass=HighPass(),
        make_encoder=unit_encoder,
        packetizer=Packetizer(first_sequence=0, timestamp_origin=0),
    )
    loud = np.sin(np.arange(FRAME_SAMPLES, dtype=np.float32) / 5).astype(np.float32)
    silent = np.zeros(FRAME_SAMPLES, dtype=np.float32)
    decoder = Decoder()
    heard: list[float] = []
    for number in range(120):
        end_ns = capture_ns((number + 1) * FRAME_SAMPLES)
        armed_before = uplink.armed
        samples = loud if number < 60 else silent
        if number == 30:
            uplink.arm(end_ns)  # a turn with sound, so that filter and encoder hold some
        if number == 50:
            uplink.disarm()
        if number == 60:
            uplink.arm(end_ns - 1)
            decoder.reset()
        packet = uplink.feed(Block(number * FRAME_SAMPLES, end_ns, samples))
        if packet is not None and number >= 60:
            heard.append(float(np.abs(decoder.decode(RtpPacket.parse(packet).payload)).max()))
        assert armed_before or number in (30, 60) or not uplink.armed
    assert len(heard) > 50
    assert max(heard) < 1e-4


def test_the_gate_alone() -> None:
    gate = Gate(CaptureClock())
    assert gate.admit(ramp_block(0, 0)) is Passage.STAYS
    gate.arm(0)
    assert gate.armed and not gate.passed
    gate.disarm()
    assert not gate.armed


def test_levels_come_five_times_a_second_with_the_loudest_block() -> None:
    report = LevelReport()
    quiet = np.full(FRAME_SAMPLES, 0.001, dtype=np.float32)
    loud = np.full(FRAME_SAMPLES, 0.1, dtype=np.float32)
    answers = [report.add(loud if at == 3 else quiet) for at in range(2 * LEVEL_BLOCKS)]
    told = {at: level for at, level in enumerate(answers) if level is not None}
    assert list(told) == [LEVEL_BLOCKS - 1, 2 * LEVEL_BLOCKS - 1]
    assert abs(told[LEVEL_BLOCKS - 1] + 20) < 0.1
    assert abs(told[2 * LEVEL_BLOCKS - 1] + 60) < 0.1
