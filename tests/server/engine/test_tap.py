"""The recorder's tap: with it and the sources' packets the mix can be made without one speaker."""

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from fakes.outputs import FakeOutputs
from fakes.voices import dbfs, noise, voice
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.engine.boundary import TICK_NS, SourcePacket, Tap, TapFrame
from parvis_server.engine.decoding_chain import DecodingChain
from parvis_server.engine.mix_engine import MixEngine
from parvis_server.engine.stage import SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket

Samples = NDArray[np.float32]

TICK = 480
PART = slice(200, 700)
"""The ticks that are compared: after the clocks are known."""
SHORT_PART = slice(400, 440)
"""Enough to find by how much under a sample the rounding moved it all."""


class Recorder:
    """Keeps what a recorder gets: every source's packets, and the tap."""

    def __init__(self, sounds: dict[int, Samples]) -> None:
        self.outputs = FakeOutputs()
        mix = MixEngine(self.outputs, DecodingChain)
        specs = tuple(SourceSpec(ssrc=ssrc) for ssrc in sounds)
        mix.set_stage(SetStage(sources=specs, record_ssrc=999))
        encoders = {ssrc: unit_encoder() for ssrc in sounds}
        self.packets: dict[int, list[RtpPacket]] = {ssrc: [] for ssrc in sounds}
        self.taps: dict[int, list[TapFrame]] = {ssrc: [] for ssrc in sounds}
        for tick in range(next(iter(sounds.values())).size // TICK):
            at_ns = tick * TICK_NS + 1_000_000
            for ssrc, sound in sounds.items():
                payload = encoders[ssrc].encode(sound[tick * TICK : (tick + 1) * TICK])
                packet = RtpPacket(tick, tick * TICK, ssrc, payload)
                self.packets[ssrc].append(packet)
                mix.receive(SourcePacket(at_ns, packet.serialize()), at_ns)
            for said in mix.tick(tick, at_ns + 1_000_000):
                if isinstance(said, Tap):
                    assert said.room_clock == tick * TICK
                    for frame in said.frames:
                        self.taps[frame.ssrc].append(frame)

    def remade(self, ssrc: int, offset: float, part: slice = PART) -> NDArray[np.float64]:
        """A source at its gain over a part of it: decoded, placed, ramped.

        A tick's timestamp is rounded to a sample, so a line is laid through many of them;
        ``offset``: what rounding leaves open, under a sample.
        """
        decoder, taps = Decoder(), self.taps[ssrc]
        line = np.concatenate([decoder.decode(packet.payload) for packet in self.packets[ssrc]])
        ticks = np.arange(PART.start, PART.stop)
        slips = [(taps[tick].timestamp or 0) - tick * TICK for tick in ticks]
        slip = Polynomial.fit(ticks, slips, 3)
        clock = np.arange(part.start * TICK, part.stop * TICK)
        gains = np.interp((clock + 1) / TICK, ticks + 1, [taps[tick].gain for tick in ticks])
        return between(line, clock + slip(clock / TICK) + offset) * gains


def between(line: Samples, at: NDArray[np.float64], half: int = 24) -> NDArray[np.float64]:
    """The line's value between its samples: windowed sinc."""
    whole = np.floor(at).astype(int)
    taps = np.arange(1 - half, half + 1)
    distance = (at - whole)[:, None] - taps
    weights = np.sinc(distance) * np.cos(np.pi * distance / (2 * half + 2)) ** 2
    return np.asarray((line[whole[:, None] + taps] * weights).sum(axis=1))


def test_the_mix_is_made_again_without_one_speaker() -> None:
    sounds = {ssrc: voice(8, ssrc, level_dbfs=-24) + noise(8, -70, ssrc) for ssrc in (1, 2, 3)}
    recorder = Recorder(sounds)

    def null_db(offset: float, part: slice) -> float:
        """What is left of the mix without source 2, beside that mix."""
        span = slice(part.start * TICK, part.stop * TICK)
        without_2 = recorder.outputs.of(1)[span] + recorder.outputs.of(3)[span]
        remade = recorder.remade(1, offset, part) + recorder.remade(3, offset, part)
        return dbfs(remade - without_2) - dbfs(without_2)

    best = min(np.arange(-0.6, 0.7, 0.1), key=lambda offset: null_db(offset, SHORT_PART))
    null = null_db(best, PART)
    print(f"null {null:.1f} dB at {best:.1f} samples")
    assert null < -40
    assert dbfs(recorder.outputs.of(2)[PART.start * TICK : PART.stop * TICK]) > -40


def test_silence_and_what_was_made_up_have_no_timestamp() -> None:
    recorder = Recorder({1: voice(1, 1), 2: voice(1, 2)})
    first = [tap.timestamp for tap in recorder.taps[1]]
    assert first[0] is None
    assert None not in first[10:]
    assert recorder.taps[1][0].gain == 1.0  # nobody has a share to lose yet
