"""``/listen.mp3`` at an edge: made there, from the program that it gets anyway."""

from __future__ import annotations

import asyncio

import httpx
import numpy as np

from fakes.live_edge import edge_house
from fakes.peer import joined
from fakes.told_room import ToldRoom
from parvis_audio.opus import program_encoder
from parvis_wire.floor import Access
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


async def test_names_of_rooms_cannot_be_tried() -> None:
    """No such room and a private one are answered alike, and guesses end; the open room plays on,
    and nobody is kept from joining."""
    async with edge_house() as house:
        for name in ("board", "crew"):
            house.hub.rooms[name] = ToldRoom(name)
            house.hub.rooms[name].access = Access.PRIVATE
        async with httpx.AsyncClient(base_url=house.edge.http, trust_env=False) as guesser:
            seen = set()
            for name in ("board", "nowhere", "board", "nowhere"):
                answer = await guesser.get(f"/listen.mp3?room={name}")
                seen.add((answer.status_code, answer.text, answer.headers["cache-control"]))
            assert len(seen) == 1 and {404} == {status for status, *_ in seen}
            statuses = [
                (await guesser.get(f"/listen.mp3?room=guess{number}")).status_code
                for number in range(40)
            ]
            assert statuses[0] == 404 and statuses[-1] == 429
            asked = house.hub.asked_rooms
            late = [
                await guesser.get(f"/listen.mp3?room={name}") for name in ("board", "crew", "x")
            ]
            assert [one.status_code for one in late] == [429, 429, 429]
            assert len({one.text for one in late}) == 1
            assert house.hub.asked_rooms == asked
            async with joined(house.edge.listen):
                assert (await guesser.head("/listen.mp3")).status_code == 200
