"""A plain player of a room that is recorded: it is shown the sentence, and hears it first."""

from __future__ import annotations

import asyncio
import io
import itertools
import sys
from pathlib import Path

import av
import httpx
import numpy as np
import pytest

from fakes.live_hub import live_hub
from fakes.peer import host_credential, joined
from parvis_audio.opus import program_encoder
from parvis_server.config import ReadingSettings, RecordingSettings
from parvis_server.net.mp3 import Mp3Stream
from parvis_server.net.mp3_notice import SpokenNotices, shown
from parvis_server.net.reading import ReadingVoice
from parvis_wire.floor import About
from parvis_wire.messages import Role
from parvis_wire.recording import Notice, NoticeWords, Recording, RecordingTerms, StartRecording
from parvis_wire.rtp import RtpPacket

RATE_HZ, FRAME = 48_000, 960
VOICE_HZ, ROOM_HZ = 440, 1000

SPEAK = """
import math, struct, sys, wave
text = sys.stdin.read()
with open(sys.argv[1], "a") as said:
    said.write(text + "\\n")
out = wave.open(sys.stdout.buffer, "wb")
out.setnchannels(1); out.setsampwidth(2); out.setframerate(48000)
out.writeframes(b"".join(
    struct.pack("<h", round(9000 * math.sin(2 * math.pi * 440 * n / 48000))) for n in range(96000)))
out.close()
"""


def speaking(folder: Path) -> tuple[str, ...]:
    """A voice of two seconds that writes down what it says."""
    return (sys.executable, "-c", SPEAK, str(folder / "said"))


def said_by(folder: Path) -> list[str]:
    path = folder / "said"
    return path.read_text().splitlines() if path.exists() else []


def room_packet(number: int) -> bytes:
    time_s = (np.arange(FRAME) + number * FRAME) / RATE_HZ
    tone = (0.25 * np.sin(2 * np.pi * ROOM_HZ * time_s)).astype(np.float32)
    payload = ENCODER.encode(tone)
    return RtpPacket(number % 65_536, number * FRAME, 1, payload).serialize()


ENCODER = program_encoder()


def pitch_hz(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.fft.rfftfreq(samples.size, 1 / RATE_HZ)[int(power.argmax())])


def decode(stream: bytes) -> np.ndarray:
    with av.open(io.BytesIO(stream), mode="r", format="mp3") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def notice(text: str) -> Notice:
    words = NoticeWords(hearing=text, to_record="?", to_publish="?", aloud="!")
    return Notice(version="0" * 16, fr=words, en=words)


def recording(text: str) -> Recording:
    return Recording(
        recording="20261123T190000Z-1",
        begun_at=0,
        begun_utc_ms=0,
        terms=RecordingTerms(),
        notice=notice(text),
    )


async def test_a_player_hears_the_sentence_and_then_the_room(tmp_path: Path) -> None:
    reading = ReadingSettings(command=speaking(tmp_path))
    contact = RecordingSettings(contact="ada@example.org")
    async with live_hub(
        tmp_path / "data", recording=contact, reading=reading, can_record=True
    ) as hub:
        async with joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host:
            assert (await host.do(StartRecording, terms=RecordingTerms())).refused is None
        received = bytearray()

        async def play() -> None:
            for number in itertools.count():
                hub.live.on_program(20, room_packet(number))
                await asyncio.sleep(0.002)

        playing = asyncio.create_task(play())
        async with (
            httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
            asyncio.timeout(30),
            client.stream("GET", "/listen.mp3") as answer,
        ):
            assert "ada@example.org" in answer.headers["icy-description"]
            pieces = answer.aiter_raw()
            while len(received) < 8_000 * 5 // 2:
                received += await anext(pieces)
        playing.cancel()
        sound = decode(bytes(received))
        assert abs(pitch_hz(sound[RATE_HZ // 2 : RATE_HZ]) - VOICE_HZ) < 5
        assert abs(pitch_hz(sound[-RATE_HZ // 4 :]) - ROOM_HZ) < 5
        assert any("ada@example.org" in line for line in said_by(tmp_path))


async def test_nobody_hears_a_sentence_where_nothing_is_recorded(tmp_path: Path) -> None:
    notices = SpokenNotices(ReadingVoice(speaking(tmp_path)))
    assert await notices.of(About(title="Hall"), None) == b""
    assert await SpokenNotices(ReadingVoice(())).of(About(title="Hall"), recording("A")) == b""
    assert said_by(tmp_path) == []
    assert "icy-description" not in shown(About(title="Hall"), None)


async def test_a_sentence_is_made_once_for_many_and_again_for_another(tmp_path: Path) -> None:
    notices = SpokenNotices(ReadingVoice(speaking(tmp_path)))
    hall = About(title="Hall")
    first, *others = await asyncio.gather(*(notices.of(hall, recording("A")) for _ in range(20)))
    assert first and set(others) == {first}
    assert await notices.of(hall, recording("B"))
    assert await notices.of(About(title="Salle", language="fr"), recording("A"))
    assert said_by(tmp_path) == ["A", "B", "A"]


async def test_a_voice_that_fails_keeps_nobody_from_hearing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notices = SpokenNotices(ReadingVoice(("false",)))
    assert await notices.of(About(title="Hall"), recording("A")) == b""
    assert "they are shown it" in caplog.text


async def test_the_sentence_takes_the_place_of_as_much_of_the_room() -> None:
    stream = Mp3Stream(set(), max_listeners=5)
    stream.add()
    for number in range(20):
        stream._hand_on(b"%d" % number)
    late = stream.add(first=bytes(40))  # twenty pieces of two bytes
    assert late.queue.get_nowait() == bytes(40)
    for number in range(20, 40):
        stream._hand_on(b"%d" % number)
    assert late.queue.get_nowait() == b"30", "ten of the last second, and ten that came"
    late.finish()
    assert late.removed
