"""Sound files and sound cards as microphones; what C libraries say meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_device import native_noise
from parvis_device.capture import FRAME_NS, FRAME_SAMPLES, Block
from parvis_device.errors import BadSoundFile, MicrophoneTrouble, UsageError
from parvis_device.microphones.file import FileMicrophone
from parvis_device.microphones.framing import Framer
from parvis_device.microphones.portaudio import HELD_BLOCKS, Inbox
from parvis_device.sound_cards import SoundCard, choose

pytestmark = pytest.mark.alone


class Heard:
    """Remembers what a microphone tells."""

    def __init__(self, enough: int = 10**9) -> None:
        self.blocks: list[Block] = []
        self.descriptions: list[str] = []
        self.enough = asyncio.Event()
        self._enough_blocks = enough

    def block(self, block: Block) -> None:
        self.blocks.append(block)
        if len(self.blocks) >= self._enough_blocks:
            self.enough.set()

    def opened(self, description: str, latency_ns: int) -> None:
        self.descriptions.append(description)

    def lost(self, reason: str) -> None:
        raise AssertionError(reason)


def tone(seconds: float, rate_hz: int = 48_000) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * 1000 * at)).astype(np.float32)


async def test_a_file_is_played_once_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    soundfile.write(path, tone(0.255), 48_000, subtype="FLOAT")
    heard, begun_ns = Heard(), time.monotonic_ns()
    await FileMicrophone(path, loop=False).run(heard)
    assert time.monotonic_ns() - begun_ns >= 26 * FRAME_NS
    assert [block.first_sample for block in heard.blocks] == [
        number * FRAME_SAMPLES for number in range(26)
    ]
    sound = np.concatenate([block.samples for block in heard.blocks])
    assert np.array_equal(sound[:12_240], tone(0.255))
    assert not sound[12_240:].any()
    assert heard.descriptions == ["the file speech.wav"]


async def test_a_looped_file_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "short.flac"
    soundfile.write(path, tone(0.03), 48_000)
    heard = Heard(enough=8)
    running = asyncio.create_task(FileMicrophone(path, loop=True).run(heard))
    async with asyncio.timeout(20):
        await heard.enough.wait()
    running.cancel()
    assert np.allclose(heard.blocks[0].samples, heard.blocks[3].samples)


async def test_another_rate_and_stereo_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "stereo.ogg"
    left = tone(0.4, 44_100)
    soundfile.write(path, np.stack([left, left], axis=1), 44_100)
    heard = Heard()
    await FileMicrophone(path, loop=False).run(heard)
    sound = np.concatenate([block.samples for block in heard.blocks])[4800:14_400]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert abs(int(np.argmax(spectrum)) * 48_000 / len(sound) - 1000) < 6
    assert abs(float(np.sqrt(np.mean(sound**2))) - 0.5 / np.sqrt(2)) < 0.03


def test_bad_files(tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("no sound here")
    empty = tmp_path / "empty.wav"
    soundfile.write(empty, np.zeros(0, dtype=np.float32), 48_000)
    odd = tmp_path / "odd.wav"
    soundfile.write(odd, tone(0.1), 4_000)
    for path, words in (
        (text, "is no sound file"),
        (empty, "holds no sound"),
        (odd, "sampling rate of 4000 Hz"),
        (tmp_path / "nope.wav", "no such file"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(BadSoundFile, match=words) as caught:
            FileMicrophone(path, loop=False)
        assert str(caught.value).count(str(path)) == 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 2000), max_size=20), st.sampled_from([48_000, 44_100, 16_000]))
def test_frames_hold_the_whole_stream(lengths: list[int], rate_hz: int) -> None:
    framer = Framer(rate_hz)
    given_samples = np.arange(sum(lengths), dtype=np.float32) / 1e5
    frames, at = [], 0
    for length in lengths:
        frames += list(framer.feed(given_samples[at : at + length]))
        at += length
    frames += list(framer.feed(np.zeros(0, dtype=np.float32), last=True))
    assert all(len(frame) == FRAME_SAMPLES for frame in frames)
    sound = np.concatenate([*frames, np.zeros(0, dtype=np.float32)])
    expected = len(given_samples) * 48_000 / rate_hz
    assert -FRAME_SAMPLES <= expected - len(sound) <= 1
    if rate_hz == 48_000:
        assert np.array_equal(sound[: len(given_samples)], given_samples)


DEVICES = (
    SoundCard(0, "USB Gooseneck", 1, 48_000),
    SoundCard(2, "USB Webcam", 2, 44_100, is_default=True),
    SoundCard(5, "USB", 2, 44_100),
)


@pytest.mark.parametrize(
    ("selector", "index"),
    [("goose", 0), ("default", 2), ("5", 5), ("webcam", 2), ("usb", 5), ("USB Webcam", 2)],
)
def test_a_device_is_chosen(selector: str, index: int) -> None:
    assert choose(DEVICES, selector).index == index


def test_a_device_that_is_not_there_or_not_alone() -> None:
    with pytest.raises(MicrophoneTrouble, match=r"no microphone '7'; there are: 0 USB Goose"):
        choose(DEVICES, "7")
    with pytest.raises(MicrophoneTrouble, match="no default microphone; no microphone is plugged"):
        choose((), "default")
    with pytest.raises(UsageError, match=r"fits several: 0 USB Gooseneck, 2 USB Webcam: say which"):
        choose(DEVICES[:2], "usb")


async def test_the_callback_copies_and_the_oldest_block_gives_way() -> None:
    inbox = Inbox(asyncio.get_running_loop(), channels=2)
    filled = asyncio.Event()
    inbox.filled = filled.set
    samples = np.zeros(2 * FRAME_SAMPLES, dtype=np.float32)
    for number in range(HELD_BLOCKS + 3):
        samples[::2] = number  # the same memory again, as PortAudio does
        await asyncio.to_thread(inbox.callback, samples.data, FRAME_SAMPLES, None, None)
    async with asyncio.timeout(20):
        await filled.wait()
    assert inbox.overruns == 3
    first = inbox.take()
    assert first is not None
    assert len(first[0]) == FRAME_SAMPLES and set(first[0]) == {3.0}
    while inbox.take() is not None:
        pass
    inbox.callback(object(), 0, None, None)
    assert isinstance(inbox.failure, TypeError)
    inbox.finished()
    assert inbox.ended


async def test_noise_of_c_libraries_is_dropped_and_other_lines_are_told(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    told = asyncio.Event()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.set()

    logger = logging.getLogger("parvis_device.native_noise")
    handler = Handler()
    logger.addHandler(handler)
    with caplog.at_level(logging.WARNING), native_noise.captured():
        os.write(2, b"Expression 'r' failed in 'pa_linux_alsa.c', line: 2097\nALSA lib x\noh no\n")
        print("python still speaks", file=sys.stderr)
        async with asyncio.timeout(20):
            await told.wait()
    logger.removeHandler(handler)
    os.write(2, b"as before\n")
    assert caplog.messages == ["a library says: oh no"]
    assert capfd.readouterr().err == "python still speaks\nas before\n"
