"""The real mixer is killed under two outputs: their buses go on, nobody reconnects."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.live_hub import LOOPBACK
from fakes.peer import Peer, joined
from parvis_server.app import Hub
from parvis_server.config import HubSettings, NetworkSettings
from parvis_server.data_folder import DataFolder
from parvis_server.engine.supervisor import EngineSupervisor
from parvis_server.hub_server import Listener
from parvis_server.ports import take_port
from parvis_wire.messages import Role
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputTraits, UnitTraits

pytestmark = [pytest.mark.alone, pytest.mark.patient]

LOUDSPEAKER = UnitTraits(source=None, output=OutputTraits())
START_S = 60.0
"""Two engines start on a machine that may be busy."""


@asynccontextmanager
async def real_hub(data: Path) -> AsyncIterator[tuple[Hub, EngineSupervisor]]:
    settings = HubSettings(data=data, network=NetworkSettings(host=LOOPBACK, port=0))
    hub = Hub(settings, DataFolder.open(data), EngineSupervisor)
    engine = hub.main.engine.running
    assert isinstance(engine, EngineSupervisor)
    async with asyncio.TaskGroup() as group:
        group.create_task(hub.run([Listener(take_port(settings.network))]))
        await hub.started.wait()
        try:
            async with asyncio.timeout(START_S):
                await engine.ready.wait()
            yield hub, engine
        finally:
            hub.stopping.set()


async def packets_past(client: Peer, count: int) -> list[RtpPacket]:
    """So many more packets than there are."""
    wanted = len(client.packets) + count
    async with asyncio.timeout(START_S):
        while len(client.packets) < wanted:
            frame = await client.socket.recv()
            if isinstance(frame, bytes):
                client.packets.append(RtpPacket.parse(frame))
    return client.packets


def check_one_stream(client: Peer, packet_samples: int) -> None:
    """One SSRC, and a count that follows the room clock across the gap."""
    bus = client.welcome.bus
    assert bus is not None
    assert {packet.ssrc for packet in client.packets} == {bus.ssrc}
    gaps = []
    for earlier, later in zip(client.packets, client.packets[1:], strict=False):
        steps = (later.sequence - earlier.sequence) % (1 << 16)
        passed = (later.timestamp - earlier.timestamp) % (1 << 32)
        assert steps == max(1, round(passed / packet_samples))
        if steps > 1:
            gaps.append(steps)
    assert gaps, "the mixer was killed: something is missing"


async def test_the_buses_go_on_after_the_mixer_was_killed(tmp_path: Path) -> None:
    async with real_hub(tmp_path) as (hub, engine):
        base = f"ws://{LOOPBACK}:{hub.listeners[0].port}"
        async with (
            joined(f"{base}/ws/unit", Role.UNIT, unit=LOUDSPEAKER) as column,
            joined(f"{base}/ws/speak", Role.SPEAKER) as speaker,
        ):
            await packets_past(column, 20)
            await packets_past(speaker, 10)
            assert engine.live_pid is not None
            os.kill(engine.live_pid, signal.SIGKILL)
            while engine.restarts == 0:
                await packets_past(column, 1)
            await packets_past(column, 40)
            await packets_past(speaker, 20)
            check_one_stream(column, 480)
            check_one_stream(speaker, 960)
            assert (
                hub.main.live.counts.joins[Role.UNIT]
                == hub.main.live.counts.joins[Role.SPEAKER]
                == 1
            )
