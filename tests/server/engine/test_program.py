"""The program as listeners hear it: loudness, true peak, and when the servo moves."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample_poly

from fakes.sounds import speech
from fakes.voices import dbfs, noise, voice
from parvis_audio.opus import Decoder, program_encoder
from parvis_server.engine.program import PROGRAM_CEILING_DBFS, ProgramChain, Talkers
from parvis_server.media.loudness import LoudnessMeter
from parvis_server.media.speech_law import Hand, SpeechLaw
from parvis_wire.rtp import RtpPacket

Samples = NDArray[np.float32]


class Listener:
    """A program chain with its real encoder, and somebody who decodes it."""

    def __init__(self, frame_samples: int = 480, floor_dbfs: float = -62.0) -> None:
        self.chain = ProgramChain(7, program_encoder(), frame_samples)
        self.samples = frame_samples
        self.decoder = Decoder()
        self.tick = 0
        self.floor = np.zeros(frame_samples, dtype=np.float32)
        self.packets: list[RtpPacket] = []

    def hear(self, sound: Samples, *, settled: bool = True) -> Samples:
        """What comes out of the decoder while ``sound`` is on the bus."""
        heard = []
        for frame in sound[: sound.size // self.samples * self.samples].reshape(-1, self.samples):
            if self.chain.take(self.tick, frame, self.floor, settled=settled):
                payload = self.chain.encoder.encode(self.chain.pcm)
                self.packets.append(RtpPacket.parse(self.chain.packet(self.tick, payload, ()).rtp))
                heard.append(self.decoder.decode(payload))
            self.tick += 1
        return np.concatenate(heard)


def loudness_lufs(sound: Samples) -> float:
    meter = LoudnessMeter()
    for frame in sound[: sound.size // 480 * 480].reshape(-1, 480):
        meter.add(frame)
    return meter.integrated_lufs


def at_loudness(sound: Samples, lufs: float) -> Samples:
    return np.asarray(sound * 10 ** ((lufs - loudness_lufs(sound)) / 20), dtype=np.float32)


def true_peak_dbtp(sound: Samples) -> float:
    """Four times oversampled, as BS.1770-4 annex 2 asks."""
    return float(20 * np.log10(np.abs(resample_poly(sound.astype(np.float64), 4, 1)).max()))


@pytest.mark.parametrize(("lufs", "frame_samples"), [(-28.0, 480), (-15.0, 480), (-23.0, 240)])
def test_after_half_a_minute_the_program_is_as_loud_as_it_shall_be(
    lufs: float, frame_samples: int
) -> None:
    listener = Listener(frame_samples)
    sound = at_loudness(voice(45, 3), lufs)
    heard = listener.hear(sound)
    assert loudness_lufs(heard[30 * 48_000 :]) == pytest.approx(-18, abs=1)


@pytest.mark.parametrize("seed", range(6))
def test_no_listeners_converter_is_driven_over_its_scale(seed: int) -> None:
    heard = Listener().hear(at_loudness(voice(8, seed), -18.0))
    assert true_peak_dbtp(heard) <= -1.0


def test_recorded_speech_3_lu_too_loud_keeps_its_true_peak() -> None:
    heard = Listener().hear(at_loudness(np.tile(speech(), 1), -15.0))
    assert true_peak_dbtp(heard) <= -1.0


def test_while_a_talker_is_levelled_and_in_pauses_the_servo_waits() -> None:
    listener = Listener()
    listener.hear(at_loudness(voice(12, 3), -26.0), settled=False)
    assert listener.chain.servo_db == 0.0
    listener.hear(at_loudness(voice(6, 3), -26.0))
    moved_db = listener.chain.servo_db
    assert 1.0 < moved_db < 4.0
    listener.hear(np.zeros(48_000 * 5, dtype=np.float32))
    assert listener.chain.servo_db == pytest.approx(moved_db, abs=0.3)


def test_the_ceiling_holds_before_the_encoder() -> None:
    chain = Listener().chain
    for tick, frame in enumerate((8 * voice(2, 1)).reshape(-1, 480)):
        chain.take(tick, frame, np.zeros(480, dtype=np.float32), settled=False)
        assert np.abs(chain.pcm).max() <= 10 ** (PROGRAM_CEILING_DBFS / 20) * (1 + 1e-6)


def test_the_servo_moves_without_steps() -> None:
    """Of a tone that is turned up by the servo: no jump from frame to frame."""
    listener = Listener()
    at = np.arange(48_000 * 4) / 48_000
    tone = (0.01 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    tone[:24_000] = 0
    frames = []
    for tick, frame in enumerate(tone.reshape(-1, 480)):
        if listener.chain.take(tick, frame, listener.floor, settled=True):
            frames.append(listener.chain.pcm.copy())
    sound = np.concatenate(frames)[24_480:]
    omega = 2 * np.pi * 440 / 48_000
    error = np.abs(sound[2:] - 2 * np.cos(omega) * sound[1:-1] + sound[:-2])
    assert listener.chain.servo_db > 0.5
    assert error.max() < 2e-5


def test_packets_follow_each_other_on_the_room_clock() -> None:
    listener = Listener(240)
    listener.hear(voice(0.2))
    assert [p.timestamp for p in listener.packets] == [n * 960 for n in range(10)]
    assert [p.sequence for p in listener.packets] == list(range(10))
    assert all(p.level is not None and not p.level.voice for p in listener.packets)


def test_talkers_of_the_last_packet_loudest_first() -> None:
    talkers = Talkers(2)
    assert talkers.note({1: -30.0, 2: -80.0}) == ((1, -30.0),)
    assert talkers.note({1: -40.0, 3: -20.0}) == ((3, -20.0), (1, -30.0))
    assert talkers.note({1: -60.0}) == ((3, -20.0), (1, -40.0))
    assert talkers.note({}) == ()


def test_the_packet_tells_its_level() -> None:
    listener = Listener()
    listener.hear(voice(3, level_dbfs=-30))
    levels = [p.level.level_dbov for p in listener.packets if p.level is not None]
    assert max(levels) > -32
    assert dbfs(listener.chain.pcm) <= 0


def test_talkers_20_db_apart_come_out_alike() -> None:
    """Levelled, shared, servoed: one speaks 16 s, then the other, then the first again."""
    turn = 16 * 48_000
    soft, loud = voice(48, 2, -36), voice(48, 4, -16)
    soft[turn : 2 * turn], loud[:turn], loud[2 * turn :] = 0, 0, 0
    sources = np.stack((soft + noise(48, -70, 3), loud + noise(48, -70, 4)))
    law, listener = SpeechLaw(2), Listener()
    law.set({1: Hand(), 2: Hand()}, sharing=True)
    frames = []
    for at in range(0, sources.shape[1], 480):
        part = np.ascontiguousarray(sources[:, at : at + 480])
        mixed = law.apply((1, 2), part, np.zeros(2, dtype=bool)).sum(axis=0)
        if listener.chain.take(at // 480, mixed, listener.floor, settled=law.settled):
            frames.append(listener.chain.pcm.copy())
    program = np.concatenate(frames)
    late = [loudness_lufs(program[n * turn + 480_000 : (n + 1) * turn]) for n in range(3)]
    assert max(late) - min(late) <= 2
    assert loudness_lufs(program[30 * 48_000 :]) == pytest.approx(-18, abs=1)
