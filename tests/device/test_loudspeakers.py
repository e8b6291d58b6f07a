"""A file and a sound card as loudspeakers; where sounds begin."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.capture import Samples
from parvis_device.errors import LoudspeakerTrouble, UsageError
from parvis_device.loudspeakers.file import FileLoudspeaker
from parvis_device.loudspeakers.portaudio import DRY_TIMES, Feed
from parvis_device.onsets import QUIET_SAMPLES, OnsetDetector
from parvis_device.sound_cards import Side, SoundCard, choose

pytestmark = pytest.mark.alone

MS = 1_000_000


class Asked:
    """Gives numbered blocks and remembers when it was asked."""

    def __init__(self, frame_samples: int = 480, enough: int = 10**9) -> None:
        self.frame_samples = frame_samples
        self.asked_ns: list[int] = []
        self.latencies_ns: list[int] = []
        self.dry = 0
        self.enough = asyncio.Event()
        self._enough_blocks = enough

    def block(self, now_ns: int, latency_ns: int) -> Samples:
        self.asked_ns.append(now_ns)
        self.latencies_ns.append(latency_ns)
        if len(self.asked_ns) >= self._enough_blocks:
            self.enough.set()
        return np.full(self.frame_samples, len(self.asked_ns) / 100, dtype=np.float32)

    def ran_dry(self) -> None:
        self.dry += 1

    def stopped(self) -> None:
        pass

    def loudspeaker_opened(self, description: str) -> None:
        pass

    def loudspeaker_lost(self, reason: str) -> None:
        raise AssertionError(reason)


async def test_a_file_is_written_in_real_time(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    asked = Asked(enough=30)
    loudspeaker = FileLoudspeaker(path)
    begun_ns = time.monotonic_ns()
    playing = asyncio.create_task(loudspeaker.run(asked))
    async with asyncio.timeout(20):
        await asked.enough.wait()
    assert time.monotonic_ns() - begun_ns >= 29 * 10 * MS
    asked.frame_samples = 240  # the hub ticks every 5 ms from now on
    count = len(asked.asked_ns)
    async with asyncio.timeout(20):
        while len(asked.asked_ns) < count + 5:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.005)
    playing.cancel()
    await asyncio.wait([playing])
    steps = {
        after - before
        for before, after in zip(asked.asked_ns[:28], asked.asked_ns[1:29], strict=True)
    }
    assert steps == {10 * MS}, "asked for at deadlines, whatever the machine did"
    sound, rate_hz = soundfile.read(path)
    assert rate_hz == 48_000 and abs(sound[480] - 0.02) < 1e-3
    assert len(sound) % 240 == 0


def test_bad_places_for_a_file(tmp_path: Path) -> None:
    for name, words in (("x.mp3", "ending in .wav"), ("no/where.wav", "no such file or folder")):
        with pytest.raises(UsageError, match=words) as caught:
            FileLoudspeaker(tmp_path / name)
        assert "\n" not in str(caught.value)


def times(latency_s: float) -> SimpleNamespace:
    return SimpleNamespace(outputBufferDacTime=5.0 + latency_s, currentTime=5.0)


def test_the_card_gets_each_block_on_all_its_channels() -> None:
    asked = Asked()
    feed = Feed(asked, channels=2)
    room = bytearray(480 * 2 * 4)
    for _ in range(200):
        feed.callback(memoryview(room), 480, times(0.02), None)
    samples = np.frombuffer(room, dtype=np.float32).reshape(-1, 2)
    assert (samples == np.float32(2.0)).all()
    assert abs(asked.latencies_ns[-1] - 20 * MS) < 0.1 * MS
    feed.callback(memoryview(room), 480, times(0.005), None)  # a late asking says too little
    assert asked.latencies_ns[-1] > 19 * MS
    assert feed.failure is None and feed.asked_ns is not None


def test_a_block_of_another_length_is_silence_until_the_card_is_opened_anew() -> None:
    feed = Feed(Asked(frame_samples=240), channels=1)
    room = bytearray(b"\x01" * 480 * 4)
    feed.callback(memoryview(room), 480, times(0.0), None)
    assert not any(room)


def test_what_fails_in_the_audio_thread_is_kept_and_silence_is_played() -> None:
    asked = Asked()
    asked.block = lambda now_ns, latency_ns: 1 / 0  # type: ignore[method-assign, return-value, assignment]
    feed = Feed(asked, channels=1)
    room = bytearray(b"\x01" * 480 * 4)
    feed.callback(memoryview(room), 480, times(0.02), None)
    assert isinstance(feed.failure, ZeroDivisionError) and not any(room)


def test_a_card_that_keeps_running_dry_is_seen() -> None:
    asked = Asked()
    feed = Feed(asked, channels=1)
    room = memoryview(bytearray(480 * 4))
    for number in range(DRY_TIMES):
        assert not feed.runs_dry
        feed.callback(room, 480, times(0.02), "output underflow")
        assert asked.dry == number + 1
    assert feed.runs_dry


def test_a_loudspeaker_that_is_not_there_or_not_alone() -> None:
    cards = (SoundCard(0, "USB left", 2, 48_000), SoundCard(1, "USB right", 2, 48_000))
    with pytest.raises(LoudspeakerTrouble, match="no loudspeaker 'hdmi'; there are: 0 USB left"):
        choose(cards, "hdmi", Side.LOUDSPEAKER)
    with pytest.raises(LoudspeakerTrouble, match="no loudspeaker is plugged in"):
        choose((), "default", Side.LOUDSPEAKER)
    with pytest.raises(UsageError, match="--loudspeaker 'usb' fits several"):
        choose(cards, "usb", Side.LOUDSPEAKER)


@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=6), st.sampled_from([240, 480]))
def test_each_sound_after_silence_is_found_once(gaps: list[int], frame: int) -> None:
    """Sounds of 500 samples with these gaps between them."""
    sound = np.zeros(0, dtype=np.float32)
    starts: list[int] = []
    for gap in gaps:
        sound = np.concatenate([sound, np.zeros(gap, np.float32)])
        if gap >= QUIET_SAMPLES or not starts:
            starts.append(len(sound))
        sound = np.concatenate([sound, np.full(500, 0.3, np.float32)])
    sound = np.concatenate([sound, np.zeros(-len(sound) % frame, np.float32)])
    detector = OnsetDetector()
    found = []
    for begin in range(0, len(sound), frame):
        onset = detector.find(sound[begin : begin + frame], callback_ns=0)
        if onset is not None:
            found.append(begin + onset.sample)
    assert found == starts
