"""The hosts' status stays bounded, however much is on stage."""

from pathlib import Path

from fakes.live_hub import live_hub
from parvis_server.engine.boundary import EngineStats, Howling, SourceStats
from parvis_server.net.live_stage import MAX_LOST_SHOWN
from parvis_server.room.members import Member
from parvis_wire.messages import Role, serialize
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Alarm, AlarmKind, Bus, OutputKind, OutputReport

UNITS = 64
MAX_BYTES = 32_000
"""64 units that all speak and play, every figure measured, every one an alarm: at 2 a second
half of what one listener's page loads at the start."""


async def test_of_many_lost_units_the_last_ones_are_shown(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        live = hub.live
        for number in range(100):
            name = f"u{number}"
            live.apply(live.room.joined(Member(name, Role.UNIT, name=name, ssrc=number), number))
            if number % 2:
                live.room.left(name, number)
        shown = [unit.unit for unit in live.status().units]
        here = [f"u{number}" for number in range(0, 100, 2)]
        lost = [f"u{number}" for number in range(1, 100, 2)][-MAX_LOST_SHOWN:]
        assert sorted(shown) == sorted([*here, *lost])
        assert shown == sorted(shown, key=lambda name: int(name[1:])), "in the order of coming"


async def test_the_status_of_a_full_stage_is_bounded(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        live = hub.live
        stats = []
        for number in range(UNITS):
            stream = live.streams.open(f"participant-{number:04}")
            live.streams.set_output(stream, Bus(ssrc=0, kind=OutputKind.LOUDSPEAKER, ptime_ms=10))
            assert stream.output is not None
            bus = stream.output.bus
            member = Member(
                f"participant-{number:04}",
                Role.UNIT,
                name=f"Table {number} by the window",
                ssrc=stream.ssrc,
                always_open=True,
                zone="great-hall",
                output=bus.kind,
                output_ssrc=bus.ssrc,
            )
            live.apply(live.room.joined(member, live.now_ns()))
            stream.heard(-33.333333, live.now_ns())
            report = OutputReport(
                delay_ms=123.456789, buffer_ms=98.765, underruns=123_456, concealed=9, playing=True
            )
            stream.output.told(report, live.now_ns())
            stats.append(
                SourceStats(
                    ssrc=stream.ssrc, received=9, late=10**6, concealed=10**6, hold_ms=99.9,
                    drift_ppm=-456.789, gain_db=-12.3456,
                )
            )  # fmt: skip
            howl = Howling(output=bus.ssrc, hertz=1234.567, level_dbfs=-3, turned_down_db=-12.3456)
            hub.engine.report(howl)
        hub.engine.stats(EngineStats(sources=tuple(stats), savings=3))
        status = live.status()
        assert len(status.units) == UNITS
        assert len(status.alarms) == 2 * UNITS + 1
        size = len(serialize(status))
        quiet = len(serialize(status.model_copy(update={"alarms": ()})))
        print(f"status of {UNITS} units: {size} bytes, {quiet} without alarms")
        assert size <= MAX_BYTES + UNITS * 200
        assert quiet <= MAX_BYTES


async def test_hosts_see_the_stage_s_share_and_who_is_heard_twice(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub:
        live = hub.live
        for number in (1, 2):
            stream = live.streams.open(f"t{number}")
            name = f"t{number}"
            member = Member(name, Role.UNIT, name=name, ssrc=stream.ssrc, always_open=True)
            live.apply(live.room.joined(member, live.now_ns()))
        ssrcs = [microphone.ssrc for microphone in live.bulletin.view.microphones]
        assert len(ssrcs) == 2
        for csrcs in ((ssrcs[0],), (ssrcs[1], ssrcs[0]), (4711,)):
            packet = RtpPacket(sequence=1, timestamp=0, ssrc=1, payload=b"x", csrcs=csrcs)
            live.on_program(20, packet.serialize())
        assert live.status().shares.stage_ms == 40
        twice = tuple(
            SourceStats(ssrc=ssrc, received=9, doubles=at == 1) for at, ssrc in enumerate(ssrcs)
        )
        for _ in range(3):
            hub.engine.stats(EngineStats(sources=twice))
        assert live.status().alarms == (Alarm(kind=AlarmKind.SAME_VOICE, participant="t2"),)
