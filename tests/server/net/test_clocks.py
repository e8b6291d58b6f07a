"""The hub's clock over the wire, and the delay of a voice from converter to mix."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, joined, packet_of
from parvis_server.engine.boundary import EngineStats, SourceStats
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import LowerHand, RaiseHand
from parvis_wire.messages import Role
from parvis_wire.stage import (
    AlarmKind,
    CaptureTime,
    OutputReport,
    TimeReply,
    TimeRequest,
    UnitTraits,
)

LECTERN = UnitTraits(always_open=True)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def ssrc_of(unit: Peer) -> int:
    assert unit.welcome.ssrc is not None
    return unit.welcome.ssrc


@pytest.mark.parametrize("role", [Role.UNIT, Role.SPEAKER])
async def test_the_four_time_stamps_are_in_order(hub: LiveHub, role: Role) -> None:
    url = hub.unit if role is Role.UNIT else hub.speak
    async with joined(url, role) as client:
        for _ in range(3):
            asked_ns = time.monotonic_ns()
            await client.say(TimeRequest(client_ns=asked_ns))
            reply = await client.until(TimeReply)
            assert reply.client_ns == asked_ns
            assert asked_ns < reply.received_ns <= reply.sent_ns < time.monotonic_ns()


async def test_eight_at_once_beside_everything_else_are_all_answered(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Table 1") as unit:
        for number in range(8):
            await unit.say(TimeRequest(client_ns=number))
        for number in range(8):
            assert (await unit.until(TimeReply)).client_ns == number
        for _ in range(5):
            await unit.do(RaiseHand)
            await unit.do(LowerHand)
        assert hub.live.counts.rate_drops == 0
        assert hub.live.counts.time_requests == 8


async def test_listeners_have_no_clock_to_keep(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone:
        await phone.say(TimeRequest(client_ns=1))
        assert (await phone.until_closed())[0] == CloseCode.MALFORMED


async def test_a_report_without_an_output_is_a_fault(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT) as unit:
        report = OutputReport(delay_ms=1, buffer_ms=1, underruns=0, concealed=0, playing=True)
        await unit.say(report)
        assert (await unit.until_closed())[0] == CloseCode.MALFORMED


async def test_the_delay_is_the_way_to_the_hub_and_the_time_in_its_buffer(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as unit:
        ssrc = ssrc_of(unit)
        captured_ns = hub.live.now_ns()
        await asyncio.sleep(0.03)
        sent_ns = hub.live.now_ns()
        await unit.say(CaptureTime(timestamp=480 * 7, hub_ns=captured_ns, rtt_ms=0.2))
        await unit.socket.send(packet_of(unit, 7))
        await unit.do(RaiseHand)
        read_ns = hub.live.now_ns()
        [status] = hub.live.status().units
        assert status.source is not None
        assert status.source.delay_ms is None, "what the engine holds is not known yet"
        held = SourceStats(
            ssrc=ssrc,
            received=1,
            hold_ms=11.5,
            drift_ppm=-310.06,
            gain_db=4.04,
            late=2,
            concealed=1,
        )
        hub.engine.stats(EngineStats(sources=(held,), savings=1))
        status_now = hub.live.status()
        source = status_now.units[0].source
        assert source is not None and source.delay_ms is not None
        least_ms, most_ms = (sent_ns - captured_ns) / 1e6, (read_ns - captured_ns) / 1e6
        assert least_ms - 0.1 <= source.delay_ms - 11.5 <= most_ms + 0.1
        assert (source.drift_ppm, source.gain_db, source.by_hand) == (-310.1, 4.0, False)
        assert (source.late, source.concealed) == (2, 1)
        alarms = {(a.kind, a.participant, a.value) for a in status_now.alarms}
        assert alarms == {
            (AlarmKind.CLOCK, unit.participant, -310.1),
            (AlarmKind.ENGINE_BUSY, None, 1.0),
        }
