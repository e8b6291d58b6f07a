"""The packet time over real sockets: who gets which packets, and who is told what."""

from __future__ import annotations

from pathlib import Path

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


async def next_packet(peer: Peer) -> RtpPacket:
    while not isinstance(heard := await peer.hear(), RtpPacket):
        pass
    return heard


async def lengths_ms(peer: Peer, count: int) -> list[int]:
    """What the next so many packets hold."""
    packets = [await next_packet(peer) for _ in range(count)]
    return [packet_duration_samples(packet.payload) // 48 for packet in packets]


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
        assert await lengths_ms(phone, 2) == [60, 60]
        assert phone.packets[0].ssrc == stream_ssrc(PROGRAM_SSRC, 60)
        assert await lengths_ms(host, 6) == [20] * 6
        assert (told(phone), told(host)) == ([60], [])
        await phone.do(RaiseHand, name="Ada")
        hub.engine.say(count=3)
        assert await lengths_ms(phone, 6 + 3) == [20] * 9  # six once more, for no gap
        assert await lengths_ms(other, 3) == [60] * 3
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
        has_moved(hub, phone)
        hub.engine.say(count=4)
        line: list[int] = []
        while not line or line[-1] != 960 * hub.engine.said:
            packet = await next_packet(phone)
            end = packet.timestamp + packet_duration_samples(packet.payload)
            assert not line or packet.timestamp <= line[-1], "a gap"
            line.append(max(end, *line[-1:], 0))
        assert await _last_lengths(phone) == [40, 40]


async def _last_lengths(phone: Peer) -> list[int]:
    return [packet_duration_samples(packet.payload) // 48 for packet in phone.packets[-2:]]


async def test_a_newcomer_is_told_before_any_packet(tmp_path: Path) -> None:
    async with live_hub(tmp_path, limits=LimitSettings(min_packet_ms=100)) as hub:
        hub.engine.say(count=5)
        async with joined(hub.listen) as phone, joined(hub.listen, Role.SCREEN) as screen:
            told_first = await phone.hear()
            assert isinstance(told_first, PacketTime)
            assert told_first.ptime_ms == 100
            hub.engine.say(count=5)
            assert await lengths_ms(phone, 1) == [100]
            await phone.do(RaiseHand, name="Ada")
            await screen.until_seq(hub.live.room.view.seq)
            assert told(screen) == []
            assert screen.packets == []


@pytest.mark.parametrize(("least", "most"), [(60, 40), (30, 120), (20, 200)])
def test_bounds_that_are_none_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValidationError, match="packet_ms"):
        LimitSettings.model_validate({"min_packet_ms": least, "max_packet_ms": most})
