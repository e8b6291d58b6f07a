"""Sound checks through the bank of outputs and real Opus: is the desk's feed clean?"""

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.voices import noise, voice
from parvis_audio.opus import Decoder, unit_encoder
from parvis_server.engine.boundary import (
    TICK_NS,
    Checked,
    DeskReturn,
    GoLive,
    OutputPacket,
)
from parvis_server.engine.build import build_outputs
from parvis_server.engine.contributions import Contributions
from parvis_server.engine.stage import CheckOutput, OutputSpec, SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputKind, SourceKind

Samples = NDArray[np.float32]

LOUDSPEAKER, LINE, LOOP, TALKER = 101, 102, 103, 1
DESKS = (31, 32, 33)
FRAME = 480


class Desk:
    """A feed from the hall's mixing desk: a voice, and what an output brings back, delayed."""

    def __init__(self, sound: Samples, delay_ms: float = 0.0, gain_db: float | None = None) -> None:
        self.sound = sound
        self.delay = round(delay_ms * 48)
        self.gain = 0.0 if gain_db is None else 10 ** (gain_db / 20)
        self.encoder, self.decoder = unit_encoder(), Decoder()

    def feed(self, at: int, played: Samples) -> Samples:
        """Frame ``at``; ``played``: everything that came out of the output so far."""
        begin = at * FRAME - self.delay
        back = np.zeros(FRAME, dtype=np.float32)
        first = max(begin, 0)
        part = played[first : max(begin + FRAME, 0)]
        back[first - begin : first - begin + part.size] = part
        frame = self.sound[at * FRAME : (at + 1) * FRAME] + back * np.float32(self.gain)
        return self.decoder.decode(self.encoder.encode(frame))


class Hall:
    """The bank of outputs, an output that is played, desks that listen."""

    def __init__(
        self, desks: dict[int, Desk], listens_to: int = LOUDSPEAKER, *, shifted: bool = False
    ) -> None:
        self.bank = build_outputs(GoLive(origin_ns=0, program_ssrc=7))
        self.desks = desks
        sources = tuple(SourceSpec(ssrc=d, kind=SourceKind.DESK, zone="hall") for d in desks)
        kinds = {LOUDSPEAKER: OutputKind.LOUDSPEAKER, LINE: OutputKind.LINE}
        outputs = tuple(
            OutputSpec(ssrc=s, kind=kind, zone="hall", shifted=shifted) for s, kind in kinds.items()
        )
        outputs += (OutputSpec(ssrc=LOOP, kind=OutputKind.ASSISTIVE, zone="hall"),)
        talker = SourceSpec(ssrc=TALKER, kind=SourceKind.SPEAKER)
        self.bank.set_stage(SetStage(sources=(*sources, talker), outputs=outputs))
        self.decoders = {ssrc: Decoder() for ssrc in (LOUDSPEAKER, LINE, LOOP)}
        self.played: dict[int, list[Samples]] = {ssrc: [] for ssrc in self.decoders}
        self.listens_to = listens_to
        self.talk = voice(6, 5, -26)
        self.tick = 0
        self.stalls: dict[int, tuple[int, int]] = {}

    def stall(self, desk: int, sends: int, every: int) -> None:
        """Of ``every`` ticks in a row, this desk sends something in ``sends``."""
        self.stalls[desk] = (sends, every)

    def sends(self, desk: int) -> bool:
        sends, every = self.stalls.get(desk, (1, 1))
        return self.tick % every < sends

    def run(self, ticks: int) -> list[Checked]:
        answers = []
        for _ in range(ticks):
            part = slice(self.tick * FRAME, (self.tick + 1) * FRAME)
            done = self.played[self.listens_to]
            heard = np.concatenate(done) if done else np.zeros(0, dtype=np.float32)
            raw = {ssrc: desk.feed(self.tick, heard) for ssrc, desk in self.desks.items()}
            frames = np.stack([self.talk[part], *raw.values()])
            sent = {ssrc: frame for ssrc, frame in raw.items() if self.sends(ssrc)}
            contributions = Contributions((TALKER, *raw), frames, raw=sent)
            for said in self.bank.tick(self.tick, self.tick * TICK_NS, contributions):
                if isinstance(said, Checked):
                    answers.append(said)
                elif isinstance(said, OutputPacket):
                    packet = RtpPacket.parse(said.rtp)
                    sound = self.decoders[packet.ssrc].decode(packet.payload)
                    self.played[packet.ssrc].append(sound)
            self.tick += 1
        return answers

    def check(self, output: int, check: int = 1) -> Checked:
        self.bank.check(CheckOutput(check=check, output=output))
        (answer,) = self.run(200)
        assert (answer.check, answer.output) == (check, output)
        return answer


def test_a_clean_desk_is_told_clean() -> None:
    assert Hall({31: Desk(voice(3, 1))}).check(LOUDSPEAKER).desks == (
        DeskReturn(desk=31, returns=False),
    )


@pytest.mark.parametrize("delay_ms", [20, 120, 290])
def test_a_desk_that_returns_the_output_30_db_down_is_found_under_a_voice(delay_ms: int) -> None:
    hall = Hall({31: Desk(voice(3, 1), delay_ms, -30)})
    (found,) = hall.check(LOUDSPEAKER).desks
    assert found.returns
    assert found.gain_db == pytest.approx(-30, abs=4)
    # and the limiter's 1.5 ms, the encoders' 2.5 ms each
    assert found.delay_ms == pytest.approx(delay_ms + 6.5, abs=0.1)


def test_a_shifted_loudspeaker_plays_the_code_unshifted() -> None:
    """5 Hz turn the code by 1.7 rounds in each period: it would never be found again."""
    hall = Hall({31: Desk(voice(3, 1), 60, -20)}, shifted=True)
    (found,) = hall.check(LOUDSPEAKER).desks
    assert found.returns
    assert found.gain_db == pytest.approx(-20, abs=4)


def test_of_several_desks_the_one_that_returns_is_named() -> None:
    desks = {31: Desk(voice(3, 1)), 32: Desk(voice(3, 2), 60, -20), 33: Desk(noise(3, -50))}
    answer = Hall(desks).check(LOUDSPEAKER)
    assert [(d.desk, d.returns) for d in answer.desks] == [(31, False), (32, True), (33, False)]


def test_only_the_checked_output_plays_the_signal() -> None:
    """A desk that listens to the line is clean when the loudspeaker is checked, and not after."""
    hall = Hall({31: Desk(noise(9, -60), 60, -10)}, listens_to=LINE)
    assert not hall.check(LOUDSPEAKER, 1).desks[0].returns
    assert hall.check(LINE, 2).desks[0].returns


def test_without_a_desk_nothing_is_played() -> None:
    hall = Hall({})
    hall.bank.check(CheckOutput(check=4, output=LOUDSPEAKER))
    assert hall.run(1) == [Checked(check=4, output=LOUDSPEAKER)]
    hall.run(20)
    assert np.array_equal(np.concatenate(hall.played[LINE]), np.concatenate(hall.played[101]))


def test_an_output_that_is_not_there_is_answered() -> None:
    hall = Hall({31: Desk(noise(3, -60))})
    hall.bank.check(CheckOutput(check=4, output=999))
    assert hall.run(1) == [Checked(check=4, output=999)]


def test_an_output_that_leaves_ends_its_check() -> None:
    hall = Hall({31: Desk(noise(3, -60))})
    hall.bank.check(CheckOutput(check=4, output=LOUDSPEAKER))
    assert hall.run(20) == []
    hall.bank.set_stage(SetStage(sources=(SourceSpec(ssrc=31, kind=SourceKind.DESK),)))
    assert hall.run(1) == [Checked(check=4, output=LOUDSPEAKER)]


def test_a_check_is_played_once_and_answered_again() -> None:
    hall = Hall({31: Desk(noise(9, -60))})
    first = hall.check(LOUDSPEAKER, 7)
    hall.bank.check(CheckOutput(check=7, output=LOUDSPEAKER))
    assert hall.run(1) == [first]
    assert hall.run(30) == []


def test_checks_wait_for_each_other() -> None:
    hall = Hall({31: Desk(noise(9, -60))})
    for _ in range(2):
        hall.bank.check(CheckOutput(check=1, output=LOUDSPEAKER))
        hall.bank.check(CheckOutput(check=2, output=LINE))
    assert [(a.check, a.output) for a in hall.run(400)] == [(1, LOUDSPEAKER), (2, LINE)]


def test_after_the_check_the_output_plays_its_mix_again() -> None:
    hall = Hall({31: Desk(noise(9, -60))})
    hall.check(LOUDSPEAKER)
    hall.run(60)
    checked, other = (np.concatenate(hall.played[ssrc][-50:]) for ssrc in (LOUDSPEAKER, LINE))
    assert np.corrcoef(checked, other)[0, 1] > 0.99
    assert 20 * np.log10(np.std(checked) / np.std(other)) == pytest.approx(0, abs=0.2)


def test_a_desk_that_comes_late_is_left_out() -> None:
    hall = Hall({31: Desk(noise(9, -60)), 32: Desk(noise(9, -60))})
    late = hall.desks.pop(32)
    hall.bank.check(CheckOutput(check=1, output=LOUDSPEAKER))
    hall.run(60)
    hall.desks[32] = late
    (answer,) = hall.run(150)
    assert [d.desk for d in answer.desks] == [31]


def test_a_feed_that_stalls_says_nothing() -> None:
    """It brings nothing back, but not because it is clean."""
    hall = Hall({31: Desk(voice(3, 1), 60, -20)})
    hall.bank.check(CheckOutput(check=1, output=LOUDSPEAKER))
    hall.run(40)
    hall.stall(31, 0, 1)
    assert hall.run(160) == [Checked(check=1, output=LOUDSPEAKER)]


def test_a_packet_that_is_lost_now_and_then_hides_no_return() -> None:
    hall = Hall({31: Desk(voice(3, 1), 60, -20)})
    hall.stall(31, 19, 20)
    (found,) = hall.check(LOUDSPEAKER).desks
    assert found.returns
    assert found.gain_db == pytest.approx(-20, abs=4)
