"""Whoever sends too much, or is one too many, costs nobody else anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined, packet_of, peer, resume
from parvis_server.net import speakers, units
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Report, Role, Rung, serialize
from parvis_wire.stage import OutputTraits, SpeakerTraits, UnitTraits

UNIT_JOIN: dict[str, Any] = {"type": "join", "version": 1, "role": "unit", "unit": {}}
SPEAKER_JOIN: dict[str, Any] = {"type": "join", "version": 1, "role": "speaker", "speaker": {}}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def refused(url: str, join: dict[str, Any]) -> tuple[int, str]:
    """Close code and text for this join."""
    async with peer(url) as client:
        await client.socket.send(json.dumps(join))
        code, [failure] = await client.until_closed()
        return code, failure.text


async def test_a_flood_before_the_welcome_ends_the_connection(
    hub: LiveHub,
) -> None:
    async with peer(hub.listen) as client:
        flood = Frame(Opcode.TEXT, b"{}").serialize(mask=True) * 1000
        client.socket.transport.write(flood)
        assert (await client.until_closed())[0] in {CloseCode.RATE, CloseCode.MALFORMED}


async def test_a_burst_is_thinned_and_a_flood_is_closed(hub: LiveHub) -> None:
    async with joined(hub.listen) as client:
        begun_ns = hub.live.now_ns()
        for _ in range(30):
            await client.say(Report(rung=Rung.WORKLET, buffer_ms=1, played_ms=1, underruns=0))
        await asyncio.sleep(0.15)
        assert (await client.do(RaiseHand, name="Ada")).refused is None, "a burst is forgiven"
        seconds = (hub.live.now_ns() - begun_ns) / 1e9
        assert hub.live.counts.rate_drops >= 30 - (20 + 10 * seconds) - 1
        report = serialize(Report(rung=Rung.WORKLET, buffer_ms=1, played_ms=1, underruns=0))

        async def flood() -> None:
            while True:
                await client.socket.send(report)
                await asyncio.sleep(0.005)

        with pytest.raises(ConnectionClosed):
            await flood()
        assert client.socket.close_code == CloseCode.RATE


async def test_packets_over_the_rate_are_dropped_before_the_engine(hub: LiveHub) -> None:
    traits = UnitTraits(always_open=True)
    async with joined(hub.unit, Role.UNIT, unit=traits) as unit:
        begun_ns = hub.live.now_ns()
        for sequence in range(400):
            await unit.socket.send(packet_of(unit, sequence))
        await unit.do(RaiseHand)
        seconds = (hub.live.now_ns() - begun_ns) / 1e9
        assert 150 <= len(hub.engine.packets) <= 150 * (1 + seconds) + 1
        assert hub.live.counts.rate_drops == 400 - len(hub.engine.packets)


async def test_bits_over_the_rate_are_dropped(hub: LiveHub) -> None:
    traits = UnitTraits(always_open=True)
    async with joined(hub.unit, Role.UNIT, unit=traits) as unit:
        begun_ns = hub.live.now_ns()
        for sequence in range(20):
            await unit.socket.send(packet_of(unit, sequence, payload=bytes(4000)))
        await unit.do(RaiseHand)
        seconds = (hub.live.now_ns() - begun_ns) / 1e9
        assert 4 <= len(hub.engine.packets) <= 5 * (1 + seconds) + 1


async def test_a_speaker_at_five_times_real_time_is_thinned_then_closed(hub: LiveHub) -> None:
    sends = SpeakerTraits(sends=True)
    async with (
        joined(hub.speak, Role.SPEAKER, speaker=sends) as speaker,
        joined(hub.listen) as neighbour,
    ):

        async def flood() -> None:
            for sequence in range(10_000):
                await speaker.socket.send(packet_of(speaker, sequence))
                await asyncio.sleep(0.002)

        began_ns = hub.live.now_ns()
        with pytest.raises(ConnectionClosed):
            await flood()
        assert speaker.socket.close_code == CloseCode.RATE
        seconds = (hub.live.now_ns() - began_ns) / 1e9
        assert len(hub.engine.packets) <= 150 * (1 + seconds) + 1
        assert (await neighbour.do(RaiseHand, name="Ada")).refused is None


async def test_outputs_and_zones_are_bounded(hub: LiveHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "MAX_OUTPUTS", 1)
    monkeypatch.setattr(speakers, "MAX_OUTPUTS", 1)
    monkeypatch.setattr(units, "MAX_ZONES", 1)
    plays = UnitTraits(source=None, output=OutputTraits())
    loudspeaker = {**UNIT_JOIN, "unit": plays.model_dump(mode="json")}
    async with joined(hub.unit, Role.UNIT, name="Column", unit=plays) as column:
        for url, join in ((hub.unit, loudspeaker), (hub.speak, SPEAKER_JOIN)):
            code, text = await refused(url, join)
            assert (code, text) == (CloseCode.RATE, "1 outputs are here already")
        elsewhere = {**UNIT_JOIN, "unit": {"zone": "attic"}}
        code, text = await refused(hub.unit, elsewhere)
        assert (code, text) == (CloseCode.RATE, "there are 1 zones already")
        again = {"name": "Column", "unit": plays, "credential": resume(column)}
        async with joined(hub.unit, Role.UNIT, **again):
            pass
