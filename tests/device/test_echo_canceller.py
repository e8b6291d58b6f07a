"""Full duplex: the room's echo goes, the talker stays, and nothing becomes younger than it is."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest

from fakes.hearing import Sound
from parvis_device.capture import FRAME_NS, FRAME_SAMPLES, Block
from parvis_device.echo_canceller import HELD_BACK_SAMPLES, MAX_PLAYED_BLOCKS, EchoCanceller
from parvis_device.errors import EchoCancellerMissing

RATE_HZ = 48_000


class Heard:
    """What comes out of the canceller."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.latency_ns = 0

    def block(self, block: Block) -> None:
        self.blocks.append(block)

    def opened(self, description: str, latency_ns: int) -> None:
        self.latency_ns = latency_ns

    def lost(self, reason: str) -> None:
        raise AssertionError(reason)

    @property
    def sound(self) -> Sound:
        return np.concatenate([block.samples for block in self.blocks])


def noise(seconds: float, seed: int) -> Sound:
    """Speech-like in its loudness: bursts of noise."""
    random = np.random.default_rng(seed)
    sound = random.standard_normal(round(seconds * RATE_HZ)) * 0.1
    gate = np.repeat(random.uniform(0, 1, round(seconds * 5)) > 0.3, RATE_HZ // 5)
    return (sound * gate[: len(sound)]).astype(np.float32)


def run(near: Sound, far: Sound, frame: int = FRAME_SAMPLES) -> Heard:
    heard = Heard()
    canceller = EchoCanceller(heard)
    canceller.opened("a card", 1000)
    for start in range(0, len(near) - frame + 1, frame):
        canceller.played(far[start : start + frame])
        canceller.block(
            Block(start, start * FRAME_NS // FRAME_SAMPLES, near[start : start + frame])
        )
    return heard


def level_db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-12))


def test_the_echo_goes() -> None:
    far = noise(10, 1)
    echo = np.concatenate([np.zeros(2_000, np.float32), far])[: len(far)] * np.float32(0.3)
    heard = run(echo, far)
    after = slice(6 * RATE_HZ, None)
    removed_db = level_db(echo[after]) - level_db(heard.sound[after])
    print(f"\nthe echo is {removed_db:.0f} dB quieter after 6 s")
    assert removed_db > 20


@pytest.mark.parametrize("frame", [480, 240])
def test_the_talker_stays_and_no_block_is_counted_younger_than_it_is(frame: int) -> None:
    near = noise(4, 2)
    heard = run(near, np.zeros_like(near), frame)
    assert heard.latency_ns == 1000 + FRAME_NS
    assert all(len(block.samples) == frame for block in heard.blocks)
    firsts = [block.first_sample for block in heard.blocks]
    assert firsts == list(range(firsts[0], firsts[0] + frame * len(firsts), frame))
    # What a block of this count holds was captured at that count or later, by less than a block.
    begin = -firsts[0]
    cleaned = heard.sound[begin:]
    likeness = np.correlate(near[RATE_HZ : 3 * RATE_HZ], cleaned[RATE_HZ + 480 : 3 * RATE_HZ - 480])
    younger = int(np.argmax(np.abs(likeness))) - 480
    print(f"\nheld back by {HELD_BACK_SAMPLES - younger} samples")
    assert 0 <= younger <= HELD_BACK_SAMPLES
    assert abs(level_db(heard.sound[RATE_HZ:]) - level_db(near[RATE_HZ:])) < 3


def test_without_the_library_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(EchoCancellerMissing, match="pip install 'parvis\\[unit-aec\\]'"):
        EchoCanceller(Heard())


def test_a_missing_microphone_costs_no_memory() -> None:
    canceller = EchoCanceller(Heard())
    block = np.zeros(FRAME_SAMPLES, dtype=np.float32)
    tracemalloc.start()
    try:
        for _ in range(50 * MAX_PLAYED_BLOCKS):
            canceller.played(block)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 3 * MAX_PLAYED_BLOCKS * block.nbytes
