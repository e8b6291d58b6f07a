"""The jitter buffer: order, never twice, bounded, and each packet counted for what it was."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio.jitter_buffer import (
    FRAME_NS,
    IDLE_AFTER_SAMPLES,
    MAX_HELD_PACKETS,
    MAX_HELD_SAMPLES,
    MAX_LATE_PACKETS,
    Frame,
    JitterBuffer,
    Lost,
    Playout,
    Waiting,
)
from parvis_audio.relative_delay import FRAME_SAMPLES, NS_PER_MS, Link

FIRST_SEQUENCE = 65_530  # wraps within a few packets
FIRST_TIMESTAMP = 2**32 - 2_000


class Sender:
    """Numbers packets; the payload says which one it is."""

    def __init__(self, buffer: JitterBuffer, duration_samples: int = FRAME_SAMPLES) -> None:
        self.buffer = buffer
        self.duration = duration_samples

    def put(self, number: int, arrival_ms: float, *, last: bool = False) -> None:
        self.buffer.put(
            sequence=(FIRST_SEQUENCE + number) % 2**16,
            timestamp=(FIRST_TIMESTAMP + number * self.duration) % 2**32,
            payload=number.to_bytes(4, "big"),
            duration_samples=self.duration,
            arrival_ns=int(arrival_ms * NS_PER_MS),
            last=last,
        )


def number(payload: bytes) -> int:
    return int.from_bytes(payload, "big")


def heard(playouts: list[Playout]) -> list[int]:
    return [number(playout.payload) for playout in playouts if isinstance(playout, Frame)]


def late(playouts: list[Playout]) -> list[int]:
    return [
        number(payload)
        for playout in playouts
        if not isinstance(playout, Waiting)
        for payload in playout.late
    ]


def run(
    arrivals: list[tuple[float, int]], ticks: int, link: Link = Link.WIRED, last: int = -1
) -> tuple[JitterBuffer, list[Playout]]:
    """Put packets as they arrive (ms, number) and pull every 10 ms, half a tick off."""
    buffer, coming = JitterBuffer(link), sorted(arrivals, key=lambda arrival: arrival[0])
    sender, playouts = Sender(buffer), []
    for tick in range(ticks):
        now_ms = tick * 10 + 5
        while coming and coming[0][0] <= now_ms:
            at_ms, packet = coming.pop(0)
            sender.put(packet, at_ms, last=packet == last)
        playouts.append(buffer.pull(now_ms * NS_PER_MS))
    return buffer, playouts


def on_time(count: int) -> list[tuple[float, int]]:
    return [(10.0 * n, n) for n in range(count)]


def test_a_steady_stream_comes_out_whole_after_the_target() -> None:
    buffer, playouts = run(on_time(50), 50)
    assert [type(playout) for playout in playouts[:4]] == [Waiting, Waiting, Frame, Frame]
    assert heard(playouts) == list(range(48))
    assert (buffer.counters.lost, buffer.counters.late, buffer.counters.received) == (0, 0, 50)


def test_before_any_packet_it_waits() -> None:
    buffer = JitterBuffer()
    assert buffer.pull(0) == Waiting()
    assert buffer.depth_error_ns(0) is None
    assert not buffer.playing


def test_a_lost_packet_is_lost_and_the_next_comes_in_its_time() -> None:
    buffer, playouts = run([a for a in on_time(50) if a[1] != 10], 50)
    assert playouts[12] == Lost(FRAME_SAMPLES)
    assert heard(playouts) == [n for n in range(48) if n != 10]
    assert buffer.counters.lost == 1


def test_packets_out_of_order_are_put_in_order() -> None:
    arrivals = on_time(50)
    arrivals[10], arrivals[11] = (110.5, 10), (110.0, 11)
    buffer, playouts = run(arrivals, 50)
    assert heard(playouts) == list(range(48))
    assert (buffer.counters.reordered, buffer.counters.lost) == (1, 0)


def test_a_repeat_is_dropped_also_after_its_turn() -> None:
    buffer, playouts = run([*on_time(50), (101.0, 10), (300.0, 10)], 50)
    assert heard(playouts) == list(range(48))
    assert (buffer.counters.duplicate, buffer.counters.received) == (2, 52)
    assert late(playouts) == []


def test_a_late_packet_is_handed_over_for_the_decoders_sake() -> None:
    arrivals = on_time(50)
    arrivals[10] = (135.0, 10)
    buffer, playouts = run(arrivals, 50)
    assert late(playouts) == [10]
    assert heard(playouts) == [n for n in range(48) if n != 10]
    assert (buffer.counters.late, buffer.counters.lost) == (1, 0)


def test_after_a_stall_the_burst_is_late_and_the_play_point_stays_live() -> None:
    arrivals = [(max(at, 500.0) if 200 <= at < 500 else at, n) for at, n in on_time(100)]
    buffer, playouts = run(arrivals, 100)
    assert buffer.counters.resyncs == 0
    assert len(late(playouts)) <= MAX_LATE_PACKETS < buffer.counters.late
    assert late(playouts)[-1] + 1 in heard(playouts)
    assert 95 <= heard(playouts)[-1] <= 98


def test_the_first_frame_of_an_underrun_waits_when_the_depth_is_too_small() -> None:
    arrivals = [(at + (28 if n > 20 else 0), n) for at, n in on_time(80)]
    buffer, playouts = run(arrivals, 80)
    assert len([p for p in playouts if isinstance(p, Lost)]) == 1
    assert heard(playouts) == list(range(77))  # nothing left out: the stream was delayed instead
    assert buffer.counters.late == 0


def test_the_last_packet_is_followed_by_silence_not_loss() -> None:
    _, playouts = run(on_time(20), 40, last=19)
    assert not any(isinstance(playout, Lost) for playout in playouts)
    assert isinstance(playouts[-1], Waiting)


def test_without_a_last_packet_it_conceals_for_half_a_second() -> None:
    buffer, playouts = run(on_time(20), 100)
    assert sum(isinstance(p, Lost) for p in playouts) == IDLE_AFTER_SAMPLES // FRAME_SAMPLES
    assert isinstance(playouts[-1], Waiting)
    assert buffer.counters.lost == 0


def test_after_a_pause_the_next_turn_starts_with_its_first_packet() -> None:
    later = [(20_000.0 + 10 * n, 2_000 + n) for n in range(20)]
    buffer, playouts = run([*on_time(20), *later], 2_050, last=19)
    assert heard(playouts) == [*range(20), *range(2_000, 2_020)]
    assert buffer.counters.resyncs == 0


def test_a_turn_that_starts_before_the_hub_waits_again_is_heard() -> None:
    later = [(400.0 + 10 * n, 40 + n) for n in range(20)]
    _, playouts = run([*on_time(20), *later], 100)
    assert heard(playouts) == [*range(20), *range(40, 60)]


def test_a_clock_that_jumps_ahead_or_back_begins_a_new_line() -> None:
    for jump in (100_000_000, -100_000_000):
        buffer = JitterBuffer()
        playouts = []
        for n in range(200):
            arrival_ns = n * FRAME_NS
            timestamp = (n * FRAME_SAMPLES + (jump if n >= 100 else 0)) % 2**32
            buffer.put(
                sequence=n,
                timestamp=timestamp,
                payload=n.to_bytes(4, "big"),
                duration_samples=FRAME_SAMPLES,
                arrival_ns=arrival_ns,
            )
            playouts.append(buffer.pull(arrival_ns + 1))
        assert buffer.counters.resyncs == 1
        played = heard(playouts)
        assert played[-1] >= 195
        assert played[-40:] == list(range(played[-1] - 39, played[-1] + 1))


def test_a_delay_that_grew_for_good_is_followed_after_a_moment() -> None:
    """A route that became longer: everything is late, until the base is learned anew."""
    for more_ms in (60, 150, 300, 2_000):
        arrivals = [(at + (more_ms if n >= 100 else 0), n) for at, n in on_time(300)]
        buffer, playouts = run(arrivals, 380 + more_ms // 10)
        assert heard(playouts)[-100:] == list(range(200, 300))
        assert buffer.depth_error_ns(0) is None  # all played: it waits again


def test_a_sequence_that_jumps_is_no_loss_of_thousands() -> None:
    buffer = JitterBuffer()
    for n, sequence in enumerate([10, 11, 40_000, 40_001]):
        buffer.put(
            sequence=sequence,
            timestamp=n * 480,
            payload=b"x",
            duration_samples=480,
            arrival_ns=n * FRAME_NS,
        )
    assert (buffer.counters.lost, buffer.counters.duplicate) == (0, 0)


def test_a_second_stamp_for_the_same_moment_is_a_duplicate() -> None:
    buffer = JitterBuffer()
    for sequence in (1, 2):
        buffer.put(sequence=sequence, timestamp=0, payload=b"x", duration_samples=480, arrival_ns=0)
    assert buffer.counters.duplicate == 1
    assert buffer.held_samples == 480


def test_longer_and_shorter_packets_follow_each_other() -> None:
    for duration in (120, 240, 960, 2_880, 5_760):
        buffer = JitterBuffer(Link.REMOTE)
        sender, playouts = Sender(buffer, duration), []
        for n in range(40):
            sender.put(n, n * duration / 48)
            now_ns = (n * duration * 1_000_000) // 48
            playouts.append(buffer.pull(now_ns))
        played = heard(playouts)
        assert played == list(range(len(played)))
        assert not any(isinstance(playout, Lost) for playout in playouts)


def test_the_depth_error_says_how_much_later_than_needed_it_plays() -> None:
    buffer, _ = run(on_time(50), 50)
    error_ms = (buffer.depth_error_ns(505 * NS_PER_MS) or 0) / NS_PER_MS
    assert error_ms == 505 - 480 - buffer.delay.target_ms  # due at 480 + target


# --- whatever comes ---

network = st.lists(
    st.tuples(
        st.integers(0, 150),  # number
        st.floats(0, 2_000),  # delay
    ),
    max_size=150,
)


@settings(max_examples=150, deadline=None)
@given(network, st.sampled_from(Link))
def test_any_network_keeps_order_and_bounds(sent: list[tuple[int, float]], link: Link) -> None:
    arrivals = [(10.0 * n + delay, n) for n, delay in sent]
    buffer, playouts = run(arrivals, 420, link)
    played = heard(playouts)
    assert len(set(played)) == len(played)
    assert len(set(late(playouts)) | set(played)) == len(late(playouts)) + len(played)
    if buffer.counters.resyncs == 0:
        assert played == sorted(played)
    assert buffer.counters.received == len(sent)
    assert buffer.counters.lost >= 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**16 - 1),
            st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 30_000)),
            st.sampled_from([120, 480, 960, 5_760]),
            st.booleans(),
        ),
        max_size=200,
    )
)
def test_any_header_is_survived_and_the_store_stays_small(
    packets: list[tuple[int, int, int, bool]],
) -> None:
    buffer = JitterBuffer()
    for n, (sequence, timestamp, duration, last) in enumerate(packets):
        buffer.put(
            sequence=sequence,
            timestamp=timestamp,
            payload=b"x",
            duration_samples=duration,
            arrival_ns=n * NS_PER_MS,
            last=last,
        )
        assert len(buffer._held) <= MAX_HELD_PACKETS
        span = buffer._held[-1].timestamp - buffer._held[0].timestamp if buffer._held else 0
        assert span <= MAX_HELD_SAMPLES
        if n % 10 == 0:
            buffer.pull(n * NS_PER_MS)
    for n in range(200):  # and it comes to rest
        playout = buffer.pull((300 + 10 * n) * NS_PER_MS)
    assert isinstance(playout, Waiting)


def test_random_loss_is_counted_to_the_packet() -> None:
    generator = random.Random(4)
    kept = [a for a in on_time(1_000) if a[1] in (0, 999) or generator.random() > 0.1]
    buffer, playouts = run(kept, 1_010)
    assert buffer.counters.lost == 1_000 - len(kept)
    assert heard(playouts) == [n for _, n in kept]
