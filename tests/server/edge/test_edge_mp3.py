"""``/listen.mp3`` at an edge: made there, from the program that it gets anyway."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np

from fakes.live_edge import edge_house
from parvis_audio.opus import program_encoder
from parvis_wire.rtp import RtpPacket


async def test_a_plain_player_gets_the_program() -> None:
    encoder = program_encoder()
    tone = (0.3 * np.sin(np.arange(960) * 0.06)).astype(np.float32)
    async with edge_house() as house:

        async def play() -> None:
            for sequence in range(500):
                packet = RtpPacket(
                    sequence=sequence,
                    timestamp=960 * sequence,
                    ssrc=7,
                    payload=encoder.encode(tone),
                )
                house.hub.program(packet.serialize())
                await asyncio.sleep(0.005)

        async with httpx.AsyncClient(base_url=house.edge.http, trust_env=False) as player:
            assert (await player.get("/listen.mp3?room=nowhere")).status_code == 404
            playing = asyncio.create_task(play())
            async with player.stream("GET", "/listen.mp3") as answer:
                assert answer.headers["content-type"] == "audio/mpeg"
                async for piece in answer.aiter_bytes():
                    assert piece[0] == 0xFF
                    break
            playing.cancel()
