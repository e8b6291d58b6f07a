"""The plain stream of a room that is not open, in a real browser: by a path of one's own."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.page import page
from parvis_audio.opus import program_encoder
from parvis_server.net.live_room import LiveRoom
from parvis_wire.floor import About, Access, Phase
from parvis_wire.rtp import RtpPacket

pytestmark = [pytest.mark.system, pytest.mark.beside]

FRAME = 960


async def play(room: LiveRoom) -> None:
    """A tone, at its pace."""
    encoder = program_encoder()
    time_s = np.arange(FRAME) / 48_000
    tone = (0.25 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)
    for number in itertools.count():
        payload = encoder.encode(tone)
        packet = RtpPacket(number % 65_536, number * FRAME % 2**32, 1, payload)
        room.on_program(20, packet.serialize())
        await asyncio.sleep(0.02)


async def test_who_has_the_link_of_a_private_room_may_choose_the_plain_stream(
    tmp_path: Path,
) -> None:
    async with live_hub(tmp_path / "data") as hub:
        about = About(title="Board", access=Access.PRIVATE)
        room = hub.hub.rooms.create(about, phase=Phase.LIVE)
        playing = asyncio.create_task(play(room.live))
        await asyncio.to_thread(listen, hub, room.name, tmp_path / "tab")
        [grant] = json.loads((tmp_path / "data/path_grants.json").read_text())
        assert grant["room"] == room.name and grant["holder"] != "host"
        playing.cancel()


def listen(hub: LiveHub, room: str, folder: Path) -> None:
    folder.mkdir()
    with page(folder, "en") as tab:
        tab.open(f"{hub.http}/r/{room}#k={hub.hub.keys.audience_token(room)}")
        tab.tap(".door")
        tab.tap(".choice button")
        tab.wait("__parvis.rung === 'mp3' && __parvis.playedMs > 500", "sound of the plain stream")
        assert tab.faults() == []
