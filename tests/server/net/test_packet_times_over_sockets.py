"""The packet time over real sockets: who gets which packets, and who is told what."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from fakes.engine import PROGRAM_SSRC
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from parvis_audio.opus_packet import packet_duration_samples
from parvis_server.config import LimitSettings
from parvis_wire.commands import LowerHand, RaiseHand
from parvis_wire.messages import Role
from parvis_wire.packet_time import PacketTime, stream_ssrc
from parvis_wire.rtp import RtpPacket


def lengths_ms(packets: list[RtpPacket]) -> list[int]:
    return [packet_duration_samples(packet.payload) // 48 for packet in packets]


def ends_at(packet: RtpPacket) -> int:
    return packet.timestamp + packet_duration_samples(packet.payload)


async def hears_all(peer: Peer, hub: LiveHub) -> list[RtpPacket]:
    """Every packet up to the last that the engine said."""
    while not peer.packets or ends_at(peer.packets[-1]) != 960 * hub.engine.said:
        await peer.hear()
    return peer.packets


def told(peer: Peer) -> list[int]:
    return [message.ptime_ms for message in peer.heard if isinstance(message, PacketTime)]


def has_moved(hub: LiveHub, peer: Peer) -> None:
    """Lets the program run until a rise that was announced is over."""
    [announced] = [m for m in peer.heard if isinstance(m, PacketTime)][-1:]
    while 960 * hub.engine.said < announced.from_timestamp:
        hub.engine.say()


async def test_the_audience_gets_long_packets_and_whoever_waits_in_line_short_ones(
    tmp_path: Path,
) -> None:
    async with (
        live_hub(tmp_path, limits=LimitSettings(min_packet_ms=60)) as hub,
        joined(hub.listen) as phone,
        joined(hub.listen) as other,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        hub.engine.say(count=6)
        assert lengths_ms(await hears_all(phone, hub)) == [60, 60]
        assert phone.packets[0].ssrc == stream_ssrc(PROGRAM_SSRC, 60)
        assert lengths_ms(await hears_all(host, hub)) == [20] * 6
        assert (told(phone), told(host)) == ([60], [])
        await phone.do(RaiseHand, name="Ada")
        hub.engine.say(count=4)
        # the last ones once more, for no gap
        assert lengths_ms(await hears_all(phone, hub)) == [60, 60] + [20] * (6 + 4)
        # of the second phase: 20 ms later, and the first bundle is short
        assert lengths_ms(await hears_all(other, hub)) == [20] + [60] * 3
        await phone.do(LowerHand)
        assert told(phone) == [60, 20, 60]
        assert told(other) == [60]


async def test_a_hand_that_went_down_leads_back_to_long_packets(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, limits=LimitSettings(min_packet_ms=40)) as hub,
        joined(hub.listen) as phone,
    ):
        hub.engine.say(count=2)
        await phone.do(RaiseHand, name="Ada")
        await phone.do(LowerHand)
        [*_, announced] = [m for m in phone.heard if isinstance(m, PacketTime)]
        hub.engine.say(count=announced.from_timestamp // 960 + 2)
        packets = await hears_all(phone, hub)
        end = 0
        for packet in packets:
            assert packet.timestamp <= end, "a gap"
            end = max(end, ends_at(packet))
        assert lengths_ms(packets[-2:]) == [40, 40]
        assert lengths_ms(packets).count(20) > 100


async def test_a_newcomer_is_told_before_any_packet(tmp_path: Path) -> None:
    async with live_hub(tmp_path, limits=LimitSettings(min_packet_ms=100)) as hub:
        hub.engine.say(count=5)
        async with joined(hub.listen) as phone, joined(hub.listen, Role.SCREEN) as screen:
            hub.engine.say(count=5)
            assert lengths_ms(await hears_all(phone, hub)) == [100]
            assert told(phone) == [100]
            await phone.do(RaiseHand, name="Ada")
            await screen.until_seq(hub.live.room.view.seq)
            assert told(screen) == []
            assert screen.packets == []
        async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
            assert "parvis_packet_time_seconds 0.1\n" in (await client.get("/metrics")).text


@pytest.mark.parametrize(("least", "most"), [(60, 40), (30, 120), (20, 200)])
def test_bounds_that_are_none_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValidationError, match="packet_ms"):
        LimitSettings.model_validate({"min_packet_ms": least, "max_packet_ms": most})
