"""A bank of outputs, fed with sound, decoded by whoever would receive it."""

import numpy as np
from numpy.typing import NDArray

from parvis_audio.opus import Decoder
from parvis_server.engine.boundary import TICK_NS, GoLive, OutputPacket, ProgramPacket
from parvis_server.engine.build import build_outputs
from parvis_server.engine.contributions import Contributions, OutputSaid
from parvis_server.engine.outputs import OutputBank
from parvis_server.engine.stage import SetStage
from parvis_wire.rtp import RtpPacket

Samples = NDArray[np.float32]

PROGRAM = 7


def tone(hertz: float, ticks: int, amplitude: float = 0.05, samples: int = 480) -> Samples:
    """A tone of so many ticks."""
    at = np.arange(ticks * samples) / 48_000
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * at), dtype=np.float32)


def level_at(sound: Samples, hertz: float) -> float:
    """Amplitude of a tone in dBFS."""
    window = np.hanning(sound.size)
    at = np.arange(sound.size) / 48_000
    found = 2 * np.abs(np.sum(sound * window * np.exp(-2j * np.pi * hertz * at))) / window.sum()
    return float(20 * np.log10(found + 1e-12))


class OutputStage:
    """The bank, its packets by SSRC, and what they sound like."""

    def __init__(self, stage: SetStage, frame_ms: int = 10) -> None:
        live = GoLive(origin_ns=0, program_ssrc=PROGRAM, frame_ms=5 if frame_ms == 5 else 10)
        self.samples = 48 * frame_ms
        self.bank: OutputBank = build_outputs(live)
        self.bank.set_stage(stage)
        self.tick = 0
        self.said: list[OutputSaid] = []
        self.packets: dict[int, list[RtpPacket]] = {}

    def run(self, sounds: dict[int, Samples]) -> None:
        """Play these sounds (by SSRC), all of one length, at their gain."""
        ticks = next(iter(sounds.values())).size // self.samples
        for at in range(ticks):
            part = slice(at * self.samples, (at + 1) * self.samples)
            frames = np.stack([sound[part] for sound in sounds.values()])
            power = np.mean(frames**2, axis=1) + 1e-13
            levels = dict(zip(sounds, (10 * np.log10(power)).tolist(), strict=True))
            self.take(Contributions(tuple(sounds), frames, levels))

    def take(self, contributions: Contributions) -> None:
        """One tick."""
        for said in self.bank.tick(self.tick, self.tick * TICK_NS, contributions):
            self.said.append(said)
            if isinstance(said, ProgramPacket | OutputPacket):
                packet = RtpPacket.parse(said.rtp)
                self.packets.setdefault(packet.ssrc, []).append(packet)
        self.tick += 1

    def heard(self, ssrc: int) -> Samples:
        """What a receiver of these packets hears."""
        decoder = Decoder()
        return np.concatenate([decoder.decode(p.payload) for p in self.packets[ssrc]])
