"""``/listen.mp3`` judged by ear: what comes out is the tone that went in."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import httpx
import numpy as np
import pytest

from fakes.live_hub import LiveHub, live_hub
from parvis_audio.opus import program_encoder
from parvis_server.config import LimitSettings
from parvis_server.net import mp3
from parvis_server.net.mp3 import (
    BURST_PIECES,
    MAX_QUEUED_PIECES,
    Mp3Encoder,
    Mp3Listener,
    Mp3Stream,
)
from parvis_wire.floor import About, Access, Phase
from parvis_wire.rtp import RtpPacket

RATE_HZ = 48_000
TONE_HZ = 1000
FRAME = 960


def tone_packets(count: int, ssrc: int = 1) -> list[bytes]:
    """Program packets of 20 ms with a tone."""
    encoder = program_encoder()
    time_s = np.arange(count * FRAME) / RATE_HZ
    tone = (0.25 * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.float32)
    return [
        RtpPacket(
            sequence=n,
            timestamp=n * FRAME,
            ssrc=ssrc,
            payload=encoder.encode(tone[n * FRAME : (n + 1) * FRAME]),
        ).serialize()
        for n in range(count)
    ]


def decode(stream: bytes) -> np.ndarray:
    """The samples of an MP3 stream."""
    with av.open(io.BytesIO(stream), mode="r", format="mp3") as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        assert container.streams.audio[0].rate == RATE_HZ
    return np.concatenate(frames)


def share_at(samples: np.ndarray, frequency_hz: float) -> float:
    """Share of the energy within 20 Hz of a frequency."""
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    at = np.fft.rfftfreq(samples.size, 1 / RATE_HZ)
    return float(power[np.abs(at - frequency_hz) < 20].sum() / power.sum())


def test_the_tone_comes_out() -> None:
    encoder = Mp3Encoder()
    packets = tone_packets(100)
    stream = b"".join(encoder.encode(packets[n : n + 5]) for n in range(0, 100, 5))
    samples = decode(stream)
    assert samples.size >= 1.8 * RATE_HZ
    assert share_at(samples[RATE_HZ // 2 : RATE_HZ], TONE_HZ) > 0.95
    assert len(stream) == pytest.approx(2 * 8000, rel=0.1), "64 kb/s"


def test_a_damaged_packet_is_left_out_and_a_new_engine_is_followed() -> None:
    encoder = Mp3Encoder()
    first, second = tone_packets(50), tone_packets(50, ssrc=2)
    broken = RtpPacket(sequence=1, timestamp=1, ssrc=1, payload=b"\xff" * 9).serialize()
    stream = encoder.encode([*first, b"nonsense", broken, *second])
    assert share_at(decode(stream)[RATE_HZ // 4 : RATE_HZ], TONE_HZ) > 0.9


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path, limits=LimitSettings(mp3_listeners=2)) as running:
        yield running


async def test_players_hear_the_program_over_http(hub: LiveHub) -> None:
    packets = tone_packets(150)
    received = bytearray()
    async with (
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
        asyncio.timeout(10),
        client.stream("GET", "/listen.mp3") as answer,
    ):
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert hub.live.listeners == 1
        for at in range(0, 150, 5):
            for packet in packets[at : at + 5]:
                hub.live.on_program(20, packet)
            await asyncio.sleep(0.01)
        pieces = answer.aiter_raw()
        while len(received) < 16_000:
            received += await anext(pieces)
        async with client.stream("GET", "/listen.mp3") as late:
            burst = await anext(late.aiter_raw())
            assert 0 < len(burst) <= 8 * 1000 * 1.1, "at most a second"
            full = await client.get("/listen.mp3")
            assert full.status_code == 503
    assert share_at(decode(bytes(received))[RATE_HZ // 2 : RATE_HZ], TONE_HZ) > 0.9


async def test_names_of_rooms_cannot_be_tried(hub: LiveHub) -> None:
    """No such room and a private one are answered alike, and guesses end; the open room plays."""
    private = About(title="Board", access=Access.PRIVATE)
    hub.hub.rooms.create(private, name="board", phase=Phase.LIVE)
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as guesser:
        answers = [
            await guesser.get(f"/listen.mp3?room={name}")
            for name in ("board", "nowhere", *(f"guess{number}" for number in range(40)))
        ]
        late = [await guesser.get(f"/listen.mp3?room={name}") for name in ("board", "nowhere")]
        assert [one.status_code for one in (*answers[:2], *late)] == [404, 404, 429, 429]
        assert answers[0].text == answers[1].text and late[0].text == late[1].text
        assert "minute" in late[0].text
        assert (await guesser.head("/listen.mp3")).status_code == 200


async def test_nothing_is_encoded_when_nobody_listens(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Mp3Encoder] = []

    def make() -> Mp3Encoder:
        made.append(Mp3Encoder())
        return made[-1]

    monkeypatch.setattr(mp3, "Mp3Encoder", make)
    for packet in tone_packets(60):
        hub.live.on_program(20, packet)
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        assert (await client.head("/listen.mp3")).headers["content-type"] == "audio/mpeg"
        assert made == []
        async with client.stream("GET", "/listen.mp3"):
            assert hub.live.listeners == 1
    hub.hub.main.mp3.stop()
    assert hub.live.listeners == 0


async def test_the_first_player_gets_the_last_second_at_once(hub: LiveHub) -> None:
    for packet in tone_packets(120):
        hub.live.on_program(20, packet)
    burst = bytearray()
    async with (
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
        asyncio.timeout(10),
        client.stream("GET", "/listen.mp3") as answer,
    ):
        pieces = answer.aiter_raw()
        while len(burst) < 0.8 * 8000:
            burst += await anext(pieces)
    assert len(burst) <= 8000, "not more than the second that was held"
    assert share_at(decode(bytes(burst))[RATE_HZ // 4 :], TONE_HZ) > 0.9


async def test_a_player_that_takes_nothing_is_removed() -> None:
    taps: set[object] = set()
    stream = Mp3Stream(taps, max_listeners=5)  # type: ignore[arg-type]
    stuck, fine = stream.add(), stream.add()
    for _ in range(MAX_QUEUED_PIECES + 1):
        stream._hand_on(b"piece")
        if not fine.queue.empty():
            fine.queue.get_nowait()
    assert stuck.removed
    assert not fine.removed
    assert [piece async for piece in stuck.pieces()] == []
    assert stream.removed_slow == 1
    assert len(stream) == 1


async def test_the_burst_is_bounded() -> None:
    stream = Mp3Stream(set(), max_listeners=5)
    stream.add()
    for number in range(50):
        stream._hand_on(b"%d" % number)
    late: Mp3Listener = stream.add()
    assert late.queue.qsize() == BURST_PIECES
    assert late.queue.get_nowait() == b"40"
    stream.stop()
    assert late.removed
    assert stream.full
