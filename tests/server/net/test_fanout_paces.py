"""Each pace its own packets, each phase its own moment; whoever changes misses nothing."""

from __future__ import annotations

import asyncio

import pytest

from fakes.sink import FakeClock, FakeSink
from parvis_server.net.fanout import INLINE_RECEIVERS, MAX_WAITING_SOUND, Fanout
from parvis_server.net.receivers import Pace, Phase

SOUND = bytes(120)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(FakeClock())


def test_each_pace_gets_its_own_packets_and_every_message(fanout: Fanout) -> None:
    quick, bundled, unit = FakeSink(), FakeSink(), FakeSink()
    fanout.add(quick, wants_sound=True)
    slow = fanout.add(bundled, wants_sound=True, pace=Pace.BUNDLED)
    fanout.add(unit, wants_sound=False)
    fanout.publish_sound(b"short", 20, Pace.QUICK)
    fanout.publish_sound(b"long", 60, Pace.BUNDLED)
    fanout.publish_sound(b"both", 20)
    fanout.publish_control(b"change")
    assert quick.frames == [b"short", b"both", b"change"]
    assert bundled.frames == [b"long", b"both", b"change"]
    assert unit.frames == [b"change"]
    assert fanout.paces == {Pace.QUICK: 1, Pace.BUNDLED: 1}
    slow.pace = Pace.QUICK
    fanout.publish_sound(b"next", 20, Pace.QUICK)
    assert bundled.frames[-1] == b"next"
    assert fanout.paces == {Pace.QUICK: 2, Pace.BUNDLED: 0}


def test_a_message_may_be_for_one_pace_alone(fanout: Fanout) -> None:
    quick, bundled, silent = FakeSink(), FakeSink(), FakeSink()
    fanout.add(quick, wants_sound=True)
    fanout.add(bundled, wants_sound=True, pace=Pace.BUNDLED)
    fanout.add(silent, wants_sound=False, pace=Pace.BUNDLED)
    fanout.publish_control(b"longer", Pace.BUNDLED)
    assert (quick.frames, bundled.frames, silent.frames) == ([], [b"longer"], [])


def test_a_pace_is_changed_at_any_time_and_serves_nobody_who_is_gone(fanout: Fanout) -> None:
    sink = FakeSink()
    receiver = fanout.add(sink, wants_sound=True)
    fanout.remove(receiver)
    receiver.pace = Pace.BUNDLED
    fanout.publish_sound(SOUND, 60)
    assert receiver not in fanout
    assert (sink.frames, receiver.pace) == ([], Pace.BUNDLED)
    assert fanout.paces == {Pace.QUICK: 0, Pace.BUNDLED: 0}


async def test_who_changes_pace_while_frames_wait_gets_no_frame_from_before_it_came(
    fanout: Fanout,
) -> None:
    for _ in range(INLINE_RECEIVERS + 1):
        fanout.add(FakeSink(), wants_sound=True)
    early = fanout.add(FakeSink(), wants_sound=True, pace=Pace.BUNDLED)
    fanout.publish_sound(b"before", 20, Pace.QUICK)
    late = FakeSink()
    fanout.add(late, wants_sound=True)
    early.pace = Pace.QUICK  # now the last of its pace, and older than the frame
    fanout.publish_sound(b"after", 20, Pace.QUICK)
    served = asyncio.get_running_loop().create_task(fanout.run())
    await late.got(1)
    served.cancel()
    assert late.frames == [b"after"]


async def test_packets_of_a_part_of_the_audience_wait_as_long_as_those_of_all(
    fanout: Fanout,
) -> None:
    quick, bundled = FakeSink(), [FakeSink() for _ in range(INLINE_RECEIVERS)]
    fanout.add(quick, wants_sound=True)
    for sink in bundled:
        fanout.add(sink, wants_sound=True, pace=Pace.BUNDLED)
    for number in range(MAX_WAITING_SOUND):
        fanout.publish_sound(b"short %d" % number, 20, Pace.QUICK)
        fanout.publish_sound(b"long %d" % number, 40, Pace.BUNDLED, Phase(number % 2, 2))
    assert fanout.counts.overrun_sound == 0, "a second of each"
    fanout.publish_sound(b"long", 40, Pace.BUNDLED, Phase(1, 2))
    served = asyncio.get_running_loop().create_task(fanout.run())
    await bundled[-1].got(MAX_WAITING_SOUND // 2)
    served.cancel()
    assert fanout.counts.overrun_sound == 1
    assert len(quick.frames) == MAX_WAITING_SOUND
    assert bundled[0].frames == [b"long %d" % number for number in range(2, MAX_WAITING_SOUND, 2)]


def test_a_packet_for_nobody_is_no_packet(fanout: Fanout) -> None:
    fanout.add(FakeSink(), wants_sound=True)
    fanout.publish_sound(SOUND, 60, Pace.BUNDLED, Phase(0, 3))
    assert fanout.counts.sound_frames == 0
