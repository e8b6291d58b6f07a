"""A written question is read by the hub's voice, into the mix, as long as its turn lasts."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from parvis_server.config import ReadingSettings
from parvis_wire.commands import EndTurn, Next, RaiseHand, ReadOut, SilenceAll
from parvis_wire.floor import TurnState
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.rtp import RtpPacket

TONE = """
import math, struct, sys, wave
sys.stdin.read()
out = wave.open(sys.stdout.buffer, "wb")
out.setnchannels(1); out.setsampwidth(2); out.setframerate(48000)
out.writeframes(b"".join(
    struct.pack("<h", int(9000 * math.sin(n * 0.06))) for n in range({samples})
))
out.close()
"""


def voice_of(seconds: float) -> ReadingSettings:
    """A voice that hums for so long, whatever it reads."""
    return ReadingSettings(
        command=(sys.executable, "-c", TONE.format(samples=int(48000 * seconds)))
    )


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  (nothing announces what the engine was told)
            await asyncio.sleep(0.01)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path, reading=voice_of(0.4)) as running:
        yield running


@pytest.fixture
async def slow_hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path, reading=voice_of(20)) as running:
        yield running


async def written(hub: LiveHub, phone: Peer, host: Peer) -> None:
    """A question in writing has the floor."""
    assert (await phone.do(RaiseHand, name="Ada", text="Why?", written=True)).refused is None
    assert (await host.do(Next)).refused is None


def heard(hub: LiveHub) -> list[RtpPacket]:
    return [RtpPacket.parse(rtp) for rtp, _ in hub.engine.packets]


async def test_the_voice_is_a_source_of_the_mix_until_it_has_read(hub: LiveHub) -> None:
    async with (
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await written(hub, phone, host)
        assert (await host.do(ReadOut, participant=phone.participant)).refused is None
        await until(lambda: len(hub.engine.sources) == 1)
        [turn] = hub.live.room.view.floor
        assert (turn.state, turn.unit) == (TurnState.LIVE, None)
        assert [source.ssrc for source in hub.engine.sources] == [turn.ssrc]
        await until(lambda: hub.live.room.view.floor == ())
        assert hub.engine.sources == ()
        packets = heard(hub)
        assert [packet.sequence for packet in packets] == list(range(len(packets)))
        assert len(packets) == 30, "0.2 s before the first word and 0.4 s of it"
        assert {packet.ssrc for packet in packets} == {turn.ssrc}


async def test_a_turn_that_is_ended_ends_the_reading(slow_hub: LiveHub) -> None:
    hub = slow_hub
    async with (
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await written(hub, phone, host)
        await host.do(ReadOut, participant=phone.participant)
        await until(lambda: len(hub.engine.packets) > 5)
        await host.do(EndTurn, participant=phone.participant)
        await until(lambda: hub.engine.sources == ())
        said = len(hub.engine.packets)
        await asyncio.sleep(0.1)
        assert len(hub.engine.packets) == said
        assert hub.live.room.view.floor == ()


async def test_silence_silences_the_voice_too(slow_hub: LiveHub) -> None:
    hub = slow_hub
    async with (
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await written(hub, phone, host)
        await host.do(ReadOut, participant=phone.participant)
        await until(lambda: len(hub.engine.packets) > 5)
        await host.do(SilenceAll, on=True)
        await until(lambda: hub.engine.sources == ())
        said = len(hub.engine.packets)
        await host.do(SilenceAll, on=False)
        await until(lambda: len(hub.engine.packets) > said)
        assert len(hub.engine.sources) == 1


async def test_a_hub_without_a_voice_says_so(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, reading=ReadingSettings(command=())) as hub,
        joined(hub.listen) as phone,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        await written(hub, phone, host)
        ack = await host.do(ReadOut, participant=phone.participant)
        assert ack.refused is RefusalCode.NO_VOICE
