"""A whole unit that plays, on two connections, with the hub's clock: against a hub on loopback."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import pairwise
from typing import Any

import pytest

from fakes.downlink import packets
from fakes.hub import SSRC, FakeHub, running_hub
from fakes.running_unit import Bench, unit_at
from fakes.unit_parts import _tone
from parvis_device.config import load
from parvis_device.errors import UsageError
from parvis_device.light import Signal
from parvis_device.unit import BRIDGE_NS
from parvis_wire.messages import ResumeCredential, Time
from parvis_wire.rtp import RtpPacket, TalkFlags
from parvis_wire.stage import Bus, Duplex, OutputKind, OutputTraits, SourceKind

pytestmark = pytest.mark.alone

BUS = Bus(ssrc=7, kind=OutputKind.LOUDSPEAKER, ptime_ms=10)


def bus(seconds: float, ptime_ms: int = 10) -> list[RtpPacket]:
    """A tone as a bus, from room clock 0 on."""
    return packets(_tone(round(seconds * 48_000)), 0, frame=ptime_ms * 48)


async def send(hub: FakeHub, sound: list[RtpPacket], *, over_second: bool = False) -> None:
    """In real time, as the hub does."""
    begun_ns = time.monotonic_ns()
    step_ns = (sound[1].timestamp - sound[0].timestamp) * 1_000_000_000 // 48_000
    for number, packet in enumerate(sound):
        due_ns = begun_ns + number * step_ns
        await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        await hub.send_packet(packet, over_second=over_second)


async def heard(bench: Bench, within_s: float = 3.0) -> None:
    """Wait until the loudspeaker plays the tone."""
    async with asyncio.timeout(within_s):
        while bench.loudspeaker.level < 0.1:  # noqa: ASYNC110 - sound announces itself to nobody
            await asyncio.sleep(0.01)


async def test_a_unit_that_only_plays() -> None:
    async with running_hub() as hub:
        hub.bus = BUS
        async with unit_at(hub, microphone="none", loudspeaker="any", zone="foyer") as bench:
            await bench.light.until(Signal.PLAYING)
            traits = hub.joins[0].unit
            assert traits is not None and traits.source is None and traits.zone == "foyer"
            assert traits.output == OutputTraits() and not traits.always_open
            await hub.say(Time(room_clock=0, hub_ns=time.monotonic_ns(), utc_ms=0))
            await send(hub, bus(1.2))
            await heard(bench)
            await hub.until(lambda hub: any(report.playing for report in hub.output_reports))
            report = hub.output_reports[-1]
            assert 10 < report.delay_ms < 200 and report.underruns <= 1
            assert not hub.packets and not hub.levels
            bench.loudspeaker.unplug()
            await bench.light.until(Signal.NO_LOUDSPEAKER)
            bench.loudspeaker.plug()
            await bench.light.until(Signal.PLAYING)
            assert not any(lamps is Signal.LIVE for lamps in bench.light.history)


async def test_the_loudspeaker_is_silent_beside_an_open_microphone() -> None:
    async with running_hub() as hub:
        hub.bus = BUS
        async with unit_at(hub, loudspeaker="any") as bench:
            await bench.light.until(Signal.IDLE)
            sending = asyncio.create_task(send(hub, bus(6)))
            await heard(bench)
            await bench.take_floor()
            await asyncio.sleep(0.1)
            assert bench.loudspeaker.level == 0.0
            bench.button.press()
            await heard(bench)
            sending.cancel()


async def test_nothing_leaves_that_was_heard_while_the_loudspeaker_still_sounds() -> None:
    latency_ns = 300_000_000  # a slow card, so that a busy test machine does not matter
    async with running_hub() as hub:
        hub.bus = BUS
        async with unit_at(hub, loudspeaker="any") as bench:
            bench.loudspeaker.latency_ns = latency_ns
            await bench.light.until(Signal.IDLE)
            await hub.until(lambda hub: len(hub.output_reports) > 2)
            bench.button.press()
            await bench.light.until(Signal.NEXT)
            await hub.grant()
            await bench.light.until(Signal.GRANTED)
            bench.button.press()
            await bench.light.until(Signal.LIVE)
            begun_ns = time.monotonic_ns()
            await hub.until(lambda hub: bool(hub.packets))
            assert time.monotonic_ns() - begun_ns >= latency_ns
            assert hub.packets[0].flags is TalkFlags.FIRST


async def test_a_capture_time_a_second_and_the_hubs_clock() -> None:
    async with running_hub() as hub, unit_at(hub) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.capture_times) >= 2)
        first, second = hub.capture_times[:2]
        samples = (second.timestamp - first.timestamp) % 2**32
        apart_ns = second.hub_ns - first.hub_ns
        unsure_s = (first.rtt_ms + second.rtt_ms) / 2000
        assert abs(samples / 48_000 - apart_ns / 1e9) < 0.005 + unsure_s
        assert abs(apart_ns / 1e9 - 1) < 0.2
        assert first.hub_ns <= time.monotonic_ns(), "both clocks are this machine's"
        assert first.rtt_ms < 100


async def test_packets_of_5_ms_where_the_hub_ticks_so() -> None:
    async with running_hub() as hub:
        hub.ptime_ms, hub.bus = 5, BUS.model_copy(update={"ptime_ms": 5})
        async with unit_at(hub, loudspeaker="any", duplex="half") as bench:
            await bench.take_floor()
            await hub.until(lambda hub: len(hub.packets) > 20)
            steps = {
                (after.timestamp - before.timestamp) % 2**32
                for before, after in zip(hub.packets[5:19], hub.packets[6:20], strict=True)
            }
            assert min(steps) == 240
            assert bench.loudspeaker.frames == 1 and len(bench.loudspeaker.played[-1]) == 240
            bench.button.press()
            await send(hub, bus(0.6, 5))
            await heard(bench)


async def test_two_connections_carry_the_same_packets() -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 20)
        joined = hub.joins[1]
        assert joined.stream == "stream-1"
        assert joined.credential == ResumeCredential(token="token-1")
        both = {packet.sequence for packet in hub.packets}
        again = {packet.sequence for packet in hub.second_packets}
        assert len(both & again) > 15
        hub.cut_second()
        await hub.until(lambda hub: len(hub.joins) == 3)
        assert hub.joins[2].stream == "stream-1"
        assert Signal.NO_HUB not in bench.light.history
        count = len(hub.second_packets)
        await hub.until(lambda hub: len(hub.second_packets) > count + 5)


async def test_sound_goes_on_over_the_second_while_the_first_comes_back() -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 5)
        count, history = len(hub.second_packets), len(bench.light.history)
        hub.cut()
        await hub.until(lambda hub: len(hub.joins) == 3)
        await hub.until(lambda hub: len(hub.packets) > 5 and hub.packets[-1].ssrc == SSRC)
        await hub.until(lambda hub: len(hub.second_packets) > count + 30)
        assert bench.light.history[history:] == [], "red all the time"
        sequences = [packet.sequence for packet in hub.second_packets]
        assert all((b - a) % 65_536 == 1 for a, b in pairwise(sequences))


async def test_the_second_alone_keeps_the_microphone_open_only_for_a_while() -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 5)
        hub.refuse_first = True
        begun_ns = time.monotonic_ns()
        hub.cut()
        await bench.light.until(Signal.RECONNECTING)
        assert time.monotonic_ns() - begun_ns >= BRIDGE_NS
        assert not bench.light.lamps.red


async def test_without_the_second_the_light_goes_off_at_once() -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 5)
        hub.refuse_first = True
        begun_ns = time.monotonic_ns()
        hub.cut()
        await asyncio.sleep(0.1)
        assert bench.light.lamps.red
        hub.cut_second()
        await bench.light.until(Signal.RECONNECTING)
        assert time.monotonic_ns() - begun_ns < BRIDGE_NS


async def test_a_second_connection_for_which_there_is_no_room_rests(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 5)
        assert hub.second is not None
        with caplog.at_level(logging.INFO, "parvis_device"):
            gone = asyncio.create_task(hub.second.wait_closed())
            async with asyncio.timeout(20):
                while not gone.done():
                    hub.stand_still()
                    hub.second.transport.pause_reading()
                    await asyncio.wait([gone], timeout=0.6)
                    hub.go_on()
                    hub.second.transport.resume_reading()
                    await asyncio.wait([gone], timeout=0.05)
            hub.go_on()
            count, second = len(hub.packets), len(hub.second_packets)
            await hub.until(lambda hub: len(hub.packets) > count + 150)
        assert len(hub.second_packets) == second
        assert len(hub.joins) == 2, "it does not come back at once"
        told = [record.getMessage() for record in caplog.records if "second" in record.getMessage()]
        assert len(told) == 1 and "tried again in 60 s" in told[0]
        assert bench.light.lamps.red


async def test_the_last_packet_leaves_when_the_network_goes_on() -> None:
    async with running_hub() as hub, unit_at(hub, connections=2) as bench:
        await bench.take_floor()
        await hub.until(lambda hub: len(hub.second_packets) > 5)
        assert hub.second is not None
        hub.stand_still()
        hub.second.transport.pause_reading()
        await bench.light.until(Signal.NO_HUB)
        bench.button.press()
        hub.go_on()
        hub.second.transport.resume_reading()
        await hub.until(lambda hub: hub.packets[-1].flags is TalkFlags.LAST)
        await hub.until(lambda hub: hub.second_packets[-1].flags is TalkFlags.LAST)


async def test_the_bus_is_heard_over_the_second_connection_alone() -> None:
    async with running_hub() as hub:
        hub.bus = BUS
        more: dict[str, Any] = {"microphone": "none", "loudspeaker": "any", "connections": 2}
        async with unit_at(hub, **more) as bench:
            await bench.light.until(Signal.PLAYING)
            await hub.until(lambda hub: len(hub.joins) == 2)
            await send(hub, bus(1), over_second=True)
            await heard(bench)


def traits_of(**flags: object) -> tuple[SourceKind | None, bool, OutputTraits | None, int]:
    config = load(None, {"hub": "http://hub", **flags})
    traits = config.traits
    return traits.source, traits.always_open, traits.output, config.connection_count


def test_what_the_hub_is_told() -> None:
    microphone, desk = SourceKind.MICROPHONE, SourceKind.DESK
    assert traits_of() == (microphone, False, None, 1)
    assert traits_of(link="wifi") == (microphone, False, None, 2)
    assert traits_of(link="wifi", connections=1) == (microphone, False, None, 1)
    assert traits_of(source="desk") == (desk, True, None, 1)
    assert traits_of(microphone="none", loudspeaker="x", output="assistive") == (
        None,
        False,
        OutputTraits(kind=OutputKind.ASSISTIVE),
        1,
    )
    assert traits_of(microphone="x", loudspeaker="x", duplex="full")[2] == OutputTraits(
        duplex=Duplex.FULL
    )


@pytest.mark.parametrize(
    ("flags", "half"),
    [
        ({}, True),
        ({"output": "assistive"}, False),
        ({"output": "line"}, False),
        ({"source": "desk"}, False),
        ({"source": "desk", "output": "line"}, False),
        ({"microphone": "none"}, False),
    ],
)
def test_only_a_loudspeaker_beside_a_microphone_is_silenced(
    flags: dict[str, object], half: bool
) -> None:
    config = load(None, {"hub": "http://hub", "loudspeaker": "x", **flags})
    assert config.half_duplex is half


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"microphone": "none"}, "no loudspeaker: add --loudspeaker"),
        ({"microphone": "none", "loudspeaker": "x", "button": "gpio"}, "leave --button out"),
        ({"microphone": "none", "loudspeaker": "x", "source": "desk"}, "a desk is heard through"),
        ({"microphone": "a", "loudspeaker": "b", "duplex": "full"}, "one device with one clock"),
        ({"loudspeaker": "x", "output": "return"}, "output = 'return'"),
        ({"button": "none", "loudspeaker": "x"}, "would never play; say --duplex full"),
        ({"zone": "Big Hall"}, "small letters, digits and dashes"),
        ({"connections": 3}, "connections = 3"),
        ({"play_delay_ms": 5}, "play_delay_ms = 5"),
    ],
)
def test_mistakes(flags: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(None, {"hub": "http://hub", **flags})
    assert words in str(caught.value) and "\n" not in str(caught.value)
