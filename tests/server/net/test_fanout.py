"""The same bytes to everybody; those who are behind skip, those who are stuck are let go."""

import asyncio
import os
import socket
from dataclasses import dataclass
from itertools import pairwise

import pytest

from fakes.sink import FakeClock, FakeSink
from parvis_server.net import fanout as fanout_module
from parvis_server.net.fanout import (
    INLINE_RECEIVERS,
    MAX_AT_LEISURE,
    MAX_BUFFERED_BYTES,
    MAX_WAITING_SOUND,
    SLICE_RECEIVERS,
    Fanout,
)
from parvis_server.net.outlet import Outlet
from parvis_wire.close_codes import CloseCode

SOUND = bytes(120)
NS_PER_S = 1_000_000_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fanout(clock: FakeClock) -> Fanout:
    return Fanout(clock)


def test_everybody_gets_the_very_same_bytes(fanout: Fanout) -> None:
    sinks = [FakeSink() for _ in range(3)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    fanout.publish_sound(SOUND, 20)
    assert all(sink.frames[0] is SOUND for sink in sinks)


def test_units_get_messages_and_no_sound(fanout: Fanout) -> None:
    unit = FakeSink()
    fanout.add(unit, wants_sound=False)
    fanout.publish_sound(SOUND, 20)
    fanout.publish_control(b"change")
    assert unit.frames == [b"change"]


def test_who_is_removed_gets_nothing_more(fanout: Fanout) -> None:
    sink = FakeSink()
    receiver = fanout.add(sink, wants_sound=True)
    fanout.remove(receiver)
    fanout.remove(receiver)
    fanout.publish_control(b"change")
    assert sink.frames == []
    assert len(fanout) == 0


def test_behind_by_a_second_skips_to_live_and_loses_no_message(
    fanout: Fanout, clock: FakeClock
) -> None:
    sink = FakeSink()
    fanout.add(sink, wants_sound=True)
    for _ in range(200):
        fanout.publish_sound(SOUND, 20)
    one_second = 50 * len(SOUND)
    sink.frames.clear()
    sink.buffered = one_second - 200
    fanout.publish_sound(SOUND, 20)
    assert sink.frames == [SOUND]
    sink.buffered = one_second + 200
    fanout.publish_sound(SOUND, 20)
    sink.buffered = 1
    fanout.publish_sound(SOUND, 20)
    fanout.publish_control(b"change")
    assert sink.frames == [SOUND, b"change"], "sound waits until everything is drained"
    sink.buffered = 0
    fanout.publish_sound(b"live", 20)
    assert sink.frames[-1] == b"live"
    assert (fanout.counts.skips, fanout.counts.skipped_sound) == (1, 2)


def test_behind_for_ten_seconds_is_closed(fanout: Fanout, clock: FakeClock) -> None:
    slow, fine = FakeSink(), FakeSink()
    for sink in (slow, fine):
        fanout.add(sink, wants_sound=True)
    slow.buffered = 50_000
    for _ in range(600):
        clock.now += NS_PER_S // 50
        fanout.publish_sound(SOUND, 20)
        if clock.now <= 10 * NS_PER_S:
            assert slow.closed is None
    assert slow.closed == CloseCode.SLOW
    assert len(fine.frames) == 600
    assert fanout.counts.closed_slow == 1


def test_too_much_behind_is_closed_at_once_also_by_messages(fanout: Fanout) -> None:
    sink = FakeSink(buffered=MAX_BUFFERED_BYTES + 1)
    fanout.add(sink, wants_sound=False)
    fanout.publish_control(b"change")
    assert sink.closed == CloseCode.SLOW
    assert sink.frames == []


async def test_a_large_audience_is_served_in_slices(fanout: Fanout, clock: FakeClock) -> None:
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 100)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    clock.cost = fanout_module.SLICE_NS
    served = asyncio.get_running_loop().create_task(fanout.run())
    fanout.publish_sound(SOUND, 20)
    assert not any(sink.frames for sink in sinks), "not in the call that publishes"
    steps = []
    while not all(sink.frames for sink in sinks):
        steps.append(sum(bool(sink.frames) for sink in sinks))
        await asyncio.sleep(0)
    assert max(after - before for before, after in pairwise(steps)) <= SLICE_RECEIVERS
    served.cancel()


async def test_sound_that_waits_too_long_goes_and_messages_stay_in_order(fanout: Fanout) -> None:
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 1)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    for number in range(100):
        fanout.publish_sound(b"sound %d" % number, 20)
        fanout.publish_control(b"change %d" % number)
    served = asyncio.get_running_loop().create_task(fanout.run())
    await sinks[-1].got(100 + MAX_WAITING_SOUND)
    served.cancel()
    frames = sinks[-1].frames
    assert [f for f in frames if f.startswith(b"change")] == [b"change %d" % n for n in range(100)]
    newest = [b"sound %d" % n for n in range(100 - MAX_WAITING_SOUND, 100)]
    assert [f for f in frames if f.startswith(b"sound")] == newest
    assert fanout.counts.overrun_sound == 100 - MAX_WAITING_SOUND


async def test_messages_overtake_sound_that_waits(fanout: Fanout) -> None:
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 1)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    for _ in range(3):
        fanout.publish_sound(SOUND, 20)
    fanout.publish_control(b"change 1")
    fanout.publish_control(b"change 2")
    served = asyncio.get_running_loop().create_task(fanout.run())
    await sinks[-1].got(5)
    served.cancel()
    assert all(sink.frames == [b"change 1", b"change 2", *[SOUND] * 3] for sink in sinks)


async def test_a_message_does_not_wait_until_everybody_has_a_packet(
    fanout: Fanout, clock: FakeClock
) -> None:
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 1)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    clock.cost = fanout_module.SLICE_NS
    served = asyncio.get_running_loop().create_task(fanout.run())
    fanout.publish_sound(SOUND, 20)
    await sinks[0].got(1)
    assert not sinks[-1].frames
    fanout.publish_control(b"change")
    await sinks[-1].got(2)
    served.cancel()
    assert sinks[0].frames == [SOUND, b"change"]
    assert sinks[-1].frames == [b"change", SOUND]


async def test_sound_and_messages_go_before_the_rest_of_what_nobody_waits_for(
    fanout: Fanout, clock: FakeClock
) -> None:
    """How many listen, each second: everybody gets it, and no packet waits for it."""
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 1)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    clock.cost = fanout_module.SLICE_NS
    served = asyncio.get_running_loop().create_task(fanout.run())
    fanout.publish_control(b"pulse 1", at_leisure=True)
    fanout.publish_control(b"pulse 2", at_leisure=True)
    await sinks[0].got(1)
    assert not sinks[-1].frames
    fanout.publish_sound(SOUND, 20)
    fanout.publish_control(b"change")
    await sinks[-1].got(4)
    served.cancel()
    assert sinks[0].frames == [b"pulse 1", b"change", SOUND, b"pulse 2"]
    assert sinks[-1].frames == [b"change", SOUND, b"pulse 1", b"pulse 2"]


async def test_what_was_told_at_leisure_a_minute_ago_is_told_no_more(fanout: Fanout) -> None:
    sinks = [FakeSink() for _ in range(INLINE_RECEIVERS + 1)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    pulses = [b"pulse %d" % second for second in range(60)]
    for pulse in pulses:
        fanout.publish_control(pulse, at_leisure=True)
    served = asyncio.get_running_loop().create_task(fanout.run())
    await sinks[-1].got(MAX_AT_LEISURE)
    served.cancel()
    assert sinks[-1].frames == pulses[-MAX_AT_LEISURE:]


async def test_who_joins_while_frames_wait_gets_only_what_comes_after(fanout: Fanout) -> None:
    for _ in range(INLINE_RECEIVERS + 1):
        fanout.add(FakeSink(), wants_sound=True)
    fanout.publish_control(b"before")
    late = FakeSink()
    fanout.add(late, wants_sound=True)
    fanout.publish_control(b"after")
    served = asyncio.get_running_loop().create_task(fanout.run())
    await late.got(1)
    served.cancel()
    assert late.frames == [b"after"]


def test_what_a_write_costs_is_measured(fanout: Fanout, clock: FakeClock) -> None:
    assert fanout.write_ns == 0
    for _ in range(4):
        fanout.add(FakeSink(), wants_sound=True)
    clock.cost = 40_000  # from one look at the clock to the next
    fanout.publish_sound(SOUND, 20)
    assert fanout.write_ns == 10_000
    clock.cost = 80_000
    fanout.publish_sound(SOUND, 20)
    assert 10_000 < fanout.write_ns < 11_000, "one late moment is no new cost"
    for _ in range(200):
        fanout.publish_sound(SOUND, 20)
    assert 19_900 < fanout.write_ns <= 20_000


async def test_what_others_do_between_the_slices_is_not_its_cost(
    fanout: Fanout, clock: FakeClock
) -> None:
    sinks = [FakeSink() for _ in range(4 * SLICE_RECEIVERS)]
    sinks += [FakeSink() for _ in range(INLINE_RECEIVERS)]
    for sink in sinks:
        fanout.add(sink, wants_sound=True)
    clock.cost = fanout_module.SLICE_NS
    served = asyncio.get_running_loop().create_task(fanout.run())
    fanout.publish_sound(SOUND, 20)
    while not sinks[-1].frames:
        await asyncio.sleep(0)
        clock.now += 1_000_000_000
    await asyncio.sleep(0)
    served.cancel()
    assert fanout.write_ns == fanout_module.SLICE_NS / SLICE_RECEIVERS


@dataclass
class DirectSink(FakeSink):
    """A connection with a real socket, which may be full."""

    def __post_init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.direct = Outlet(self.ours.fileno())

    def write_frame(self, frame: bytes) -> None:
        """As a transport does: what the kernel takes no more waits, and nothing is direct."""
        super().write_frame(frame)
        assert self.direct is not None
        self.direct.wait()
        self.buffered += len(frame)

    def read(self) -> bytes:
        return self.theirs.recv(1 << 20)

    def shut(self) -> None:
        assert self.direct is not None
        self.direct.wait()
        self.ours.close()
        self.theirs.close()


def test_frames_go_directly_to_a_socket_for_which_nothing_waits(fanout: Fanout) -> None:
    sink = DirectSink()
    fanout.add(sink, wants_sound=True)
    fanout.publish_sound(b"sound", 20)
    fanout.publish_control(b"change")
    assert (sink.read(), sink.frames) == (b"soundchange", [])
    sink.shut()


def test_what_a_full_socket_does_not_take_goes_on_through_its_sink_without_a_gap(
    fanout: Fanout,
) -> None:
    sink = DirectSink()
    fanout.add(sink, wants_sound=True)
    frame, written = os.urandom(3000), 0
    while not sink.frames:
        fanout.publish_control(frame)
        written += 1
    in_kernel = b""
    while len(in_kernel) + len(sink.frames[0]) < written * len(frame):
        in_kernel += sink.read()
    assert in_kernel + sink.frames[0] == frame * written
    fanout.publish_control(b"next")
    assert sink.frames[1:] == [b"next"], "behind what waits already"
    sink.shut()


def test_a_socket_that_is_gone_is_left_to_its_sink(fanout: Fanout) -> None:
    sink, fine = DirectSink(), FakeSink()
    fanout.add(sink, wants_sound=True)
    fanout.add(fine, wants_sound=True)
    sink.theirs.close()
    fanout.publish_sound(SOUND, 20)
    assert sink.frames == [SOUND]
    assert fine.frames == [SOUND], "nobody else is hurt"
    sink.shut()


def test_who_was_behind_gets_nothing_directly_before_it_is_back(
    fanout: Fanout, clock: FakeClock
) -> None:
    sink = DirectSink(buffered=1 << 17)
    assert sink.direct is not None
    sink.direct.wait()
    receiver = fanout.add(sink, wants_sound=True)
    fanout.publish_sound(SOUND, 20)
    assert receiver.behind_since_ns is not None
    sink.buffered = 0
    sink.direct.drained()
    assert not sink.direct.is_open
    fanout.publish_sound(SOUND, 20)
    assert receiver.behind_since_ns is None, "a later stall starts anew"
    sink.shut()
