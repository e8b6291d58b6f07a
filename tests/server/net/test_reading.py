"""A written question becomes sound: the real voice, its faults, and packets at their pace."""

import asyncio
import sys
import time

import numpy as np
import pytest

from fakes.hearing import tone_level_dbfs
from parvis_audio.opus import Decoder
from parvis_server.config import ReadingSettings
from parvis_server.errors import ReadingFailed
from parvis_server.net.reading import LEAD_IN_S, Reader, ReadingVoice, Samples, send
from parvis_wire.rtp import RtpPacket

ESPEAK = ReadingSettings().command


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("text", "language"),
    [("What about the cycle path?", "en"), ("--version; où passe la piste ?", "fr")],
)
async def test_a_line_becomes_speech(text: str, language: str) -> None:
    sound = await ReadingVoice(ESPEAK).say(text, language)
    assert 1.0 < sound.size / 48_000 < 6.0
    lead_in = round(LEAD_IN_S * 48_000)
    assert not sound[:lead_in].any()
    assert np.sqrt(np.mean(sound[lead_in:] ** 2)) > 0.01


async def test_a_longer_line_takes_longer() -> None:
    voice = ReadingVoice(ESPEAK)
    one, three = await voice.say("Bonsoir.", "fr"), await voice.say("Bonsoir. " * 3, "fr")
    assert three.size > 1.5 * one.size


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("no-such-voice",), "cannot start no-such-voice"),
        (python("raise SystemExit(3)"), "code 3"),
        (python("print('hello ' * 20)"), "not sound"),
        (python("pass"), "no sound"),
    ],
)
async def test_a_voice_that_fails_says_so(command: tuple[str, ...], words: str) -> None:
    with pytest.raises(ReadingFailed, match=words):
        await ReadingVoice(command).say("Bonsoir", "fr")


def test_whether_a_voice_is_installed() -> None:
    assert ReadingVoice(ESPEAK).is_installed
    assert not ReadingVoice(("no-such-voice",)).is_installed
    assert not ReadingVoice(()).is_installed


async def test_the_packets_hold_the_sound_and_keep_the_pace() -> None:
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)).astype(np.float32)
    packets: list[tuple[RtpPacket, int]] = []
    begun_ns = time.monotonic_ns()
    await send(tone, 77, lambda rtp, at_ns: packets.append((RtpPacket.parse(rtp), at_ns)))
    assert [packet.sequence for packet, _ in packets] == list(range(25))
    assert {packet.ssrc for packet, _ in packets} == {77}
    for number, (packet, at_ns) in enumerate(packets):
        assert packet.timestamp == number * 960
        assert at_ns >= begun_ns + number * 20_000_000, "never before its time"
    decoder = Decoder()
    heard = np.concatenate([decoder.decode(packet.payload) for packet, _ in packets])
    tone_db, other_db = (tone_level_dbfs(heard[9600:], 48_000, hz) for hz in (440, 1000))
    assert tone_db > other_db + 26


async def test_a_mistake_with_one_question_ends_that_question_only() -> None:
    class Broken(ReadingVoice):
        async def say(self, text: str, language: str) -> Samples:
            raise ZeroDivisionError(text)

    ended: asyncio.Queue[str] = asyncio.Queue()
    reader = Reader(
        Broken(ESPEAK), lambda rtp, at_ns: None, lambda who, ssrc: True, ended.put_nowait
    )
    running = asyncio.create_task(reader.run())
    for who in ("ada", "ben"):
        reader.read(who, "Why?", "en")
    async with asyncio.timeout(20):
        assert [await ended.get(), await ended.get()] == ["ada", "ben"]
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})
