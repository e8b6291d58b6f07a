"""Engine, recorder and replay agree: the real ones, from microphones' packets to a voice taken out.

What the engine would have put on its record bus, had that person refused, is what the mix must be
after they withdrew.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from fakes.measure import stoi
from fakes.recorder import Bench, recording
from fakes.voices import Samples, noise, voice
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.engine.boundary import TICK_NS, GoLive, OutputPacket, SourcePacket, Tap
from parvis_server.engine.build import build_mix_engine
from parvis_server.engine.stage import SetStage, SourceSpec
from parvis_server.record.messages import Begin, End, Sound, SoundPacket, Tapped, Voices
from parvis_server.record.recording import Talker, TrackKind
from parvis_server.replay.opened import open_recording
from parvis_server.replay.withdraw import withdraw
from parvis_wire.rtp import RtpPacket

TICK, RATE, RECORD = 480, 48_000, 999
ZERO = 480_000
"""Room clock of the first tick: the room is ten seconds old."""
SECONDS, OPEN_S, CLOSED_S = 12, 4.0, 9.0


def sounds() -> dict[int, Samples]:
    """The first pauses from 7 to 8 s, so that the second is alone there."""
    first = voice(SECONDS, 1, level_dbfs=-24)
    first[7 * RATE : 8 * RATE] = 0
    second = voice(SECONDS, 22, level_dbfs=-30)
    return {1: first + noise(SECONDS, -85, 1), 2: second + noise(SECONDS, -85, 2)}


def is_open(ssrc: int, tick: int) -> bool:
    return ssrc == 1 or OPEN_S <= tick * TICK / RATE < CLOSED_S


def talkers(*open_now: int) -> tuple[Talker, ...]:
    return tuple(
        Talker(ssrc=one, kind=TrackKind.UNIT, participant=f"p{one}", name=f"Person {one}")
        for one in open_now
    )


@cache
def packets(ssrc: int) -> tuple[bytes, ...]:
    encoder, sound = unit_encoder(), sounds()[ssrc]
    return tuple(encoder.encode(sound[at : at + TICK]) for at in range(0, sound.size, TICK))


def run(bench: Bench | None, refused: frozenset[int] = frozenset()) -> list[RtpPacket]:
    """An evening through the engine, into the recorder if there is one; the record bus."""
    engine = build_mix_engine(GoLive(origin_ns=1, program_ssrc=7))
    bus: list[RtpPacket] = []
    begun = recording(ZERO)
    if bench is not None:
        bench.tell(Begin(number=1, recording=begun, mix_ssrc=RECORD, room_clock=ZERO))
    before: tuple[int, ...] = ()
    for number in range(SECONDS * RATE // TICK):
        tick, now_ns = ZERO // TICK + number, (ZERO // TICK + number) * TICK_NS + 1_000_000
        open_now = tuple(ssrc for ssrc in (1, 2) if is_open(ssrc, number))
        if open_now != before:
            specs = tuple(SourceSpec(ssrc=s, recorded=s not in refused) for s in open_now)
            engine.set_stage(SetStage(sources=specs, record_ssrc=RECORD))
            if bench is not None:
                said = Voices(number=1, room_clock=tick * TICK, talkers=talkers(*open_now))
                bench.tell(said)
            before = open_now
        sound = []
        for ssrc in open_now:
            stamp = (ssrc * 4_294_900_000 + number * TICK) % 2**32
            rtp = RtpPacket(number % 2**16, stamp, ssrc, packets(ssrc)[number])
            engine.receive(SourcePacket(now_ns, rtp.serialize()), now_ns)
            sound.append(SoundPacket(ssrc, stamp, rtp.payload))
        taps = []
        for one in engine.tick(tick, now_ns + 1_000_000):
            if isinstance(one, OutputPacket) and one.ssrc == RECORD:
                packet = RtpPacket.parse(one.rtp)
                bus.append(packet)
                sound.append(SoundPacket(RECORD, packet.timestamp, packet.payload))
            elif isinstance(one, Tap):
                taps.append(Tapped(1, one.serialize()))
        if bench is not None:
            bench.tell(Sound(1, tuple(sound)), *taps)
            bench.now_ns += TICK_NS
            bench.files.carry_out(bench.core.tick(bench.now_ns))
    if bench is not None:
        clock = ZERO + SECONDS * RATE
        bench.tell(End(number=1, room_clock=clock, utc_ms=begun.begun_utc_ms + SECONDS * 1000))
    return bus


def part(sound: Samples, begin_s: float, end_s: float) -> Samples:
    return sound[round(begin_s * RATE) : round(end_s * RATE)]


def power_db(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


def test_who_withdrew_is_as_who_refused(tmp_path: Path) -> None:
    run(Bench(tmp_path))
    folder = open_recording(tmp_path / "hall/20261123T120000Z-1").folder
    before, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    done = withdraw(folder, ["p2"], 0, lambda done, total: None)
    after, _ = soundfile.read(folder / "mix.opus", dtype="float32")
    bus = run(None, frozenset({2}))
    decoder = Decoder()
    refused = np.concatenate([decoder.decode(packet.payload) for packet in bus])
    refused = refused[312:][: after.size]
    assert done.tracks == 1 and done.silences == ()
    assert stoi(part(after, 4, 9), part(refused, 4, 9)) >= 0.98
    for begin_s in (4.5, 5.5, 6.0, 8.2):
        span = begin_s, begin_s + 0.8
        assert abs(power_db(part(after, *span)) - power_db(part(refused, *span))) < 1.0
    alone = power_db(part(before, 7.1, 7.9))
    assert alone > -45
    assert power_db(part(after, 7.1, 7.9)) - alone <= -50
    np.testing.assert_array_equal(part(after, 0, 3.8), part(before, 0, 3.8))
