"""A remote speaker, a hall that plays them, and what comes back: everything but the air is real."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pystoi import stoi

from fakes.hall import Air
from fakes.sounds import speech
from fakes.voices import dbfs, noise, voice
from parvis_audio.measure import aligned
from parvis_audio.opus import Decoder
from parvis_server.engine.boundary import TICK_NS, GoLive, OutputPacket
from parvis_server.engine.build import build_outputs
from parvis_server.engine.contributions import Contributions
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec
from parvis_server.media.speech_law import Hand, SpeechLaw
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind, SourceKind

Samples = NDArray[np.float32]

FRAME = 480
MICROPHONES = (1, 2, 3)
REMOTE, OTHER, LOUDSPEAKER, RETURN = 8, 9, 101, 108
ALONE_S = 7
HISS_DBFS = -65


class Hall:
    """Gain law and bank of outputs around a hall with three microphones and a loudspeaker."""

    def __init__(self, reverberation_s: float, coupling_db: float, delay_s: float) -> None:
        self.bank = build_outputs(GoLive(origin_ns=0, program_ssrc=7))
        sources = [SourceSpec(ssrc=s, zone="hall") for s in MICROPHONES]
        sources += [SourceSpec(ssrc=s, kind=SourceKind.SPEAKER) for s in (REMOTE, OTHER)]
        self.sources = tuple(source.ssrc for source in sources)
        loudspeaker = OutputSpec(ssrc=LOUDSPEAKER, kind=OutputKind.LOUDSPEAKER, zone="hall")
        to_remote = OutputSpec(ssrc=RETURN, kind=OutputKind.RETURN, own_ssrc=REMOTE)
        self.bank.set_stage(SetStage(sources=tuple(sources), outputs=(loudspeaker, to_remote)))
        self.law = SpeechLaw(len(sources))
        self.law.set(dict.fromkeys(self.sources, Hand()), sharing=True)
        self.air = Air(len(MICROPHONES), reverberation_s, coupling_db, delay_s, seed=1)
        self.decoders = {LOUDSPEAKER: Decoder(), RETURN: Decoder()}
        self.played: Samples = np.zeros(FRAME, dtype=np.float32)
        self.returned: list[Samples] = []

    def run(self, remote: Samples, hall: Samples, other: Samples | None = None) -> Samples:
        """What the remote speaker hears; ``hall`` speaks into the first microphone."""
        other = np.zeros_like(remote) if other is None else other
        hiss = noise(remote.size / 48_000 * len(MICROPHONES), HISS_DBFS)
        hiss = hiss.reshape(len(MICROPHONES), -1)
        for tick in range(remote.size // FRAME):
            part = slice(tick * FRAME, (tick + 1) * FRAME)
            heard = self.air.play(self.played) + hiss[:, part]
            heard += np.array([[1.0], [0.25], [0.25]], dtype=np.float32) * hall[part]
            self._tick(tick, np.vstack((heard, remote[part], other[part])))
        return np.concatenate(self.returned)

    def _tick(self, tick: int, frames: Samples) -> None:
        power = np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-13
        levels = dict(zip(self.sources, (10 * np.log10(power)).tolist(), strict=True))
        shared = self.law.apply(self.sources, frames, np.zeros(len(frames), dtype=bool))
        contributions = Contributions(self.sources, shared, levels, self.law.settled)
        for said in self.bank.tick(tick, tick * TICK_NS, contributions):
            if isinstance(said, OutputPacket):
                packet = RtpPacket.parse(said.rtp)
                sound = self.decoders[packet.ssrc].decode(packet.payload)
                if packet.ssrc == RETURN:
                    self.returned.append(sound)
                else:
                    self.played = sound


def words(seconds: float) -> Samples:
    """Recorded speech at the level of the made-up voices."""
    sound = speech()[: round(seconds * 48_000)]
    spoken = sound[np.abs(sound) > 0.01 * np.abs(sound).max()]
    return np.asarray(sound * 10 ** ((-20 - dbfs(spoken)) / 20), dtype=np.float32)


def late(sound: Samples, begins_s: float, ends_s: float) -> Samples:
    whole = np.zeros(round(ends_s * 48_000), dtype=np.float32)
    begin = round(begins_s * 48_000)
    whole[begin : begin + sound.size] = sound[: whole.size - begin]
    return whole


@pytest.mark.parametrize(
    ("reverberation_s", "coupling_db", "delay_s"), [(0.3, -12, 0.06), (0.6, -12, 0.15)]
)
def test_the_echo_is_gone_and_an_interruption_is_understood(
    reverberation_s: float, coupling_db: float, delay_s: float
) -> None:
    remote, said = voice(ALONE_S + 4, 3), words(4)
    heard = Hall(reverberation_s, coupling_db, delay_s).run(
        remote, late(said, ALONE_S, ALONE_S + 4)
    )
    alone = slice(48_000 * 5, 48_000 * ALONE_S)
    assert dbfs(heard[alone]) - dbfs(remote[alone]) <= -35
    begin = 48_000 * ALONE_S
    loud = np.flatnonzero(np.abs(said) > 0.1)[0]
    first = heard[begin + loud : begin + loud + 4_800]
    assert dbfs(first) > dbfs(said[loud : loud + 4_800]) - 12  # within 100 ms
    interruption = aligned(heard[begin - 4_800 :], said)
    assert stoi(said, interruption, 48_000) >= 0.85


def test_another_remote_speaker_passes_while_the_hall_is_shut_out() -> None:
    remote, said = voice(6, 3), words(6)
    silent = np.zeros_like(remote)
    heard = Hall(0.4, -12, 0.1).run(remote, silent, said)
    assert stoi(said, aligned(heard, said), 48_000) >= 0.85


def test_where_no_loudspeaker_is_ours_nothing_is_gated() -> None:
    hall = Hall(0.4, -120, 0.1)
    stage = SetStage(
        sources=(
            *(SourceSpec(ssrc=s, zone="hall") for s in MICROPHONES),
            SourceSpec(ssrc=REMOTE, kind=SourceKind.SPEAKER),
        ),
        outputs=(OutputSpec(ssrc=RETURN, kind=OutputKind.RETURN, own_ssrc=REMOTE),),
    )
    hall.bank.set_stage(stage)
    remote, murmur = voice(2, 3, pauses=False), noise(2, -28)
    free = hall.run(remote, murmur)
    gated = Hall(0.4, -120, 0.1).run(remote, murmur)
    assert dbfs(free[48_000:]) > -50
    assert dbfs(gated[48_000:]) < -58  # before a gate has learnt anything it takes it for an echo
